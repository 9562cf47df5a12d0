#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/submission.hpp"
#include "api/world_testing.hpp"

namespace thole::api {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using content_test = world_test;
using mints_test = world_test;
using operations_test = world_test;

std::string text(const io::server_response& r, std::string_view member) {
    return std::string{json_of(r).at(member).as_string()};
}

// ---- content ------------------------------------------------------------------------------------

TEST_F(content_test, an_image_is_stored_once_and_named_by_its_bytes) {
    auto out = post("/api/v1/content", png());
    EXPECT_EQ(out.status, 201);
    EXPECT_EQ(text(out, "media_type"), "image/png");
    EXPECT_EQ(json_of(out).at("size").as_int64(), static_cast<std::int64_t>(png().size()));
    EXPECT_EQ(text(out, "sha256"), to_hex(sha256(as_bytes(png()))));
    EXPECT_EQ(header_of(out, "Location"), "/ipfs/" + text(out, "cid"));
    EXPECT_TRUE(store->has(*ipfs::cid::parse(text(out, "cid"))));
    EXPECT_EQ(post("/api/v1/content", png()).status, 200);
}

// proves: O10
TEST_F(content_test, what_is_no_image_is_refused) {
    auto out = post("/api/v1/content", "<svg xmlns='http://www.w3.org/2000/svg'/>");
    EXPECT_EQ(out.status, 415);
    EXPECT_EQ(type_of(out), "/problems/api.media_type");
    out = post("/api/v1/content");
    EXPECT_EQ(out.status, 422);
    EXPECT_EQ(store->list().size(), 0U);
}

TEST_F(content_test, the_limit_is_said_before_the_body_is_read) {
    const auto plan = routes.plan(from_socket(request("POST", "/api/v1/content")));
    EXPECT_EQ(plan.max_bytes, 50U << 20);
    ASSERT_TRUE(plan.sink);
    // Piece by piece as a server feeds it.
    const auto image = png();
    for (const char c : image) ASSERT_TRUE(plan.sink->write(as_bytes(std::string_view{&c, 1})));
    auto r = request("POST", "/api/v1/content");
    r.sink = plan.sink;
    EXPECT_EQ(ask(r).status, 201);
}

TEST_F(content_test, a_full_disk_refuses_and_stores_nothing) {
    room = false;
    const auto out = post("/api/v1/content", png());
    EXPECT_EQ(out.status, 507);
    EXPECT_EQ(type_of(out), "/problems/api.disk_full");
    EXPECT_EQ(store->list().size(), 0U);
}

// ---- mints --------------------------------------------------------------------------------------

// proves: E2
TEST_F(mints_test, the_same_key_is_the_same_operation_and_another_payload_is_refused) {
    const auto cid = upload();
    first = behaviour::wait;
    auto out = mint(good_body(cid), "key-1");
    ASSERT_EQ(out.status, 202) << out.body;
    const auto id = text(out, "id");
    EXPECT_EQ(header_of(out, "Location"), "/api/v1/operations/" + id);
    EXPECT_EQ(header_of(out, "Idempotent-Replayed"), "");
    EXPECT_EQ(text(out, "key"), "key-1");

    out = mint(good_body(cid), "key-1");
    EXPECT_EQ(out.status, 202);
    EXPECT_EQ(header_of(out, "Idempotent-Replayed"), "true");
    EXPECT_EQ(text(out, "id"), id);

    out = mint(good_body(cid, "Another"), "key-1");
    EXPECT_EQ(out.status, 422);
    EXPECT_EQ(type_of(out), "/problems/engine.key_conflict");
    EXPECT_EQ(journaled(), 1U);
}

TEST_F(mints_test, a_replay_after_the_end_answers_200_even_when_the_content_is_gone) {
    const auto cid = upload();
    ASSERT_EQ(mint(good_body(cid), "key-1", {{"Prefer", "wait=30"}}).status, 200);
    std::filesystem::remove_all(folder + "/content/objects");
    const auto out = mint(good_body(cid), "key-1");
    EXPECT_EQ(out.status, 200) << out.body;
    EXPECT_EQ(text(out, "state"), "completed");
}

TEST_F(mints_test, prefer_wait_answers_at_the_end_or_when_a_person_is_needed) {
    const auto cid = upload();
    auto out = mint(good_body(cid), "a", {{"Prefer", "wait=30"}});
    EXPECT_EQ(out.status, 200);
    EXPECT_EQ(text(out, "progress"), "COMPLETED");
    EXPECT_EQ(header_of(out, "Preference-Applied"), "wait=30");
    first = behaviour::park;
    out = mint(good_body(cid), "b", {{"Prefer", "wait=30"}});
    EXPECT_EQ(out.status, 202);
    EXPECT_EQ(text(out, "progress"), "NEEDS_ATTENTION");
    EXPECT_EQ(json_of(out).at("waiting").at("reason").as_string(), "the test wants a person");
}

// proves: O10, M4
TEST_F(mints_test, every_mistake_is_told_and_nothing_is_journaled) {
    const auto cid = upload();
    struct bad {
        std::string body;
        int status;
        std::vector<std::string> errors;
    };
    const std::string owner = R"("owner":"7A4NamkMyPufJdqsoRxUt3fE2KYuQ9NAb25GgAKECwaf")";
    const std::string rest = R"(,"name":"n","symbol":"S","description":"","image":")" + cid + "\"";
    const std::vector<bad> all{
        {"{", 400, {" json.syntax"}},
        {"{" + owner + rest + ",\"colour\":1}", 400, {"/colour json.unknown_member"}},
        {"{" + owner + "," + owner + rest + "}", 400, {"/owner json.duplicate_member"}},
        {"[]", 400, {" json.wrong_type"}},
        {good_body(cid, std::string(33, 'n')), 422, {"/name value.too_long"}},
        {good_body("QmNothing"), 422, {"/image value.form"}},
    };
    for (const auto& each : all) {
        const auto out = mint(each.body, "key");
        EXPECT_EQ(out.status, each.status) << each.body << "\n" << out.body;
        EXPECT_EQ(header_of(out, "Content-Type"), "application/problem+json");
        ASSERT_EQ(errors_of(out).size(), each.errors.size()) << out.body;
        for (std::size_t i = 0; i < each.errors.size(); ++i) {
            EXPECT_THAT(errors_of(out)[i],
                        ::testing::StartsWith(each.errors[i].substr(0, each.errors[i].find(' '))))
                << out.body;
        }
    }
    EXPECT_EQ(mint("{" + std::string{R"("owner":"not-a-wallet")"} + rest + "}", "key").status, 422);
    EXPECT_EQ(journaled(), 0U);
}

