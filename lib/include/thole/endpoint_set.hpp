#pragma once

// Every remote dependency is a set of endpoints, even of one.
//
// The problem: "primary, else backup" in an if statement knows neither which backup is well, nor
// that the primary came back, nor that a third of the traffic would sink the backup. Here each
// endpoint has its own breaker, limiter, latency and success rate, and each call picks:
//
//   endpoint_set rpc{name{"solana"}, {}, endpoints};
//   std::vector<name> tried;
//   auto pick = rpc.pick(clock.now(), tried, role::read, chance);
//   if (!pick) return fail(pick.error());          // policy.no_endpoint, retry_after = earliest
//   auto answer = ask(pick->endpoint().url);
//   if (answer) pick->succeed(latency, clock.now());
//   else        pick->fail(answer.error(), latency, clock.now());
//   tried.push_back(pick->endpoint().name);        // never twice in one call
//
// Choice: the lowest tier that has an eligible endpoint. In it, after a failure, regions not tried
// yet. Of those two at random (by weight), and of the two the cheaper one: latency × calls in
// flight × failures (power of two choices: nearly as good as the best, without the stampede). An
// endpoint's remembered latency fades while it is not used, so that a recovered one is seen.
//
// An endpoint whose success rate is far below that of its peers is ejected for a while, but never
// more than a share of the set. When nothing is eligible the answer is a refusal with the earliest
// time; only status reads of what is already under way use pick_least_bad, which ignores breakers
// at a bounded rate.
//
// A pick is a move-only permit: destroyed without a report it says nothing. Ownership: the set
// outlives its picks; a removed endpoint's memory (about 2 KiB) is kept until the set is gone, so
// that picks stay valid, and so is half a KiB each time an operator changes the line-up. Threads:
// any; pick and report take no lock on the success path, operator verbs take one.

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "thole/endpoint.hpp"
#include "thole/rng.hpp"

namespace thole {

struct outlier_settings {
    std::uint32_t minimum_calls = 20;     // of the endpoint and of a peer, to be compared; >= 1
    std::uint16_t margin_permille = 300;  // this far below the peers' mean is far; 1…1000, 0 = off
    std::uint16_t most_ejected_permille = 500;      // share of the set, after the ejection; 0…1000
    duration eject_for = std::chrono::seconds{30};  // × how often it happened, at most 10; > 0

    friend bool operator==(const outlier_settings&, const outlier_settings&) = default;
};

struct endpoint_set_settings {
    breaker_settings breaker{};  // of each endpoint
    outlier_settings outlier{};
    rate_limit least_bad{.permits = 10, .per = std::chrono::seconds{1}, .burst = 10};
};

[[nodiscard]] problems validate(const endpoint_set_settings&);
[[nodiscard]] problems validate(const endpoint_config&);

class endpoint_set;

namespace detail {
struct endpoint_entry;
}

class endpoint_pick {
  public:
    endpoint_pick(endpoint_pick&& other) noexcept
        : set_{std::exchange(other.set_, nullptr)},
          entry_{std::exchange(other.entry_, nullptr)},
          permit_{std::move(other.permit_)} {}
    endpoint_pick& operator=(endpoint_pick&& other) noexcept;
    endpoint_pick(const endpoint_pick&) = delete;
    endpoint_pick& operator=(const endpoint_pick&) = delete;
    ~endpoint_pick() {
        if (set_ != nullptr) release();
    }

    // Precondition: not moved from. Valid as long as the set; also after the report.
    [[nodiscard]] const endpoint_config& endpoint() const noexcept;

    // The end of the call; later reports do nothing. A rate limit slows the endpoint's limiter.
    void succeed(duration latency, time_point now);
    void fail(const fault&, duration latency, time_point now);
    template <class T>
    void record(const result<T>& r, duration latency, time_point now) {
        r ? succeed(latency, now) : fail(r.error(), latency, now);
    }

    // True when the breaker lets this call through as a half-open probe.
    [[nodiscard]] bool is_probe() const noexcept { return permit_.is_probe(); }

  private:
    friend class endpoint_set;
    endpoint_pick(endpoint_set* set, detail::endpoint_entry* entry, breaker_permit permit) noexcept
        : set_{set}, entry_{entry}, permit_{std::move(permit)} {}
    void release() noexcept;

    endpoint_set* set_ = nullptr;  // null after the report
    detail::endpoint_entry* entry_ = nullptr;
    breaker_permit permit_;
};

class endpoint_set {
  public:
    static constexpr std::size_t most_endpoints = 64;

