// The HTTP server against raw connections: limits, framing, slow and vanishing peers, shutdown.

#include "io/http_server.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <fstream>

#include "io/event.hpp"
#include "io/problem.hpp"
#include "io/scope.hpp"
#include "io/test_kit.hpp"
#include "thole/codes.hpp"

namespace thole::io {
namespace {

using namespace std::chrono_literals;
using test_kit::run;
using test_kit::talk;

struct counting_sink final : body_sink {
    result<> write(bytes_view piece) override {
        if (fails_after != 0 && bytes + piece.size() > fails_after)
            return fail(codes::db_disk_full);
        bytes += piece.size();
        largest = std::max(largest, piece.size());
        return {};
    }
    std::uint64_t bytes = 0;
    std::uint64_t fails_after = 0;
    std::size_t largest = 0;
};

// What the handlers of the tests touch.
struct site {
    explicit site(system_loop& on) : loop{on} {}
    system_loop& loop;
    std::filesystem::path file;
    event release;
    std::vector<std::string> order;
    int producers_ended = 0;
    std::uint64_t sink_fails_after = 0;
};

task<> produce_three(body_writer& out) {
    for (const auto* piece : {"one,", "", "two,", "three"}) {
        if (!co_await out.write(piece)) co_return;
    }
}

task<> produce_until_gone(site& state, body_writer& out) {
    if (co_await out.write("start")) (void)co_await state.loop.sleep_for(1h);
    ++state.producers_ended;
}

task<> produce_and_throw(body_writer& out) {
    (void)co_await out.write("half");
    throw std::runtime_error{"producer"};
}

task<server_response> handle_stream(site& state, server_request request) {
    server_response out;
    if (request.path == "/stream/three") out.producer = produce_three;
    if (request.path == "/stream/throws") out.producer = produce_and_throw;
    if (request.path == "/stream/sized-three") out.producer = produce_three;
    if (request.path == "/stream/sized-throws") out.producer = produce_and_throw;
    if (request.path.starts_with("/stream/sized-")) out.length = 13;
    if (request.path == "/stream/quiet") {
        out.producer = [&state](body_writer& to) { return produce_until_gone(state, to); };
    }
    co_return out;
}

task<server_response> handle(site& state, server_request request) {
    state.order.push_back(request.path);
    server_response out;
    if (request.path.starts_with("/stream/")) {
        co_return co_await handle_stream(state, std::move(request));
    }
    if (request.path == "/wait") {
        const auto waited = co_await state.release.wait();
        out.body = waited ? "released" : "cancelled";
    } else if (request.path == "/throw") {
        throw std::runtime_error{"handler"};
    } else if (request.path == "/nothing") {
        out.status = 204;
    } else if (request.path == "/file") {
        out.file = file_body::open(state.file);
    } else if (request.path == "/inject") {
        out.headers.emplace_back("X-Bad", "a\r\nInjected: yes");
    } else if (request.path == "/sink") {
        const auto& sink = static_cast<counting_sink&>(*request.sink);
        out.body = std::to_string(sink.bytes) + " " + std::to_string(request.body_bytes) + " " +
                   std::to_string(request.body.size());
    } else if (request.path == "/peer") {
        out.body = request.peer.uid ? "uid " + std::to_string(*request.peer.uid)
                                    : "ip " + request.peer.address;
    } else {
        out.body = request.method + " " + request.path;
        for (const auto& [key, value] : request.query) out.body += " " + key + "=" + value;
        if (!request.body.empty()) out.body += " [" + request.body + "]";
    }
    co_return out;
}

body_plan plan(const site& state, const request_head& head) {
    body_plan out;
    if (head.path == "/sink") {
        out.max_bytes = 50 << 20;
        auto sink = std::make_shared<counting_sink>();
        sink->fails_after = state.sink_fails_after;
        out.sink = sink;
    }
    if (head.path == "/private") out.refusal = problem(401, "auth.missing", "a token is needed");
    return out;
}

struct server_test : testing::Test {
    server_test() { start({}); }
    ~server_test() override { stop(); }

