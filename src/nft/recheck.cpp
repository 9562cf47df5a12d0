#include "nft/recheck.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "ipfs/codes.hpp"
#include "nft/codes.hpp"
#include "nft/partner_view.hpp"

namespace thole::nft {
namespace {

using namespace std::chrono_literals;

constexpr int looks = 4;
constexpr std::uint64_t least_room = 1U << 20U;  // for a gateway's error page

ipfs::cid cid_of_record(const std::string& text) {
    const auto id = ipfs::cid::parse(text);
    THOLE_ASSERT(id.has_value(), "a record names content by its CID");
    return *id;
}

}  // namespace

task<recheck::served> recheck::ask_every_gateway(saga::step_context& in, std::string cid,
                                                 std::uint64_t max_bytes) {
    served out;
    for (const auto& each : p_.gateways.gateways().view(p_.rpc.loop().now())) {
        ipfs::fetch_request how{.content = cid_of_record(cid),
                                .known = {},
                                .max_bytes = std::max(max_bytes, least_room),
                                .only = each.config.name,
                                .exclude = {}};
        auto report = co_await p_.gateways.fetch_reported(std::move(how), in.until());
        for (const auto& call : report.calls) {
            in.note({call.what, call.endpoint, call.latency_ms, call.fault, call.detail});
        }
        auto& list = report.outcome                                   ? out.by
                     : ipfs::is_about_content(report.outcome.error()) ? out.not_by
                                                                      : out.unreachable;
        list.emplace_back(each.config.name.view());
    }
    co_return out;
}

task<result<std::uint64_t>> recheck::check_partner(saga::step_context& in, const record& row) {
    const auto owner = solana::public_key::parse(row.owner);
    const auto mint = solana::public_key::parse(row.mint);
    THOLE_ASSERT(owner && mint, "a record names wallet and mint");
    const int providers = p_.submitter.settings().required_providers;
    const mint_place place{*mint, {}, *owner};
    const auto how = steps::rpc_options(in, solana::commitment::finalized);
    const auto at = co_await read_mint_agreed(p_.rpc, place, how, providers);
    if (!at) co_return fail(at.error());
    if (!at->nft) co_return fail(codes::layer_mismatch, "chain: no mint at its address");
    partner_view partner{p_.rpc, p_.gateways, p_.ours(), providers};
    const auto nft = co_await partner.see(*at->nft, in.until());
    if (!nft.reason.empty()) co_return fail(codes::layer_mismatch, "partner: " + nft.reason);
    if (nft.level != row.level) co_return fail(codes::layer_mismatch, "partner: level");
    if (nft.uri != row.uri) co_return fail(codes::layer_mismatch, "partner: URI is " + nft.uri);
    // Partners look into wallets: of one that it has left they say nothing.
    if (at->held == 1 && p_.asked != nullptr) {
        shown_nft shown{*owner, *mint, row.uri, row.level};
        const auto same = co_await p_.asked->agree(partner_place::recheck, std::move(shown), in);
        if (!same) co_return fail(same.error());
    }
    co_return at->slot;
}

task<result<>> upload_again(mint_dependencies p, std::uint32_t replicas, saga::step_context& in,
                            record row) {
    if (steps::metadata_cid(row.metadata_json).text() != row.metadata_cid) {
        co_return fail(codes::layer_mismatch, "record: its metadata is not what its CID names");
    }
    const auto image = co_await p.pictures.find(cid_of_record(row.image_cid));
    if (!image) co_return fail(image.error());
    steps::mint_content content{*image, std::move(row.metadata_json), row.operation_id.text()};
    const auto copies =
        co_await steps::replicate(p.pins, p.pictures, std::move(content), replicas, in.until());
    result<> outcome;
    for (const auto& each : copies) {
        for (const auto& call : each.calls) {
            in.note(
                {"repair: " + call.what, call.endpoint, call.latency_ms, call.fault, call.detail});
        }
        if (!each.enough() && outcome) outcome = fail(each.cause());
    }
    co_return outcome;
}

task<saga::outcome<recheck_report>> recheck::differs(saga::step_context& in, std::string what) {
    auto why = fault{codes::layer_mismatch}.with_detail(std::move(what));
    in.note(steps::note_of("recheck", why));
    if (in.attempt() < looks) co_return saga::retry{std::move(why)};
    co_return saga::park{std::string{why.code()}, std::move(why)};
}

task<saga::outcome<recheck_report>> recheck::run(saga::step_context& in) {
    const auto request = in.input<recheck_request>();
    const auto row = co_await p_.table.find(request.operation_id);
    if (!row) co_return steps::failed_call<output>(in, row.error());
    if (!*row) co_return co_await differs(in, "record: it is missing");
    if ((*row)->status != record_status::completed) {
        co_return co_await differs(in, "record: it is left behind");
    }
    const auto image = co_await p_.pictures.find(cid_of_record((*row)->image_cid));
    const auto size = image ? image->size : std::uint64_t{50} << 20U;
    auto metadata = co_await ask_every_gateway(in, (*row)->metadata_cid, least_room);
    auto picture = co_await ask_every_gateway(in, (*row)->image_cid, size);
    const auto enough = std::min<std::size_t>(2, p_.gateways.gateways().size());
    const bool lost = !metadata.not_by.empty() || !picture.not_by.empty();
    if (lost) {
        const auto again = co_await upload_again(p_, replicas_, in, **row);
        if (!again) in.note(steps::note_of("repair", again.error()));
        co_return co_await differs(
            in, fmt::format("content: the metadata is missing at [{}], the image at [{}]",
                            fmt::join(metadata.not_by, ", "), fmt::join(picture.not_by, ", ")));
    }
    if (metadata.by.empty() || picture.by.size() < enough) {
        co_return saga::wait{
            30s, fmt::format("unreachable: gateways [{}]", fmt::join(picture.unreachable, ", "))};
    }
    const auto slot = co_await check_partner(in, **row);
    if (!slot) {
        if (!slot.error().is(codes::layer_mismatch)) {
            co_return steps::failed_call<output>(in, slot.error());
        }
        co_return co_await differs(in, std::string{slot.error().detail()});
    }
    co_return saga::done<output>{{.slot = *slot,
                                  .metadata_gateways = std::move(metadata.by),
                                  .image_gateways = std::move(picture.by),
                                  .unreachable = std::move(picture.unreachable)}};
}

saga::definition make_recheck_saga(const mint_dependencies& parts, const mint_settings& settings) {
    auto policy = settings.chain;
    policy.timeout = 120s;
    return saga::define<recheck_request>(std::string{recheck_kind}, 1)
        .step(std::make_shared<recheck>(parts, settings.upload.replicas))
        .policy(policy)
        .critical()
        .shows("RECHECKED")
        .build();
}

}  // namespace thole::nft
