#include "localnet/tcp_gate.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "io/http_server.hpp"
#include "io/test_kit.hpp"

namespace thole::localnet {
namespace {

using namespace std::chrono_literals;
using io::test_kit::run;
using io::test_kit::talk;
using kind = gate_mode::kind;

const std::string body(1000, 'b');
const std::string ask = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

task<io::server_response> answer(io::server_request) {
    io::server_response out;
    out.body = body;
    co_return out;
}

struct gate_test : testing::Test {
    gate_test() : server{loop, {}, answer} {
        gate.emplace(loop, gate_address{},
                     gate_address{"127.0.0.1", server.listen_tcp("127.0.0.1", 0)});
    }
    ~gate_test() override { run(loop, end()); }
    task<> end() {
        co_await gate->stop();
        co_await server.stop(deadline::after(loop.now(), 1s));
    }
    std::string get() { return run(loop, talk(loop, gate->port(), ask)); }
    // What arrives within that time; "" when nothing does.
    std::string get_within(duration d) { return run(loop, bounded(d)); }
    task<std::string> bounded(duration d) {
        auto talking = heard(talk(loop, gate->port(), ask));
        const auto got =
            co_await io::with_deadline(loop, deadline::after(loop.now(), d), std::move(talking));
        co_return got ? *got : std::string{got.error().code()};
    }
    static task<result<std::string>> heard(task<std::string> talking) {
        auto text = co_await std::move(talking);
        if (text.empty()) co_return fail(io::cancelled_fault());
        co_return text;
    }

    io::system_loop loop;
    io::http_server server;
    std::optional<tcp_gate> gate;
};

TEST_F(gate_test, PassesAndCounts) {
    const auto got = get();
    EXPECT_TRUE(got.ends_with(body));
    EXPECT_EQ(gate->counted().connections, 1U);
    EXPECT_EQ(gate->counted().to_target, ask.size());
    EXPECT_EQ(gate->counted().to_client, got.size());
}

TEST_F(gate_test, RefusesAndComesBackOnTheSamePort) {
    const auto port = gate->port();
    gate->set({.what = kind::refuse});
    EXPECT_EQ(get(), "refused");
    gate->set({});
    EXPECT_EQ(gate->port(), port);
    EXPECT_TRUE(get().ends_with(body));
}

TEST_F(gate_test, HangsWithoutAnAnswer) {
    gate->set({.what = kind::hang});
    EXPECT_EQ(get_within(50ms), "policy.deadline");
    EXPECT_EQ(server.counted().requests, 0U);
    EXPECT_EQ(gate->counted().connections, 1U);
}

TEST_F(gate_test, DelaysAnswers) {
    gate->set({.what = kind::delay, .wait = 60ms});
    const auto before = loop.now();
    EXPECT_TRUE(get().ends_with(body));
    EXPECT_GE(loop.now() - before, 60ms);
}

TEST_F(gate_test, CutsAfterExactlySoManyBytes) {
    const auto whole = get();
    for (const std::size_t bytes : {0, 1, 17, 500}) {
        gate->set({.what = kind::cut, .bytes = bytes});
        EXPECT_EQ(get(), whole.substr(0, bytes));
    }
    gate->set({.what = kind::reset, .bytes = 0});
    EXPECT_EQ(get(), "");
}

TEST_F(gate_test, ClosesItsHalfInsteadOfAnswering) {
    gate->set({.what = kind::half_close});
    EXPECT_EQ(get(), "");
    EXPECT_EQ(server.counted().requests, 1U) << "the request had arrived";
}

TEST_F(gate_test, Throttles) {
    gate->set({.what = kind::throttle, .bytes = 10'000});
    const auto before = loop.now();
    EXPECT_TRUE(get().ends_with(body));
    EXPECT_GE(loop.now() - before, 60ms);
}

TEST_F(gate_test, CorruptsOneByte) {
    const auto whole = get();
    gate->set({.what = kind::corrupt, .bytes = whole.size() - 1});
    const auto got = get();
    ASSERT_EQ(got.size(), whole.size());
    EXPECT_EQ(got.back(), 'b' ^ 1);
    EXPECT_EQ(std::inner_product(got.begin(), got.end(), whole.begin(), 0, std::plus<>{},
                                 std::not_equal_to<>{}),
              1);
}

TEST_F(gate_test, AnswersByItself) {
    gate->set({.what = kind::answer, .status = 429});
    const auto got = get();
    EXPECT_TRUE(got.starts_with("HTTP/1.1 429 ")) << got;
    EXPECT_NE(got.find("\r\nRetry-After: 1\r\n"), std::string::npos);
    EXPECT_EQ(server.counted().requests, 0U);
}

}  // namespace
}  // namespace thole::localnet
