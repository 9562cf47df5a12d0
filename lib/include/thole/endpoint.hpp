#pragma once

// One way to reach a dependency: a name, a URL and what it is good for (see endpoint_set.hpp).
//
//   endpoint_config backup{.name = name{"backup-1"}, .url = "https://rpc.example/",
//                          .provider = name{"helius"}, .region = name{"fra"}, .tier = 1,
//                          .roles = role_set{role::read, role::history}};
//
// Values only.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "thole/circuit_breaker.hpp"
#include "thole/rate_limiter.hpp"

namespace thole {

enum class role : std::uint8_t { read = 1, send = 2, history = 4 };

class role_set {
  public:
    constexpr role_set() noexcept = default;
    constexpr role_set(std::initializer_list<role> roles) noexcept {
        for (const auto r : roles) bits_ |= static_cast<std::uint8_t>(r);
    }
    [[nodiscard]] static constexpr role_set all() noexcept {
        return {role::read, role::send, role::history};
    }
    [[nodiscard]] constexpr bool has(role r) const noexcept {
        return (bits_ & static_cast<std::uint8_t>(r)) != 0;
    }
    [[nodiscard]] constexpr role_set both(role_set other) const noexcept {
        other.bits_ &= bits_;
        return other;
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }

    friend constexpr bool operator==(role_set, role_set) noexcept = default;

  private:
    std::uint8_t bits_ = 0;
};

struct endpoint_config {
    thole::name name{};          // unique in its set
    std::string url{};           // never looked into here
    thole::name provider{};      // who runs it; empty = not said
    thole::name region{};        // after a failure other regions are preferred; empty = not said
    std::uint16_t tier = 0;      // the lowest tier with an eligible endpoint serves
    std::uint16_t weight = 100;  // share of the traffic within its tier; 1…10 000
    std::uint32_t capacity = 0;  // calls in flight at most; 0 = unlimited
    role_set roles = role_set::all();
    rate_limit limit{};
};

// Why an endpoint takes no call now.
enum class endpoint_block : std::uint8_t {
    none,
    breaker,       // open, or a probe is in flight
    rate_limited,  // by its limiter, or by a Retry-After
    ejected,       // far worse than its peers
    at_capacity,   // as many calls in flight as it may have
    drained,       // by an operator
};

[[nodiscard]] std::string_view to_string(endpoint_block) noexcept;

// What operators see.
struct endpoint_view {
    endpoint_config config;  // with tier and weight as they are now
    bool drained = false;
    endpoint_block block = endpoint_block::none;
    duration blocked_for{};  // 0 when not blocked; duration::max() until an operator acts
    breaker_view breaker;
    duration latency{};                     // moving average of successes; 0 = none yet
    std::uint32_t success_permille = 1000;  // moving average
    std::uint32_t in_flight = 0;
    std::uint32_t slowdown = 1;  // of the limiter
    std::uint32_t ejections = 0;
    std::uint64_t calls = 0;  // finished with success or failure, since it was added
    std::uint64_t failures = 0;
    bool slow = false;        // latency above 500 ms
    bool unreliable = false;  // fewer than 99.9 % of at least 1000 calls succeeded
};

enum class endpoint_event : std::uint8_t {
    added,
    removed,
    drained,
    resumed,
    reprioritised,
    ejected,
    restored,
};

[[nodiscard]] std::string_view to_string(endpoint_event) noexcept;

struct endpoint_change {
    name dependency;
    name endpoint;
    endpoint_event what;
    duration lasts;  // of an ejection
    time_point at;
};

}  // namespace thole
