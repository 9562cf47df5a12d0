#include "ipfs/pinata_provider.hpp"

#include "ipfs/codes.hpp"
#include "model/content/pinata.hpp"
#include "model/content/pinned_test.hpp"
#include "model/content/service_world_test.hpp"

namespace thole::model {
namespace {

using namespace testing;
using ipfs::pin_state;

struct pinata_world : service_world<pinata> {
    explicit pinata_world(ipfs::pinata_api api = ipfs::pinata_api::v3, pinata_options limits = {})
        : service_world{std::move(limits)} {
        options.api = api;
        options.url = "http://api.model/";
        options.upload_url = "http://up.model";
        options.token = secret<std::string>{"jwt"};
        open();
    }
    void open() { client.emplace(name{"pinata"}, options, transport, loop); }
    result<pin_state> state(const std::string& content) {
        return run(client->status(ipfs::cid_of(as_bytes(content)), until()));
    }

    ipfs::pinata_options options;
    std::optional<ipfs::pinata_provider> client;
};

class both_apis : public ::testing::TestWithParam<ipfs::pinata_api> {};

// proves: I2
TEST_P(both_apis, keep_tell_and_give_back) {
    pinata_world w{GetParam()};
    EXPECT_TRUE(w.run(w.client->check(w.until())));
    EXPECT_EQ(*w.state("hello"), pin_state::absent);
    const auto receipt = w.run(w.client->put(w.upload_of("hello"), w.until()));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->cid, ipfs::cid_of(as_bytes("hello")).text());
    ASSERT_EQ(w.service.files().size(), 1U);
    EXPECT_TRUE(w.service.files()[0].is_public);
    EXPECT_EQ(w.service.files()[0].name, "1.png");
    EXPECT_EQ(w.service.files()[0].keyvalues.at("thole"), "op-1");
    EXPECT_EQ(*w.state("hello"), pin_state::pinned);
    // Twice is once.
    const auto again = w.run(w.client->put(w.upload_of("hello", "op-2"), w.until()));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->id, receipt->id);
    EXPECT_TRUE(w.run(w.client->unpin(*receipt, w.until())));
    EXPECT_TRUE(w.run(w.client->unpin(*receipt, w.until())));
    EXPECT_TRUE(w.service.files().empty());
    EXPECT_EQ(*w.state("hello"), pin_state::absent);
}

TEST_P(both_apis, what_was_uploaded_by_hand_stays) {
    pinata_world w{GetParam()};
    w.service.keep_by_hand("hello");
    const auto receipt = w.run(w.client->put(w.upload_of("hello"), w.until()));
    ASSERT_TRUE(receipt);
    EXPECT_TRUE(w.run(w.client->unpin(*receipt, w.until())));
    EXPECT_EQ(w.service.files().size(), 1U);
}

TEST_P(both_apis, a_lie_is_told_as_it_is) {
    pinata_world w{GetParam()};
    w.service.faults().lie = true;
    const auto receipt = w.run(w.client->put(w.upload_of("hello"), w.until()));
    ASSERT_TRUE(receipt);
    EXPECT_NE(receipt->cid, ipfs::cid_of(as_bytes("hello")).text());
}

TEST_P(both_apis, refusals_are_faults_of_their_kind) {
    pinata_world w{GetParam()};
    w.service.faults().http_503 = 1;
    auto refused = w.run(w.client->put(w.upload_of("hello"), w.until()));
    EXPECT_EQ(refused.error().kind(), fault_kind::transient);
    w.service.faults().suspended = true;
    refused = w.run(w.client->put(w.upload_of("hello"), w.until()));
    EXPECT_EQ(refused.error().kind(), fault_kind::outage);
    w.service.faults().suspended = false;
    w.options.token = secret<std::string>{"another"};
    w.open();
    refused = w.run(w.client->put(w.upload_of("hello"), w.until()));
    EXPECT_EQ(refused.error().kind(), fault_kind::outage);
    EXPECT_EQ(refused.error().scope(), fault_scope::endpoint);
    EXPECT_EQ(refused.error().detail().find("another"), std::string_view::npos);
    EXPECT_FALSE(w.run(w.client->check(w.until())));
}

