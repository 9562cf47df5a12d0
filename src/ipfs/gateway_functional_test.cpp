// Our gateway and our fetcher over real sockets.

#include <gtest/gtest.h>

#include <fstream>
#include <semaphore>

#include "io/curl_transport.hpp"
#include "io/http_server.hpp"
#include "io/scope.hpp"
#include "io/system_resolver.hpp"
#include "ipfs/codec/testing.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/fetcher.hpp"
#include "ipfs/gateway_http.hpp"
#include "ipfs/store_testing.hpp"

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;

template <class T>
task<> keep_result(task<T> work, std::optional<T>& out) {
    out.emplace(co_await std::move(work));
}

struct site {
    explicit site(io::system_loop& loop)
        : pool{loop, {.threads = 1, .queue = 8}},
          contents{*store, pool, loop},
          server{
              loop, {}, [this](io::server_request request) { return answer(std::move(request)); }} {
        url = "http://127.0.0.1:" + std::to_string(server.listen_tcp("127.0.0.1", 0));
    }
    task<io::server_response> answer(io::server_request request) {
        if (redirect_to.empty()) co_return co_await contents.answer(std::move(request));
        io::server_response out;
        out.status = 302;
        out.headers.emplace_back("Location", redirect_to + request.path);
        co_return out;
    }
    std::string redirect_to;
    testing::temporary_folder folder;
    std::unique_ptr<content_store> store = *content_store::open({.folder = folder.path() + "/c"});
    sql::blocking_pool pool;
    gateway_http contents;
    io::http_server server;
    std::string url;
};

class GatewayOverHttp : public ::testing::Test {
  protected:
    ~GatewayOverHttp() override {
        loop.run_until(one.server.stop(deadline::after(loop.now(), 5s)));
        loop.run_until(two.server.stop(deadline::after(loop.now(), 5s)));
    }
    template <class T>
    T run(task<T> work) {
        std::optional<T> out;
        loop.run_until(keep_result(std::move(work), out));
        return std::move(out.value());
    }
    io::http_response ask(const std::string& url, io::http_headers headers = {},
                          std::string method = "GET") {
        io::http_request request;
        request.method = std::move(method);
        request.url = url;
        request.headers = std::move(headers);
        request.until = deadline::after(loop.now(), 20s);
        request.max_response_bytes = 64 << 20;
        auto answer = run(transport.send(std::move(request)));
        EXPECT_TRUE(answer) << answer.error().describe();
        return std::move(answer).value_or(io::http_response{});
    }
    fetch_report fetch(const cid& id, bool trustless) {
        std::vector<endpoint_config> endpoints(2);
        endpoints[0].name = name{"one"};
        endpoints[0].url = one.url;
        endpoints[1].name = name{"two"};
        endpoints[1].url = two.url;
        endpoints[1].tier = 1;
        endpoint_set gateways{name{"gateways"}, {}, endpoints};
        const auto trusted =
            trustless ? std::vector{name{"one"}, name{"two"}} : std::vector<name>{};
        fetcher get{transport, gateways, trusted, loop, 1, {.elsewhere = &guarded}};
        fetch_request what{.content = id};
        return run(get.fetch_reported(what, deadline::after(loop.now(), 30s)));
    }
    static void damage(site& where, const cid& id, std::uint64_t at) {
        std::fstream file{testing::object_of(where.folder.path() + "/c", id.text()),
                          std::ios::in | std::ios::out | std::ios::binary};
        file.seekg(static_cast<std::streamoff>(at));
        const auto byte = static_cast<char>(file.get() ^ 1);
        file.seekp(static_cast<std::streamoff>(at));
        file.put(byte);
    }

    io::system_loop loop;
    io::system_resolver names{loop};
    io::curl_transport transport{loop, names};
    static io::curl_transport::options outward() {
        io::curl_transport::options out;
        out.guard = io::url_guard{io::url_guard::reach::public_only};
        return out;
    }
    io::curl_transport guarded{loop, names, outward()};
    site one{loop};
    site two{loop};
};

// proves: I1, I2, I4, G2
TEST_F(GatewayOverHttp, EverySizeComesBackBothWays) {
    for (const std::size_t size : {0, 1, 262'144, 262'145, 1'048'577, 9'000'000}) {
        const auto content = testing::noise(size, size + 1);
        const auto id = one.store->put(content, store_time{})->info.root;
        for (const bool trustless : {false, true}) {
            const auto got = fetch(id, trustless);
            ASSERT_TRUE(got.outcome) << size << " " << got.outcome.error().describe();
            EXPECT_EQ(got.outcome->content, content);
            EXPECT_EQ(got.outcome->trustless, trustless);
        }
    }
}

