#include "nft/steps/verify.hpp"

#include <algorithm>

#include "ipfs/codes.hpp"
#include "nft/codes.hpp"
#include "nft/metadata.hpp"

namespace thole::nft::steps {
namespace {

// How long, by the chain's own time, freshly minted content may be on its way to every gateway:
// ten minutes of 400 ms. The slot of the landing is journaled, so no restart begins anew.
constexpr std::uint64_t spreading_slots = 1'500;

std::unexpected<fault> mismatch(std::string_view layer, std::string_view what) {
    return fail(codes::layer_mismatch, std::string{layer} + ": " + std::string{what});
}

// That it may be in: the one that it was minted into.
collections collections_of(const subject& about) {
    const auto own = solana::public_key::parse(about.metaplex.collection);
    return own ? collections{*own} : collections{};
}

}  // namespace

std::string chain_difference(const mint_at& at, const subject& about, std::string_view uri) {
    if (at.state == mint_state::foreign) return "another program owns the mint's address";
    if (at.state == mint_state::absent) return "no mint at its address";
    const auto& nft = *at.nft;
    if (!nft.has_metadata) return "no metadata";
    if (auto problem = uniqueness_problem(nft); !problem.empty()) return problem;
    if (!issuer_verified(nft, about.id.base)) return "the issuer is not proved";
    if (nft.name != about.request.name) return "name is " + nft.name;
    if (nft.symbol != about.request.symbol) return "symbol is " + nft.symbol;
    if (nft.uri != uri) return "URI is " + nft.uri;
    if (nft.is_mutable != about.request.is_mutable) return "is_mutable differs";
    if (about.request.standard == token_standard::metaplex) {
        if (auto other = difference(about.metaplex, about.id.base, nft); !other.empty()) {
            return other;
        }
    }
    return {};
}

std::string record_difference(const record& row, const record& expected) {
    if (row.status != record_status::minted && row.status != record_status::completed) {
        return "status is " + std::string{json::detail::enum_text(row.status)};
    }
    if (row.owner != expected.owner || row.account != expected.account) return "owner differs";
    if (row.mint != expected.mint) return "mint is " + row.mint;
    if (row.uri != expected.uri) return "URI is " + row.uri;
    if (row.image_cid != expected.image_cid || row.metadata_cid != expected.metadata_cid) {
        return "a CID differs";
    }
    if (row.metadata_json != expected.metadata_json) return "the metadata's copy differs";
    if (row.level != expected.level) return "level differs";
    return {};
}

task<result<mint_at>> verify::check_chain(saga::step_context& in, const subject& about) {
    const auto& landed = in.output<submit>();
    const auto how = rpc_options(in, solana::commitment::finalized, landed.slot);
    const mint_place place{about.id.mint, about.id.token_program, about.owner};
    auto at = co_await read_mint_agreed(rpc_, place, how, providers_);
    if (!at) co_return fail(at.error());
    const auto difference = chain_difference(*at, about, in.output<upload_content>().uri);
    if (!difference.empty()) co_return mismatch("chain", difference);
    if (at->held == 1) co_return at;
    // Without a signature of ours nobody knows that it ever came to the owner.
    if (landed.signature.empty() || landed.slot == 0) {
        co_return mismatch("chain", "the owner's token account holds " + std::to_string(at->held));
    }
    in.note({"verify chain",
             std::string{at->endpoint.view()},
             0,
             {},
             "the owner has sent it on: " + landed.signature + " made and delivered it at slot " +
                 std::to_string(landed.slot)});
    co_return at;
}

task<result<>> verify::check_content(saga::step_context& in, const subject& about) {
    const auto& refs = in.output<upload_content>();
    const auto id = ipfs::cid::parse(refs.metadata_cid);
    THOLE_ASSERT(id.has_value(), "the journaled CID of metadata reads back");
    ipfs::fetch_request how{.content = *id,
                            .known = ipfs::v1_256k,
                            .max_bytes = 1U << 20U,
                            .only = {},
                            .exclude = not_counted(gateways_, settings_)};
    const auto got = co_await fetch_uri(in, gateways_, refs.uri, std::move(how));
    if (!got) co_return fail(got.error());
    const auto seen = parse_metadata(as_text(got->content));
    if (!seen) co_return mismatch("content", seen.error().detail());
    const auto difference = metadata_difference(*seen, about.request, refs.image_uri);
    if (!difference.empty()) co_return mismatch("content", difference);
    co_return result<>{};
}

task<result<>> verify::check_record(saga::step_context& in, const subject& about) {
    const auto expected = pending_record(in, about, in.output<upload_content>());
    for (bool repaired = false;; repaired = true) {
        const auto row = co_await table_.find(in.id());
        if (!row) co_return fail(row.error());
        auto difference = *row ? record_difference(**row, expected) : std::string{"it is missing"};
        if (difference.empty()) co_return result<>{};
        if (repaired) co_return mismatch("record", difference);
        const auto written = co_await repair_record(in, about, std::move(difference));
        if (!written) co_return written;
    }
}

// The chain was found as requested a moment ago, so what was requested is its state.
task<result<>> verify::repair_record(saga::step_context& in, const subject& about,
                                     std::string why) {
    auto row = minted_record(in, about, in.output<upload_content>().uri);
    const auto there = co_await table_.converge(std::move(row));
    if (!there) co_return fail(there.error());
    in.note({"records.converge", {}, 0, {}, "written anew from the chain: " + why});
    co_return result<>{};
}

task<result<>> verify::check_partner(saga::step_context& in, const subject& about,
                                     const mint_at& at) {
    if (at.held != 1) co_return co_await check_moved(in, about, *at.nft);
    const wallet_query query{.wallet = about.owner, .only = about.id.mint, .limit = 1};
    partner_view partner{rpc_, gateways_, {about.id.base}, providers_, collections_of(about)};
    const auto seen = co_await partner.look(query, in.until(), in.output<submit>().slot);
    if (!seen) co_return fail(seen.error());
    const auto found = std::ranges::find(seen->nfts, about.id.mint.text(), &seen_nft::mint);
    if (found == seen->nfts.end()) co_return mismatch("partner", "the wallet does not show it");
    if (!found->reason.empty()) co_return mismatch("partner", found->reason);
    if (found->level != requested_level(about.request)) co_return mismatch("partner", "level");
    if (asked_ == nullptr) co_return result<>{};
    shown_nft shown{about.owner, about.id.mint, in.output<upload_content>().uri, found->level};
    co_return co_await asked_->agree(partner_place::mint, std::move(shown), in);
}

// It is in another wallet, of which nobody knows: the partner would find the same token there.
task<result<>> verify::check_moved(saga::step_context& in, const subject& about, chain_nft nft) {
    partner_view partner{rpc_, gateways_, {about.id.base}, providers_, collections_of(about)};
    const auto seen = co_await partner.see(std::move(nft), in.until());
    if (!seen.reason.empty()) co_return mismatch("partner", seen.reason);
    if (seen.level != requested_level(about.request)) co_return mismatch("partner", "level");
    co_return result<>{};
}

task<saga::outcome<verification>> verify::run(saga::step_context& in) {
    const auto about = subject_of(in, base_);
    const auto at = co_await check_chain(in, about);
    if (!at) {
        in.note(note_of("verify chain", at.error()));
        co_return failed_call<output>(in, at.error());
    }
    if (const auto ok = co_await check_content(in, about); !ok) {
        in.note(note_of("verify content", ok.error()));
        // Every gateway answered, and none has it: by itself that does not change any more.
        const bool spread = at->slot > in.output<submit>().slot + spreading_slots;
        if (spread && ok.error().is(ipfs::codes::not_found)) {
            co_return saga::park{std::string{codes::content_gone.text}, ok.error()};
        }
        co_return failed_call<output>(in, ok.error());
    }
    if (const auto ok = co_await check_record(in, about); !ok) {
        in.note(note_of("verify record", ok.error()));
        co_return failed_call<output>(in, ok.error());
    }
    if (const auto ok = co_await check_partner(in, about, *at); !ok) {
        in.note(note_of("verify partner", ok.error()));
        co_return failed_call<output>(in, ok.error());
    }
    co_return saga::done<output>{{.slot = at->slot,
                                  .level = requested_level(about.request),
                                  .layers = {"chain", "content", "record", "partner"}}};
}

}  // namespace thole::nft::steps
