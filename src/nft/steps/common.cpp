#include "nft/steps/common.hpp"

#include "ipfs/codes.hpp"
#include "nft/codes.hpp"

namespace thole::nft::steps {

namespace {

const mint_input& input_of(const saga::step_context& in) {
    const auto* input = in.texts().find<mint_input>(in.input_json(), read_mint_input);
    THOLE_ASSERT(input != nullptr, "a journaled input reads back");
    return *input;
}

}  // namespace

const mint_request& request_of(const saga::step_context& in) {
    return input_of(in).request;
}

subject subject_of(const saga::step_context& in, const mint_base& base) {
    const auto& input = input_of(in);
    subject about{.request = input.request, .id = {}, .owner = {}, .metaplex = {}};
    if (input.metaplex) about.metaplex = *input.metaplex;
    about.id = identity_of(input, base, {in.tenant(), in.kind(), in.key()});
    const auto owner = solana::public_key::parse(about.request.owner);
    THOLE_ASSERT(owner.has_value(), "an accepted request names a wallet");
    about.owner = *owner;
    return about;
}

std::optional<fault> foreign_wallet(const subject& about, const mint_base& base) {
    if (about.id.base == base.wallet) return std::nullopt;
    return fault{codes::wallet_changed}.with_detail("accepted by " + about.id.base.text() +
                                                    ", wallet.key is " + base.wallet.text());
}

solana::rpc::options rpc_options(const saga::step_context& in, solana::commitment level,
                                 std::uint64_t since) {
    solana::rpc::options out{
        .until = in.until(), .level = level, .min_context_slot = {}, .endpoint = {}};
    if (since > 0) out.min_context_slot = since;
    return out;
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
    return failed.is(codes::providers_disagree) || failed.is(ipfs::codes::not_found) ||
           failed.is(ipfs::codes::disk_full) || failed.is(ipfs::codes::disk_error) ||
           failed.is(ipfs::codes::quota_exhausted) || failed.is(ipfs::codes::busy);
}

saga::call_note note_of(std::string what, const fault& failed) {
    return {std::move(what), std::string{failed.endpoint().view()}, 0, std::string{failed.code()},
            std::string{failed.detail()}};
}

}  // namespace thole::nft::steps