TEST_F(mints_test, the_image_must_be_known_content) {
    const auto out =
        mint(good_body("bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"), "key");
    EXPECT_EQ(out.status, 422);
    EXPECT_EQ(type_of(out), "/problems/mint.unknown_content");
    EXPECT_THAT(errors_of(out), ElementsAre("/image mint.unknown_content"));
    EXPECT_EQ(journaled(), 0U);
}

TEST_F(mints_test, the_key_is_required_and_visible_ascii) {
    const auto cid = upload();
    EXPECT_EQ(post("/api/v1/mints", good_body(cid)).status, 400);
    for (const auto& key :
         {std::string{}, std::string{"a b"}, std::string{"\xc3\xbc"}, std::string(129, 'k')}) {
        const auto out = mint(good_body(cid), key);
        EXPECT_EQ(out.status, 400) << key;
        EXPECT_EQ(type_of(out), "/problems/api.key_required");
    }
    EXPECT_EQ(mint(good_body(cid), std::string(128, 'k')).status, 202);
    EXPECT_EQ(mint(good_body(cid), "k", {{"Content-Type", "text/plain"}}).status, 415);
}

// proves: E5
TEST_F(mints_test, a_full_queue_says_when_to_come_back) {
    const auto cid = upload();
    first = behaviour::wait;
    io::server_response out;
    for (int i = 0; i < 5; ++i) {
        out = mint(good_body(cid), "key-" + std::to_string(i));
        // Until it waits: running ones are not in the queue.
        while (out.status == 202 &&
               text(get("/api/v1/operations/" + text(out, "id")), "state") != "ready") {
        }
    }
    EXPECT_EQ(out.status, 503) << out.body;
    EXPECT_EQ(type_of(out), "/problems/engine.queue_full");
    EXPECT_EQ(header_of(out, "Retry-After"), "5");
    EXPECT_EQ(mint(good_body(cid), "key-0").status, 202) << "a replay is no new work";
}

// proves: E5, I5
TEST_F(mints_test, an_accepted_image_is_held_and_nothing_else_is) {
    const auto cid = upload();
    first = behaviour::wait;
    std::vector<std::string> accepted;
    for (int i = 0; i < 5; ++i) {  // the last ones are refused: the queue is full
        const auto out = mint(good_body(cid), "key-" + std::to_string(i));
        if (out.status == 202) accepted.push_back(text(out, "id"));
    }
    const auto held = [&] {
        std::vector<std::string> out;
        for (const auto& id : holds.owners()) out.push_back(id.text());
        return out;
    };
    EXPECT_FALSE(accepted.empty());
    EXPECT_EQ(held(), accepted);
    ASSERT_EQ(mint(good_body(cid), "key-0").status, 202);             // a replay
    ASSERT_EQ(mint(good_body(cid, "Another"), "key-0").status, 422);  // refused
    EXPECT_EQ(held(), accepted);
    EXPECT_TRUE(store->gc(journal.now() + std::chrono::hours{1000})->empty());
}

