#include "ops/metrics.hpp"

#include <fmt/format.h>

#include <iterator>

#include "thole/assert.hpp"

namespace thole::ops {
namespace {

// Threads take stripes in turn: the few loops of this program get one each.
std::size_t own_stripe() noexcept {
    static std::atomic<std::size_t> next{0};
    thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
    return mine;
}

// Seconds with up to nine digits, without floating point.
std::string seconds_text(std::uint64_t ns) {
    auto text = fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000);
    while (text.ends_with('0') && !text.ends_with(".0")) text.pop_back();
    return text;
}

std::string escape_label(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

std::string label_text(const metric_family& family, const std::vector<std::string>& values,
                       std::string_view extra = {}) {
    std::string out;
    for (std::size_t i = 0; i < values.size(); ++i) {
        fmt::format_to(std::back_inserter(out), "{}{}=\"{}\"", out.empty() ? "" : ",",
                       family.labels[i], escape_label(values[i]));
    }
    if (!extra.empty())
        fmt::format_to(std::back_inserter(out), "{}{}", out.empty() ? "" : ",", extra);
    return out.empty() ? out : "{" + out + "}";
}

std::string_view kind_text(metric_kind kind) {
    switch (kind) {
        case metric_kind::counter:
            return "counter";
        case metric_kind::gauge:
            return "gauge";
        case metric_kind::histogram:
            return "histogram";
    }
    return "unknown";
}

// In OpenMetrics a counter's family is named without the _total of its sample.
void append_head(std::string& out, const metric_family& family, exposition form) {
    const bool total = family.kind == metric_kind::counter && form == exposition::prometheus;
    const auto name = fmt::format("{}{}", family.name, total ? "_total" : "");
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, family.help, name,
                   kind_text(family.kind));
    if (form == exposition::open_metrics && !family.unit.empty()) {
        fmt::format_to(std::back_inserter(out), "# UNIT {} {}\n", name, family.unit);
    }
}

void append_histogram(std::string& out, const metric_family& family,
                      const std::vector<std::string>& values, const histogram& times) {
    const auto seen = times.read();
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < seen.counts.size(); ++i) {
        below += seen.counts[i];
        const auto bound =
            i < histogram::bounds_ms.size()
                ? seconds_text(static_cast<std::uint64_t>(histogram::bounds_ms[i]) * 1'000'000)
                : std::string{"+Inf"};
        fmt::format_to(std::back_inserter(out), "{}_bucket{} {}\n", family.name,
                       label_text(family, values, fmt::format("le=\"{}\"", bound)), below);
    }
    fmt::format_to(std::back_inserter(out), "{}_count{} {}\n{}_sum{} {}\n", family.name,
                   label_text(family, values), below, family.name, label_text(family, values),
                   seconds_text(seen.sum_ns));
}

}  // namespace

void counter::add(std::uint64_t n) noexcept {
    stripes_[own_stripe() % stripes_.size()].n.fetch_add(n, std::memory_order_relaxed);
}

std::uint64_t counter::value() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& each : stripes_) sum += each.n.load(std::memory_order_relaxed);
    return sum;
}

void histogram::observe(duration d) noexcept {
    const auto ns = d.count() < 0 ? 0 : d.count();
    std::size_t bucket = 0;
    while (bucket < bounds_ms.size() && ns > bounds_ms[bucket] * 1'000'000) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_ns_.fetch_add(static_cast<std::uint64_t>(ns), std::memory_order_relaxed);
}

histogram::snapshot histogram::read() const noexcept {
    snapshot out;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        out.counts[i] = counts_[i].load(std::memory_order_relaxed);
    }
    out.sum_ns = sum_ns_.load(std::memory_order_relaxed);
    return out;
}

std::string_view content_type(exposition form) noexcept {
    return form == exposition::open_metrics
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

metrics::series& metrics::find(metric id, metric_kind kind, labels values) {
    const auto& family = metric_families()[static_cast<std::size_t>(id)];
    THOLE_ASSERT(family.kind == kind, "a metric is used as what its family is");
    THOLE_ASSERT(family.label_count() == values.size(), "a series names every label");
    std::vector<std::string> key{values.begin(), values.end()};
    const auto fresh = [kind] {
        auto made = std::make_unique<series>();
        if (kind == metric_kind::histogram) made->times = std::make_unique<histogram>();
        return made;
    };
    bool dropped = false;
    series* found = nullptr;
    {
        const std::lock_guard lock{mutex_};
        auto& state = families_[static_cast<std::size_t>(id)];
        if (const auto at = state.by_labels.find(key); at != state.by_labels.end()) {
            found = at->second.get();
        } else if (state.by_labels.size() < series_limit) {
            found = state.by_labels.emplace(std::move(key), fresh()).first->second.get();
        } else {
            if (!state.spare) state.spare = fresh();
            found = state.spare.get();
            dropped = true;
        }
    }
    if (dropped) counter_of(metric::metrics_dropped).add();
    return *found;
}

counter& metrics::counter_of(metric id, labels values) {
    return find(id, metric_kind::counter, values).count;
}
gauge& metrics::gauge_of(metric id, labels values) {
    return find(id, metric_kind::gauge, values).level;
}
histogram& metrics::histogram_of(metric id, labels values) {
    return *find(id, metric_kind::histogram, values).times;
}

void metrics::on_render(std::function<void(metrics&)> refresh) {
    const std::lock_guard lock{mutex_};
    refreshers_.push_back(std::move(refresh));
}

std::string metrics::render(exposition form) {
    std::vector<std::function<void(metrics&)>> refreshers;
    {
        const std::lock_guard lock{mutex_};
        refreshers = refreshers_;
    }
    for (const auto& refresh : refreshers) refresh(*this);

    const std::lock_guard lock{mutex_};
    std::string out;
    for (const auto& family : metric_families()) {
        const auto& state = families_[static_cast<std::size_t>(family.id)];
        if (state.by_labels.empty()) continue;
        append_head(out, family, form);
        for (const auto& [values, each] : state.by_labels) {
            if (family.kind == metric_kind::histogram) {
                append_histogram(out, family, values, *each->times);
            } else if (family.kind == metric_kind::counter) {
                fmt::format_to(std::back_inserter(out), "{}_total{} {}\n", family.name,
                               label_text(family, values), each->count.value());
            } else {
                fmt::format_to(std::back_inserter(out), "{}{} {}\n", family.name,
                               label_text(family, values), each->level.value());
            }
        }
    }
    if (form == exposition::open_metrics) out += "# EOF\n";
    return out;
}

}  // namespace thole::ops
