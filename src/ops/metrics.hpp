#pragma once

// Counters, gauges and histograms of the daemon, and their text for a scraper.
//
//   ops::metrics metrics;
//   auto& calls = metrics.counter_of(metric::dependency_calls, {"solana", "primary", "ok"});
//   calls.add();                                  // no lock; keep the reference, it stays valid
//   metrics.render(exposition::open_metrics);     // what GET /metrics answers
//
// A counter is striped over cache lines: two threads that count the same thing do not share one.
// Looking a series up takes a lock; counting does not. A family holds at most 1000 series; further
// label values go to one spare series that is not shown, and are counted as dropped.
// Threads: any.

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "ops/metric.hpp"
#include "thole/time.hpp"

namespace thole::ops {

class counter {
  public:
    void add(std::uint64_t n = 1) noexcept;
    [[nodiscard]] std::uint64_t value() const noexcept;

  private:
    struct alignas(64) stripe {
        std::atomic<std::uint64_t> n{0};
    };
    std::array<stripe, 4> stripes_;
};

class gauge {
  public:
    void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t value() const noexcept {
        return value_.load(std::memory_order_relaxed);
    }

  private:
    std::atomic<std::int64_t> value_{0};
};

// Durations in fixed buckets from 1 ms to 60 s.
class histogram {
  public:
    static constexpr std::array<std::int64_t, 14> bounds_ms{
        1, 5, 10, 25, 50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000, 30'000, 60'000};

    void observe(duration d) noexcept;
    struct snapshot {
        std::array<std::uint64_t, bounds_ms.size() + 1> counts{};  // per bucket, not cumulative
        std::uint64_t sum_ns = 0;
    };
    [[nodiscard]] snapshot read() const noexcept;

  private:
    std::array<std::atomic<std::uint64_t>, bounds_ms.size() + 1> counts_{};
    std::atomic<std::uint64_t> sum_ns_{0};
};

enum class exposition : std::uint8_t {
    open_metrics,  // OpenMetrics 1.0
    prometheus,    // text format 0.0.4, for scrapers that do not ask for the other
};
[[nodiscard]] std::string_view content_type(exposition) noexcept;

class metrics {
  public:
    using labels = std::initializer_list<std::string_view>;
    static constexpr std::size_t series_limit = 1000;

    // Precondition: the family is of that kind and has as many labels.
    [[nodiscard]] counter& counter_of(metric, labels = {});
    [[nodiscard]] gauge& gauge_of(metric, labels = {});
    [[nodiscard]] histogram& histogram_of(metric, labels = {});

    // Called before each rendering, to set gauges from state that lives elsewhere.
    void on_render(std::function<void(metrics&)> refresh);

    [[nodiscard]] std::string render(exposition);

  private:
    struct series {
        counter count;
        gauge level;
        std::unique_ptr<histogram> times;
    };
    struct family_state {
        std::map<std::vector<std::string>, std::unique_ptr<series>> by_labels;
        std::unique_ptr<series> spare;
    };

    series& find(metric, metric_kind, labels);

    std::mutex mutex_;
    std::array<family_state, static_cast<std::size_t>(metric::count_)> families_;
    std::vector<std::function<void(metrics&)>> refreshers_;
};

}  // namespace thole::ops
