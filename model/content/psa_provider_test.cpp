#include "ipfs/psa_provider.hpp"

#include "ipfs/codes.hpp"
#include "model/content/pinned_test.hpp"
#include "model/content/psa.hpp"
#include "model/content/service_world_test.hpp"

namespace thole::model {
namespace {

using namespace testing;
using ipfs::pin_state;

struct psa_world : service_world<pinning_service> {
    explicit psa_world(psa_options limits = {}) : service_world{std::move(limits)} {
        options.url = "http://psa.model/";
        options.token = secret<std::string>{"key"};
        options.origins = {"/dns4/node.example/tcp/4001/p2p/12D3KooWours"};
        open();
        service.offer(ipfs::cid_of(as_bytes("hello")).text());
    }
    void open() { client.emplace(name{"psa"}, options, transport, loop); }
    result<ipfs::pin_receipt> put(const std::string& owner = "op-1") {
        return run(client->put(upload_of("hello", owner), until()));
    }
    result<pin_state> state() {
        return run(client->status(ipfs::cid_of(as_bytes("hello")), until()));
    }

    ipfs::psa_options options;
    std::optional<ipfs::psa_provider> client;
};

// proves: I2
TEST(psa_provider, asks_polls_tells_and_gives_back) {
    psa_world w;
    EXPECT_TRUE(w.run(w.client->check(w.until())));
    EXPECT_EQ(*w.state(), pin_state::absent);
    const auto begun = w.loop.now();
    const auto receipt = w.put();
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_GE(w.loop.now() - begun, 3s);
    ASSERT_EQ(w.service.requests().size(), 1U);
    const auto& asked = w.service.requests().at(receipt->id);
    EXPECT_EQ(asked.cid, receipt->cid);
    EXPECT_EQ(asked.origins, w.options.origins);
    EXPECT_EQ(asked.meta.at("thole"), "op-1");
    EXPECT_EQ(*w.state(), pin_state::pinned);
    EXPECT_TRUE(w.run(w.client->unpin(*receipt, w.until())));
    EXPECT_TRUE(w.run(w.client->unpin(*receipt, w.until())));
    EXPECT_TRUE(w.service.requests().empty());
}

// proves: I2, I5
TEST(psa_provider, several_requests_for_one_content_all_go_but_only_ours) {
    psa_world w;
    // An answer that was lost leaves a request that nobody knows the id of.
    w.lose_only = "POST";
    w.lose_answers = 1;
    EXPECT_FALSE(w.put());
    const auto receipt = w.put();
    ASSERT_TRUE(receipt);
    EXPECT_EQ(w.service.requests().size(), 2U);
    // And somebody's own.
    web_request by_hand{"POST", "/pins", {{"Authorization", "Bearer key"}}, {}, 0};
    by_hand.body = R"({"cid":")" + receipt->cid + R"("})";
    EXPECT_EQ(w.service.answer(by_hand).status, 202);
    EXPECT_TRUE(w.run(w.client->unpin(*receipt, w.until())));
    ASSERT_EQ(w.service.requests().size(), 1U);
    EXPECT_TRUE(w.service.requests().begin()->second.meta.empty());
}

// proves: I3, E1
TEST(psa_provider, an_attempt_after_a_crash_goes_on_polling) {
    psa_world w;
    w.lose_only = "GET";
    w.lose_answers = 1;
    EXPECT_FALSE(w.put());
    EXPECT_EQ(w.service.requests().size(), 1U);
    w.open();
    const auto receipt = w.put();
    ASSERT_TRUE(receipt);
    EXPECT_EQ(w.count("POST"), 1);
    EXPECT_EQ(w.service.requests().size(), 1U);
}

TEST(psa_provider, one_that_stays_queued_is_not_called_failed) {
    psa_world w{{.takes = 3600}};
    const auto waits = w.put();
    ASSERT_FALSE(waits);
    EXPECT_TRUE(waits.error().is(thole::codes::net_timeout));
    EXPECT_EQ(waits.error().effect(), fault_effect::unknown);
    EXPECT_EQ(*w.state(), pin_state::queued);
    w.loop.advance(1h);
    EXPECT_TRUE(w.put());
    EXPECT_EQ(w.count("POST"), 1);
}

// proves: I5, E3
TEST(psa_provider, a_request_that_was_taken_is_given_back_whatever_ended_the_attempt) {
    const auto ends = std::map<std::string, std::function<void(psa_world&, io::scope&)>>{
        {"cancelled while it waits", [](psa_world&, io::scope& all) { all.cancel(); }},
        {"a poll is refused", [](psa_world& w, io::scope&) { w.service.faults().http_429 = 1; }},
        {"a poll has no right", [](psa_world& w, io::scope&) { w.service.faults().http_403 = 1; }},
        {"no answer", [](psa_world& w, io::scope&) { w.lose_answers = 1; }}};
    for (const auto& [what, end] : ends) {
        psa_world w{{.takes = 3600}};
        pinned over{*w.client, w.loop};
        std::optional<ipfs::replication> out;
        io::scope all{w.loop};
        auto work = over.pins.replicate(w.upload_of("hello"), 1, w.until());
        all.spawn(ipfs::testing::keep_result(std::move(work), out));
        w.loop.advance(500ms);
        ASSERT_EQ(w.service.requests().size(), 1U);
        end(w, all);
        w.loop.advance(10min);
        ASSERT_TRUE(out.has_value()) << what;
        EXPECT_FALSE(out->enough()) << what;
        EXPECT_EQ(w.run(over.ledger.of_owner("op-1"))->size(), 1U) << what;
        ASSERT_TRUE(w.run(over.pins.release("op-1", {}, w.until()))) << what;
        EXPECT_TRUE(w.service.requests().empty()) << what;
        EXPECT_TRUE(w.run(over.ledger.of_owner("op-1"))->empty()) << what;
    }
}

// proves: I5
TEST(psa_provider, a_failed_request_that_stays_is_not_forgotten) {
    psa_world w{{.takes = 5, .gives_up = 2}};
    w.lose_only = "DELETE";
    w.lose_answers = 1;
    const auto failed = w.put();
    ASSERT_FALSE(failed);
    EXPECT_TRUE(failed.error().is(ipfs::codes::pin_failed));
    EXPECT_EQ(failed.error().effect(), fault_effect::unknown);
}

TEST(psa_provider, one_that_failed_is_taken_away_and_asked_for_anew) {
    psa_world w{{.takes = 5, .gives_up = 2}};
    const auto failed = w.put();
    ASSERT_FALSE(failed);
    EXPECT_TRUE(failed.error().is(ipfs::codes::pin_failed));
    EXPECT_EQ(failed.error().kind(), fault_kind::outage);
    EXPECT_TRUE(w.service.requests().empty());
    EXPECT_FALSE(w.put());
    EXPECT_EQ(w.count("POST"), 2);
}

// proves: F2
TEST(psa_provider, refusals_are_faults_of_their_kind) {
    psa_world w{{.calls_per_minute = 3}};
    w.service.faults().no_funds = true;
    auto refused = w.put();
    EXPECT_TRUE(refused.error().is(ipfs::codes::provider_payment));
    EXPECT_EQ(refused.error().kind(), fault_kind::outage);
    w.service.faults().no_funds = false;
    w.service.faults().http_503 = 1;
    EXPECT_EQ(w.put().error().kind(), fault_kind::transient);
    while (w.run(w.client->check(w.until()))) {
    }
    refused = w.put();
    EXPECT_EQ(refused.error().kind(), fault_kind::rate_limited);
    EXPECT_TRUE(refused.error().retry_after());
    w.options.token = secret<std::string>{"another"};
    w.open();
    EXPECT_EQ(w.put().error().kind(), fault_kind::outage);
}

}  // namespace
}  // namespace thole::model
