#include "nft/drift.hpp"

#include "ipfs/uri.hpp"
#include "nft/steps/upload_content.hpp"
#include "solana/codec/programs.hpp"

namespace thole::nft {
namespace {

finding found(const record& row, drift what, std::string detail) {
    return {row.operation_id, row.mint, what, remedy::none, std::move(detail), {}};
}

bool says_minted(const record& row) {
    return row.status == record_status::minted || row.status == record_status::completed;
}

std::string status_of(const record& row) {
    return "the record says " + std::string{json::detail::enum_text(row.status)};
}

// Its URI names the metadata of which it holds a copy: it is whole, so it can be the measure.
bool is_consistent(const record& row) {
    const auto named = ipfs::parse_uri(row.uri);
    return named && steps::metadata_cid(row.metadata_json).same_block(named->content) &&
           named->content.text() == row.metadata_cid;
}

}  // namespace

std::vector<finding> drifts_of(const record& row, const mint_at& at, const issuers& ours) {
    if (at.state == mint_state::absent) {
        if (says_minted(row)) {
            return {found(row, drift::not_on_chain, status_of(row) + ", the address is empty")};
        }
        if (row.status == record_status::pending) {
            return {found(row, drift::orphan_record, "pending, and no operation is at it")};
        }
        return {};
    }
    if (at.state == mint_state::foreign) {
        return {found(row, drift::foreign_account, "another program owns the address")};
    }
    if (!at.nft->has_metadata) {
        return {found(row, drift::metadata_missing, "the mint has no metadata")};
    }
    if (!issuer_verified(*at.nft, ours)) {
        return {found(row, drift::foreign_account, "the issuer is not proved")};
    }
    std::vector<finding> out;
    if (at.nft->uri != row.uri) {
        out.push_back(found(row, drift::uri_mismatch, "the chain says " + at.nft->uri));
    } else if (row.status != record_status::completed) {
        out.push_back(found(row, drift::record_behind, status_of(row) + ", the token is there"));
    }
    if (at.held != 1) {
        out.push_back(found(row, drift::owner_mismatch, row.owner + " does not hold it"));
    }
    return out;
}

mend_act possible_mend(const record& row, const mint_at& at, const solana::public_key& wallet) {
    if (at.state != mint_state::minted || !is_consistent(row)) return mend_act::nothing;
    if (at.nft->lacks_metadata) {
        const bool whole = at.nft->supply == 1 && at.nft->decimals == 0;
        return whole && at.nft->mint_authority == wallet ? mend_act::add_metadata
                                                         : mend_act::nothing;
    }
    const bool changeable = at.nft->program == solana::token_2022_program || at.nft->replaceable;
    const bool ours = at.nft->has_metadata && at.nft->is_mutable && changeable &&
                      at.nft->update_authority == wallet;
    return ours && at.nft->uri != row.uri ? mend_act::set_uri : mend_act::nothing;
}

}  // namespace thole::nft
