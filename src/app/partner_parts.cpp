#include "app/partner_parts.hpp"

#include "app/config_rules.hpp"

namespace thole::app {

using namespace std::chrono_literals;

std::vector<nft::partner_settings> partners_of(const config& c, const environment& env) {
    std::vector<nft::partner_settings> out;
    for (const auto& [id, each] : c.dependency.partner) {
        auto url = resolve_url(each.url, env);
        auto calls = partner_pipeline(each);
        THOLE_ASSERT(url && calls, "a checked configuration");
        out.push_back({.id = name{id},
                       .url = *std::move(url),
                       .token = each.token ? read_token(*each.token, env) : secret<std::string>{},
                       .called = each.called,
                       .calls = *std::move(calls)});
    }
    return out;
}

std::expected<pipeline_settings, json::problems> partner_pipeline(const partner_config& from) {
    pipeline_table base;
    base.retried_elsewhere = true;
    if (from.pipeline.is_null()) {
        base.timeout = 10s;
        base.breaker.emplace();
    }
    const boost::json::value table =
        from.pipeline.is_null() ? boost::json::object{} : from.pipeline;
    auto read = read_pipeline(table, std::move(base));
    if (!read) return read;
    auto found = placed(nft::validate_calls(*read));
    if (!found.empty()) return std::unexpected{std::move(found)};
    return read;
}

}  // namespace thole::app
