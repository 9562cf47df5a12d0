// The case that makes effect_class::once necessary: a server that closes a kept connection after it
// has read the next request. Whether it did the work, nobody knows; a client that sends the request
// again by itself may do it twice.

#include <gtest/gtest.h>

#include <boost/asio/basic_socket_acceptor.hpp>

#include "io/curl_transport.hpp"
#include "io/scope.hpp"
#include "io/system_resolver.hpp"
#include "io/test_kit.hpp"
#include "thole/codes.hpp"

namespace thole::io {
namespace {

using namespace std::chrono_literals;
using test_kit::request_to;
using test_kit::run;
using test_kit::tcp_socket;

// Answers GET, and closes without an answer after it has read a whole POST.
struct treacherous_server {
    explicit treacherous_server(system_loop& on) : loop{on}, acceptor{on.context()}, work{on} {
        const boost::asio::ip::tcp::endpoint at{boost::asio::ip::address_v4::loopback(), 0};
        acceptor.open(at.protocol());
        acceptor.bind(at);
        acceptor.listen();
        work.spawn(accept_all());
    }

    task<> accept_all() {
        for (;;) {
            tcp_socket socket{loop.context()};
            const auto [error] = co_await acceptor.async_accept(socket, as_values);
            if (error || co_await was_cancelled()) co_return;
            work.spawn(serve(std::move(socket)));
        }
    }

    task<> serve(tcp_socket socket) {
        std::string seen;
        std::array<char, 4096> piece;
        for (;;) {
            const auto [error, size] =
                co_await socket.async_read_some(boost::asio::buffer(piece), as_values);
            if (error) co_return;
            seen.append(piece.data(), size);
            if (seen.starts_with("POST") && seen.ends_with("body")) {
                ++posts;
                co_return;  // closes
            }
            if (seen.starts_with("GET") && seen.ends_with("\r\n\r\n")) {
                seen.clear();
                const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                (void)co_await boost::asio::async_write(socket, boost::asio::buffer(text),
                                                        as_values);
            }
        }
    }

    system_loop& loop;
    boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, system_loop::context_executor>
        acceptor;
    scope work;
    int posts = 0;
};

struct double_post_test : testing::Test {
    ~double_post_test() override { run(loop, server.work.close()); }

    result<http_response> post(effect_class effect) {
        const auto port = server.acceptor.local_endpoint().port();
        EXPECT_TRUE(run(loop, http.send(request_to(loop, port))));  // a connection is kept now
        auto request = request_to(loop, port);
        request.method = "POST";
        request.body = "body";
        request.effect = effect;
        return run(loop, http.send(std::move(request)));
    }

    system_loop loop;
    treacherous_server server{loop};
    system_resolver names{loop};
    curl_transport http{loop, names};
};

// proves: F1
TEST_F(double_post_test, OnceArrivesExactlyOnceAndSaysThatItsEffectIsUnknown) {
    const auto got = post(effect_class::once);
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().is(codes::net_reset)) << got.error().describe();
    EXPECT_EQ(got.error().effect(), fault_effect::unknown);
    EXPECT_EQ(server.posts, 1);
}

// Shows that the server above is the dangerous one: without `once` curl repeats the POST silently.
TEST_F(double_post_test, WithoutOnceTheSameRequestArrivesTwice) {
    const auto got = post(effect_class::idempotent);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().effect(), fault_effect::unknown);
    EXPECT_EQ(server.posts, 2);
}

}  // namespace
}  // namespace thole::io