// proves: F2, I3
TEST_P(both_apis, a_limit_says_when_to_come_back) {
    pinata_world w{GetParam(), {.calls_per_minute = 1}};
    ASSERT_TRUE(w.run(w.client->put(w.upload_of("one"), w.until())));
    const auto limited = w.run(w.client->put(w.upload_of("two"), w.until()));
    ASSERT_FALSE(limited);
    EXPECT_EQ(limited.error().kind(), fault_kind::rate_limited);
    ASSERT_TRUE(limited.error().retry_after());
    w.loop.advance(*limited.error().retry_after());
    EXPECT_TRUE(w.run(w.client->put(w.upload_of("two"), w.until())));
}

INSTANTIATE_TEST_SUITE_P(pinata, both_apis,
                         ::testing::Values(ipfs::pinata_api::v3, ipfs::pinata_api::legacy),
                         [](const auto& info) {
                             return info.param == ipfs::pinata_api::v3 ? "v3" : "legacy";
                         });

// proves: I5, E3
TEST_P(both_apis, a_success_that_names_no_cid_is_looked_up) {
    for (const auto* nothing : {"{}", "", "<html>", R"({"data":{"cid":7},"IpfsHash":7})"}) {
        pinata_world w{GetParam()};
        ipfs::testing::scripted_transport garbled{
            [&](const io::http_request& r) -> result<io::http_response> {
                auto answer = w.serve(r);
                if (r.method == "POST" && answer) answer->body = nothing;
                return answer;
            }};
        ipfs::pinata_provider client{name{"pinata"}, w.options, garbled, w.loop};
        pinned over{client, w.loop};
        const auto put = w.run(client.put(w.upload_of("hello"), w.until()));
        EXPECT_EQ(put.error().effect(), fault_effect::unknown) << nothing;
        const auto kept = w.run(over.pins.replicate(w.upload_of("hello"), 1, w.until()));
        ASSERT_TRUE(kept.enough()) << nothing;
        EXPECT_EQ(kept.calls.size(), 2U) << "asked after it";
        ASSERT_TRUE(w.run(over.pins.release("op-1", {}, w.until())));
        EXPECT_TRUE(w.service.files().empty());
    }
}

// ---- in parts -----------------------------------------------------------------------------------

struct parts_world : pinata_world {
    parts_world() : pinata_world{ipfs::pinata_api::v3, {.calls_per_minute = 0}} {
        options.resumable_above = 1000;
        options.part_bytes = 400;
        open();
    }
    const std::string content = std::string(1500, 'a') + std::string(1500, 'b');
};

// proves: I3
TEST(pinata_parts, a_large_one_goes_up_in_parts) {
    parts_world w;
    const auto receipt = w.run(w.client->put(w.upload_of(w.content), w.until()));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->cid, ipfs::cid_of(as_bytes(w.content)).text());
    ASSERT_EQ(w.service.files().size(), 1U);
    EXPECT_EQ(receipt->id, w.service.files()[0].id);
    EXPECT_TRUE(w.service.files()[0].is_public);
    EXPECT_EQ(w.service.files()[0].keyvalues.at("thole"), "op-1");
    EXPECT_EQ(w.count("PATCH"), 8);
}

// proves: I3, E1
TEST(pinata_parts, after_a_crash_it_goes_on_where_the_server_stands) {
    for (int lost = 0; lost < 8; ++lost) {
        parts_world w;
        // The answer to one part is lost, and the process that waited for it dies.
        w.lose_only = "PATCH";
        w.lose_after = lost;
        EXPECT_FALSE(w.run(w.client->put(w.upload_of(w.content), w.until()))) << lost;
        EXPECT_EQ(w.count("PATCH"), lost + 1);
        w.open();
        const auto receipt = w.run(w.client->put(w.upload_of(w.content), w.until()));
        ASSERT_TRUE(receipt) << receipt.error().describe();
        EXPECT_EQ(receipt->cid, ipfs::cid_of(as_bytes(w.content)).text());
        EXPECT_EQ(w.count("PATCH"), 8) << "nothing is sent twice";
        EXPECT_EQ(w.count("HEAD"), 1);
        EXPECT_EQ(w.service.files().size(), 1U);
    }
}

TEST(pinata_parts, one_that_the_server_has_forgotten_begins_anew) {
    parts_world w;
    w.lose_only = "PATCH";
    w.lose_after = 2;
    EXPECT_FALSE(w.run(w.client->put(w.upload_of(w.content), w.until())));
    w.service.faults().forget_parts = 1;
    ASSERT_TRUE(w.run(w.client->put(w.upload_of(w.content), w.until())));
    EXPECT_EQ(w.service.files().size(), 1U);
}