TEST_F(mints_test, a_full_disk_refuses_new_work_but_not_a_replay) {
    const auto cid = upload();
    ASSERT_EQ(mint(good_body(cid), "key-1").status, 202);
    room = false;
    EXPECT_EQ(mint(good_body(cid), "key-2").status, 507);
    EXPECT_NE(mint(good_body(cid), "key-1").status, 507);
    EXPECT_EQ(journaled(), 1U);
}

TEST_F(mints_test, a_daemon_without_wallet_says_so) {
    mints_resource off{{.engine = engine,
                        .docs = docs,
                        .pictures = pictures,
                        .holds = holds,
                        .room = [] { return true; },
                        .time = loop,
                        .issuer = {}}};
    router own{who, count, loop};
    off.add_to(own);
    auto r = from_socket(request("POST", "/api/v1/mints", good_body(upload())));
    r.headers.emplace_back("Idempotency-Key", "k");
    const auto out = run(loop, own.handle(std::move(r)));
    EXPECT_EQ(out.status, 503);
    EXPECT_EQ(type_of(out), "/problems/mint.disabled");
}

// proves: S4, E2
TEST_F(mints_test, the_identity_is_journaled_and_a_replay_keeps_it) {
    const auto cid = upload();
    const auto accepted = mint(good_body(cid), "key-1", {{"Prefer", "wait=30"}});
    ASSERT_EQ(accepted.status, 200);
    const auto id = uuid::parse(json_of(accepted).at("id").as_string()).value();
    const auto input = run(loop, engine.get(id))->find_input<nft::mint_input>().value();
    EXPECT_EQ(input.identity, nft::identify_mint(secret, wallet, {"default", "mint", "key-1"},
                                                 input.request.standard));
    // A daemon with another wallet, asked the same again.
    mints_resource moved{{.engine = engine,
                          .docs = docs,
                          .pictures = pictures,
                          .holds = holds,
                          .room = [] { return true; },
                          .time = loop,
                          .issuer = nft::mint_base{secret, solana::public_key{{8}}}}};
    router own{who, count, loop};
    moved.add_to(own);
    auto again = from_socket(request("POST", "/api/v1/mints", good_body(cid)));
    again.headers.emplace_back("Idempotency-Key", "key-1");
    const auto replay = run(loop, own.handle(again));
    EXPECT_EQ(json_of(replay).at("id").as_string(), id.text());
    auto other = from_socket(request("POST", "/api/v1/mints", good_body(cid, "Seat 2")));
    other.headers.emplace_back("Idempotency-Key", "key-1");
    EXPECT_EQ(run(loop, own.handle(other)).status, 422);
    EXPECT_EQ(journaled(), 1U);
}

TEST_F(operations_test, kinds_that_need_nothing_else_are_submitted_by_their_name) {
    const auto submit = [&](const std::string& kind, const std::string& key,
                            const std::string& body) {
        return post("/api/v1/operations/" + kind, body,
                    {{"Idempotency-Key", key}, {"Prefer", "wait=10"}});
    };
    const auto done = submit("bench", "a", R"({"note":"x"})");
    EXPECT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(text(done, "state"), "completed");
    EXPECT_EQ(header_of(done, "Location"), "/api/v1/operations/" + text(done, "id"));
    EXPECT_EQ(header_of(submit("bench", "a", R"({"note":"x"})"), "Idempotent-Replayed"), "true");
    EXPECT_EQ(submit("bench", "a", R"({"note":"y"})").status, 422);
    EXPECT_EQ(submit("bench", "b", R"({"nota":"y"})").status, 422);
    EXPECT_EQ(submit("bench", "b", "{").status, 400);
    EXPECT_EQ(submit("bench", "", "{}").status, 400);
    EXPECT_EQ(type_of(submit("mint", "b", "{}")), "/problems/engine.unknown_kind");
    room = false;
    EXPECT_EQ(submit("bench", "c", "{}").status, 507);
}

TEST(preferred_wait, reads_seconds_and_bounds_them) {
    using std::chrono::seconds;
    EXPECT_EQ(preferred_wait("wait=5"), seconds{5});
    EXPECT_EQ(preferred_wait("respond-async, wait=5"), seconds{5});
    EXPECT_EQ(preferred_wait("wait=99999"), seconds{300});
    EXPECT_EQ(preferred_wait("wait=x"), seconds{0});
    EXPECT_EQ(preferred_wait(""), seconds{0});
}

// ---- operations
// ---------------------------------------------------------------------------------

