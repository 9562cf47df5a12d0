#include "app/health_view.hpp"

#include <fmt/format.h>

namespace thole::app {
namespace {

void show(const breaker_view& from, api::endpoint_health& to) {
    const auto forced = from.forced;
    to.breaker = forced == breaker_override::none ? to_string(from.computed) : to_string(forced);
    if (from.remaining > duration::zero()) {
        to.open_for_ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(from.remaining).count();
    }
}

}  // namespace

api::dependency_health health_of(const endpoint_set& set, time_point now) {
    using std::chrono::milliseconds;
    api::dependency_health out;
    out.name = set.dependency().view();
    for (const auto& each : set.view(now)) {
        api::endpoint_health e;
        e.name = each.config.name.view();
        e.provider = each.config.provider.view();
        show(each.breaker, e);
        // A breaker that takes a probe, or a limiter that frees a place soon, is no outage.
        e.usable = !each.drained && each.block != endpoint_block::breaker &&
                   each.block != endpoint_block::ejected;
        if (each.block != endpoint_block::none) e.blocked_by = to_string(each.block);
        e.latency_ms = std::chrono::duration_cast<milliseconds>(each.latency).count();
        out.endpoints.push_back(std::move(e));
    }
    return out;
}

api::dependency_health health_of(const nft::partners& all, time_point now) {
    api::dependency_health out;
    out.name = "partner";
    for (const auto* each : all.pipelines()) {
        api::endpoint_health e;
        e.name = e.provider = each->dependency().view();
        const auto seen = each->view(now);
        show(seen.breaker, e);
        e.usable = seen.breaker.remaining == duration::zero() &&
                   seen.breaker.forced != breaker_override::forced_open;
        if (!e.usable) e.blocked_by = "breaker";
        out.endpoints.push_back(std::move(e));
    }
    return out;
}

api::own_health journal_health(const saga::engine& engine) {
    const auto trouble = engine.journal_trouble();
    if (!trouble) return {"journal", "pass", ""};
    return {"journal", "fail", fmt::format("{}: {}", trouble->code(), trouble->meaning())};
}

api::own_health queue_health(const saga::engine_figures& f) {
    const auto waiting = f.ready + f.blocked;
    const bool half = f.max_waiting > 0 && waiting * 2 >= f.max_waiting;
    const bool attention = f.parked_now > 0;
    return {"operations", half || attention ? "warn" : "pass",
            fmt::format("{} running, {} waiting of at most {}, {} parked", f.running, waiting,
                        f.max_waiting, f.parked_now)};
}

api::own_health congestion_health(const solana::congestion_view& seen) {
    return {"chain", seen.congested ? "warn" : "pass",
            fmt::format("{} of the last {} transactions died or landed late{}", seen.late,
                        seen.ends, seen.congested ? "; mints bid more and take turns" : "")};
}

void tell_congestion(const solana::congestion_view& seen, ops::metrics& to) {
    to.gauge_of(ops::metric::chain_congestion).set(seen.permille());
}

api::own_health disk_health(bool has_room, const std::string& folder) {
    if (has_room) return {"disk", "pass", ""};
    return {
        "disk", "fail",
        fmt::format("less is free under {} than data.min_free_bytes: new work is refused", folder)};
}

}  // namespace thole::app
