#include "ipfs/fetcher.hpp"

#include <gtest/gtest.h>

#include <map>

#include "ipfs/client_testing.hpp"
#include "ipfs/codec/car.hpp"
#include "ipfs/codec/testing.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;
using testing::answered;
using testing::run;
using answer = result<io::http_response>;

std::string text_of(bytes_view data) {
    return std::string{as_text(data)};
}

std::string car_of(bytes_view content) {
    const auto made = testing::take_apart(content, v1_256k);
    auto out = car_header(made.root.root);
    for (auto each = made.blocks.rbegin(); each != made.blocks.rend(); ++each) {
        append_car_block(out, each->first, each->second);
    }
    return text_of(out);
}

struct fixture {
    // Gateways a, b, c in this order; t is trustless and comes last.
    fixture() {
        std::vector<endpoint_config> endpoints;
        std::uint16_t tier = 0;
        for (const auto* each : {"a", "b", "c", "t"}) {
            endpoint_config config;
            config.name = name{each};
            config.url = std::string{"http://"} + each + "/";
            config.tier = tier++;
            endpoints.push_back(config);
        }
        gateways.emplace(name{"gateways"}, endpoint_set_settings{}, endpoints);
        fetch.emplace(transport, *gateways, std::vector{name{"t"}}, loop, 7);
    }
    fetch_report get(fetch_request what) {
        return run(loop, fetch->fetch_reported(std::move(what), until));
    }

    io::virtual_loop loop;
    deadline until = deadline::after(loop.now(), 1h);
    std::map<std::string, testing::scripted_transport::script> hosts;
    testing::scripted_transport transport{[this](const io::http_request& request) -> answer {
        const auto host = request.url.substr(7, request.url.find('/', 7) - 7);
        EXPECT_LE(request.until.remaining(loop.now()), 5s);
        const auto found = hosts.find(host);
        if (found == hosts.end()) return fail(thole::codes::net_connection_refused);
        return found->second(request);
    }};
    std::optional<endpoint_set> gateways;
    std::optional<fetcher> fetch;
};