TEST_F(operations_test, lists_are_filtered_and_paged) {
    const auto cid = upload();
    for (const auto* key : {"a", "b", "c"}) {
        ASSERT_EQ(mint(good_body(cid), key, {{"Prefer", "wait=30"}}).status, 200);
    }
    first = behaviour::park;
    ASSERT_EQ(mint(good_body(cid), "d", {{"Prefer", "wait=30"}}).status, 202);

    const auto keys = [](const io::server_response& r) {
        std::vector<std::string> out;
        for (const auto& each : json_of(r).at("items").as_array()) {
            out.emplace_back(each.at("key").as_string());
        }
        return out;
    };
    EXPECT_THAT(keys(get("/api/v1/operations")), ElementsAre("d", "c", "b", "a"));
    EXPECT_THAT(keys(get("/api/v1/operations?state=parked")), ElementsAre("d"));
    EXPECT_THAT(keys(get("/api/v1/operations?state=completed&limit=2")), ElementsAre("c", "b"));
    EXPECT_THAT(keys(get("/api/v1/operations?key=b")), ElementsAre("b"));
    EXPECT_THAT(keys(get("/api/v1/operations?account=nobody")), ElementsAre());
    EXPECT_THAT(keys(get("/api/v1/operations?kind=bench")), ElementsAre());

    const auto page = get("/api/v1/operations?limit=3");
    const auto next = get("/api/v1/operations?limit=3&cursor=" + text(page, "next_cursor"));
    EXPECT_THAT(keys(next), ElementsAre("a"));
    EXPECT_FALSE(json_of(next).as_object().contains("next_cursor"));

    EXPECT_EQ(get("/api/v1/operations?state=bogus").status, 400);
    EXPECT_EQ(get("/api/v1/operations?limit=501").status, 400);
    EXPECT_EQ(get("/api/v1/operations?limit=0").status, 400);
    EXPECT_EQ(get("/api/v1/operations?cursor=x").status, 400);
}

TEST_F(operations_test, items_of_lists_are_the_documents_of_the_operations) {
    docs.add("mint", [](const saga::operation_details& o, boost::json::object& out) {
        if (const auto in = o.find_input<nft::mint_input>()) out["owner"] = in->request.owner;
        if (const auto done = o.find_output<second_step>()) out["landed"] = done->value;
    });
    const auto id = text(mint(good_body(upload()), "a", {{"Prefer", "wait=30"}}), "id");
    const auto alone = json_of(get("/api/v1/operations/" + id));
    EXPECT_EQ(alone.at("landed").as_string(), "landed");
    EXPECT_EQ(json_of(get("/api/v1/operations")).at("items").at(0), alone);
}

TEST_F(operations_test, events_tell_the_story_in_order) {
    const auto id = text(mint(good_body(upload()), "a", {{"Prefer", "wait=30"}}), "id");
    const auto all = json_of(get("/api/v1/operations/" + id + "/events"));
    const auto& events = all.at("events").as_array();
    ASSERT_GE(events.size(), 4U);
    EXPECT_EQ(events.front().at("event").as_string(), "operation.submitted");
    EXPECT_EQ(events.back().at("event").as_string(), "operation.ended");
    for (std::size_t i = 0; i < events.size(); ++i) {
        EXPECT_EQ(events[i].at("seq").as_int64(), static_cast<std::int64_t>(i + 1));
    }
    const auto later = json_of(get("/api/v1/operations/" + id + "/events?after=2&limit=1"));
    ASSERT_EQ(later.at("events").as_array().size(), 1U);
    EXPECT_EQ(later.at("events").as_array()[0].at("seq").as_int64(), 3);
    EXPECT_EQ(get("/api/v1/operations/" + id + "/events?wait_ms=60001").status, 400);
}

// proves: E3
TEST_F(operations_test, cancel_before_the_pivot_undoes_and_after_it_is_409) {
    const auto cid = upload();
    first = behaviour::park;
    auto id = text(mint(good_body(cid), "a", {{"Prefer", "wait=30"}}), "id");
    auto out = post("/api/v1/operations/" + id + "/cancel", R"({"reason":"sold out"})");
    EXPECT_EQ(out.status, 202) << out.body;
    const auto ended = run(
        loop,
        engine.wait_end(*uuid::parse(id), deadline::after(loop.now(), std::chrono::seconds{30})));
    EXPECT_EQ(ended->view.state, "rolled_back");
    EXPECT_EQ(post("/api/v1/operations/" + id + "/cancel").status, 409) << "it has ended";

    first = behaviour::finish;
    second = behaviour::wait;
    id = text(mint(good_body(cid), "b"), "id");
    while (text(get("/api/v1/operations/" + id), "progress") != "BLOCKCHAIN_SUBMITTED") {
        (void)get("/api/v1/operations/" + id + "/events?after=3&wait_ms=1000");
    }
    out = post("/api/v1/operations/" + id + "/cancel");
    EXPECT_EQ(out.status, 409);
    EXPECT_EQ(type_of(out), "/problems/operation.past_pivot");
    second = behaviour::land;
}

