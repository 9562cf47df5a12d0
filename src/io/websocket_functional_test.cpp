// Our websocket client against a server of Boost.Beast, in the clear and over TLS.

#include <gtest/gtest.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "io/beast_websocket.hpp"
#include "io/scope.hpp"
#include "io/system_resolver.hpp"
#include "io/test_certificate.hpp"
#include "io/test_kit.hpp"
#include "thole/codes.hpp"

namespace thole::io {
namespace {

using namespace std::chrono_literals;
namespace ssl = boost::asio::ssl;
namespace ws = boost::beast::websocket;
using test_kit::make_certificate;
using test_kit::run;
using test_kit::tcp_socket;

// Sends every text back, twice; cuts the line after "cut", reads nothing more after "deaf".
struct echo_server {
    echo_server(system_loop& on, const test_kit::identity* who) : loop{on}, work{on} {
        if (who != nullptr) {
            context.emplace(ssl::context::tls_server);
            context->use_certificate_chain(boost::asio::buffer(who->certificate));
            context->use_private_key(boost::asio::buffer(who->key), ssl::context::pem);
        }
        const boost::asio::ip::tcp::endpoint at{boost::asio::ip::address_v4::loopback(), 0};
        acceptor.open(at.protocol());
        acceptor.bind(at);
        acceptor.listen();
        work.spawn(accept_all());
    }
    [[nodiscard]] std::string url(const std::string& host) const {
        return (context ? "wss://" : "ws://") + host + ":" +
               std::to_string(acceptor.local_endpoint().port()) + "/socket?a=1";
    }

    task<> accept_all() {
        for (;;) {
            tcp_socket socket{loop.context()};
            const auto [error] = co_await acceptor.async_accept(socket, as_values);
            if (error || co_await was_cancelled()) co_return;
            work.spawn(welcome(std::move(socket)));
        }
    }
    task<> welcome(tcp_socket socket) {
        if (!context) {
            ws::stream<tcp_socket> stream{std::move(socket)};
            co_await serve(stream);
            co_return;
        }
        ws::stream<ssl::stream<tcp_socket>> stream{std::move(socket), *context};
        const auto [error] =
            co_await stream.next_layer().async_handshake(ssl::stream_base::server, as_values);
        if (!error) co_await serve(stream);
    }
    template <class Stream>
    task<> serve(Stream& stream) {
        const auto [refused] = co_await stream.async_accept(as_values);
        if (refused) co_return;
        for (;;) {
            boost::beast::flat_buffer buffer;
            const auto [error, size] = co_await stream.async_read(buffer, as_values);
            if (error) co_return;
            const auto text = boost::beast::buffers_to_string(buffer.data());
            if (text == "cut") co_return;
            if (text == "deaf") co_await deaf.wait_uncancelled();
            for (int i = 0; i < 2; ++i) {
                const auto [broken, sent] =
                    co_await stream.async_write(boost::asio::buffer(text), as_values);
                if (broken) co_return;
            }
        }
    }

    system_loop& loop;
    signal deaf;
    std::optional<ssl::context> context;
    boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, system_loop::context_executor>
        acceptor{loop.context()};
    scope work;
};

struct websocket_test : testing::Test {
    system_loop loop;
    system_resolver names{loop};
    beast_dialer dialer{loop, names};

