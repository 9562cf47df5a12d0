#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/engine_watch.hpp"
#include "ops/policy_watch.hpp"
#include "thole/circuit_breaker.hpp"
#include "thole/codes.hpp"

namespace thole::ops {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct watching {
    manual_clock clock;
    metrics count;
    std::vector<std::string> lines;
    log out{clock, {}, nullptr, [this](std::string_view line) { lines.emplace_back(line); }};
};

// proves: O6
TEST(policy_watch, a_breaker_that_opens_is_logged_counted_and_shown) {
    watching w;
    policy_watch watch{w.out, w.count};
    auto settings = breaker_settings::no_rules();
    settings.consecutive_failures = 2;
    circuit_breaker breaker{settings, name{"solana"}, name{"primary"}, &watch};
    for (int i = 0; i < 2; ++i) {
        auto permit = breaker.admit(w.clock.now());
        ASSERT_TRUE(permit);
        permit->record(outcome::failure(), w.clock.now());
    }
    ASSERT_EQ(w.lines.size(), 1U);
    EXPECT_THAT(w.lines[0], HasSubstr("WARNING CIRCUIT BREAKER: circuit_breaker_opened "
                                      "dependency=solana endpoint=primary"));
    EXPECT_EQ(w.count.gauge_of(metric::policy_breaker_state, {"solana", "primary", "open"}).value(),
              1);
    EXPECT_EQ(
        w.count.gauge_of(metric::policy_breaker_state, {"solana", "primary", "closed"}).value(), 0);
    EXPECT_FALSE(breaker.admit(w.clock.now()));
    EXPECT_EQ(
        w.count.counter_of(metric::policy_breaker_moves, {"solana", "primary", "open"}).value(),
        1U);
}

saga::event event_of(saga::event_type type, std::string step = {}) {
    saga::event e;
    e.type = type;
    e.step = std::move(step);
    return e;
}

TEST(engine_watch, steps_and_ends_are_counted_by_outcome) {
    watching w;
    engine_watch watch{w.out, w.count};
    saga::operation op;
    op.who.kind = "mint";
    watch.happened(op, event_of(saga::event_type::submitted));
    watch.happened(op, event_of(saga::event_type::step_completed, "check"));
    auto failed = event_of(saga::event_type::step_failed, "submit");
    failed.fault = saga::fault_json(fault{codes::net_timeout}.at(name{"solana"}, name{"primary"}));
    failed.attempt = 2;
    watch.happened(op, failed);
    op.now.state = saga::op_state::terminal;
    op.now.ending = saga::op_ending::completed;
    watch.happened(op, event_of(saga::event_type::ended));

    EXPECT_EQ(w.count.counter_of(metric::engine_accepted, {"mint"}).value(), 1U);
    EXPECT_EQ(w.count.counter_of(metric::engine_steps, {"mint", "check", "ok"}).value(), 1U);
    EXPECT_EQ(w.count.counter_of(metric::engine_steps, {"mint", "submit", "net.timeout"}).value(),
              1U);
    EXPECT_EQ(w.count.counter_of(metric::engine_ended, {"mint", "completed"}).value(), 1U);
    EXPECT_THAT(w.lines, ElementsAre(HasSubstr("operation.submitted"), HasSubstr("step.failed"),
                                     HasSubstr("state=completed")));
    EXPECT_THAT(w.lines[1], HasSubstr("step=submit attempt=2 code=net.timeout"));
}

// proves: E5
TEST(engine_watch, half_a_queue_is_told_once_a_crossing) {
    watching w;
    engine_watch watch{w.out, w.count};
    for (const int waiting : {0, 49, 50, 51, 48, 50, 40}) watch.queue_has(waiting, 100);
    ASSERT_EQ(w.lines.size(), 1U) << "it hovers about the half: one warning";
    EXPECT_THAT(w.lines[0], HasSubstr("WARNING queue_half_full waiting=50 most=100"));
    EXPECT_EQ(w.count.gauge_of(metric::engine_queue_half_full).value(), 1);
    watch.queue_has(39, 100);
    ASSERT_EQ(w.lines.size(), 2U);
    EXPECT_THAT(w.lines[1], HasSubstr("queue_eased"));
    EXPECT_EQ(w.count.gauge_of(metric::engine_queue_half_full).value(), 0);
    watch.queue_has(90, 100);
    EXPECT_EQ(w.lines.size(), 3U);
    EXPECT_EQ(w.count.counter_of(metric::engine_queue_warnings).value(), 2U);
    watch.queue_has(0, 0);
}

TEST(engine_watch, a_failover_is_a_fault_followed_by_another_endpoint_for_the_same_call) {
    EXPECT_EQ(failovers_in({{"getSlot", "a", 1, "net.timeout", ""}, {"getSlot", "b", 1, "", ""}}),
              1);
    EXPECT_EQ(failovers_in({{"getSlot", "a", 1, "", ""}, {"getSlot", "b", 1, "", ""}}), 0);
    EXPECT_EQ(failovers_in({{"getSlot", "a", 1, "net.timeout", ""}, {"send", "b", 1, "", ""}}), 0);
    EXPECT_EQ(failovers_in({{"getSlot", "a", 1, "net.timeout", ""}, {"getSlot", "a", 1, "", ""}}),
              0);
    EXPECT_EQ(failovers_in({}), 0);
}

TEST(engine_watch, a_journal_fault_is_an_error) {
    watching w;
    engine_watch watch{w.out, w.count};
    watch.journal_failed(fault{codes::db_disk_full}.with_detail("SQLITE_FULL"));
    EXPECT_THAT(w.lines, ElementsAre(HasSubstr("ERROR   journal_failed code=db.disk_full")));
    EXPECT_EQ(w.count.counter_of(metric::engine_journal_faults, {"db.disk_full"}).value(), 1U);
}

}  // namespace
}  // namespace thole::ops