// proves: E6
TEST_F(operations_test, a_parked_one_is_retried_or_closed_with_a_reason) {
    const auto cid = upload();
    first = behaviour::park;
    auto id = text(mint(good_body(cid), "a", {{"Prefer", "wait=30"}}), "id");
    first = behaviour::finish;
    EXPECT_EQ(post("/api/v1/operations/" + id + "/retry").status, 202);
    const auto until = deadline::after(loop.now(), std::chrono::seconds{30});
    EXPECT_EQ(run(loop, engine.wait_end(*uuid::parse(id), until))->view.state, "completed");
    EXPECT_EQ(post("/api/v1/operations/" + id + "/retry").status, 409);

    first = behaviour::park;
    id = text(mint(good_body(cid), "b", {{"Prefer", "wait=30"}}), "id");
    auto out = post("/api/v1/operations/" + id + "/close");
    EXPECT_EQ(out.status, 422);
    EXPECT_THAT(errors_of(out), ElementsAre("/reason value.required"));
    out = post("/api/v1/operations/" + id + "/close", R"({"reason":"double order"})");
    EXPECT_EQ(out.status, 202);
    EXPECT_EQ(text(out, "state"), "closed");
    EXPECT_THAT(get("/api/v1/operations/" + id + "/events").body, HasSubstr("uid:4711"));
    EXPECT_EQ(post("/api/v1/operations/" + id + "/close", R"({"why":"x"})").status, 400);
}

// proves: E6
TEST_F(operations_test, what_nobody_can_settle_is_resolved_with_evidence) {
    const auto cid = upload();
    second = behaviour::wait;
    const auto submit = [&](const char* key) {
        const auto id = text(mint(good_body(cid), key), "id");
        while (text(get("/api/v1/operations/" + id), "progress") != "BLOCKCHAIN_SUBMITTED") {
            (void)get("/api/v1/operations/" + id + "/events?after=3&wait_ms=1000");
        }
        return "/api/v1/operations/" + id;
    };
    const auto at = submit("a");
    auto out = post(at + "/resolve", R"({"verdict":"landed","reference":"","reason":"r"})");
    EXPECT_EQ(out.status, 422);
    EXPECT_THAT(errors_of(out), ElementsAre("/reference value.required"));
    EXPECT_EQ(post(at + "/resolve", R"({"verdict":"perhaps","reference":"x","reason":"r"})").status,
              422);
    EXPECT_EQ(post(at + "/resolve", R"({"reference":"x","reason":"r"})").status, 400);
    out = post(at + "/resolve", R"({"verdict":"dead","reference":"x","reason":"r"})");
    EXPECT_EQ(out.status, 422);
    EXPECT_EQ(type_of(out), "/problems/operation.risk_not_accepted");
    out = post(at + "/resolve", R"({"verdict":"landed","reference":"x","reason":"r"})");
    EXPECT_EQ(type_of(out), "/problems/operation.bad_output");
    out = post(at + "/resolve",
               R"({"verdict":"landed","reference":"x","reason":"seen","output":{"valeu":"y"}})");
    EXPECT_EQ(out.status, 422);
    EXPECT_THAT(text(out, "detail"), HasSubstr("/valeu"));
    out = post(at + "/resolve",
               R"({"verdict":"landed","reference":"x","reason":"seen","output":{"value":"y"}})");
    EXPECT_EQ(out.status, 202) << out.body;
    const auto until = deadline::after(loop.now(), std::chrono::seconds{30});
    const auto id = *uuid::parse(at.substr(at.rfind('/') + 1));
    EXPECT_EQ(run(loop, engine.wait_end(id, until))->view.state, "completed");
    const auto story = get(at + "/events").body;
    EXPECT_THAT(story, HasSubstr("generation.resolved"));
    EXPECT_THAT(story, HasSubstr("uid:4711"));
    out = post(at + "/resolve", R"({"verdict":"landed","reference":"x","reason":"r"})");
    EXPECT_EQ(out.status, 409);

    const auto lost = submit("b");
    out = post(lost + "/resolve",
               R"({"verdict":"dead","reference":"ticket","reason":"r","accept_risk":true})");
    EXPECT_EQ(out.status, 202) << out.body;
    EXPECT_EQ(text(out, "state"), "parked");
    EXPECT_EQ(post(lost + "/close", R"({"reason":"lost"})").status, 202);
}