    [[nodiscard]] deadline in(duration d) { return deadline::after(loop.now(), d); }
    void echo(echo_server& server, const std::string& host) {
        auto opened = run(loop, dialer.open(server.url(host), in(5s)));
        ASSERT_TRUE(opened) << opened.error().describe();
        auto& socket = **opened;
        const std::string large(300'000, 'x');
        for (const auto& text : {std::string{"hello"}, large}) {
            ASSERT_TRUE(run(loop, socket.send(text)));
            EXPECT_EQ(run(loop, socket.receive()).value(), text);
            EXPECT_EQ(run(loop, socket.receive()).value(), text);
        }
        ASSERT_TRUE(run(loop, socket.send("cut")));
        EXPECT_TRUE(run(loop, socket.receive()).error().is(codes::net_reset));
        run(loop, server.work.close());
    }
};

TEST_F(websocket_test, texts_go_to_and_fro) {
    echo_server server{loop, nullptr};
    echo(server, "127.0.0.1");
}

TEST_F(websocket_test, tls_is_verified) {
    const auto authority = make_certificate({.subject_name = "authority", .is_authority = true});
    const auto good = make_certificate({.subject_name = "localhost"}, &authority);
    {
        echo_server server{loop, &good};
        const auto stranger = run(loop, dialer.open(server.url("localhost"), in(5s)));
        ASSERT_FALSE(stranger);
        EXPECT_TRUE(stranger.error().is(codes::net_tls)) << stranger.error().describe();
        run(loop, server.work.close());
    }
    dialer.trust(authority.certificate);
    {
        echo_server server{loop, &good};
        const auto other = run(loop, dialer.open(server.url("127.0.0.1"), in(5s)));
        ASSERT_FALSE(other) << "the certificate is for another name";
        EXPECT_TRUE(other.error().is(codes::net_tls)) << other.error().describe();
        run(loop, server.work.close());
    }
    echo_server server{loop, &good};
    echo(server, "localhost");
}

TEST_F(websocket_test, tells_what_keeps_it_from_opening) {
    EXPECT_TRUE(
        run(loop, dialer.open("http://127.0.0.1/", in(1s))).error().is(codes::net_unclassified));
    std::string dead;
    {
        echo_server server{loop, nullptr};
        dead = server.url("127.0.0.1");
        run(loop, server.work.close());
    }
    EXPECT_TRUE(run(loop, dialer.open(dead, in(5s))).error().is(codes::net_connection_refused));
}

TEST_F(websocket_test, a_peer_that_has_died_is_given_up_and_a_quiet_one_is_not) {
    beast_dialer impatient{loop, names, 200ms};
    echo_server server{loop, nullptr};
    auto opened = run(loop, impatient.open(server.url("127.0.0.1"), in(5s)));
    ASSERT_TRUE(opened);
    auto& socket = **opened;
    // Quiet for longer than that, and asked by pings, which it answers.
    auto speak_late = [](system_loop& l, websocket& to) -> task<> {
        (void)co_await l.sleep_for(600ms);
        EXPECT_TRUE(co_await to.send("hello"));
    };
    scope work{loop};
    work.spawn(speak_late(loop, socket));
    const auto heard = run(loop, socket.receive());
    ASSERT_TRUE(heard) << heard.error().describe();
    EXPECT_EQ(*heard, "hello");
    EXPECT_EQ(run(loop, socket.receive()).value(), "hello");
    // Dead: nothing is read there, and no ping answered.
    ASSERT_TRUE(run(loop, socket.send("deaf")));
    const auto before = loop.now();
    const auto given_up = run(loop, with_deadline(loop, in(30s), socket.receive()));
    ASSERT_FALSE(given_up);
    EXPECT_TRUE(given_up.error().is(codes::net_timeout)) << given_up.error().describe();
    EXPECT_LT(loop.now() - before, 10s);
    server.deaf.notify_all();
    run(loop, work.drained());
    run(loop, server.work.close());
}

// A reader that is cancelled ends at once, and a cut tells whoever reads.
TEST_F(websocket_test, a_waiting_reader_can_be_cancelled_or_cut_off) {
    echo_server server{loop, nullptr};
    auto opened = run(loop, dialer.open(server.url("127.0.0.1"), in(5s)));
    ASSERT_TRUE(opened);
    const auto late = run(loop, with_deadline(loop, in(50ms), (*opened)->receive()));
    ASSERT_FALSE(late);
    EXPECT_TRUE(late.error().is(codes::policy_deadline)) << late.error().describe();

    auto again = run(loop, dialer.open(server.url("127.0.0.1"), in(5s)));
    ASSERT_TRUE(again);
    scope work{loop};
    result<std::string> heard;
    auto listen = [](websocket& from, result<std::string>& to) -> task<> {
        to = co_await from.receive();
    };
    auto cut_soon = [](system_loop& l, websocket& which) -> task<> {
        (void)co_await l.sleep_for(20ms);
        which.cut();
    };
    work.spawn(listen(**again, heard));
    work.spawn(cut_soon(loop, **again));
    run(loop, work.drained());
    EXPECT_FALSE(heard);
    run(loop, server.work.close());
}

}  // namespace
}  // namespace thole::io
