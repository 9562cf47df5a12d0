#include "api/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/reply.hpp"
#include "api/testing.hpp"
#include "engine/codes.hpp"
#include "thole/codes.hpp"

namespace thole::api {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

task<io::server_response> echo(call c) {
    boost::json::object out{{"who", c.who.name}};
    for (const auto& [name, value] : c.path) out[name] = value;
    co_return reply(200, out);
}

struct router_test : ::testing::Test {
    io::system_loop loop;
    ops::metrics count;
    authority who{{.own_uid = own_uid, .behind_proxy = false, .tokens = tokens()}};
    router routes{who, count, loop};

    static std::vector<token> tokens() {
        return {
            {.name = "reader", .hash = sha256(as_bytes("read-token-1234567890")), .read = true},
            {.name = "ci",
             .hash = sha256(as_bytes("all-token-12345678901")),
             .read = true,
             .submit = true,
             .operate = true},
            {.name = "shop", .hash = sha256(as_bytes("shop-token-1234567890")), .submit = true}};
    }

    router_test() {
        routes.add({"GET", "/things", "things", access::read, {"limit"}}, &echo);
        routes.add({"POST", "/things", "things", access::submit, {}, 1000}, &echo);
        routes.add({"GET", "/things/{id}", "things", access::read}, &echo);
        routes.add({"POST", "/things/{id}/stop", "things", access::operate}, &echo);
        routes.add({"GET", "/files/{rest...}", "files", access::read}, &echo);
        routes.add({"GET", "/livez", "livez", access::open}, &echo);
    }