// proves: E5, E6
TEST_F(operations_test, one_is_paused_and_many_are_acted_on) {
    const auto cid = upload();
    first = behaviour::park;
    std::vector<std::string> ids;
    for (const auto* key : {"a", "b", "c"}) {
        ids.push_back(text(mint(good_body(cid), key, {{"Prefer", "wait=30"}}), "id"));
    }
    auto out = post("/api/v1/acts", R"({"act":"retry","filter":{"state":"parked"},"reason":"x"})");
    EXPECT_EQ(out.status, 200) << out.body;
    EXPECT_EQ(text(out, "matched"), "3");
    EXPECT_EQ(text(out, "done"), "0");
    EXPECT_TRUE(json_of(out).at("dry_run").as_bool());
    const auto act = [&](const std::string& more) {
        return post(
            "/api/v1/acts",
            R"({"act":"close","filter":{"state":"parked","error":"wants a person"},)" + more);
    };
    EXPECT_EQ(act(R"("reason":"x","dry_run":false})").status, 422) << "expect is required";
    EXPECT_EQ(act(R"("reason":"","dry_run":true})").status, 422);
    out = act(R"("reason":"x","dry_run":false,"expect":2})");
    EXPECT_EQ(out.status, 409);
    EXPECT_THAT(text(out, "detail"), HasSubstr("3 fit"));
    out = act(R"("reason":"x","dry_run":false,"expect":3})");
    EXPECT_EQ(text(out, "done"), "3") << out.body;
    EXPECT_EQ(text(get("/api/v1/operations/" + ids[1]), "state"), "closed");
    EXPECT_EQ(post("/api/v1/acts", R"({"act":"explode","filter":{},"reason":"x"})").status, 422);
    EXPECT_EQ(get("/api/v1/operations?since=yesterday").status, 400);
    EXPECT_EQ(json_of(get("/api/v1/operations?error=no+such&since=2020-01-01T00:00:00Z"))
                  .at("items")
                  .as_array()
                  .size(),
              0U);

    first = behaviour::wait;
    const auto id = text(mint(good_body(cid), "d"), "id");
    out = post("/api/v1/operations/" + id + "/pause", R"({"reason":"maintenance"})");
    EXPECT_EQ(out.status, 202) << out.body;
    EXPECT_EQ(text(out, "progress"), "PAUSED");
    first = behaviour::finish;
    EXPECT_EQ(post("/api/v1/operations/" + id + "/resume").status, 202);
    EXPECT_EQ(type_of(post("/api/v1/operations/" + id + "/resume")),
              "/problems/operation.not_paused");
}

// proves: E2, E6
TEST_F(operations_test, what_was_given_tags_is_found_and_acted_on_by_them) {
    const auto cid = upload();
    first = behaviour::park;
    const auto tagged = [&](std::string_view tags) {
        auto body = json::parse(good_body(cid)).value();
        body.as_object()["tags"] = json::parse(tags).value();
        return json::write(body);
    };
    const auto a = mint(tagged(R"(["spring","red"])"), "a", {{"Prefer", "wait=30"}});
    ASSERT_EQ(a.status, 202) << a.body;
    EXPECT_THAT(a.body, HasSubstr(R"("tags":["red","spring"])"));
    EXPECT_EQ(mint(tagged(R"(["spring"])"), "b", {{"Prefer", "wait=30"}}).status, 202);
    const auto c = mint(good_body(cid), "c", {{"Prefer", "wait=30"}});
    EXPECT_THAT(c.body, ::testing::Not(HasSubstr("tags")));
    EXPECT_THAT(rows.load(*uuid::parse(text(a, "id")))->value().input,
                ::testing::Not(HasSubstr("spring")))
        << "beside the input: an edit does not reach them";

    // The same again, in whatever order; none is the same as no member.
    EXPECT_EQ(header_of(mint(tagged(R"(["red","spring"])"), "a"), "Idempotent-Replayed"), "true");
    EXPECT_EQ(header_of(mint(tagged("[]"), "c"), "Idempotent-Replayed"), "true");
    EXPECT_EQ(type_of(mint(tagged(R"(["red"])"), "a")), "/problems/engine.key_conflict");
    EXPECT_EQ(type_of(mint(good_body(cid), "a")), "/problems/engine.key_conflict");

    auto out = mint(tagged(R"(["fine","not fine"])"), "d");
    EXPECT_EQ(out.status, 422);
    EXPECT_THAT(errors_of(out), ElementsAre(HasSubstr("/tags/1 value.form")));

    const auto keys = [&](const std::string& query) {
        std::vector<std::string> found;
        const auto page = json_of(get("/api/v1/operations?" + query));
        for (const auto& each : page.at("items").as_array()) {
            found.emplace_back(each.at("key").as_string());
        }
        return found;
    };
    EXPECT_THAT(keys("tag=spring"), ElementsAre("b", "a"));
    EXPECT_THAT(keys("tag=red&state=parked"), ElementsAre("a"));
    EXPECT_THAT(keys("tag=blue"), ElementsAre());
    const auto page = get("/api/v1/operations?tag=spring&limit=1");
    EXPECT_THAT(keys("tag=spring&limit=1&cursor=" + text(page, "next_cursor")), ElementsAre("a"));
    EXPECT_EQ(get("/api/v1/operations?tag=not+fine").status, 400);

    out = post("/api/v1/acts", R"({"act":"close","filter":{"tag":"spring"},"reason":"over",)"
                               R"("dry_run":false,"expect":2})");
    EXPECT_EQ(text(out, "done"), "2") << out.body;
    EXPECT_THAT(keys("state=closed"), ElementsAre("b", "a"));
    EXPECT_EQ(post("/api/v1/acts", R"({"act":"close","filter":{"tag":""},"reason":"x"})").status,
              400);
}

