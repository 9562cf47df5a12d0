#include "nft/steps/common.hpp"

#include "ipfs/codes.hpp"

namespace thole::nft::steps {

subject subject_of(const saga::step_context& in, const mint_base& base) {
    subject about{.request = in.input<mint_request>(), .id = {}, .owner = {}};
    about.id = identify_mint(base.secret, base.wallet, {in.tenant(), in.kind(), in.key()},
                             about.request.standard);
    const auto owner = solana::public_key::parse(about.request.owner);
    THOLE_ASSERT(owner.has_value(), "an accepted request names a wallet");
    about.owner = *owner;
    return about;
}

solana::rpc::options rpc_options(const saga::step_context& in, solana::commitment level) {
    return {.until = in.until(), .level = level, .min_context_slot = {}, .endpoint = {}};
}

record pending_record(const saga::step_context& in, const subject& about,
                      const content_refs& content) {
    record row;
    row.operation_id = in.id();
    row.tenant = in.tenant();
    row.account = account_of(about.request);
    row.owner = about.request.owner;
    row.mint = about.id.mint.text();
    row.image_cid = content.image_cid;
    row.metadata_cid = content.metadata_cid;
    row.uri = content.uri;
    row.metadata_json = content.metadata_json;
    row.level = requested_level(about.request);
    row.created_at = in.created_at();
    row.updated_at = in.store_now();
    return row;
}

bool is_unreachable(const fault& failed) noexcept {
    if (failed.kind() == fault_kind::permanent) return false;
    for (const std::string_view area : {"net.", "http.", "db.", "policy.", "solana."}) {
        if (failed.code().starts_with(area)) return true;
    }
    return failed.is(ipfs::codes::not_found) || failed.is(ipfs::codes::disk_full) ||
           failed.is(ipfs::codes::disk_error);
}

saga::call_note note_of(std::string what, const fault& failed) {
    return {std::move(what), std::string{failed.endpoint().view()}, 0, std::string{failed.code()},
            std::string{failed.detail()}};
}

}  // namespace thole::nft::steps