struct mismatch_world : parts_world {
    pinned over{*client, loop};
    const std::string predicted = ipfs::cid_of(as_bytes(content)).text();

    mismatch_world() { service.faults().lie = true; }
    // Long after the last one: no endpoint is being spared.
    ipfs::replication attempt() {
        loop.advance(24h);
        return run(over.pins.replicate(upload_of(content), 1, until()));
    }
    std::vector<ipfs::pin_row> rows() { return *run(over.ledger.of_owner("op-1")); }
    void expect_success_without_the_lie() {
        service.faults().lie = false;
        const auto kept = attempt();
        ASSERT_TRUE(kept.enough()) << kept.cause().describe();
        ASSERT_EQ(service.files().size(), 1U);
        EXPECT_EQ(service.files()[0].cid, predicted);
    }
};

// proves: I2, I5
TEST(pinata_parts, another_cid_is_given_back_and_the_next_attempt_begins_anew) {
    mismatch_world w;
    const auto told = w.run(w.client->put(w.upload_of(w.content), w.until()));
    ASSERT_TRUE(told) << told.error().describe();
    EXPECT_NE(told->cid, w.predicted);
    EXPECT_EQ(w.session->value, "") << "forgotten";
    for (int i = 0; i < 2; ++i) {
        const auto wrong = w.attempt();
        ASSERT_FALSE(wrong.enough());
        EXPECT_TRUE(wrong.cause().is(ipfs::codes::cid_mismatch)) << wrong.cause().describe();
        EXPECT_TRUE(w.service.files().empty()) << "given back";
        EXPECT_TRUE(w.rows().empty());
    }
    w.expect_success_without_the_lie();
}

// proves: I2, E1
TEST(pinata_parts, another_cid_that_nobody_was_told_is_asked_for_by_another_upload) {
    mismatch_world w;
    w.lose_only = "PATCH";
    w.lose_after = 7;
    EXPECT_FALSE(w.attempt().enough());
    const auto session = [&] {
        return w.run(w.over.ledger.intend({"op-1", "pinata", w.predicted}))->session;
    };
    EXPECT_NE(session(), "");
    auto wrong = w.attempt();
    ASSERT_FALSE(wrong.enough());
    EXPECT_TRUE(wrong.cause().is(ipfs::codes::not_found)) << wrong.cause().describe();
    EXPECT_EQ(w.count("PATCH"), 8) << "it was whole";
    EXPECT_EQ(session(), "");
    wrong = w.attempt();
    ASSERT_FALSE(wrong.enough());
    EXPECT_TRUE(wrong.cause().is(ipfs::codes::cid_mismatch)) << wrong.cause().describe();
    EXPECT_TRUE(w.service.files().empty()) << "given back";
    w.expect_success_without_the_lie();
}

// proves: I5
TEST(pinata_parts, another_cid_is_given_back_later_when_the_list_fails) {
    mismatch_world w;
    w.lose_only = "GET";
    w.lose_answers = 1;
    const auto wrong = w.attempt();
    ASSERT_FALSE(wrong.enough());
    EXPECT_TRUE(wrong.cause().is(ipfs::codes::cid_mismatch)) << wrong.cause().describe();
    ASSERT_EQ(w.service.files().size(), 1U);
    ASSERT_EQ(w.rows().size(), 1U);
    EXPECT_EQ(w.rows()[0].cid, w.service.files()[0].cid);
    ASSERT_TRUE(w.run(w.over.pins.release("op-1", {}, w.until())));
    EXPECT_TRUE(w.service.files().empty());
    EXPECT_TRUE(w.rows().empty());
}

// proves: O10
TEST(pinata_parts, the_key_goes_to_no_other_server) {
    for (const auto* place : {"http://elsewhere/v3/files/tus/1", "http://up.model.evil/x",
                              "//elsewhere/x", "ftp://up.model/x", ""}) {
        EXPECT_EQ(ipfs::same_origin("http://up.model", place), "") << place;
    }
    EXPECT_EQ(ipfs::same_origin("http://up.model/v3", "/v3/files/tus/1"),
              "http://up.model/v3/files/tus/1");
    EXPECT_EQ(ipfs::same_origin("http://up.model", "http://up.model/a"), "http://up.model/a");
    parts_world w;
    w.session->value = "http://elsewhere/v3/files/tus/1";
    ASSERT_TRUE(w.run(w.client->put(w.upload_of(w.content), w.until())));
    EXPECT_EQ(w.count("HEAD"), 0);
}

}  // namespace
}  // namespace thole::model
