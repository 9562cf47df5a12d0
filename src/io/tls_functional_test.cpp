// TLS is verified: the right certificate and no other. And HTTP/2, through nghttpx.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "io/curl_transport.hpp"
#include "io/http_server.hpp"
#include "io/scope.hpp"
#include "io/system_resolver.hpp"
#include "io/test_certificate.hpp"
#include "io/test_kit.hpp"
#include "thole/codes.hpp"

namespace thole::io {
namespace {

using namespace std::chrono_literals;
namespace ssl = boost::asio::ssl;
using test_kit::certificate_wish;
using test_kit::identity;
using test_kit::make_certificate;
using test_kit::run;
using test_kit::tcp_socket;
using test_kit::temporary_file;

task<server_response> echo(server_request request) {
    server_response out;
    out.body = request.method + " " + request.path + " " + request.body;
    co_return out;
}

// The least HTTPS server: one answer for each connection.
struct tls_server {
    tls_server(system_loop& on, const identity& who)
        : loop{on}, context{ssl::context::tls_server}, acceptor{on.context()}, work{on} {
        context.use_certificate_chain(boost::asio::buffer(who.certificate));
        context.use_private_key(boost::asio::buffer(who.key), ssl::context::pem);
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
        ssl::stream<tcp_socket> stream{std::move(socket), context};
        const auto [error] = co_await stream.async_handshake(ssl::stream_base::server, as_values);
        if (error) co_return;
        std::string seen;
        std::array<char, 4096> piece;
        while (seen.find("\r\n\r\n") == std::string::npos) {
            const auto [broken, size] =
                co_await stream.async_read_some(boost::asio::buffer(piece), as_values);
            if (broken) co_return;
            seen.append(piece.data(), size);
        }
        ++requests;
        const std::string text =
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret";
        (void)co_await boost::asio::async_write(stream, boost::asio::buffer(text), as_values);
        (void)co_await stream.async_shutdown(as_values);
    }

    system_loop& loop;
    ssl::context context;
    boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, system_loop::context_executor>
        acceptor;
    scope work;
    int requests = 0;
};

struct tls_test : testing::Test {
    // What a client that trusts only `authority` gets from a server with that identity.
    result<http_response> get_from(const identity& who, const std::string& host = "localhost") {
        tls_server server{loop, who};
        system_resolver names{loop};
        curl_transport::options options;
        options.ca_file = trusted.path();
        result<http_response> got;
        {
            curl_transport http{loop, names, options};
            http_request request;
            const auto port = server.acceptor.local_endpoint().port();
            request.url = "https://" + host + ":" + std::to_string(port) + "/";
            request.until = deadline::after(loop.now(), 5s);
            got = run(loop, http.send(std::move(request)));
        }
        requests = server.requests;
        run(loop, server.work.close());
        return got;
    }
    void expect_refused(const identity& who, const std::string& host = "localhost") {
        const auto got = get_from(who, host);
        ASSERT_FALSE(got);
        EXPECT_TRUE(got.error().is(codes::net_tls)) << got.error().describe();
        EXPECT_EQ(got.error().kind(), fault_kind::outage);
        EXPECT_EQ(got.error().effect(), fault_effect::none);
        EXPECT_EQ(requests, 0);
    }

