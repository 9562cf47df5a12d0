#include "thole/detail/call_window.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace thole::detail {
namespace {

// As breakers do: successes the quick way.
void count(call_window& w, bool succeeded, std::uint32_t generation, std::uint64_t epoch) {
    succeeded ? w.add_success(generation, epoch, thread_stripe()) : w.add(false, generation, epoch);
}

TEST(call_window, counts_what_is_added) {
    call_window w;
    count(w, true, 1, 100);
    count(w, false, 1, 100);
    EXPECT_EQ(w.own_count(1, 100), 2U);
    count(w, true, 1, 101);
    EXPECT_EQ(w.own_count(1, 101), 1U) << "another bucket";
    EXPECT_EQ(w.own_count(1, 108), 0U) << "another lap";
    const auto sum = w.sum(1, 101);
    EXPECT_EQ(sum.succeeded, 2U);
    EXPECT_EQ(sum.failed, 1U);
    EXPECT_EQ(sum.total(), 3U);
}

TEST(call_window, forgets_after_eight_buckets) {
    call_window w;
    count(w, false, 1, 100);
    EXPECT_EQ(w.sum(1, 107).failed, 1U);
    EXPECT_EQ(w.sum(1, 108).failed, 0U);
    count(w, true, 1, 108);
    EXPECT_EQ(w.sum(1, 108).total(), 1U) << "the old word in the same slot is gone";
}

TEST(call_window, another_generation_sees_nothing) {
    call_window w;
    count(w, false, 1, 100);
    EXPECT_EQ(w.sum(2, 100).total(), 0U);
    count(w, true, 2, 100);
    EXPECT_EQ(w.sum(2, 100).total(), 1U);
    EXPECT_EQ(w.sum(1, 100).total(), 0U);
}

TEST(call_window, wipe_leaves_nothing) {
    call_window w;
    count(w, false, 1, 100);
    w.wipe();
    EXPECT_EQ(w.sum(1, 100).total(), 0U);
}

// A thread that read the clock earlier than the others must not erase their bucket.
TEST(call_window, late_comers_do_not_erase) {
    call_window w;
    count(w, true, 1, 108);
    count(w, false, 1, 100);
    EXPECT_EQ(w.sum(1, 108).succeeded, 1U);
    count(w, true, 2, 108);
    count(w, false, 1, 108);
    EXPECT_EQ(w.sum(2, 108).succeeded, 1U) << "nor may a late one of an older generation";
}

TEST(call_window, the_first_buckets_of_time_work) {
    call_window w;
    count(w, true, 0, 0);
    EXPECT_EQ(w.sum(0, 0).total(), 1U);
    EXPECT_EQ(w.sum(0, 3).total(), 1U);
}

// A full field halves both, so that a rate survives any number of calls.
TEST(call_window, full_fields_keep_the_rate) {
    call_window w;
    for (int i = 0; i < 2'000'000; ++i) count(w, i % 4 != 0, 1, 100);
    const auto sum = w.sum(1, 100);
    EXPECT_GT(sum.total(), 100'000U);
    const auto permille = sum.failed * 1000 / sum.total();
    EXPECT_GE(permille, 245U);
    EXPECT_LE(permille, 255U);
}

TEST(call_window, works_at_any_time_and_generation) {
    for (const std::uint64_t epoch :
         {std::uint64_t{0}, std::uint64_t{1} << 20, std::uint64_t{1} << 23, std::uint64_t{1} << 40,
          (std::uint64_t{1} << 23) - 4}) {
        for (const std::uint32_t generation : {0U, 63U, 64U, 4'294'967'295U}) {
            call_window w;
            count(w, true, generation, epoch);
            count(w, false, generation, epoch + 5);
            EXPECT_EQ(w.sum(generation, epoch + 5).total(), 2U) << epoch << " " << generation;
            EXPECT_EQ(w.sum(generation + 1, epoch + 5).total(), 0U);
        }
    }
}

struct added {
    bool succeeded;
    std::uint64_t epoch;
};

RC_GTEST_PROP(call_window, equals_a_list_of_calls, (bool shared)) {
    // The shared stripe is reached by taking all the others first.
    call_window w;
    std::vector<added> all;
    const auto steps = *rc::gen::container<std::vector<std::pair<bool, int>>>(
        rc::gen::pair(rc::gen::arbitrary<bool>(), rc::gen::inRange(0, 4)));
    const auto body = [&] {
        std::uint64_t epoch = 1000;
        for (const auto& [succeeded, ahead] : steps) {
            epoch += static_cast<std::uint64_t>(ahead);
            count(w, succeeded, 3, epoch);
            all.push_back({succeeded, epoch});
            call_counts expected;
            for (const auto& a : all) {
                if (epoch - a.epoch >= call_window::buckets) continue;
                ++(a.succeeded ? expected.succeeded : expected.failed);
            }
            const auto got = w.sum(3, epoch);
            if (got.succeeded != expected.succeeded || got.failed != expected.failed) return false;
        }
        return true;
    };
    bool same = true;
    if (shared) {
        std::thread{[&] { same = body(); }}.join();
    } else {
        same = body();
    }
    RC_ASSERT(same);
}

TEST(thread_stripe, is_owned_by_one_living_thread) {
    std::atomic<bool> go{false};
    std::atomic<int> ready{0};
    std::array<unsigned, 8> seen{};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        threads.emplace_back([&, i] {
            seen[i] = thread_stripe();
            ready.fetch_add(1);
            while (!go.load()) std::this_thread::yield();
        });
    }
    while (ready.load() < 8) std::this_thread::yield();
    go = true;
    for (auto& t : threads) t.join();
    std::multiset<unsigned> stripes{seen.begin(), seen.end()};
    for (unsigned s = 0; s < exclusive_stripes; ++s) EXPECT_LE(stripes.count(s), 1U);
    EXPECT_GE(stripes.count(exclusive_stripes), 4U);
    unsigned later = 99;
    std::thread{[&] { later = thread_stripe(); }}.join();
    EXPECT_LT(later, exclusive_stripes) << "stripes come back when threads end";
}

TEST(call_window, loses_nothing_when_threads_add_together) {
    call_window w;
    constexpr int threads_count = 8;
    constexpr int each = 5000;
    std::vector<std::thread> threads;
    for (int t = 0; t < threads_count; ++t) {
        threads.emplace_back([&w] {
            for (int i = 0; i < each; ++i)
                count(w, i % 2 == 0, 1, 100 + static_cast<unsigned>(i) / 1000);
        });
    }
    for (auto& t : threads) t.join();
    EXPECT_EQ(w.sum(1, 104).total(), static_cast<std::uint64_t>(threads_count * each));
    EXPECT_EQ(w.sum(1, 104).failed, static_cast<std::uint64_t>(threads_count * each / 2));
}

}  // namespace
}  // namespace thole::detail