    // Preconditions: valid settings and endpoints, distinct names, at most 64.
    endpoint_set(name dependency, const endpoint_set_settings& settings,
                 std::span<const endpoint_config> endpoints, observer* watch = nullptr);
    ~endpoint_set();
    endpoint_set(const endpoint_set&) = delete;
    endpoint_set& operator=(const endpoint_set&) = delete;

    // An endpoint for one call; never one of `tried`. `sticky` is taken when it is eligible.
    [[nodiscard]] std::expected<endpoint_pick, fault> pick(time_point now,
                                                           std::span<const name> tried, role wanted,
                                                           rng& chance, name sticky = {});

    // For status reads of work already under way: the least bad endpoint, open breakers or not.
    // Honours roles, `tried`, limiters and forced-open, and a rate of its own.
    [[nodiscard]] std::expected<endpoint_pick, fault> pick_least_bad(time_point now,
                                                                     std::span<const name> tried,
                                                                     role wanted);

    // Whether pick would find one now.
    [[nodiscard]] bool any_eligible(time_point now, std::span<const name> tried, role wanted) const;

    // Operator verbs; false when there is no such endpoint. `add` returns what is wrong, if any.
    [[nodiscard]] problems add(const endpoint_config& config, time_point now);
    bool remove(name endpoint, time_point now);
    bool drain(name endpoint, time_point now);    // no new calls
    bool resume(name endpoint, time_point now);   // ends drain
    bool restore(name endpoint, time_point now);  // ends an ejection
    bool reprioritise(name endpoint, std::uint16_t tier, std::uint16_t weight, time_point now);
    // For all endpoints, those added later included. Precondition: valid settings.
    void reconfigure(const endpoint_set_settings& settings, time_point now);

    // For operator verbs and monitors; null when there is no such endpoint. Valid as long as the
    // set.
    [[nodiscard]] circuit_breaker* breaker(name endpoint) const;
    [[nodiscard]] rate_limiter* limiter(name endpoint) const;

    [[nodiscard]] std::vector<endpoint_view> view(time_point now) const;
    // What an endpoint was added with, breaker and limiter not looked at: cheap enough for each
    // call. Null when there is no such endpoint. Valid as long as the set.
    [[nodiscard]] const endpoint_config* config_of(name endpoint) const noexcept;
    [[nodiscard]] std::vector<name> names() const;
    [[nodiscard]] name dependency() const noexcept { return dependency_; }
    [[nodiscard]] std::size_t size() const;

  private:
    friend class endpoint_pick;
    using entry = detail::endpoint_entry;
    struct shortlist;
    struct front {
        std::array<entry*, most_endpoints> list{};
        std::uint32_t count = 0;
        bool even = true;   // all of one weight and without a capacity
        role_set common{};  // roles that all of them have
    };

    void shorten(shortlist&, time_point now, std::span<const name> tried, role wanted,
                 std::uint64_t without) const;
    [[nodiscard]] std::expected<endpoint_pick, fault> take(entry&, time_point now);
    [[nodiscard]] std::expected<endpoint_pick, fault> pick_with_care(time_point now,
                                                                     std::span<const name> tried,
                                                                     role wanted, rng& chance,
                                                                     name sticky);
    [[nodiscard]] fault refusal(time_point earliest, time_point now) const;
    void judge(entry&, time_point now);
    [[nodiscard]] entry* find(name endpoint) const noexcept;
    void insert(const endpoint_config& config);
    void line_up();
    [[nodiscard]] entry* choose_quickly(time_point now, role wanted, rng& chance, unsigned own);
    void tell(name endpoint, endpoint_event what, time_point now, duration lasts = {}) const;
    template <class F>
    void each(F&& visit) const;

    name dependency_;
    observer* watch_;
    rate_limiter least_bad_;
    std::atomic<std::uint32_t> margin_permille_;  // copy for the report path
    std::atomic<std::uint32_t> used_{0};          // slots that ever held an endpoint
    std::array<std::atomic<entry*>, most_endpoints> slots_{};
    std::atomic<const front*> front_{nullptr};
    mutable std::mutex mutex_;  // guards what follows, writes of slots_ and front_, and ejections
    endpoint_set_settings settings_;
    std::vector<std::unique_ptr<entry>> owned_;         // removed ones included
    std::vector<std::unique_ptr<const front>> fronts_;  // earlier ones included
};

}  // namespace thole