    io::server_response ask(io::server_request r) { return run(loop, routes.handle(std::move(r))); }
    io::server_response with_token(io::server_request r, const std::string& token) {
        r.headers.emplace_back("Authorization", "Bearer " + token);
        return ask(from_tcp(std::move(r)));
    }
};

TEST_F(router_test, a_name_takes_one_segment_and_dots_take_the_rest) {
    auto out = ask(from_socket(request("GET", "/things/7")));
    EXPECT_EQ(out.status, 200);
    EXPECT_EQ(json_of(out).at("id").as_string(), "7");
    out = ask(from_socket(request("GET", "/files/a/b/c.png")));
    EXPECT_EQ(json_of(out).at("rest").as_string(), "a/b/c.png");
    EXPECT_EQ(ask(from_socket(request("GET", "/things/"))).status, 404);
    EXPECT_EQ(ask(from_socket(request("GET", "/things/7/8"))).status, 404);
}

TEST_F(router_test, unknown_paths_and_methods) {
    auto out = ask(from_socket(request("GET", "/nothing")));
    EXPECT_EQ(out.status, 404);
    EXPECT_EQ(type_of(out), "/problems/api.not_found");
    EXPECT_EQ(header_of(out, "Content-Type"), "application/problem+json");
    out = ask(from_socket(request("DELETE", "/things")));
    EXPECT_EQ(out.status, 405);
    EXPECT_EQ(header_of(out, "Allow"), "GET, HEAD, POST, OPTIONS");
    EXPECT_EQ(json_of(out).at("instance").as_string(), "/things");
    EXPECT_EQ(ask(from_socket(request("OPTIONS", "/things"))).status, 204);
    EXPECT_EQ(count.counter_of(ops::metric::api_requests, {"none", "404"}).value(), 1U);
}

TEST_F(router_test, head_is_handled_as_get) {
    EXPECT_EQ(ask(from_socket(request("HEAD", "/things"))).status, 200);
    EXPECT_EQ(ask(from_socket(request("HEAD", "/things/7/stop"))).status, 405);
}

TEST_F(router_test, unknown_parameters_are_refused) {
    EXPECT_EQ(ask(from_socket(request("GET", "/things?limit=3"))).status, 200);
    auto out = ask(from_socket(request("GET", "/things?limti=3")));
    EXPECT_EQ(out.status, 400);
    EXPECT_THAT(errors_of(out), ElementsAre("limti api.unknown_parameter"));
    EXPECT_EQ(json_of(out).at("instance").as_string(), "/things") << "the path, not the query";
}

// proves: O10
TEST_F(router_test, who_may_not_call_sends_no_body) {
    EXPECT_EQ(routes.plan(from_socket(request("POST", "/things"))).max_bytes, 1000U);
    EXPECT_EQ(routes.plan(from_socket(request("GET", "/things"))).max_bytes, 0U);
    EXPECT_FALSE(routes.plan(from_socket(request("POST", "/things"))).refusal);
    EXPECT_EQ(routes.plan(from_tcp(request("POST", "/things"))).refusal->status, 401);
    EXPECT_EQ(routes.plan(from_socket(request("POST", "/elsewhere"))).refusal->status, 404);
    const auto refused = routes.plan(from_socket(request("PUT", "/things"))).refusal;
    EXPECT_EQ(refused->status, 405);
    EXPECT_EQ(json_of(*refused).at("instance").as_string(), "/things");
    EXPECT_TRUE(routes.knows("/things/7"));
    EXPECT_FALSE(routes.knows("/elsewhere"));
}

// proves: O10
TEST_F(router_test, the_socket_admits_root_and_our_own_user) {
    const auto post = [] { return request("POST", "/things/1/stop"); };
    EXPECT_EQ(json_of(ask(from_socket(post()))).at("who").as_string(), "uid:4711");
    EXPECT_EQ(json_of(ask(from_socket(post(), 0))).at("who").as_string(), "uid:0");
    const auto out = ask(from_socket(post(), 1000));
    EXPECT_EQ(out.status, 403);
    EXPECT_EQ(type_of(out), "/problems/api.forbidden");
}

// proves: O10
TEST_F(router_test, over_tcp_reading_is_free_on_this_machine_and_changing_needs_a_token) {
    EXPECT_EQ(ask(from_tcp(request("GET", "/things"))).status, 200);
    EXPECT_EQ(ask(from_tcp(request("GET", "/things"), "::1")).status, 200);
    EXPECT_EQ(ask(from_tcp(request("GET", "/things"), "::ffff:127.0.0.1")).status, 200);
    EXPECT_EQ(ask(from_tcp(request("GET", "/things"), "192.0.2.1")).status, 401);
    EXPECT_EQ(ask(from_tcp(request("GET", "/livez"), "192.0.2.1")).status, 200);
    const auto out = ask(from_tcp(request("POST", "/things")));
    EXPECT_EQ(out.status, 401);
    EXPECT_EQ(type_of(out), "/problems/api.token_required");
    EXPECT_THAT(header_of(out, "WWW-Authenticate"), HasSubstr("Bearer"));
}

// proves: O10
TEST_F(router_test, tokens_have_scopes) {
    const std::string reader = "read-token-1234567890";
    const std::string ci = "all-token-12345678901";
    EXPECT_EQ(with_token(request("GET", "/things"), reader).status, 200);
    EXPECT_EQ(with_token(request("POST", "/things"), reader).status, 403);
    EXPECT_EQ(with_token(request("POST", "/things"), ci).status, 200);
    EXPECT_EQ(json_of(with_token(request("POST", "/things/1/stop"), ci)).at("who").as_string(),
              "token:ci");
    const auto out = with_token(request("GET", "/things"), "read-token-123456789");
    EXPECT_EQ(out.status, 401) << "a wrong token is told even where none is needed";
    EXPECT_EQ(type_of(out), "/problems/api.token_invalid");
    EXPECT_EQ(with_token(request("GET", "/things"), "").status, 401);
}

// proves: O10
TEST_F(router_test, on_this_machine_a_token_without_the_scope_reads_as_everybody_may) {
    const std::string shop = "shop-token-1234567890";
    const auto out = with_token(request("GET", "/things"), shop);
    EXPECT_EQ(out.status, 200);
    EXPECT_EQ(json_of(out).at("who").as_string(), "token:shop");
    EXPECT_EQ(with_token(request("POST", "/things"), shop).status, 200);
    EXPECT_EQ(with_token(request("POST", "/things/1/stop"), shop).status, 403);
    auto far = request("GET", "/things");
    far.headers.emplace_back("Authorization", "Bearer " + shop);
    EXPECT_EQ(ask(from_tcp(far, "192.0.2.1")).status, 403);
    far.peer.address = "127.0.0.1";
    authority strict{{.own_uid = own_uid, .behind_proxy = true, .tokens = tokens()}};
    router behind{strict, count, loop};
    behind.add({"GET", "/things", "things", access::read}, &echo);
    EXPECT_EQ(run(loop, behind.handle(far)).status, 403);
}

// proves: O10
TEST_F(router_test, a_web_page_cannot_reach_us_under_its_own_name) {
    auto r = request("GET", "/things");
    r.peer.address = "127.0.0.1";
    r.headers.emplace_back("Host", "evil.example:8420");
    const auto out = ask(r);
    EXPECT_EQ(out.status, 403);
    EXPECT_EQ(type_of(out), "/problems/api.foreign_host");
    for (const auto* good : {"localhost:8420", "localhost", "[::1]:8420", "127.0.0.1"}) {
        auto own = request("GET", "/things");
        own.peer.address = "127.0.0.1";
        own.headers.emplace_back("Host", good);
        EXPECT_EQ(ask(own).status, 200) << good;
    }
}

TEST_F(router_test, behind_a_proxy_every_call_needs_a_token) {
    authority strict{{.own_uid = own_uid, .behind_proxy = true, .tokens = tokens()}};
    router behind{strict, count, loop};
    behind.add({"GET", "/things", "things", access::read}, &echo);
    auto r = request("GET", "/things");
    r.peer.address = "127.0.0.1";
    r.headers.emplace_back("Host", "thole.example");
    EXPECT_EQ(run(loop, behind.handle(r)).status, 401);
    r.headers.emplace_back("Authorization", "Bearer read-token-1234567890");
    EXPECT_EQ(run(loop, behind.handle(r)).status, 200);
}

TEST_F(router_test, answers_cannot_be_taken_for_pages) {
    const auto out = ask(from_socket(request("GET", "/things")));
    EXPECT_EQ(header_of(out, "X-Content-Type-Options"), "nosniff");
    EXPECT_THAT(header_of(out, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
}

TEST(refuse, faults_become_statuses_and_keep_their_code) {
    const auto full = refuse(
        fault{codes::policy_bulkhead_full}.with_retry_after(std::chrono::milliseconds{2500}));
    EXPECT_EQ(full.status, 503);
    EXPECT_EQ(header_of(full, "Retry-After"), "3");
    EXPECT_EQ(refuse(fault{codes::db_disk_full}).status, 507);
    EXPECT_EQ(refuse(fault{codes::net_timeout}.at(name{"solana"}, name{"a"})).status, 502);
    EXPECT_EQ(refuse(fault{codes::db_rejected}).status, 500);
    const auto quiet = refuse(fault{codes::db_rejected}.with_detail("secret table"));
    EXPECT_EQ(quiet.body.find("secret"), std::string::npos);
}

TEST(refuse, an_act_that_does_not_fit_is_refused_with_the_reason) {
    for (const auto* code : {&codes::operation_not_migratable, &codes::operation_step_not_begun,
                             &codes::operation_step_unknown}) {
        const auto out = refuse(fault{*code}.with_detail("it stands at \"pack\""));
        EXPECT_THAT(std::string{json_of(out).at("detail").as_string()},
                    AllOf(HasSubstr(code->meaning), HasSubstr("it stands at \"pack\"")));
    }
}

}  // namespace
}  // namespace thole::api