// proves: E5
TEST_F(operations_test, a_kind_or_everything_rests_until_it_is_released) {
    EXPECT_EQ(get("/api/v1/holds").status, 200);
    EXPECT_EQ(post("/api/v1/holds", R"({"act":"hold","kind":"mint","reason":""})").status, 422);
    EXPECT_EQ(post("/api/v1/holds", R"({"act":"hold","kind":"","reason":"x"})").status, 422);
    EXPECT_EQ(post("/api/v1/holds", R"({"act":"hold","kind":"mind","reason":"x"})").status, 404);
    EXPECT_EQ(type_of(post("/api/v1/holds", R"({"act":"release","reason":"x"})")),
              "/problems/engine.not_held");
    EXPECT_EQ(get("/api/v1/holds?history=perhaps").status, 400);
    auto out = post("/api/v1/holds", R"({"act":"hold","kind":"mint","reason":"ill"})");
    EXPECT_EQ(out.status, 200) << out.body;
    const auto cid = upload();
    const auto made = mint(good_body(cid), "k");
    EXPECT_EQ(made.status, 202);
    const auto at = "/api/v1/operations/" + text(made, "id");
    const auto seen = get(at);
    EXPECT_EQ(text(seen, "state"), "ready");
    EXPECT_THAT(seen.body, HasSubstr(R"("reason":"engine.held")"));
    const auto items = json_of(get("/api/v1/holds")).at("items").as_array();
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0].at("kind").as_string(), "mint");
    EXPECT_EQ(items[0].at("reason").as_string(), "ill");
    EXPECT_EQ(post("/api/v1/holds", R"({"act":"release","kind":"mint","reason":"well"})").status,
              200);
    EXPECT_EQ(text(mint(good_body(cid), "k", {{"Prefer", "wait=30"}}), "state"), "completed");
    EXPECT_EQ(json_of(get("/api/v1/holds?history=true")).at("items").as_array().size(), 2U);
    EXPECT_EQ(
        json_of(get("/api/v1/operations?parent=" + text(made, "id"))).at("items").as_array().size(),
        0U);
    EXPECT_EQ(get("/api/v1/operations?parent=me").status, 400);
}

// proves: E6
TEST_F(operations_test, a_step_is_skipped_or_begun_again_and_the_class_changed) {
    const auto cid = upload();
    first = behaviour::park;
    const auto id = text(mint(good_body(cid), "a", {{"Prefer", "wait=30"}}), "id");
    const auto at = "/api/v1/operations/" + id;
    EXPECT_EQ(post(at + "/skip", R"({"reason":"x"})").status, 422) << "an output is required";
    EXPECT_EQ(post(at + "/skip", R"({"output":{},"reason":""})").status, 422);
    EXPECT_EQ(post(at + "/reopen", R"({"reason":"x"})").status, 422);
    EXPECT_EQ(type_of(post(at + "/reopen", R"({"step":"no such","reason":"x"})")),
              "/problems/operation.step_unknown");
    EXPECT_EQ(post(at + "/prioritise", R"({"priority":"soon","reason":"x"})").status, 422);
    auto out = post(at + "/prioritise", R"({"priority":"high","reason":"the boss asks"})");
    EXPECT_EQ(out.status, 202) << out.body;
    EXPECT_EQ(text(out, "priority"), "high");
    EXPECT_EQ(text(out, "state"), "parked");
    first = behaviour::finish;
    const auto step = text(get(at), "step");
    out = post("/api/v1/acts", R"({"act":"reopen","step":")" + step +
                                   R"(","filter":{"state":"parked"},"reason":"again",)" +
                                   R"("dry_run":false,"expect":1})");
    EXPECT_EQ(text(out, "done"), "1") << out.body;
    EXPECT_EQ(text(mint(good_body(cid), "a", {{"Prefer", "wait=30"}}), "state"), "completed");
    EXPECT_THAT(get(at + "/events").body, HasSubstr("operation.reopened"));
    EXPECT_EQ(type_of(post(at + "/prioritise", R"({"priority":"low","reason":"x"})")),
              "/problems/operation.ended");
}

