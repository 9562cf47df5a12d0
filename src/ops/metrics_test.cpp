#include "ops/metrics.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <thread>

namespace thole::ops {
namespace {

using namespace std::chrono_literals;

TEST(metrics, counts_from_several_threads_add_up) {
    metrics all;
    auto& calls = all.counter_of(metric::dependency_calls, {"solana", "primary", "ok"});
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&calls] {
            for (int i = 0; i < 10'000; ++i) calls.add();
        });
    }
    threads.clear();
    EXPECT_EQ(calls.value(), 40'000U);
}

TEST(metrics, the_same_labels_are_the_same_series) {
    metrics all;
    auto& a = all.counter_of(metric::api_rejections, {"auth.missing"});
    auto& b = all.counter_of(metric::api_rejections, {"auth.missing"});
    EXPECT_EQ(&a, &b);
}

// proves: O6
TEST(metrics, renders_both_text_formats) {
    metrics all;
    all.counter_of(metric::api_requests, {"mints", "202"}).add(3);
    all.gauge_of(metric::engine_live).set(-1);
    all.histogram_of(metric::api_latency, {"mints"}).observe(3ms);
    all.histogram_of(metric::api_latency, {"mints"}).observe(90s);

    const auto open = all.render(exposition::open_metrics);
    EXPECT_NE(open.find("# TYPE thole_api_requests counter\n"), std::string::npos);
    EXPECT_NE(open.find("thole_api_requests_total{kind=\"mints\",code=\"202\"} 3\n"),
              std::string::npos);
    EXPECT_NE(open.find("# UNIT thole_api_latency_seconds seconds\n"), std::string::npos);
    EXPECT_NE(open.find("thole_api_latency_seconds_bucket{kind=\"mints\",le=\"0.001\"} 0\n"),
              std::string::npos);
    EXPECT_NE(open.find("thole_api_latency_seconds_bucket{kind=\"mints\",le=\"0.005\"} 1\n"),
              std::string::npos);
    EXPECT_NE(open.find("thole_api_latency_seconds_bucket{kind=\"mints\",le=\"+Inf\"} 2\n"),
              std::string::npos);
    EXPECT_NE(open.find("thole_api_latency_seconds_sum{kind=\"mints\"} 90.003\n"),
              std::string::npos);
    EXPECT_NE(open.find("thole_engine_live_operations -1\n"), std::string::npos);
    EXPECT_TRUE(open.ends_with("# EOF\n"));

    const auto plain = all.render(exposition::prometheus);
    EXPECT_NE(plain.find("# TYPE thole_api_requests_total counter\n"), std::string::npos);
    EXPECT_EQ(plain.find("# EOF"), std::string::npos);
    EXPECT_EQ(plain.find("# UNIT"), std::string::npos);
}

TEST(metrics, label_values_are_escaped) {
    metrics all;
    all.counter_of(metric::api_rejections, {"a\"b\\c\nd"}).add();
    EXPECT_NE(all.render(exposition::open_metrics).find(R"({code="a\"b\\c\nd"} 1)"),
              std::string::npos);
}

TEST(metrics, a_family_is_bounded) {
    metrics all;
    for (std::size_t i = 0; i < metrics::series_limit + 5; ++i) {
        all.counter_of(metric::api_rejections, {std::to_string(i)}).add();
    }
    EXPECT_EQ(all.counter_of(metric::metrics_dropped).value(), 5U);
    const auto text = all.render(exposition::open_metrics);
    EXPECT_EQ(text.find("code=\"1003\""), std::string::npos);
    EXPECT_NE(text.find("code=\"999\""), std::string::npos);
}

TEST(metrics, gauges_are_refreshed_before_each_rendering) {
    metrics all;
    int asked = 0;
    all.on_render([&](metrics& m) { m.gauge_of(metric::engine_live).set(++asked); });
    EXPECT_NE(all.render(exposition::open_metrics).find("operations 1\n"), std::string::npos);
    EXPECT_NE(all.render(exposition::open_metrics).find("operations 2\n"), std::string::npos);
}

// The naming rule, so that a new family cannot break it.
TEST(metrics, family_names_follow_the_rule) {
    const std::set<std::string_view> labels{"dependency", "endpoint",  "policy", "kind",
                                            "code",       "operation", "step",   "state",
                                            "node",       "drift",     "remedy"};
    const std::regex name{"thole_[a-z]+(_[a-z]+)+"};
    std::set<std::string_view> seen;
    for (const auto& family : metric_families()) {
        EXPECT_TRUE(std::regex_match(std::string{family.name}, name)) << family.name;
        EXPECT_FALSE(family.name.ends_with("_total")) << family.name;
        EXPECT_TRUE(seen.insert(family.name).second) << family.name;
        EXPECT_FALSE(family.help.empty()) << family.name;
        if (!family.unit.empty()) {
            EXPECT_TRUE(family.name.ends_with("_" + std::string{family.unit})) << family.name;
        }
        if (family.kind == metric_kind::histogram) EXPECT_EQ(family.unit, "seconds");
        for (std::size_t i = 0; i < family.label_count(); ++i) {
            EXPECT_TRUE(labels.contains(family.labels[i])) << family.name;
        }
    }
}

}  // namespace
}  // namespace thole::ops
