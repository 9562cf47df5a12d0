#pragma once

// Every metric family of the program, as one table: what is not here cannot be counted.
//
// Names follow thole_<area>_<noun>_<unit>[_total]; labels come only from {dependency, endpoint,
// policy, kind, code, operation, step, state, node}, so that no client input becomes a label.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace thole::ops {

enum class metric : std::uint8_t {
    api_requests,
    api_latency,
    api_rejections,
    dependency_calls,
    dependency_latency,
    policy_breaker_moves,
    policy_breaker_state,
    policy_rejections,
    policy_retries,
    engine_accepted,
    engine_replayed,
    engine_refused,
    engine_ended,
    engine_steps,
    engine_step_latency,
    engine_attention,
    engine_failovers,
    engine_journal_faults,
    engine_live,
    engine_queue_limit,
    engine_queue_half_full,
    engine_queue_warnings,
    engine_reseal_percent,
    consistency_drifts,
    chain_congestion,
    wallet_lamports,
    wallet_floor,
    gateway_hedges,
    gateway_cache_hits,
    gateway_cache_misses,
    gateway_cache_bytes,
    store_content_bytes,
    store_held_bytes,
    provider_kept_bytes,
    provider_month_micros,
    log_records,
    process_start,
    metrics_dropped,
    count_,
};

enum class metric_kind : std::uint8_t { counter, gauge, histogram };

struct metric_family {
    metric id;
    metric_kind kind;
    std::string_view name;  // without _total
    std::string_view unit;  // "" or the name's last word
    std::string_view help;
    std::array<std::string_view, 3> labels;  // unused ones are empty

    [[nodiscard]] constexpr std::size_t label_count() const noexcept {
        std::size_t n = 0;
        while (n < labels.size() && !labels[n].empty()) ++n;
        return n;
    }
};

// In the order of the enumeration.
[[nodiscard]] std::span<const metric_family> metric_families() noexcept;

}  // namespace thole::ops
