#include "thole/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <thread>
#include <vector>

#include "thole/clock.hpp"
#include "thole/codes.hpp"

namespace thole {
namespace {

using namespace std::chrono_literals;

constexpr rate_limit ten_a_second{.permits = 10, .per = 1s, .burst = 1};

int take_all(rate_limiter& limiter, time_point now) {
    int taken = 0;
    while (limiter.admit(now)) ++taken;
    return taken;
}

// proves: P6
TEST(rate_limiter, spaces_calls) {
    manual_clock clock;
    rate_limiter limiter{ten_a_second};
    EXPECT_TRUE(limiter.admit(clock.now()));
    EXPECT_FALSE(limiter.admit(clock.now()));
    clock.advance(99ms);
    EXPECT_FALSE(limiter.admit(clock.now()));
    clock.advance(1ms);
    EXPECT_TRUE(limiter.admit(clock.now()));
}

// proves: P6
TEST(rate_limiter, allows_a_burst_after_a_rest) {
    manual_clock clock;
    rate_limiter limiter{{.permits = 10, .per = 1s, .burst = 5}};
    EXPECT_EQ(take_all(limiter, clock.now()), 5);
    clock.advance(200ms);
    EXPECT_EQ(take_all(limiter, clock.now()), 2);
    clock.advance(1h);
    EXPECT_EQ(take_all(limiter, clock.now()), 5) << "rest is not hoarded";
}

// proves: P6
TEST(rate_limiter, refusal_is_a_rejection_with_a_time) {
    manual_clock clock;
    rate_limiter limiter{ten_a_second, name{"pinata"}, name{"primary"}};
    EXPECT_TRUE(limiter.admit(clock.now()));
    clock.advance(30ms);
    const auto refused = limiter.admit(clock.now());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::policy_rate_limited));
    EXPECT_EQ(refused.error().kind(), fault_kind::rejected);
    EXPECT_EQ(refused.error().retry_after(), 70ms);
    EXPECT_EQ(refused.error().endpoint(), name{"primary"});
    EXPECT_EQ(limiter.admissible_at(clock.now()), clock.now() + 70ms);
}

TEST(rate_limiter, refusals_cost_nothing) {
    manual_clock clock;
    rate_limiter limiter{ten_a_second};
    EXPECT_TRUE(limiter.admit(clock.now()));
    for (int i = 0; i < 1000; ++i) EXPECT_FALSE(limiter.admit(clock.now()));
    clock.advance(100ms);
    EXPECT_TRUE(limiter.admit(clock.now()));
}

TEST(rate_limiter, zero_permits_mean_no_limit) {
    manual_clock clock;
    rate_limiter limiter;
    for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(limiter.admit(clock.now()));
}

TEST(rate_limiter, rounds_so_that_it_is_never_faster_than_agreed) {
    manual_clock clock;
    rate_limiter limiter{{.permits = 3, .per = 1s, .burst = 1}};
    int taken = 0;
    const auto start = clock.now();
    while (clock.now() - start < 1s) {
        taken += limiter.admit(clock.now()) ? 1 : 0;
        clock.advance(1ms);
    }
    EXPECT_EQ(taken, 3);
}

// proves: P6
TEST(rate_limiter, retry_after_blocks_it) {
    manual_clock clock;
    rate_limiter limiter{ten_a_second};
    limiter.penalise(clock.now(), 20s);
    clock.advance(20s - 1ns);
    EXPECT_EQ(limiter.admit(clock.now()).error().retry_after(), 1ns);
    clock.advance(1ns);
    EXPECT_TRUE(limiter.admit(clock.now()));
}

TEST(rate_limiter, retry_after_binds_even_without_a_limit) {
    manual_clock clock;
    rate_limiter limiter;
    limiter.penalise(clock.now(), 20s);
    EXPECT_FALSE(limiter.admit(clock.now()));
    limiter.penalise(clock.now(), 5s);
    clock.advance(19s);
    EXPECT_FALSE(limiter.admit(clock.now())) << "a shorter wish does not shorten a longer one";
    clock.advance(1s);
    EXPECT_TRUE(limiter.admit(clock.now()));
}

TEST(rate_limiter, a_wish_for_a_day_is_kept_for_five_minutes) {
    manual_clock clock;
    rate_limiter limiter;
    limiter.penalise(clock.now(), 24h);
    EXPECT_EQ(limiter.admissible_at(clock.now()), clock.now() + 5min);
}