TEST_F(GatewayOverHttp, SpeaksHttp) {
    const auto content = testing::noise(700'000);
    const auto id = one.store->put(content, store_time{})->info.root;
    const auto url = one.url + "/ipfs/" + id.text();
    const auto whole = ask(url);
    EXPECT_EQ(whole.status, 200);
    EXPECT_EQ(whole.header("content-length"), "700000");
    const auto part = ask(url, {{"Range", "bytes=300000-300009"}});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(as_bytes(part.body).size(), 10U);
    EXPECT_EQ(part.header("content-range"), "bytes 300000-300009/700000");
    EXPECT_EQ(ask(url, {{"If-None-Match", std::string{whole.header("etag")}}}).status, 304);
    EXPECT_EQ(ask(url, {}, "HEAD").status, 200);
    EXPECT_TRUE(ask(url, {}, "HEAD").body.empty());
    EXPECT_EQ(ask(url + "?format=raw").header("content-type"), "application/vnd.ipld.raw");
    EXPECT_EQ(ask(one.url + "/ipfs/nonsense").status, 400);
    const auto absent = cid_of(as_bytes("absent")).text();
    EXPECT_EQ(ask(one.url + "/ipfs/" + absent, {{"Cache-Control", "only-if-cached"}}).status, 412);
}

// proves: I4
TEST_F(GatewayOverHttp, DamageUnderWayCutsAndTheNextGatewayServes) {
    const auto content = testing::noise(9'000'000);
    const auto id = one.store->put(content, store_time{})->info.root;
    ASSERT_TRUE(two.store->put(content, store_time{}));
    damage(one, id, 8'000'000);
    for (const bool trustless : {false, true}) {
        const auto got = fetch(id, trustless);
        ASSERT_TRUE(got.outcome) << got.outcome.error().describe();
        EXPECT_EQ(got.outcome->gateway, name{"two"});
        EXPECT_EQ(got.outcome->content, content);
        EXPECT_NE(got.calls.at(0).fault, "");
    }
    EXPECT_GE(one.server.counted().failed, 2U);
}

// A gateway in our own network may be asked; where it sends us must be outside, were it only
// another port. proves: O10
TEST_F(GatewayOverHttp, ARedirectDoesNotLeadIntoOurOwnNetwork) {
    const auto content = testing::noise(1000);
    const auto id = one.store->put(content, store_time{})->info.root;
    ASSERT_TRUE(two.store->put(content, store_time{}));
    for (const bool trustless : {false, true}) {
        one.redirect_to = two.url;
        auto got = fetch(id, trustless);
        ASSERT_FALSE(got.calls.empty());
        EXPECT_EQ(got.calls[0].fault, "net.address_forbidden");
        EXPECT_EQ(got.outcome->gateway, name{"two"}) << "which is configured itself";
        one.redirect_to = one.url + "/away";
        got = fetch(id, trustless);
        EXPECT_EQ(got.calls[0].fault, "http.unexpected_status") << "the same server may be asked";
    }
    EXPECT_EQ(guarded.counted().connections, 0U);
}

// proves: I4
TEST_F(GatewayOverHttp, APoolThatIsFullForAnInstantCutsNothing) {
    const auto content = testing::noise(9'000'000);
    const auto id = one.store->put(content, store_time{})->info.root;
    std::counting_semaphore<100> go_on{0};
    auto block = [](sql::blocking_pool& pool, std::counting_semaphore<100>& gate) -> task<> {
        auto wait = [&gate] { gate.acquire(); };
        (void)co_await pool.run(wait);
    };
    io::scope work{loop};
    auto let_go = [](io::loop& time, std::counting_semaphore<100>& gate) -> task<> {
        (void)co_await time.sleep_for(100ms);
        gate.release(100);
    };
    io::http_request request;
    request.url = one.url + "/ipfs/" + id.text();
    request.until = deadline::after(loop.now(), 30s);
    request.max_response_bytes = 64 << 20;
    bytes got;
    request.on_body = [&](bytes_view part) {
        if (got.empty()) {  // under way: now one is at work, eight wait, and no more get in
            for (int i = 0; i < 20; ++i) work.spawn(block(one.pool, go_on));
            work.spawn(let_go(loop, go_on));
        }
        got.insert(got.end(), part.begin(), part.end());
        return true;
    };
    const auto answer = run(transport.send(std::move(request)));
    loop.run_until(work.drained());
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(got, content);
    EXPECT_EQ(one.server.counted().failed, 0U);
}

}  // namespace
}  // namespace thole::ipfs
