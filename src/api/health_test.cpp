#include "api/health.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/fault_catalog.hpp"
#include "api/testing.hpp"

namespace thole::api {
namespace {

using namespace testing;
using ::testing::HasSubstr;

struct health_test : ::testing::Test {
    io::system_loop loop;
    ops::metrics count;
    authority who{{.own_uid = own_uid, .behind_proxy = false, .tokens = {}}};
    router routes{who, count, loop};
    bool started = true;
    bool stopping = false;
    std::string journal = "pass";
    bool primary = true;
    bool backup = true;
    health_resource health{
        {.started = [this] { return started; },
         .stopping = [this] { return stopping; },
         .parts = [this] { return std::vector<own_health>{{"journal", journal, ""}}; },
         .dependencies =
             [this] {
                 return std::vector<dependency_health>{{"solana",
                                                        {{.name = "primary",
                                                          .provider = "north",
                                                          .breaker = "closed",
                                                          .usable = primary,
                                                          .blocked_by = {}},
                                                         {.name = "backup",
                                                          .provider = "south",
                                                          .breaker = "open",
                                                          .usable = backup,
                                                          .blocked_by = {}}}}};
             }},
        count};

    health_test() {
        health.add_front(routes);
        health.add_core(routes);
    }
    io::server_response get(std::string target, std::string accept = {}) {
        auto r = from_socket(request("GET", std::move(target)));
        if (!accept.empty()) r.headers.emplace_back("Accept", accept);
        return run(loop, routes.handle(std::move(r)));
    }
    std::string status() { return std::string{json_of(get("/health")).at("status").as_string()}; }
};

// proves: O1
TEST_F(health_test, an_outage_outside_is_no_reason_to_be_unready) {
    primary = backup = false;
    EXPECT_EQ(get("/livez").status, 200);
    EXPECT_EQ(get("/readyz").status, 200);
    EXPECT_EQ(get("/health").status, 503);
    EXPECT_EQ(status(), "fail");
    backup = true;
    EXPECT_EQ(get("/health").status, 200);
    EXPECT_EQ(status(), "warn");
    primary = true;
    EXPECT_EQ(status(), "pass");
}

// proves: O1
TEST_F(health_test, an_own_fault_is_500_and_unready) {
    journal = "fail";
    EXPECT_EQ(get("/health").status, 500);
    EXPECT_EQ(get("/readyz").status, 503);
    EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(health_test, starting_and_stopping_are_unready) {
    started = false;
    EXPECT_EQ(get("/startupz").status, 503);
    EXPECT_EQ(get("/readyz").status, 503);
    started = true;
    EXPECT_EQ(get("/startupz").status, 200);
    stopping = true;
    EXPECT_EQ(get("/readyz").status, 503);
}

// proves: O6
TEST_F(health_test, metrics_come_in_the_form_that_is_asked_for) {
    EXPECT_THAT(get("/metrics", "application/openmetrics-text;version=1.0.0").body,
                HasSubstr("# EOF"));
    const auto plain = get("/metrics", "text/plain");
    EXPECT_EQ(plain.body.find("# EOF"), std::string::npos);
    EXPECT_THAT(header_of(plain, "Content-Type"), HasSubstr("0.0.4"));
}

// proves: F2
TEST_F(health_test, a_problem_type_leads_to_its_meaning) {
    const auto out = get("/problems/net.timeout");
    EXPECT_EQ(out.status, 200);
    EXPECT_EQ(json_of(out).at("kind").as_string(), "transient");
    EXPECT_EQ(get("/problems/no.such").status, 404);
}

TEST(fault_catalog, every_code_is_there_once_and_can_be_found) {
    const auto& all = all_faults();
    EXPECT_GE(all.size(), 80U);
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(find_fault(all[i]->text), all[i]);
        if (i > 0) EXPECT_LT(all[i - 1]->text, all[i]->text);
        EXPECT_FALSE(all[i]->meaning.empty());
        EXPECT_FALSE(response_to(all[i]->kind).empty());
    }
    EXPECT_EQ(find_fault("zzz"), nullptr);
}

}  // namespace
}  // namespace thole::api