// proves: P6
TEST(rate_limiter, each_penalty_halves_the_rate_and_time_restores_it) {
    manual_clock clock;
    rate_limiter limiter{{.permits = 10, .per = 1s, .burst = 1, .recovery = 30s}};
    const auto spacing = [&] {
        EXPECT_TRUE(limiter.admit(clock.now()));
        const auto wait = limiter.admissible_at(clock.now()) - clock.now();
        clock.advance(wait);
        return wait;
    };
    EXPECT_EQ(spacing(), 100ms);
    limiter.penalise(clock.now(), std::nullopt);
    EXPECT_EQ(limiter.slowdown(clock.now()), 2U);
    EXPECT_EQ(spacing(), 200ms);
    for (int i = 0; i < 10; ++i) {
        clock.advance(2s);
        limiter.penalise(clock.now(), std::nullopt);
    }
    EXPECT_EQ(limiter.slowdown(clock.now()), 16U) << "never slower than that";
    EXPECT_EQ(spacing(), 1600ms);
    clock.advance(29s);
    EXPECT_EQ(limiter.slowdown(clock.now()), 8U);
    clock.advance(90s);
    EXPECT_EQ(limiter.slowdown(clock.now()), 1U);
    EXPECT_EQ(spacing(), 100ms);
}

TEST(rate_limiter, refusals_that_arrive_together_are_one_lesson) {
    manual_clock clock;
    rate_limiter limiter{ten_a_second};
    for (int i = 0; i < 20; ++i) {
        limiter.penalise(clock.now(), std::nullopt);
        clock.advance(10ms);
    }
    EXPECT_EQ(limiter.slowdown(clock.now()), 2U);
}

// proves: P6
TEST(rate_limiter, may_be_adjusted_at_run_time) {
    manual_clock clock;
    rate_limiter limiter{ten_a_second};
    EXPECT_TRUE(limiter.admit(clock.now()));
    limiter.adjust({.permits = 1000, .per = 1s, .burst = 1});
    clock.advance(100ms);
    EXPECT_TRUE(limiter.admit(clock.now()));
    clock.advance(1ms);
    EXPECT_TRUE(limiter.admit(clock.now()));
    limiter.penalise(clock.now(), 10s);
    limiter.adjust({});
    EXPECT_FALSE(limiter.admit(clock.now())) << "what the server asked for stays";
}

struct listener final : observer {
    std::vector<limiter_penalty> penalties;
    int refusals = 0;
    void limiter_penalised(const limiter_penalty& p) noexcept override { penalties.push_back(p); }
    void call_rejected(const fault&, time_point) noexcept override { ++refusals; }
};

TEST(rate_limiter, tells_an_observer) {
    listener watch;
    manual_clock clock;
    rate_limiter limiter{ten_a_second, name{"pinata"}, name{"primary"}, &watch};
    limiter.penalise(clock.now(), 3s);
    EXPECT_FALSE(limiter.admit(clock.now()));
    ASSERT_EQ(watch.penalties.size(), 1U);
    EXPECT_EQ(watch.penalties[0].slowdown, 2U);
    EXPECT_EQ(watch.penalties[0].blocked_for, 3s);
    EXPECT_EQ(watch.penalties[0].endpoint, name{"primary"});
    EXPECT_EQ(watch.refusals, 1);
}

TEST(rate_limiter, validation_names_every_mistake) {
    EXPECT_TRUE(validate(rate_limit{}).empty());
    const auto found = validate(
        rate_limit{.permits = 10, .per = 0s, .burst = 0, .recovery = 0s, .longest_block = -1s});
    EXPECT_EQ(found.size(), 5U);
    EXPECT_EQ(validate(rate_limit{.permits = 4'000'000'000, .per = 1s}).size(), 1U);
}

// In any stretch of time there are at most burst + length / interval calls.
// proves: P6
RC_GTEST_PROP(rate_limiter, never_exceeds_rate_and_burst, ()) {
    const auto permits = *rc::gen::inRange(1U, 50U);
    const auto burst = *rc::gen::inRange(1U, 10U);
    rate_limiter limiter{{.permits = permits, .per = 1s, .burst = burst}};
    manual_clock clock;
    std::vector<time_point> taken;
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 300));
    for (const auto ms : steps) {
        clock.advance(std::chrono::milliseconds{ms});
        const auto at = limiter.admissible_at(clock.now());
        const bool ok = limiter.admit(clock.now()).has_value();
        RC_ASSERT(ok == (at <= clock.now()));
        if (!ok) continue;
        taken.push_back(clock.now());
        for (std::size_t i = 0; i < taken.size(); ++i) {
            const auto length = taken.back() - taken[i];
            const auto allowed =
                burst + static_cast<std::size_t>(length.count()) * permits / 1'000'000'000;
            RC_ASSERT(taken.size() - i <= allowed);
        }
    }
}

// proves: P6
TEST(rate_limiter, threads_together_do_not_exceed_it) {
    rate_limiter limiter{{.permits = 1, .per = 1h, .burst = 1000}};
    std::atomic<int> taken{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 2000; ++i) {
                if (limiter.admit(time_point{2000h})) taken.fetch_add(1);
            }
        });
    }
    for (auto& t : threads) t.join();
    EXPECT_EQ(taken.load(), 1000);
}

}  // namespace
}  // namespace thole