const bytes large = testing::noise(600'000);

// proves: I4
TEST(Fetcher, BelievesOnlyWhatHashes) {
    fixture f;
    f.hosts["a"] = [](const auto&) { return answered(200, "<html>all is well</html>"); };
    f.hosts["b"] = [](const auto&) { return answered(404); };
    f.hosts["c"] = [](const auto&) { return answered(200, "hello"); };
    const auto got = f.get({.content = cid_of(as_bytes("hello"))});
    ASSERT_TRUE(got.outcome) << got.outcome.error().describe();
    EXPECT_EQ(as_text(got.outcome->content), "hello");
    EXPECT_EQ(got.outcome->gateway, name{"c"});
    EXPECT_FALSE(got.outcome->trustless);
    ASSERT_EQ(got.calls.size(), 3U);
    EXPECT_EQ(got.calls[0].fault, "ipfs.wrong_bytes");
    EXPECT_EQ(got.calls[1].fault, "ipfs.not_found");
    EXPECT_EQ(f.transport.urls[0], "http://a/ipfs/" + cid_of(as_bytes("hello")).text());
    EXPECT_EQ(f.gateways->view(f.loop.now())[0].failures, 1U);
}

TEST(Fetcher, AGatewayThatDoesNotHaveAContentIsStillWell) {
    fixture f;
    for (const auto* each : {"a", "b", "c", "t"}) {
        f.hosts[each] = [](const auto&) { return answered(404); };
    }
    for (int i = 0; i < 50; ++i) {
        const auto got = f.get({.content = cid_of(as_bytes("new"))});
        ASSERT_EQ(got.calls.size(), 4U) << i;
        EXPECT_TRUE(got.outcome.error().is(codes::not_found));
    }
    EXPECT_EQ(f.gateways->view(f.loop.now())[0].failures, 0U);
    f.hosts["c"] = [](const auto&) { return answered(200, "new"); };
    EXPECT_TRUE(f.get({.content = cid_of(as_bytes("new"))}).outcome);
}

// proves: I4
TEST(Fetcher, ATrustlessGatewayProvesAnyChunking) {
    fixture f;
    const auto foreign =
        testing::take_apart(bytes_view{large}.first(5000), {"odd", 1000, 3, 1, true});
    std::string car = text_of(car_header(foreign.root.root));
    for (const auto& [id, block] : foreign.blocks) {
        bytes section;
        append_car_block(section, id, block);
        car += text_of(section);
    }
    f.hosts["a"] = [&](const auto&) {
        return answered(200, text_of(bytes_view{large}.first(5000)));
    };
    f.hosts["t"] = [&](const io::http_request& request) {
        EXPECT_NE(request.url.find("?format=car&dag-scope=entity"), std::string::npos);
        return answered(200, car);
    };
    const auto got = f.get({.content = foreign.root.root});
    ASSERT_TRUE(got.outcome) << got.outcome.error().describe();
    EXPECT_TRUE(got.outcome->trustless);
    EXPECT_EQ(got.outcome->content, bytes(large.begin(), large.begin() + 5000));
    // The plain one could not be judged: no proof that it was wrong, so it is not blamed.
    EXPECT_EQ(got.calls[0].fault, "ipfs.unknown_profile");
    EXPECT_EQ(f.gateways->view(f.loop.now())[0].failures, 0U);
}

TEST(Fetcher, WhenWeMadeTheContentAMismatchIsProof) {
    fixture f;
    auto changed = large;
    changed[1] ^= 1;
    f.hosts["a"] = [&](const auto&) { return answered(200, text_of(changed)); };
    f.hosts["b"] = [](const auto&) { return answered(200, text_of(large)); };
    const auto got = f.get({.content = cid_of(large), .known = v1_256k});
    ASSERT_TRUE(got.outcome);
    EXPECT_EQ(got.outcome->gateway, name{"b"});
    EXPECT_EQ(got.calls[0].fault, "ipfs.wrong_bytes");
}

TEST(Fetcher, RefusesEveryBadCar) {
    auto flipped = car_of(large);
    flipped[300'000] ^= 1;
    const auto cut = car_of(large).substr(0, 400'000);
    const auto other = car_of(bytes_view{large}.first(300'000));
    for (const auto& [body, code] : {std::pair{flipped, "ipfs.wrong_bytes"},
                                     {cut, "ipfs.malformed_car"},
                                     {other, "ipfs.malformed_car"},
                                     {std::string{"<html>"}, "ipfs.malformed_car"},
                                     {std::string{}, "ipfs.malformed_car"}}) {
        fixture f;
        f.hosts["t"] = [&](const auto&) { return answered(200, body); };
        const auto got = f.get({.content = cid_of(large), .only = name{"t"}});
        ASSERT_FALSE(got.outcome) << code;
        EXPECT_EQ(got.outcome.error().code(), code);
        EXPECT_EQ(got.outcome.error().endpoint(), name{"t"});
    }
    // The status of an error page is seen although a CAR was expected.
    fixture f;
    f.hosts["t"] = [](const auto&) { return answered(503, "<html>later</html>"); };
    EXPECT_EQ(f.get({.content = cid_of(large), .only = name{"t"}}).outcome.error().code(),
              "http.server_error");
}

TEST(Fetcher, AsksATrustlessGatewayForARawBlock) {
    fixture f;
    f.hosts["t"] = [](const io::http_request& request) {
        EXPECT_TRUE(request.url.ends_with("?format=raw"));
        EXPECT_EQ(request.headers.at(0).second, "application/vnd.ipld.raw");
        return answered(200, "hello");
    };
    const auto got = f.get({.content = cid_of(as_bytes("hello")), .only = name{"t"}});
    ASSERT_TRUE(got.outcome);
    EXPECT_TRUE(got.outcome->trustless);
}

TEST(Fetcher, FollowsAFewRedirects) {
    fixture f;
    const auto id = cid_of(large);
    f.hosts["t"] = [&](const io::http_request& request) -> answer {
        if (request.url.find("/moved") == std::string::npos) {
            return answered(301, "<html>moved</html>", {{"Location", "/moved"}});
        }
        return answered(302, "", {{"location", "http://x/file"}});
    };
    f.hosts["x"] = [](const auto&) { return answered(200, car_of(large)); };
    ASSERT_TRUE(f.get({.content = id, .only = name{"t"}}).outcome);
    EXPECT_EQ(f.transport.urls.back(), "http://x/file");
    for (const std::string target : {"http://t/again", "ftp://t/x", "//t/x", ""}) {
        f.transport.urls.clear();
        f.hosts["a"] = [&](const auto&) { return answered(301, "", {{"Location", target}}); };
        f.hosts["t"] = f.hosts["a"];
        const auto got = f.get({.content = id, .only = name{"a"}});
        ASSERT_FALSE(got.outcome);
        EXPECT_EQ(got.outcome.error().code(), "http.unexpected_status");
        EXPECT_LE(f.transport.urls.size(), 4U);
    }
}

TEST(Fetcher, KeepsTheSizeLimit) {
    fixture f;
    f.hosts["a"] = [](const auto&) { return answered(200, text_of(large)); };
    f.hosts["t"] = [](const auto&) { return answered(200, car_of(large)); };
    const auto id = cid_of(large);
    EXPECT_TRUE(f.get({.content = id, .max_bytes = 600'000, .only = name{"a"}}).outcome);
    EXPECT_TRUE(f.get({.content = id, .max_bytes = 600'000, .only = name{"t"}}).outcome);
    EXPECT_EQ(
        f.get({.content = id, .max_bytes = 599'999, .only = name{"a"}}).outcome.error().code(),
        "http.too_large");
    EXPECT_EQ(
        f.get({.content = id, .max_bytes = 599'999, .only = name{"t"}}).outcome.error().code(),
        "ipfs.too_large");
}

TEST(Fetcher, AsksNobodyItShouldNot) {
    fixture f;
    const auto id = cid_of(as_bytes("hello"));
    for (const auto* each : {"a", "b", "c", "t"}) {
        f.hosts[each] = [](const auto&) { return answered(200, "hello"); };
    }
    EXPECT_EQ(f.get({.content = id, .exclude = {name{"a"}, name{"b"}}}).outcome->gateway,
              name{"c"});
    EXPECT_EQ(f.get({.content = id, .only = name{"b"}}).outcome->gateway, name{"b"});
    EXPECT_EQ(f.get({.content = id, .only = name{"stranger"}}).outcome.error().code(),
              "policy.no_endpoint");
    f.gateways->drain(name{"b"}, f.loop.now());
    EXPECT_EQ(f.get({.content = id, .only = name{"b"}}).outcome.error().kind(),
              fault_kind::rejected);
    f.until = deadline{f.loop.now()};
    f.transport.urls.clear();
    EXPECT_EQ(f.get({.content = id}).outcome.error().code(), "policy.deadline");
    EXPECT_TRUE(f.transport.urls.empty());
}

TEST(Fetcher, ACancelledCallerIsNotServedByTheNextGateway) {
    fixture f;
    f.hosts["a"] = [](const auto&) -> answer { return fail(thole::codes::policy_cancelled); };
    const auto got = f.get({.content = cid_of(as_bytes("hello"))});
    EXPECT_EQ(got.outcome.error().code(), "policy.cancelled");
    EXPECT_EQ(got.calls.size(), 1U);
}

// proves: I4, O1
TEST(Fetcher, AProbeAsksForWhatWasServedLast) {
    fixture f;
    const auto probe = [&] { return run(f.loop, f.fetch->probe(name{"a"}, f.until)); };
    f.hosts["a"] = [](const auto&) { return answered(404); };
    EXPECT_TRUE(probe()) << "nothing was served yet, and not to have it is no illness";
    f.hosts["a"] = [](const auto&) { return answered(200, "hello"); };
    const auto hello = cid_of(as_bytes("hello"));
    ASSERT_TRUE(f.get({.content = hello}).outcome);
    EXPECT_TRUE(probe());
    EXPECT_EQ(f.transport.urls.back(), "http://a/ipfs/" + hello.text());
    f.hosts["a"] = [](const auto&) { return answered(200, "all is well"); };
    EXPECT_EQ(probe().error().code(), codes::wrong_bytes.text);
    f.hosts["a"] = [](const auto&) { return answered(503); };
    EXPECT_FALSE(probe());
    f.hosts.clear();
    EXPECT_EQ(probe().error().code(), thole::codes::net_connection_refused.text);
    EXPECT_FALSE(run(f.loop, f.fetch->probe(name{"nobody"}, f.until)));
}

TEST(Fetcher, OnlyItsOwnCodesTellOfTheContent) {
    EXPECT_TRUE(is_about_content(fault{codes::not_found}));
    EXPECT_TRUE(is_about_content(fault{codes::wrong_bytes}));
    EXPECT_FALSE(is_about_content(fault{thole::codes::net_timeout}));
    EXPECT_FALSE(is_about_content(fault{thole::codes::policy_no_endpoint}));
    EXPECT_FALSE(is_about_content(fault{thole::codes::http_unexpected_status}));
}

}  // namespace
}  // namespace thole::ipfs
