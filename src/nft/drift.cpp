#include "nft/drift.hpp"

namespace thole::nft {
namespace {

finding found(const record& row, drift what, std::string detail) {
    return {row.operation_id, row.mint, what, remedy::none, std::move(detail)};
}

bool says_minted(const record& row) {
    return row.status == record_status::minted || row.status == record_status::completed;
}

std::string status_of(const record& row) {
    return "the record says " + std::string{json::detail::enum_text(row.status)};
}

}  // namespace

std::vector<finding> drifts_of(const record& row, const mint_at& at,
                               const solana::public_key& issuer) {
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
    if (!issuer_verified(*at.nft, issuer)) {
        return {found(row, drift::foreign_account, "the issuer is not proved")};
    }
    std::vector<finding> out;
    if (at.nft->uri != row.uri) {
        out.push_back(found(row, drift::uri_mismatch, "the chain says " + at.nft->uri));
    } else if (!says_minted(row)) {
        out.push_back(found(row, drift::record_behind, status_of(row) + ", the token is there"));
    }
    if (at.held != 1) {
        out.push_back(found(row, drift::owner_mismatch, row.owner + " does not hold it"));
    }
    return out;
}

}  // namespace thole::nft
