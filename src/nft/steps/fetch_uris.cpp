#include "nft/steps/fetch_uris.hpp"

#include <algorithm>

#include "ipfs/uri.hpp"

namespace thole::nft::steps {

namespace {

// Room for a gateway's error page, which says more than "too large".
constexpr std::uint64_t largest_answer = 1U << 20U;

}  // namespace

std::vector<thole::name> not_counted(const ipfs::fetcher& gateways, const gateway_settings& s) {
    return gateways.gateways().size() > s.own.size() ? s.own : std::vector<thole::name>{};
}

task<result<ipfs::fetched>> fetch_uri(saga::step_context& in, ipfs::fetcher& gateways,
                                      std::string uri, ipfs::fetch_request how) {
    const auto named = ipfs::parse_uri(uri);
    if (!named) co_return fail(named.error());
    how.content = named->content;
    auto report = co_await gateways.fetch_reported(std::move(how), in.until());
    for (const auto& call : report.calls) {
        in.note({call.what, call.endpoint, call.latency_ms, call.fault, call.detail});
    }
    // A gateway that says no says nothing about the content: nothing is given up for that.
    if (!report.outcome && report.outcome.error().kind() == fault_kind::permanent) {
        report.outcome.error().as(fault_kind::transient);
    }
    co_return std::move(report.outcome);
}

task<result<>> follow_uri(ipfs::fetcher& gateways, std::string uri, deadline until) {
    const auto named = ipfs::parse_uri(uri);
    if (!named) co_return fail(named.error());
    if (named->gateway.empty()) co_return result<>{};
    co_return co_await gateways.follow(std::move(uri), named->content, largest_answer, until);
}

task<result<served_content>> see_content(saga::step_context& in, images& pictures,
                                         ipfs::fetcher& gateways, const gateway_settings& s) {
    const auto& refs = in.output<upload_content>();
    const auto id = ipfs::cid::parse(refs.image_cid);
    THOLE_ASSERT(id.has_value(), "the journaled CID of an image reads back");
    const auto image = co_await pictures.find(*id);
    if (!image) co_return fail(image.error());
    const auto exclude = not_counted(gateways, s);
    ipfs::fetch_request picture{.content = *id,
                                .known = image->shape,
                                .max_bytes = std::max(image->size, largest_answer),
                                .only = {},
                                .exclude = exclude};
    ipfs::fetch_request document{.content = *id,
                                 .known = ipfs::v1_256k,
                                 .max_bytes = largest_answer,
                                 .only = {},
                                 .exclude = exclude};
    const auto json = co_await fetch_uri(in, gateways, refs.uri, std::move(document));
    if (!json) co_return fail(json.error());
    const auto bytes = co_await fetch_uri(in, gateways, refs.image_uri, std::move(picture));
    if (!bytes) co_return fail(bytes.error());
    served_content served;
    for (const auto& each : {json->gateway, bytes->gateway}) {
        const std::string gateway{each.view()};
        if (std::ranges::find(served.gateways, gateway) != served.gateways.end()) continue;
        served.gateways.push_back(gateway);
    }
    co_return served;
}

task<saga::outcome<served_content>> fetch_uris::run(saga::step_context& in) {
    auto served = co_await see_content(in, pictures_, gateways_, settings_);
    if (!served) co_return failed_call<output>(in, served.error(), 5);
    co_return saga::done<output>{std::move(*served)};
}

}  // namespace thole::nft::steps
