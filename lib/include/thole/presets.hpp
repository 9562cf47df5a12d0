#pragma once

// How patient to be with whom: retry and breaker settings for the kinds of dependency that occur.
//
//   endpoint_set_settings s;
//   s.breaker = presets::solana_rpc.breaker;
//   retry call{presets::solana_rpc.retry, until, chance};
//   const auto* p = presets::find("records_database");        // by the name in a configuration
//
// Retries are retries after the first call; only the default's figure counts calls in all. A preset
// *replaces* the default breaker rule: "3 consecutive" means that and no rate. What a preset does
// not say (probes, growth of the open time, calls longer than 30 s are failures) is the default's.
//
// `idempotent` says that repeats of what this preset is for do no harm: reads, content that has its
// hash for a name, rows keyed by operation and version. For the others a call whose effect is
// unknown is not repeated unless the caller says so.
//
// Constants; any thread.

#include <array>
#include <optional>
#include <string_view>

#include "thole/breaker_settings.hpp"
#include "thole/retry.hpp"

namespace thole {

struct preset {
    std::string_view name;  // as in a configuration
    retry_settings retry;
    breaker_settings breaker;
    std::optional<duration> timeout;  // of one call, where the preset says one
    std::string_view probe;  // how a monitor asks whether it is well; empty = no special way
};

namespace presets {

// Builders of the table below; public for those who write presets of their own.
namespace make {

using namespace std::chrono_literals;

constexpr retry_settings listed(std::initializer_list<duration> delays, std::uint16_t jitter,
                                bool idempotent) noexcept {
    retry_settings s;
    s.attempts = static_cast<std::uint32_t>(delays.size()) + 1;
    s.delays = backoff::listed(delays).with_jitter(jitter);
    s.idempotent = idempotent;
    return s;
}

constexpr retry_settings three_calls(bool idempotent = false) noexcept {
    retry_settings s;
    s.attempts = 3;
    s.delays = backoff::exponential(1s, 30s).with_jitter(100);
    s.idempotent = idempotent;
    return s;
}

constexpr breaker_settings consecutive(std::uint32_t failures, duration open_for,
                                       std::uint16_t successes = 3) noexcept {
    auto s = breaker_settings::no_rules();
    s.consecutive_failures = failures;
    s.open_for = open_for;
    s.successes_to_close = successes;
    return s;
}

constexpr breaker_settings counted(std::uint32_t failures, duration window, duration open_for,
                                   std::uint16_t successes = 3) noexcept {
    auto s = breaker_settings::no_rules();
    s.failures_in_window = failures;
    s.window = window;
    s.open_for = open_for;
    s.successes_to_close = successes;
    return s;
}

constexpr retry_settings ipfs_retry() noexcept {
    auto s = listed({1s, 2s, 4s, 8s, 16s}, 100, true);
    // After the third retry, which is the fourth call: the provider's status is looked at, then
    // the backup provider takes over.
    s.attempts_per_endpoint = 4;
    return s;
}

constexpr breaker_settings ipfs_breaker() noexcept {
    auto s = counted(5, 2min, 30s);
    s.failed_after = 0s;  // a large upload is slow, not failed
    return s;
}

constexpr retry_settings database_retry(bool idempotent) noexcept {
    return listed({500ms, 1s, 2s}, 50, idempotent);
}

}  // namespace make

using namespace std::chrono_literals;

inline constexpr preset default_preset{"default", make::three_calls(), breaker_settings{},
                                       std::nullopt, ""};
inline constexpr preset solana_rpc{"solana_rpc", make::listed({2s, 4s, 8s}, 200, true),
                                   make::consecutive(3, 60s), std::nullopt,
                                   "getHealth, and a slot that advances"};
inline constexpr preset ipfs{"ipfs", make::ipfs_retry(), make::ipfs_breaker(), std::nullopt,
                             "a small upload and its fetch"};
inline constexpr preset records_database{"records_database", make::database_retry(true),
                                         make::consecutive(3, 10s), std::nullopt, "SELECT 1"};
inline constexpr preset identity{"identity", make::three_calls(true), make::consecutive(3, 30s),
                                 std::nullopt, ""};
inline constexpr preset analytics_database{"analytics_database", make::three_calls(),
                                           make::consecutive(3, 30s), std::nullopt, "SELECT 1"};
inline constexpr preset fcm{"fcm", make::three_calls(), make::counted(5, 300s, 60s, 3), 10s, ""};
inline constexpr preset apns{"apns", make::three_calls(), make::counted(3, 180s, 30s, 2), 15s, ""};
inline constexpr preset mongodb{"mongodb", make::database_retry(false),
                                make::counted(8, 120s, 20s, 5), 5s, "ping"};
inline constexpr preset redis{"redis", make::database_retry(false), make::counted(10, 60s, 10s, 3),
                              2s, "PING"};
inline constexpr preset partner_api{"partner_api", make::three_calls(), breaker_settings{},
                                    std::nullopt, ""};
inline constexpr preset smtp{"smtp", make::three_calls(), breaker_settings{}, std::nullopt, "NOOP"};
inline constexpr preset sms{"sms", make::three_calls(), breaker_settings{}, std::nullopt, ""};
inline constexpr preset webhook{"webhook", make::three_calls(), breaker_settings{}, std::nullopt,
                                ""};
inline constexpr preset rabbitmq{"rabbitmq", make::three_calls(), breaker_settings{}, std::nullopt,
                                 ""};

inline constexpr std::array all{
    &default_preset,     &solana_rpc, &ipfs, &records_database, &identity,
    &analytics_database, &fcm,        &apns, &mongodb,          &redis,
    &partner_api,        &smtp,       &sms,  &webhook,          &rabbitmq};

// Null when no preset has that name.
[[nodiscard]] constexpr const preset* find(std::string_view name) noexcept {
    for (const auto* p : all) {
        if (p->name == name) return p;
    }
    return nullptr;
}

}  // namespace presets
}  // namespace thole
