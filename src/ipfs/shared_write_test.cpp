#include "ipfs/shared_write.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

namespace thole::ipfs {
namespace {

// A write that is held until as many as wanted wait for the next one.
struct gate {
    std::vector<std::vector<int>> groups;
    std::latch begun{1}, go{1};
    bool first = true;
    std::function<result<>(std::vector<int>&)> then = [](auto&) { return result<>{}; };
    shared_write<int> writes{[this](std::vector<int>& group) {
        groups.push_back(group);
        if (std::exchange(first, false)) {
            begun.count_down();
            go.wait();
            return result<>{};
        }
        return then(group);
    }};

    // One is carried alone, the others together; their answers.
    std::vector<result<>> come(int others) {
        std::vector<result<>> answers(static_cast<std::size_t>(others) + 1);
        std::vector<std::thread> threads;
        threads.emplace_back([&] { answers[0] = writes.join(0); });
        begun.wait();
        for (int i = 1; i <= others; ++i) {
            threads.emplace_back([&, i] {
                try {
                    answers[static_cast<std::size_t>(i)] = writes.join(i);
                } catch (const std::runtime_error&) {
                    answers[static_cast<std::size_t>(i)] = fail(codes::not_held, "thrown");
                }
            });
        }
        while (writes.waiting() < static_cast<std::size_t>(others)) std::this_thread::yield();
        go.count_down();
        for (auto& each : threads) each.join();
        return answers;
    }
};

TEST(SharedWrite, WhoComesMeanwhileSharesTheNextOne) {
    gate g;
    for (const auto& each : g.come(9)) EXPECT_TRUE(each);
    ASSERT_EQ(g.groups.size(), 2U);
    EXPECT_EQ(g.groups[0], std::vector{0});
    EXPECT_EQ(g.groups[1].size(), 9U);
    EXPECT_EQ(g.writes.waiting(), 0U);
}

TEST(SharedWrite, AFaultIsTheAnswerOfItsGroupAlone) {
    gate g;
    g.then = [](auto&) { return fail(codes::disk_full, "no"); };
    const auto answers = g.come(3);
    EXPECT_TRUE(answers[0]);
    for (int i = 1; i <= 3; ++i)
        EXPECT_TRUE(answers[static_cast<std::size_t>(i)].error().is(codes::disk_full));
    g.then = [](auto&) { return result<>{}; };
    EXPECT_TRUE(g.writes.join(7));
}

TEST(SharedWrite, AnExceptionReachesOneAndHoldsUpNobody) {
    gate g;
    g.then = [](auto&) -> result<> { throw std::runtime_error{"cut"}; };
    const auto answers = g.come(3);
    int thrown = 0;
    for (int i = 1; i <= 3; ++i) {
        if (answers[static_cast<std::size_t>(i)].error().is(codes::not_held)) {
            ++thrown;
        } else {
            EXPECT_TRUE(answers[static_cast<std::size_t>(i)].error().is(codes::disk_error));
        }
    }
    EXPECT_EQ(thrown, 1);
    g.then = [](auto&) { return result<>{}; };
    EXPECT_TRUE(g.writes.join(7));
}

}  // namespace
}  // namespace thole::ipfs
