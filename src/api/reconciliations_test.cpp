#include "api/reconciliations.hpp"

#include "api/world_testing.hpp"

namespace thole::api {
namespace {

using namespace testing;

struct reconciliations_test : world_test {
    io::server_response reconcile(std::string body, const std::string& key,
                                  io::http_headers headers = {}) {
        if (!key.empty()) headers.emplace_back("Idempotency-Key", key);
        return post("/api/v1/reconciliations", std::move(body), std::move(headers));
    }
};

// proves: C3
TEST_F(reconciliations_test, is_accepted_as_an_operation) {
    first = behaviour::wait;
    const auto out = reconcile(R"({"dry_run":false})", "run-1");
    EXPECT_EQ(out.status, 202);
    const auto operation = json_of(out);
    EXPECT_EQ(operation.at("kind").as_string(), "reconcile");
    EXPECT_EQ(header_of(out, "Location"),
              "/api/v1/operations/" + std::string{operation.at("id").as_string()});
    EXPECT_FALSE(operation.as_object().contains("report"));
}

TEST_F(reconciliations_test, its_document_has_the_report_when_it_has_ended) {
    const auto out = reconcile("", "run-1", {{"Prefer", "wait=10"}});
    EXPECT_EQ(out.status, 200);
    EXPECT_EQ(header_of(out, "Preference-Applied"), "wait=10");
    const auto report = json_of(out).at("report");
    EXPECT_EQ(report.at("records").as_string(), "7");
    EXPECT_EQ(report.at("findings").at(0).at("drift").as_string(), "uri_mismatch");
    EXPECT_EQ(report.at("findings").at(0).at("remedy").as_string(), "none");
}

// proves: E2
TEST_F(reconciliations_test, a_key_names_one_run) {
    const auto one = reconcile("{}", "run-1", {{"Prefer", "wait=10"}});
    const auto again = reconcile("{}", "run-1");
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(header_of(again, "Idempotent-Replayed"), "true");
    EXPECT_EQ(json_of(again).at("id"), json_of(one).at("id"));
    EXPECT_EQ(reconcile(R"({"content":true})", "run-1").status, 422);
    EXPECT_EQ(journaled(), 1U);
}

TEST_F(reconciliations_test, what_is_wrong_is_said_and_nothing_journaled) {
    EXPECT_EQ(reconcile("{}", "").status, 400);
    EXPECT_EQ(reconcile(R"({"dryrun":true})", "run-1").status, 400);
    EXPECT_EQ(reconcile("{", "run-1").status, 400);
    EXPECT_EQ(reconcile(R"({"content":"yes"})", "run-1").status, 400);
    EXPECT_EQ(journaled(), 0U);
}

TEST_F(reconciliations_test, without_a_wallet_there_is_nothing_to_compare) {
    documents none;
    router other{who, count, loop};
    reconciliations_resource off{{.engine = engine, .docs = none, .time = loop, .enabled = false}};
    off.add_to(other);
    auto r = request("POST", "/api/v1/reconciliations");
    r.headers = {{"Idempotency-Key", "run-1"}};
    const auto out = run(loop, other.handle(from_socket(std::move(r))));
    EXPECT_EQ(out.status, 503);
    EXPECT_EQ(type_of(out), "/problems/mint.disabled");
}

}  // namespace
}  // namespace thole::api
