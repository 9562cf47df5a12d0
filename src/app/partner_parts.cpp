#include "app/partner_parts.hpp"

#include "app/config_rules.hpp"

namespace thole::app {
namespace {

using namespace std::chrono_literals;

// What the step of an operation, which makes one attempt and repeats it, cannot do.
void refuse_what_waits(const pipeline_settings& s, json::problems& found) {
    const auto refuse = [&found](bool bad, const char* pointer, const char* rule) {
        if (bad) found.push_back({pointer, "config.rule", rule});
    };
    refuse(s.hedge.has_value(), "/hedge", "there is one call at a time to a partner");
    refuse(s.chaos.has_value(), "/chaos", "calls to a partner are made as they are");
    refuse(s.bulkhead && s.bulkhead->queue > 0, "/bulkhead/queue",
           "must be 0: a call that finds no place is made again by its step");
}

}  // namespace

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
    json::problems found;
    refuse_what_waits(*read, found);
    if (!found.empty()) return std::unexpected{std::move(found)};
    return read;
}

}  // namespace thole::app
