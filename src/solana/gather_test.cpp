#include "solana/gather.hpp"

#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>

#include "io/virtual_loop.hpp"

namespace thole::solana {
namespace {

// Counts those that are alive.
struct witness {
    explicit witness(int& count) : count_{&count} { ++*count_; }
    witness(const witness&) = delete;
    ~witness() { --*count_; }
    int* count_;
};

using resumption = io::resumption<bool>;

task<int> wait_for(std::vector<resumption>& waiting, int answer) {
    auto start = [&](resumption done) { waiting.push_back(std::move(done)); };
    static_cast<void>(co_await io::suspend<bool>(std::move(start)));
    co_return answer;
}

task<> ask(std::vector<resumption>& waiting, int& alive, std::vector<int>& out) {
    const witness here{alive};
    std::vector<task<int>> all;
    all.push_back(wait_for(waiting, 1));
    all.push_back(wait_for(waiting, 2));
    out = co_await gather(std::move(all));
}

struct Gather : testing::Test {
    io::virtual_loop loop;
    std::vector<resumption> waiting;
    std::vector<int> out;
    int alive = 0;

    void SetUp() override {
        boost::asio::co_spawn(loop.executor(), ask(waiting, alive, out), boost::asio::detached);
        loop.run_ready();
    }
};

TEST_F(Gather, AnswersInTheOrderOfTheQuestions) {
    ASSERT_EQ(waiting.size(), 2U);
    waiting[1].post(true);
    loop.run_ready();
    EXPECT_TRUE(out.empty());
    waiting[0].post(true);
    loop.run_ready();
    EXPECT_EQ(out, (std::vector{1, 2}));
    EXPECT_EQ(alive, 0);
}

// As in a process that dies: whoever waits for those that never end goes with the last of them.
TEST_F(Gather, GoesWithThoseThatItWaitsFor) {
    ASSERT_EQ(alive, 1);
    waiting.pop_back();
    loop.run_ready();
    EXPECT_EQ(alive, 1) << "one may still end";
    waiting.clear();
    loop.run_ready();
    EXPECT_EQ(alive, 0);
    EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace thole::solana
