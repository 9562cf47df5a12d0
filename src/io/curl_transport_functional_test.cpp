// The HTTP client against our own HTTP server, and through a gate that misbehaves.

#include "io/curl_transport.hpp"

#include <gtest/gtest.h>
#include <netdb.h>

#include <cstdlib>
#include <semaphore>

#include "io/codes.hpp"
#include "io/http_server.hpp"
#include "io/problem.hpp"
#include "io/scope.hpp"
#include "io/system_resolver.hpp"
#include "io/test_kit.hpp"
#include "localnet/tcp_gate.hpp"
#include "thole/codes.hpp"

namespace thole::io {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;
using localnet::gate_mode;
using test_kit::request_to;
using test_kit::run;
using kind = gate_mode::kind;

server_response text_response(std::string text) {
    server_response out;
    out.headers.emplace_back("Content-Type", "text/plain");
    out.body = std::move(text);
    return out;
}

task<> produce_forever(body_writer& out) {
    while (co_await out.write(std::string(10'000, 'z'))) {
    }
}

// What the tests' server answers.
task<server_response> answer(server_request request) {
    if (request.path == "/echo") {
        auto out = text_response(request.method + " " + request.target + "\n" + request.body);
        for (const auto& [key, value] : request.headers)
            out.headers.emplace_back("Got-" + key, value);
        co_return out;
    }
    if (request.path == "/redirect") {
        server_response out;
        out.status = 302;
        out.headers.emplace_back("Location", "/echo");
        co_return out;
    }
    if (request.path == "/large") co_return text_response(std::string(100'000, 'x'));
    if (request.path == "/endless") {
        server_response out;
        out.producer = produce_forever;
        co_return out;
    }
    if (request.path == "/headers") {
        auto out = text_response("");
        for (int i = 0; i < 40; ++i) {
            out.headers.emplace_back("H" + std::to_string(i), std::string(2000, 'h'));
        }
        co_return out;
    }
    co_return text_response("hello");
}

struct transport_test : testing::Test {
    transport_test() : server{loop, {}, answer} {
        server_port = server.listen_tcp("127.0.0.1", 0);
        gate.emplace(loop, localnet::gate_address{},
                     localnet::gate_address{"127.0.0.1", server_port});
    }
    ~transport_test() override { run(loop, end()); }
    task<> end() {
        http.reset();
        co_await gate->stop();
        co_await server.stop(deadline::after(loop.now(), 1s));
    }

    result<http_response> send(http_request request) {
        if (!http) http.emplace(loop, names, options);
        return run(loop, http->send(std::move(request)));
    }
    result<http_response> get(std::string path) {
        return send(request_to(loop, server_port, path));
    }
    // Through the gate.
    result<http_response> get_gated(std::string path, duration within = 5s) {
        return send(request_to(loop, gate->port(), path, within));
    }

    system_loop loop;
    http_server server;
    std::uint16_t server_port = 0;
    std::optional<localnet::tcp_gate> gate;
    system_resolver names{loop};
    curl_transport::options options;
    std::optional<curl_transport> http;
};

TEST_F(transport_test, GetsAnAnswerWithItsPhases) {
    const auto got = get("/echo?a=1");
    ASSERT_TRUE(got) << got.error().describe();
    EXPECT_EQ(got->status, 200);
    EXPECT_EQ(got->version, 11);
    EXPECT_EQ(got->body, "GET /echo?a=1\n");
    EXPECT_EQ(got->header("content-type"), "text/plain");
    EXPECT_EQ(got->header("got-user-agent"), "thole");
    const auto& times = got->timings;
    EXPECT_GT(times.connected, 0ns);
    EXPECT_EQ(times.secured, 0ns);
    EXPECT_LE(times.connected, times.sent);
    EXPECT_LE(times.sent, times.first_byte);
    EXPECT_LE(times.first_byte, times.total);
    EXPECT_EQ(get("/echo")->timings.connected, 0ns) << "on a kept connection";
}

TEST_F(transport_test, SendsEveryMethodItsBodyAndNothingThatWasNotAskedFor) {
    for (const auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
        for (const std::string body : {"", "{\"a\":1}"}) {
            auto request = request_to(loop, server_port, "/echo");
            request.method = method;
            request.body = body;
            request.headers = {{"X-Empty", ""}, {"X-Text", " a b "}};
            const auto got = send(std::move(request));
            ASSERT_TRUE(got) << method << got.error().describe();
            EXPECT_EQ(got->body, std::string{method} + " /echo\n" + body);
            EXPECT_EQ(got->header("Got-Expect"), "");
            EXPECT_EQ(got->header("Got-Content-Type"), "");
            EXPECT_EQ(got->header("Got-X-Text"), "a b");
        }
    }
    auto request = request_to(loop, server_port, "/echo");
    request.method = "HEAD";
    const auto got = send(std::move(request));
    ASSERT_TRUE(got) << got.error().describe();
    EXPECT_EQ(got->body, "");
    EXPECT_EQ(got->header("Content-Length"), "11");
}

TEST_F(transport_test, SendsALargeBodyAndItsMediaType) {
    auto request = request_to(loop, server_port, "/echo");
    request.method = "POST";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = std::string(60'000, 'b');
    const auto got = send(std::move(request));
    ASSERT_TRUE(got) << got.error().describe();
    EXPECT_EQ(got->body.size(), 60'000 + std::string{"POST /echo\n"}.size());
    EXPECT_EQ(got->header("Got-Content-Type"), "application/json");
}

TEST_F(transport_test, KeepsConnectionsButGivesOnceItsOwn) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(get("/"));
    EXPECT_EQ(server.counted().accepted, 1U);
    for (int i = 0; i < 3; ++i) {
        auto request = request_to(loop, server_port);
        request.effect = effect_class::once;
        EXPECT_TRUE(send(std::move(request)));
    }
    EXPECT_EQ(server.counted().accepted, 4U);
    EXPECT_EQ(http->counted().connections, 4U);
    EXPECT_TRUE(get("/"));
    EXPECT_EQ(server.counted().accepted, 4U) << "the first one is still kept";
}

TEST_F(transport_test, LimitsTheAnswer) {
    for (const auto* path : {"/large", "/endless"}) {
        auto request = request_to(loop, server_port, path);
        request.max_response_bytes = 50'000;
        const auto got = send(std::move(request));
        ASSERT_FALSE(got) << path;
        EXPECT_TRUE(got.error().is(codes::http_too_large)) << got.error().describe();
    }
    auto exact = request_to(loop, server_port, "/large");
    exact.max_response_bytes = 100'000;
    EXPECT_EQ(send(std::move(exact))->body.size(), 100'000U);
    EXPECT_TRUE(get("/headers").error().is(codes::http_too_large));
}

TEST_F(transport_test, StreamsTheBodyAndStopsWhenTold) {
    std::uint64_t seen = 0;
    auto request = request_to(loop, server_port, "/large");
    request.on_body = [&](bytes_view piece) { return seen += piece.size(), true; };
    const auto got = send(std::move(request));
    ASSERT_TRUE(got);
    EXPECT_EQ(seen, 100'000U);
    EXPECT_EQ(got->body, "");

    seen = 0;
    auto endless = request_to(loop, server_port, "/endless");
    endless.max_response_bytes = UINT64_MAX;
    endless.on_body = [&](bytes_view piece) { return (seen += piece.size()) < 200'000; };
    const auto stopped = send(std::move(endless));
    ASSERT_FALSE(stopped);
    EXPECT_TRUE(stopped.error().is(codes::policy_cancelled));
    EXPECT_GE(seen, 200'000U);
}

TEST_F(transport_test, FollowsNoRedirect) {
    const auto got = get("/redirect");
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, 302);
    EXPECT_EQ(got->header("Location"), "/echo");
}

TEST_F(transport_test, RefusesWhatIsNoHttpRequest) {
    const auto port = ":" + std::to_string(server_port) + "/";
    for (const auto& url :
         {std::string{}, std::string{"nothing"}, std::string{"file:///etc/passwd"},
          std::string{"ftp://127.0.0.1/"}, std::string{"gopher://127.0.0.1/"},
          "http://user:pass@127.0.0.1" + port, "http://127.0.0.1" + port + "a b",
          "http://127.0.0.1" + port + std::string{"a\0b", 3}}) {
        auto request = request_to(loop, server_port);
        request.url = url;
        const auto got = send(std::move(request));
        ASSERT_FALSE(got) << url;
        EXPECT_TRUE(got.error().is(codes::http_invalid_request)) << url << got.error().describe();
        EXPECT_EQ(got.error().kind(), fault_kind::permanent);
    }
    for (const std::pair<std::string, std::string>& header :
         {std::pair<std::string, std::string>{"A\r\nB", "c"},
          {"A", "b\r\nInjected: c"},
          {"", "x"},
          {"A b", "c"},
          {"A", std::string{"\0", 1}}}) {
        auto request = request_to(loop, server_port);
        request.headers = {header};
        EXPECT_TRUE(send(std::move(request)).error().is(codes::http_invalid_request));
    }
    auto request = request_to(loop, server_port);
    request.method = "GET / HTTP/1.1\r\nX:";
    EXPECT_TRUE(send(std::move(request)).error().is(codes::http_invalid_request));
    EXPECT_EQ(server.counted().requests, 0U);
}

TEST_F(transport_test, IgnoresProxiesOfItsSurroundings) {
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    EXPECT_TRUE(get("/"));
    ::unsetenv("http_proxy");
    ::unsetenv("ALL_PROXY");
}

TEST_F(transport_test, UsesTheProxyThatIsConfigured) {
    options.proxy = "http://127.0.0.1:" + std::to_string(server_port);
    auto request = request_to(loop, 1, "/echo");
    request.url = "http://somewhere.invalid/echo";
    const auto got = send(std::move(request));
    ASSERT_TRUE(got) << got.error().describe();
    EXPECT_EQ(got->body, "GET http://somewhere.invalid/echo\n");
}

TEST_F(transport_test, NamesDependencyAndEndpointInEveryFault) {
    gate->set({.what = kind::refuse});
    const auto got = get_gated("/");
    EXPECT_EQ(got.error().dependency(), name{"server"});
    EXPECT_EQ(got.error().endpoint(), name{"local"});
}

// ---- through the gate, mode by mode

// proves: F1, F2
TEST_F(transport_test, RefusedIsAnOutageWithoutEffect) {
    gate->set({.what = kind::refuse});
    const auto got = get_gated("/");
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().is(codes::net_connection_refused)) << got.error().describe();
    EXPECT_EQ(got.error().effect(), fault_effect::none);
    gate->set({});
    EXPECT_TRUE(get_gated("/")) << "and it comes back";
}

// proves: F1, P7
TEST_F(transport_test, AHangingServerEndsAtTheDeadlineWithUnknownEffect) {
    gate->set({.what = kind::hang});
    const auto before = loop.now();
    const auto got = get_gated("/", 150ms);
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().is(codes::net_timeout)) << got.error().describe();
    EXPECT_EQ(got.error().effect(), fault_effect::unknown);
    EXPECT_GE(loop.now() - before, 150ms);
    EXPECT_LT(loop.now() - before, 2s);
}

TEST_F(transport_test, ADelayShowsInTheTimings) {
    gate->set({.what = kind::delay, .wait = 80ms});
    const auto got = get_gated("/");
    ASSERT_TRUE(got) << got.error().describe();
    EXPECT_GE(got->timings.first_byte, 80ms);
    EXPECT_LT(got->timings.connected, 80ms);
}

// proves: F1
TEST_F(transport_test, AnAnswerCutAnywhereIsAResetWithUnknownEffect) {
    for (const std::uint64_t bytes : {0, 1, 20, 60, 500, 50'000}) {
        for (const auto how : {kind::cut, kind::reset}) {
            gate->set({.what = how, .bytes = bytes});
            auto request = request_to(loop, gate->port(), "/large");
            request.effect = effect_class::once;
            const auto got = send(std::move(request));
            ASSERT_FALSE(got) << bytes;
            EXPECT_EQ(got.error().effect(), fault_effect::unknown) << bytes;
            // One byte of "HTTP/1.1" is no HTTP at all; a cut inside the head may look so too.
            EXPECT_TRUE(got.error().is(codes::net_reset) || got.error().is(codes::http_malformed))
                << bytes << got.error().describe();
            EXPECT_EQ(got.error().kind(), fault_kind::transient);
        }
    }
}

TEST_F(transport_test, HalfCloseInsteadOfAnAnswerIsAReset) {
    gate->set({.what = kind::half_close});
    const auto got = get_gated("/");
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().is(codes::net_reset)) << got.error().describe();
    EXPECT_EQ(got.error().effect(), fault_effect::unknown);
}

TEST_F(transport_test, AThrottledBodyArrivesOrTimesOut) {
    gate->set({.what = kind::throttle, .bytes = 1'000'000});
    const auto got = get_gated("/large");
    ASSERT_TRUE(got) << got.error().describe();
    EXPECT_EQ(got->body.size(), 100'000U);
    EXPECT_GE(got->timings.total, 50ms);
    gate->set({.what = kind::throttle, .bytes = 10'000});
    const auto late = get_gated("/large", 200ms);
    ASSERT_FALSE(late);
    EXPECT_TRUE(late.error().is(codes::net_timeout)) << late.error().describe();
    EXPECT_EQ(late.error().effect(), fault_effect::unknown);
}

TEST_F(transport_test, ACorruptBodyArrivesAndACorruptHeadIsMalformed) {
    const auto whole = get("/large").value();
    const auto head = 100'000U;  // the answer's head is shorter than that, its body is not
    gate->set({.what = kind::corrupt, .bytes = head});
    const auto got = get_gated("/large");
    ASSERT_TRUE(got) << got.error().describe();
    ASSERT_EQ(got->body.size(), whole.body.size());
    std::size_t different = 0;
    for (std::size_t i = 0; i < whole.body.size(); ++i) different += got->body[i] != whole.body[i];
    EXPECT_EQ(different, 1U);
    http.reset();
    gate->set({.what = kind::corrupt, .bytes = 0});
    const auto broken = get_gated("/");
    ASSERT_FALSE(broken);
    EXPECT_TRUE(broken.error().is(codes::http_malformed)) << broken.error().describe();
    EXPECT_EQ(broken.error().effect(), fault_effect::unknown);
}

// proves: F2
TEST_F(transport_test, CannedAnswersBecomeRateLimitsAndServerErrors) {
    const std::pair<int, const fault_code*> table[] = {{429, &codes::http_rate_limited},
                                                       {503, &codes::http_server_error}};
    for (const auto& [status, code] : table) {
        gate->set({.what = kind::answer, .status = status});
        auto got = get_gated("/");
        ASSERT_TRUE(got) << got.error().describe();
        EXPECT_EQ(got->status, status);
        const auto judged = expect_success(std::move(*got), {}, {}, loop.wall_now());
        EXPECT_TRUE(judged.error().is(*code));
        EXPECT_EQ(judged.error().retry_after(), 1s);
    }
    EXPECT_EQ(server.counted().requests, 0U);
}

// ---- connecting

// proves: F1
TEST_F(transport_test, AConnectionThatIsNeverEstablishedTimesOutWithoutEffect) {
    // A listener whose queue is full: the kernel drops what comes, as a black hole does.
    boost::asio::ip::tcp::acceptor full{loop.context()};
    const boost::asio::ip::tcp::endpoint at{make_address("127.0.0.1"), 0};
    full.open(at.protocol());
    full.bind(at);
    full.listen(0);
    std::list<test_kit::tcp_socket> stuffing;
    for (int i = 0; i < 4; ++i) {
        stuffing.emplace_back(loop.context());
        stuffing.back().open(at.protocol());
        stuffing.back().native_non_blocking(true);
        const auto to = full.local_endpoint();
        (void)::connect(stuffing.back().native_handle(), to.data(),
                        static_cast<socklen_t>(to.size()));
    }
    const auto got = send(request_to(loop, full.local_endpoint().port(), "/", 200ms));
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().is(codes::net_connect_timeout)) << got.error().describe();
    EXPECT_EQ(got.error().effect(), fault_effect::none);
    http.reset();
    options.connect_timeout = 150ms;
    const auto before = loop.now();
    const auto bounded = send(request_to(loop, full.local_endpoint().port(), "/", 30s));
    EXPECT_TRUE(bounded.error().is(codes::net_connect_timeout)) << bounded.error().describe();
    EXPECT_LT(loop.now() - before, 5s);
}

TEST_F(transport_test, ADeadlineThatHasPassedSendsNothing) {
    auto request = request_to(loop, server_port);
    request.until = deadline{loop.now()};
    const auto got = send(std::move(request));
    EXPECT_TRUE(got.error().is(codes::policy_deadline));
    EXPECT_EQ(server.counted().accepted, 0U);
}

// ---- names

lookup_function always(lookup_answer answer) {
    return [answer](const std::string&) { return answer; };
}

struct named_transport_test : transport_test {
    result<http_response> get_named(lookup_function lookup, duration within = 5s) {
        system_resolver own{loop, {}, std::move(lookup)};
        curl_transport with{loop, own, options};
        auto request = request_to(loop, server_port, "/echo", within);
        request.url = "http://server.example:" + std::to_string(server_port) + "/echo";
        return run(loop, with.send(std::move(request)));
    }
};

TEST_F(named_transport_test, ConnectsToWhatTheResolverSays) {
    const auto got = get_named(always({0, {make_address("127.0.0.1")}}));
    ASSERT_TRUE(got) << got.error().describe();
    EXPECT_EQ(got->header("Got-Host"), "server.example:" + std::to_string(server_port));
}

TEST_F(named_transport_test, GoesOnToTheNextAddress) {
    // Nothing listens on 127.0.0.2, nor on that port of ::1.
    const auto got = get_named(always({0, {make_address("127.0.0.2"), make_address("127.0.0.1")}}));
    EXPECT_TRUE(got) << got.error().describe();
    const auto mixed = get_named(always({0, {make_address("::1"), make_address("127.0.0.1")}}));
    EXPECT_TRUE(mixed) << mixed.error().describe();
}

// proves: F2
TEST_F(named_transport_test, TellsAMissingNameFromATemporaryFailure) {
    EXPECT_TRUE(get_named(always({EAI_NONAME, {}})).error().is(codes::net_dns_not_found));
    const auto later = get_named(always({EAI_AGAIN, {}}));
    EXPECT_TRUE(later.error().is(codes::net_dns_temporary));
    EXPECT_EQ(later.error().effect(), fault_effect::none);
    EXPECT_EQ(later.error().endpoint(), name{"local"});
}

struct hanging_names {
    std::counting_semaphore<100> released{0};
    static lookup_function of(const std::shared_ptr<hanging_names>& self) {
        return [self](const std::string&) {
            self->released.acquire();
            return lookup_answer{EAI_AGAIN, {}};
        };
    }
};

TEST_F(named_transport_test, AHangingNameEndsAtTheDeadline) {
    const auto hanging = std::make_shared<hanging_names>();
    const auto before = loop.now();
    const auto got = get_named(hanging_names::of(hanging), 100ms);
    EXPECT_TRUE(got.error().is(codes::net_dns_temporary)) << got.error().describe();
    EXPECT_LT(loop.now() - before, 2s);
    hanging->released.release();
}

// proves: O10
TEST_F(named_transport_test, TheGuardJudgesResolvedAddresses) {
    options.guard = url_guard{url_guard::reach::public_only};
    const auto got = get_named(always({0, {make_address("127.0.0.1")}}));
    EXPECT_TRUE(got.error().is(codes::net_address_forbidden)) << got.error().describe();
    const auto literal = get("/");
    EXPECT_TRUE(literal.error().is(codes::net_address_forbidden));
    EXPECT_EQ(server.counted().accepted, 0U);
}

// ---- cancellation

task<> send_into(curl_transport& http, http_request request,
                 std::optional<result<http_response>>& out) {
    out.emplace(co_await http.send(std::move(request)));
}

task<> cancel_after(system_loop& loop, curl_transport& http, http_request request, duration wait,
                    std::optional<result<http_response>>& out) {
    scope work{loop};
    work.spawn(send_into(http, std::move(request), out));
    (void)co_await loop.sleep_for(wait);
    co_await work.close();
}

// proves: P7, F1
TEST_F(transport_test, CancellationStopsTheTransferAndClosesItsConnection) {
    http.emplace(loop, names);
    gate->set({.what = kind::hang});
    std::optional<result<http_response>> out;
    const auto before = loop.now();
    run(loop, cancel_after(loop, *http, request_to(loop, gate->port(), "/", 1h), 50ms, out));
    EXPECT_LT(loop.now() - before, 2s);
    ASSERT_TRUE(out);
    EXPECT_TRUE(out->error().is(codes::policy_cancelled));
    EXPECT_EQ(out->error().effect(), fault_effect::unknown);
    EXPECT_EQ(http->counted().in_flight, 0U);
    (void)run(loop, loop.sleep_for(50ms));
    EXPECT_EQ(gate->counted().open, 0U) << "the gate saw the connection end";
}

TEST_F(transport_test, CancellationIsImmediateWhileTheNameHangs) {
    const auto hanging = std::make_shared<hanging_names>();
    system_resolver own{loop, {}, hanging_names::of(hanging)};
    curl_transport with{loop, own};
    auto request = request_to(loop, server_port, "/", 1h);
    request.url = "http://server.example/";
    std::optional<result<http_response>> out;
    const auto before = loop.now();
    run(loop, cancel_after(loop, with, std::move(request), 20ms, out));
    EXPECT_LT(loop.now() - before, 2s);
    EXPECT_TRUE(out.value().error().is(codes::policy_cancelled));
    EXPECT_EQ(out->error().effect(), fault_effect::none);
    hanging->released.release();
}

struct cancelling_body {
    scope* work;
    std::uint64_t seen = 0;
};

task<> cancel_from_body(system_loop& loop, curl_transport& http, http_request request,
                        cancelling_body& state, std::optional<result<http_response>>& out) {
    scope work{loop};
    state.work = &work;
    request.on_body = [&state](bytes_view piece) {
        state.seen += piece.size();
        state.work->cancel();  // curl is on the stack now
        return true;
    };
    work.spawn(send_into(http, std::move(request), out));
    (void)co_await work.ended();
}

TEST_F(transport_test, CancellationFromInsideTheBodyCallbackWorks) {
    http.emplace(loop, names);
    auto request = request_to(loop, server_port, "/endless");
    request.max_response_bytes = UINT64_MAX;
    cancelling_body state{};
    std::optional<result<http_response>> out;
    run(loop, cancel_from_body(loop, *http, std::move(request), state, out));
    EXPECT_TRUE(out.value().error().is(codes::policy_cancelled));
    EXPECT_GT(state.seen, 0U);
}

task<> destroy_in_flight(system_loop& loop, std::optional<curl_transport>& http,
                         http_request request, std::optional<result<http_response>>& out) {
    scope work{loop};
    work.spawn(send_into(*http, std::move(request), out));
    (void)co_await loop.sleep_for(30ms);
    http.reset();
    (void)co_await work.ended();
}

TEST_F(transport_test, DestroyingTheTransportEndsWhatIsInFlight) {
    http.emplace(loop, names);
    gate->set({.what = kind::hang});
    std::optional<result<http_response>> out;
    run(loop, destroy_in_flight(loop, http, request_to(loop, gate->port(), "/", 1h), out));
    EXPECT_TRUE(out.value().error().is(codes::policy_cancelled));
}

// ---- many

task<> send_many(curl_transport& http, system_loop& loop, std::uint16_t port, int count,
                 int& good) {
    for (int i = 0; i < count; ++i) {
        const auto path = "/echo?n=" + std::to_string(i);
        const auto got = co_await http.send(request_to(loop, port, path, 20s));
        if (got && got->body == "GET " + path + "\n") ++good;
    }
}

task<> send_in_parallel(curl_transport& http, system_loop& loop, std::uint16_t port, int lanes,
                        int each, int& good) {
    scope work{loop};
    for (int i = 0; i < lanes; ++i) work.spawn(send_many(http, loop, port, each, good));
    (void)co_await work.ended();
}

TEST_F(transport_test, AThousandRequestsShareOneConnection) {
    http.emplace(loop, names);
    int good = 0;
    run(loop, send_many(*http, loop, server_port, 1000, good));
    EXPECT_EQ(good, 1000);
    EXPECT_EQ(server.counted().accepted, 1U);
}

TEST_F(transport_test, AThousandRequestsInFiftyLanes) {
    http.emplace(loop, names);
    int good = 0;
    run(loop, send_in_parallel(*http, loop, server_port, 50, 20, good));
    EXPECT_EQ(good, 1000);
    EXPECT_LE(server.counted().accepted, 50U);
    EXPECT_EQ(http->counted().succeeded, 1000U);
}

}  // namespace
}  // namespace thole::io