    void start(http_server_options options) {
        stop();
        server.emplace(
            loop, options,
            [this](server_request request) { return handle(state, std::move(request)); },
            [this](const request_head& head) { return plan(state, head); });
        port = server->listen_tcp("127.0.0.1", 0);
    }
    void stop() {
        if (server) run(loop, server->stop(deadline::after(loop.now(), 1s)));
        server.reset();
    }
    std::string say(std::string text, bool shut_down = true) {
        return run(loop, talk(loop, port, std::move(text), shut_down));
    }
    // A request in its shortest form, and the connection closed after it.
    std::string get(const std::string& target) {
        return say("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false);
    }
    void expect_status(const std::string& answer, int status) {
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ") ||
                    answer.starts_with("HTTP/1.0 " + std::to_string(status) + " "))
            << answer.substr(0, 300);
    }
    static std::string body_of(const std::string& answer) {
        return answer.substr(answer.find("\r\n\r\n") + 4);
    }

    system_loop loop;
    site state{loop};
    std::optional<http_server> server;
    std::uint16_t port = 0;
};

TEST_F(server_test, AnswersOneRequest) {
    const auto answer = get("/a/b?x=1&y=%20z");
    expect_status(answer, 200);
    EXPECT_EQ(body_of(answer), "GET /a/b x=1 y= z");
    EXPECT_NE(answer.find("\r\nDate: "), std::string::npos);
    EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_EQ(body_of(get("/peer")), "ip 127.0.0.1");
}

TEST_F(server_test, AnswersPipelinedRequestsInOrder) {
    std::string text;
    for (int i = 0; i < 20; ++i) {
        text +=
            "POST /p" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    }
    const auto answer = say(text);
    std::size_t at = 0;
    for (int i = 0; i < 20; ++i) {
        const auto found = answer.find("POST /p" + std::to_string(i) + " [abc]", at);
        ASSERT_NE(found, std::string::npos) << i;
        at = found;
    }
    EXPECT_EQ(server->counted().accepted, 1U);
    EXPECT_EQ(server->counted().requests, 20U);
}

TEST_F(server_test, KeepsHttp10ConnectionsOnlyWhenAsked) {
    const auto plain = say("GET / HTTP/1.0\r\n\r\n", false);
    expect_status(plain, 200);
    EXPECT_TRUE(plain.starts_with("HTTP/1.0"));
    const auto kept =
        say("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n", false);
    EXPECT_NE(kept.find("Connection: keep-alive"), std::string::npos);
    EXPECT_NE(kept.find("GET /2"), std::string::npos);
    EXPECT_EQ(body_of(say("GET /stream/three HTTP/1.0\r\n\r\n", false)), "one,two,three");
}

TEST_F(server_test, SendsNoBodyForHeadAnd204) {
    const auto head =
        say("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\nGET /n HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(head.find("Content-Length: 9"), std::string::npos);
    EXPECT_EQ(head.find("HEAD /abc"), std::string::npos);
    EXPECT_TRUE(head.ends_with("GET /n"));
    const auto none = get("/nothing");
    expect_status(none, 204);
    EXPECT_EQ(none.find("Content-Length"), std::string::npos);
}

// proves: O10
TEST_F(server_test, RefusesWhatIsNotPlainHttp) {
    for (const std::string bad :
         {"GARBAGE\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
          "GET /?a=1&a=2 HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/3.0\r\nHost: x\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: "
          "chunked\r\n\r\n0\r\n\r\n"}) {
        const auto answer = say(bad);
        expect_status(answer, 400);
        EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << bad;
        EXPECT_NE(answer.find("/problems/request.malformed"), std::string::npos) << bad;
    }
    EXPECT_TRUE(state.order.empty()) << "no handler was asked";
}

TEST_F(server_test, LimitsTheHead) {
    const auto answer =
        say("GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(20'000, 'a') + "\r\n\r\n");
    expect_status(answer, 431);
    EXPECT_EQ(server->counted().malformed, 1U);
    expect_status(get("/" + std::string(10'000, 'a')), 200);
}

// proves: O10
TEST_F(server_test, LimitsBodiesByLengthAndByChunks) {
    const auto post = [](std::size_t size) {
        return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
    };
    expect_status(say(post(65'536) + std::string(65'536, 'b')), 200);
    expect_status(say(post(65'537)), 413);
    expect_status(say(post(UINT64_MAX)), 413);
    std::string chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 7; ++i) chunked += "2710\r\n" + std::string(10'000, 'c') + "\r\n";
    const auto answer = say(chunked + "0\r\n\r\n");
    expect_status(answer, 413);
    EXPECT_NE(answer.find("request.body_too_large"), std::string::npos);
}

TEST_F(server_test, ReadsChunkedBodies) {
    const auto answer =
        say("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
            "chunked\r\n\r\n3\r\nabc\r\n2;e=f\r\nde\r\n"
            "0\r\nTrailer: t\r\n\r\n");
    EXPECT_EQ(body_of(answer), "POST / [abcde]");
}

TEST_F(server_test, StreamsLargeBodiesIntoTheSinkOfThePlan) {
    constexpr std::size_t size = 20 << 20;
    const auto answer =
        say("POST /sink HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) +
            "\r\n\r\n" + std::string(size, 's'));
    expect_status(answer, 200);
    EXPECT_EQ(body_of(answer), std::to_string(size) + " " + std::to_string(size) + " 0");
    expect_status(say("POST /sink HTTP/1.1\r\nHost: x\r\nContent-Length: 52428801\r\n\r\n"), 413);
}

TEST_F(server_test, ASinkWithoutSpaceIs507) {
    state.sink_fails_after = 100'000;
    const auto answer = say("POST /sink HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" +
                            std::string(300'000, 's'));
    expect_status(answer, 507);
}

TEST_F(server_test, APlanCanRefuseBeforeTheBodyIsSent) {
    const auto answer =
        say("POST /private HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n", false);
    expect_status(answer, 401);
    EXPECT_TRUE(state.order.empty());
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST_F(server_test, SaysContinueToThoseWhoWait) {
    const auto answer =
        say("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")) << answer;
    const auto refused = say(
        "POST /private HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    expect_status(refused, 401);
}

TEST_F(server_test, AHandlerThatThrowsIsA500) {
    const auto answer = get("/throw");
    expect_status(answer, 500);
    EXPECT_EQ(answer.find("handler"), std::string::npos) << "nothing of the inside is told";
    EXPECT_EQ(server->counted().failed, 1U);
    expect_status(get("/"), 200);
}

TEST_F(server_test, HeadersCannotBeInjected) {
    EXPECT_EQ(get("/inject").find("Injected"), std::string::npos);
}

// ---- streams and files

TEST_F(server_test, SendsProducedBodiesInChunks) {
    EXPECT_EQ(body_of(get("/stream/three")), "4\r\none,\r\n4\r\ntwo,\r\n5\r\nthree\r\n0\r\n\r\n");
    const auto cut = get("/stream/throws");
    EXPECT_TRUE(cut.ends_with("4\r\nhalf\r\n")) << "incomplete, and visibly so";
}

// HTTP/1.0 has no other way to tell a part from the whole.
TEST_F(server_test, SaysTheLengthOfAProducedBodyWhereItIsKnown) {
    const auto whole = get("/stream/sized-three");
    EXPECT_NE(whole.find("Content-Length: 13\r\n"), std::string::npos);
    EXPECT_EQ(whole.find("chunked"), std::string::npos);
    EXPECT_EQ(body_of(whole), "one,two,three");
    const auto kept = say(
        "GET /stream/sized-three HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /n HTTP/1.0\r\n\r\n",
        false);
    EXPECT_NE(kept.find("Content-Length: 13\r\n"), std::string::npos);
    EXPECT_NE(kept.find("GET /n"), std::string::npos) << "the connection goes on";
    const auto head = say("HEAD /stream/sized-three HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(head.find("Content-Length: 13\r\n"), std::string::npos);
    EXPECT_EQ(body_of(head), "");
    const auto cut =
        say("GET /stream/sized-throws HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
            "GET /n HTTP/1.0\r\n\r\n",
            false);
    EXPECT_TRUE(cut.ends_with("\r\n\r\nhalf")) << "nine bytes are missing, and nothing follows";
}

TEST_F(server_test, AProducerEndsWhenItsClientLeaves) {
    const auto answer = say("GET /stream/quiet HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(answer.ends_with("5\r\nstart\r\n")) << answer;
    for (int i = 0; i < 100 && state.producers_ended == 0; ++i)
        (void)run(loop, loop.sleep_for(5ms));
    EXPECT_EQ(state.producers_ended, 1);
}

TEST_F(server_test, SendsFiles) {
    state.file =
        std::filesystem::temp_directory_path() / ("thole-file-body-" + std::to_string(::getpid()));
    std::string content(700'000, 'f');
    content += "end";
    std::ofstream{state.file} << content;
    const auto answer = get("/file");
    expect_status(answer, 200);
    EXPECT_EQ(body_of(answer), content);
    std::filesystem::remove(state.file);
}

// ---- slow peers

struct slow_peer {
    explicit slow_peer(system_loop& on) : loop{on}, socket{on.context()} {}
    task<> connect(std::uint16_t port) {
        (void)co_await socket.async_connect({boost::asio::ip::address_v4::loopback(), port},
                                            as_values);
    }
    task<bool> send(std::string text) {
        const auto [error, size] =
            co_await boost::asio::async_write(socket, boost::asio::buffer(text), as_values);
        co_return !error;
    }
    task<std::string> read_all() {
        std::string out;
        std::array<char, 4096> piece;
        for (;;) {
            const auto [error, size] =
                co_await socket.async_read_some(boost::asio::buffer(piece), as_values);
            out.append(piece.data(), size);
            if (error) co_return out;
        }
    }
    system_loop& loop;
    test_kit::tcp_socket socket;
};

// Sends a byte every 10 ms until the server has had enough.
task<std::string> drip(system_loop& loop, std::uint16_t port, std::string start, int bytes) {
    slow_peer peer{loop};
    co_await peer.connect(port);
    (void)co_await peer.send(start);
    for (int i = 0; i < bytes; ++i) {
        if (!co_await peer.send("a")) break;
        (void)co_await loop.sleep_for(10ms);
        if (peer.socket.available() > 0) break;
    }
    co_return co_await peer.read_all();
}

// proves: O10
TEST_F(server_test, ASlowHeadIsCutOff) {
    start({.header_timeout = 100ms});
    const auto before = loop.now();
    const auto answer = run(loop, drip(loop, port, "GET / HTTP/1.1\r\nHost: x\r\nX: ", 1000));
    EXPECT_LT(loop.now() - before, 3s);
    expect_status(answer, 408);
    EXPECT_EQ(server->counted().timeouts, 1U);
}

// proves: O10
TEST_F(server_test, ASlowBodyIsCutOff) {
    start({.body_grace = 100ms, .min_body_rate = 10'000});
    const auto before = loop.now();
    const auto answer = run(
        loop, drip(loop, port, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", 1000));
    EXPECT_LT(loop.now() - before, 3s);
    expect_status(answer, 408);
}

TEST_F(server_test, AnIdleConnectionIsClosedWithoutAWord) {
    start({.idle_timeout = 50ms});
    EXPECT_EQ(say("", false), "");
    const auto answer = say("GET / HTTP/1.1\r\nHost: x\r\n\r\n", false);
    EXPECT_TRUE(answer.ends_with("GET /"));
    EXPECT_EQ(server->counted().timeouts, 0U);
    EXPECT_EQ(server->counted().malformed, 0U);
}

task<std::size_t> never_read(system_loop& loop, std::uint16_t port, http_server& server) {
    slow_peer peer{loop};
    co_await peer.connect(port);
    std::string requests;
    for (int i = 0; i < 40; ++i) requests += "GET /file HTTP/1.1\r\nHost: x\r\n\r\n";
    (void)co_await peer.send(requests);
    while (server.counted().open == 0) (void)co_await loop.sleep_for(1ms);
    for (int i = 0; i < 300 && server.counted().open > 0; ++i) (void)co_await loop.sleep_for(10ms);
    co_return server.counted().open;
}

TEST_F(server_test, APeerThatDoesNotReadIsCutOff) {
    start({.write_timeout = 100ms});
    state.file =
        std::filesystem::temp_directory_path() / ("thole-unread-" + std::to_string(::getpid()));
    std::ofstream{state.file} << std::string(2 << 20, 'f');
    EXPECT_EQ(run(loop, never_read(loop, port, *server)), 0U);
    EXPECT_EQ(server->counted().timeouts, 1U);
    std::filesystem::remove(state.file);
}

task<std::string> exceed(system_loop& loop, std::uint16_t port) {
    slow_peer first{loop};
    slow_peer second{loop};
    co_await first.connect(port);
    co_await second.connect(port);
    (void)co_await loop.sleep_for(20ms);
    co_return co_await talk(loop, port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
}

TEST_F(server_test, ConnectionsOverTheLimitAreToldSo) {
    start({.max_connections = 2});
    const auto answer = run(loop, exceed(loop, port));
    expect_status(answer, 503);
    EXPECT_NE(answer.find("Retry-After: 1"), std::string::npos);
    EXPECT_EQ(server->counted().refused, 1U);
    (void)run(loop, loop.sleep_for(20ms));
    expect_status(get("/"), 200);
}

// ---- unix sockets

task<std::string> talk_unix(system_loop& loop, std::string path, std::string text) {
    boost::asio::local::stream_protocol::socket socket{loop.context()};
    const auto [refused] = co_await socket.async_connect({path}, as_values);
    if (refused) co_return "refused";
    (void)co_await boost::asio::async_write(socket, boost::asio::buffer(text), as_values);
    std::string out;
    std::array<char, 4096> piece;
    for (;;) {
        const auto [error, size] =
            co_await socket.async_read_some(boost::asio::buffer(piece), as_values);
        out.append(piece.data(), size);
        if (error) co_return out;
    }
}

std::string socket_path(const std::string& name) {
    return (std::filesystem::temp_directory_path() /
            ("thole-" + name + "-" + std::to_string(::getpid())))
        .string();
}

// proves: O10
TEST_F(server_test, AUnixSocketIsPrivateAndKnowsItsPeer) {
    const auto path = socket_path("unix");
    server->listen_unix(path);
    struct stat about{};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600U);
    const auto answer = run(
        loop, talk_unix(loop, path, "GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    EXPECT_EQ(body_of(answer), "uid " + std::to_string(::getuid()));
    stop();
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(server_test, AUnixSocketIsTakenOverFromTheDeadOnly) {
    const auto path = socket_path("takeover");
    {
        boost::asio::local::stream_protocol::acceptor dead{loop.context(), {path}};
    }
    ASSERT_TRUE(std::filesystem::exists(path));
    server->listen_unix(path);
    http_server second{loop, {}, [this](server_request r) { return handle(state, std::move(r)); }};
    EXPECT_THROW(second.listen_unix(path), std::system_error);
    EXPECT_THROW((void)second.listen_tcp("127.0.0.1", port), std::system_error);
    const auto answer =
        run(loop, talk_unix(loop, path, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    EXPECT_EQ(body_of(answer), "GET /");
}

// ---- shutdown

task<> hear(task<std::string> talking, std::string& out) {
    out = co_await std::move(talking);
}

task<> stop_gently(system_loop& loop, http_server& server, site& state, std::uint16_t port,
                   std::string& idle, std::string& busy) {
    scope work{loop};
    work.spawn(hear(talk(loop, port, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"), idle));
    work.spawn(hear(talk(loop, port, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"), busy));
    (void)co_await loop.sleep_for(30ms);
    auto stopping = server.stop(deadline::after(loop.now(), 5s));
    work.spawn(std::move(stopping));
    (void)co_await loop.sleep_for(30ms);
    state.release.set();
    (void)co_await work.ended();
}

TEST_F(server_test, StoppingLetsRunningRequestsEnd) {
    std::string idle;
    std::string busy;
    const auto before = loop.now();
    run(loop, stop_gently(loop, *server, state, port, idle, busy));
    EXPECT_LT(loop.now() - before, 3s);
    EXPECT_TRUE(idle.ends_with("GET /a"));
    EXPECT_TRUE(busy.ends_with("released")) << busy;
    EXPECT_NE(busy.find("Connection: close"), std::string::npos);
    EXPECT_EQ(say("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "refused");
}

task<> stop_hard(system_loop& loop, http_server& server, std::uint16_t port, std::string& busy) {
    scope work{loop};
    work.spawn(hear(talk(loop, port, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"), busy));
    (void)co_await loop.sleep_for(30ms);
    co_await server.stop(deadline::after(loop.now(), 50ms));
    (void)co_await work.ended();
}

TEST_F(server_test, StoppingCutsWhatDoesNotEndInTime) {
    std::string busy;
    const auto before = loop.now();
    run(loop, stop_hard(loop, *server, port, busy));
    EXPECT_LT(loop.now() - before, 3s);
    EXPECT_EQ(busy, "");
    EXPECT_EQ(server->counted().open, 0U);
}

}  // namespace
}  // namespace thole::io