// proves: E2, E6
TEST_F(operations_test, an_input_is_edited_while_nothing_must_be_undone) {
    EXPECT_EQ(post("/api/v1/holds", R"({"act":"hold","kind":"bench","reason":"x"})").status, 200);
    const auto submit = [&] {
        return post("/api/v1/operations/bench", R"({"note":"a slip"})",
                    {{"Content-Type", "application/json"}, {"Idempotency-Key", "b"}});
    };
    const auto at = "/api/v1/operations/" + text(submit(), "id");
    EXPECT_EQ(post(at + "/edit", R"({"reason":"x"})").status, 422) << "a patch is required";
    EXPECT_EQ(post(at + "/edit", R"({"patch":"x","reason":"x"})").status, 422);
    auto out = post(at + "/edit", R"({"patch":{"bogus":1},"reason":"x"})");
    EXPECT_EQ(type_of(out), "/problems/engine.bad_input") << out.body;
    EXPECT_THAT(out.body, HasSubstr("bogus"));
    out = post(at + "/edit", R"({"patch":{"note":"mended"},"reason":"a slip"})");
    EXPECT_EQ(out.status, 202) << out.body;
    // The client's own words find it, whatever became of them.
    EXPECT_EQ(text(submit(), "id"), text(out, "id"));
    EXPECT_THAT(get(at + "/events").body, HasSubstr("mended"));
    EXPECT_EQ(type_of(post(at + "/migrate", R"({"version":9,"reason":"x"})")),
              "/problems/engine.unknown_definition");
    out = post(at + "/migrate", R"({"reason":"x"})");
    EXPECT_EQ(type_of(out), "/problems/operation.not_migratable");
    EXPECT_EQ(out.status, 409);
    const auto cid = upload();
    first = behaviour::park;
    const auto mint_at =
        "/api/v1/operations/" + text(mint(good_body(cid), "a", {{"Prefer", "wait=30"}}), "id");
    out = post(mint_at + "/edit", R"({"patch":{},"reason":"x"})");
    EXPECT_EQ(type_of(out), "/problems/operation.not_editable") << "its first step has an undo";
    EXPECT_EQ(out.status, 409);
}

// proves: E6
TEST_F(operations_test, an_act_on_many_can_be_undone_for_a_while) {
    const auto cid = upload();
    first = behaviour::wait;
    const auto id = text(mint(good_body(cid), "a"), "id");
    const auto ask_all = [&](const std::string& more) {
        return post("/api/v1/acts", R"({"act":"pause","filter":{"kind":"mint"},"reason":"x",)"
                                    R"("dry_run":false,"expect":1,)" +
                                        more + "}");
    };
    for (const auto* wrong : {"0", "86401"}) {
        const auto out = ask_all(std::string{R"("undo_window_s":)"} + wrong);
        EXPECT_EQ(out.status, 422);
        EXPECT_THAT(out.body, HasSubstr("/undo_window_s"));
    }
    const auto out = ask_all(R"("undo_window_s":600)");
    EXPECT_EQ(out.status, 202);
    EXPECT_EQ(text(out, "kind") + text(out, "act"), "actpause");
    EXPECT_FALSE(text(out, "undo_until").empty());
    const auto act_at = "/api/v1/operations/" + text(out, "id");
    const auto over = [&](const std::string& which) {
        const auto until = deadline::after(loop.now(), std::chrono::seconds{10});
        return run(loop, engine.wait_end(*uuid::parse(which), until))->view;
    };
    EXPECT_EQ(over(id).progress, "PAUSED");
    EXPECT_EQ(post(act_at + "/cancel").status, 202);
    EXPECT_EQ(over(text(out, "id")).state, "rolled_back");
    EXPECT_EQ(text(get(act_at), "done"), "1");
    EXPECT_NE(text(get("/api/v1/operations/" + id), "progress"), "PAUSED");
}

TEST_F(operations_test, what_does_not_exist_is_404) {
    for (const auto* id : {"nonsense", "00000000-0000-7000-8000-000000000000"}) {
        const auto at = std::string{"/api/v1/operations/"} + id;
        EXPECT_EQ(get(at).status, 404);
        EXPECT_EQ(get(at + "/events").status, 404);
        EXPECT_EQ(type_of(post(at + "/cancel")), "/problems/operation.not_found");
    }
}

}  // namespace
}  // namespace thole::api