    system_loop loop;
    identity authority = make_certificate({.subject_name = "test authority", .is_authority = true});
    temporary_file trusted{authority.certificate};
    int requests = 0;
};

// proves: O10
TEST_F(tls_test, ATrustedCertificateForTheRightNameIsAccepted) {
    const auto got = get_from(make_certificate({}, &authority));
    ASSERT_TRUE(got) << got.error().describe();
    EXPECT_EQ(got->body, "secret");
    EXPECT_GT(got->timings.secured, got->timings.connected);
    EXPECT_LE(got->timings.secured, got->timings.sent);
}

TEST_F(tls_test, AnotherNameIsRefused) {
    expect_refused(make_certificate({.subject_name = "other.example"}, &authority));
    expect_refused(make_certificate({}, &authority), "127.0.0.1");
}

TEST_F(tls_test, AnExpiredOrNotYetValidCertificateIsRefused) {
    expect_refused(make_certificate({.valid_from_days = -10, .valid_to_days = -1}, &authority));
    expect_refused(make_certificate({.valid_from_days = 2, .valid_to_days = 3}, &authority));
}

TEST_F(tls_test, ASelfSignedCertificateOrAStrangersIsRefused) {
    expect_refused(make_certificate({}));
    const auto stranger = make_certificate({.subject_name = "stranger", .is_authority = true});
    expect_refused(make_certificate({}, &stranger));
}

TEST_F(tls_test, AServerThatSpeaksNoTlsIsATlsFault) {
    http_server plain{loop, {}, [](server_request request) { return echo(std::move(request)); }};
    const auto port = plain.listen_tcp("127.0.0.1", 0);
    system_resolver names{loop};
    {
        curl_transport http{loop, names};
        auto request = test_kit::request_to(loop, port);
        request.url = "https://localhost:" + std::to_string(port) + "/";
        const auto got = run(loop, http.send(std::move(request)));
        ASSERT_FALSE(got);
        EXPECT_TRUE(got.error().is(codes::net_tls)) << got.error().describe();
        EXPECT_EQ(got.error().effect(), fault_effect::none);
    }
    run(loop, plain.stop(deadline::after(loop.now(), 1s)));
}

// ---- HTTP/2

std::uint16_t free_port(system_loop& loop) {
    boost::asio::ip::tcp::acceptor probe{loop.context(),
                                         {boost::asio::ip::address_v4::loopback(), 0}};
    return probe.local_endpoint().port();
}

// nghttpx in front of a server of ours; ended by its process id.
class http2_front {
  public:
    http2_front(std::uint16_t listen, std::uint16_t backend, const temporary_file* key,
                const temporary_file* certificate) {
        std::vector<std::string> arguments{
            "nghttpx",
            "-f127.0.0.1," + std::to_string(listen) + (key ? "" : ";no-tls"),
            "-b127.0.0.1," + std::to_string(backend),
            "--log-level=FATAL",
            "--workers=1",
            "--conf=/dev/null"};
        if (key != nullptr) {
            arguments.push_back(key->path());
            arguments.push_back(certificate->path());
        }
        std::vector<char*> raw;
        for (auto& each : arguments) raw.push_back(each.data());
        raw.push_back(nullptr);
        posix_spawn_file_actions_t quiet;
        ::posix_spawn_file_actions_init(&quiet);
        ::posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        started_ = ::posix_spawnp(&process_, "nghttpx", &quiet, nullptr, raw.data(), environ) == 0;
        ::posix_spawn_file_actions_destroy(&quiet);
    }
    ~http2_front() {
        if (!started_) return;
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    [[nodiscard]] bool started() const { return started_; }

  private:
    pid_t process_ = 0;
    bool started_ = false;
};

task<> post_many(curl_transport& http, system_loop& loop, std::string url, int number, int& good) {
    http_request request;
    request.url = url + "/" + std::to_string(number);
    request.method = "POST";
    request.body = std::string(2000, 'b');
    request.until = deadline::after(loop.now(), 10s);
    const auto expected = "POST /" + std::to_string(number) + " " + request.body;
    const auto got = co_await http.send(std::move(request));
    if (got && got->body == expected && got->version == 20) {
        ++good;
    } else {
        ADD_FAILURE() << (got ? std::to_string(got->status) + " by HTTP version " +
                                    std::to_string(got->version)
                              : got.error().describe());
    }
}

task<int> post_together(curl_transport& http, system_loop& loop, std::string url) {
    // The front needs a moment to listen.
    for (int i = 0; i < 100; ++i) {
        http_request request;
        request.url = url + "/up";
        request.until = deadline::after(loop.now(), 2s);
        if (const auto up = co_await http.send(std::move(request)); up && up->status == 200) break;
        (void)co_await loop.sleep_for(50ms);
    }
    scope work{loop};
    int good = 0;
    for (int i = 0; i < 40; ++i) work.spawn(post_many(http, loop, url, i, good));
    (void)co_await work.ended();
    co_return good;
}

struct http2_test : tls_test {
    void expect_http2(bool with_tls) {
        if (::access("/usr/sbin/nghttpx", X_OK) != 0 && ::access("/usr/bin/nghttpx", X_OK) != 0) {
            GTEST_SKIP() << "nghttpx is not installed (package nghttp2-proxy)";
        }
        http_server backend{loop, {}, echo};
        const auto backend_port = backend.listen_tcp("127.0.0.1", 0);
        const auto port = free_port(loop);
        const auto who = make_certificate({}, &authority);
        const temporary_file key{who.key};
        const temporary_file certificate{who.certificate};
        http2_front front{port, backend_port, with_tls ? &key : nullptr,
                          with_tls ? &certificate : nullptr};
        ASSERT_TRUE(front.started());
        system_resolver names{loop};
        curl_transport::options options;
        options.ca_file = trusted.path();
        if (!with_tls) options.version = curl_transport::protocol::http2_plain;
        {
            curl_transport http{loop, names, options};
            const auto url =
                (with_tls ? "https" : "http") + std::string{"://localhost:"} + std::to_string(port);
            EXPECT_EQ(run(loop, post_together(http, loop, url)), 40);
        }
        run(loop, backend.stop(deadline::after(loop.now(), 1s)));
    }
};

TEST_F(http2_test, IsNegotiatedOverTls) {
    expect_http2(true);
}
TEST_F(http2_test, WorksWithoutTlsByPriorKnowledge) {
    expect_http2(false);
}

}  // namespace
}  // namespace thole::io
