// An operation whose payload does not open: its key is gone, or it was damaged. It is seen,
// explained and ended by a person all the same, and harms no other.

#include "engine/archive_text.hpp"
#include "engine/journal_worlds_test.hpp"
#include "engine/order_saga_test.hpp"
#include "engine/retention.hpp"

namespace thole::saga {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;

payload_cipher::ptr cipher(std::string id, std::uint8_t with) {
    static seeded_entropy random{9};
    std::vector<payload_key> keys;
    keys.push_back({std::move(id), secret{bytes(payload_key_bytes, with)}});
    return *payload_cipher::make(std::move(keys), random);
}

// Keeps what it is given.
class sheet final : public archive {
  public:
    task<result<std::int64_t>> size(std::string) override { co_return std::ssize(text); }
    task<result<std::int64_t>> append(std::string, std::int64_t from, std::string lines) override {
        text.resize(static_cast<std::size_t>(from));
        text += lines;
        co_return std::ssize(text);
    }
    std::string text;
};

// reserve (undoable, under a lock) → pay (pivot) → ship, in a file under the key "a".
class sealed_operation : public ::testing::Test {
  protected:
    sealed_operation() {
        b.define(define<order>("order", 1)
                     .step(steps.reserve)
                     .lock([](const order& o) { return o.account; })
                     .step(steps.pay)
                     .pivot()
                     .step(steps.ship)
                     .editable([](const order&, const order&) -> std::optional<std::string> {
                         return std::nullopt;
                     })
                     .build());
        start();
    }
    ~sealed_operation() override { stop(); }
    void start() {
        auto opened = sqlite_store::open(path, sql::access::read_write, {}, cipher("a", 1));
        ASSERT_TRUE(opened) << opened.error().describe();
        store = std::move(*opened);
        b.keep_in(*store);
        b.start();
    }
    void stop() {
        b.stop();
        store.reset();
    }
    static std::string hex(bytes_view raw) { return "x'" + to_hex(raw) + "'"; }
    // Everything that it carries, from now on: sealed under another key, or no sealed value at all.
    void spoil(uuid id, bool foreign) {
        const auto row = (*store->load(id))->op.who.row;
        stop();
        const payload_label label{id, payload_place::event_payload, 1};
        const auto junk = foreign ? cipher("gone", 7)->seal("{}", label) : bytes(60, 0);
        auto db = sql::database::open(path, sql::access::read_write);
        const auto between = " between " + std::to_string(row << 20) + " and " +
                             std::to_string(row << 20 | most_events);
        EXPECT_TRUE(db->execute(("update event set payload = " + hex(junk) +
                                 " where payload is not null and id" + between)
                                    .c_str()));
        EXPECT_TRUE(db->execute(
            ("update prepared set bytes = " + hex(junk) + " where id" + between).c_str()));
        start();
    }
    // Waits in its first step for an hour.
    uuid waiting_order(const std::string& key) {
        steps.reserve->act = [](step_context&) {
            return with<outcome<text>>(saga::wait{1h, "stock"});
        };
        const auto id = b.accept(b.an_order(key));
        b.loop.advance(1s);
        EXPECT_EQ(b.now(id).view.state, "ready");
        return id;
    }
    result<operation_view> act(uuid id, bulk_act what) {
        const act_details more{.output = R"({"value":"x"})", .patch = R"({"amount":7})"};
        return b.wait(b->act(id, what, "me", "because", more));
    }
    std::string state(uuid id) { return b.now(id).view.state; }
    void expect_parked_unreadable(uuid id, const fault_code& why) {
        b.loop.advance(2h);
        const auto now = b.now(id);
        EXPECT_EQ(now.view.state, "parked");
        ASSERT_TRUE(now.view.waiting && now.view.fault && now.sealed);
        EXPECT_EQ(now.view.waiting->reason, why.text);
        EXPECT_EQ(now.view.fault->code, why.text);
        EXPECT_THAT(now.view.fault->detail, HasSubstr(id.text()));
        EXPECT_EQ(now.input, "");
    }
    // The lock is free, and others are as if nothing had been.
    void expect_others_well() {
        steps.reserve->act = {};
        steps.pay->look = {};
        const auto next = b.accept(b.an_order("next " + std::to_string(++others)));
        EXPECT_EQ(b.end_of(next).view.state, "completed");
        EXPECT_TRUE(store->locks()->empty());
    }

    temporary_folder folder{in_memory_folder()};
    std::string path = folder.file("j.db");
    order_saga steps;
    std::unique_ptr<sqlite_store> store;
    bench b;
    int others = 0;
};

// proves: E6, E8
TEST_F(sealed_operation, is_parked_explained_and_ended_by_a_person) {
    for (const bool foreign : {true, false}) {
        const auto& why =
            foreign ? codes::engine_payload_key_missing : codes::engine_payload_unreadable;
        for (const auto last : {bulk_act::close, bulk_act::fail}) {
            const auto id = waiting_order("k" + std::to_string(others));
            spoil(id, foreign);
            EXPECT_EQ(b.now(id).view.fault->code, why.text) << "before anybody has tried it";
            expect_parked_unreadable(id, why);
            // What only goes on parks again; what would read it is refused by the same name.
            ASSERT_TRUE(act(id, bulk_act::retry));
            expect_parked_unreadable(id, why);
            EXPECT_TRUE(act(id, bulk_act::edit).error().is(why));
            EXPECT_THAT(b.story(id), Contains("operation.retried reserve"));
            ASSERT_TRUE(act(id, last));
            EXPECT_EQ(state(id), last == bulk_act::close ? "closed" : "failed");
            expect_others_well();
        }
    }
}

// proves: E3, E6, E8
TEST_F(sealed_operation, is_cancelled_as_far_as_nothing_must_be_undone_and_ended_then) {
    const auto id = waiting_order("begun");
    spoil(id, true);
    ASSERT_TRUE(act(id, bulk_act::cancel)) << "while it waits";
    expect_parked_unreadable(id, codes::engine_payload_key_missing);
    EXPECT_THAT(b.story(id), Contains("compensation.started reserve"));
    ASSERT_TRUE(act(id, bulk_act::close));
    EXPECT_EQ(state(id), "closed");

    auto later = b.an_order("not begun");
    later.not_before = store_time{b.loop.wall_now().time_since_epoch()} + 24h;
    const auto next = b.accept(std::move(later));
    spoil(next, false);
    ASSERT_TRUE(act(next, bulk_act::cancel));
    EXPECT_EQ(state(next), "rolled_back");
    expect_others_well();
}

// proves: E6, E8
TEST_F(sealed_operation, is_paused_and_ended_wherever_it_waits) {
    const auto holder = waiting_order("holder");
    const auto blocked = b.accept(b.an_order("blocked"));
    b.loop.advance(1s);
    ASSERT_EQ(state(blocked), "blocked");
    spoil(blocked, true);
    EXPECT_EQ(b.now(blocked).view.waiting->holder, holder) << "what it waits for is known";
    ASSERT_TRUE(act(blocked, bulk_act::pause));
    ASSERT_TRUE(act(blocked, bulk_act::close));
    EXPECT_EQ(state(blocked), "closed");
    spoil(holder, false);
    ASSERT_TRUE(act(holder, bulk_act::prioritise));
    ASSERT_TRUE(act(holder, bulk_act::pause));
    ASSERT_TRUE(act(holder, bulk_act::resume));
    expect_parked_unreadable(holder, codes::engine_payload_unreadable);
    ASSERT_TRUE(act(holder, bulk_act::fail));
    expect_others_well();
}

// proves: E6, E8
TEST_F(sealed_operation, is_resolved_before_it_is_ended_where_bytes_are_on_their_way) {
    steps.pay->look = [](step_context&, const journaled<text>&) { return settled(pending{1min}); };
    const auto id = b.accept(b.an_order("k"));
    b.loop.advance(10s);
    ASSERT_TRUE(act(id, bulk_act::pause));
    spoil(id, true);
    ASSERT_TRUE(act(id, bulk_act::resume));
    expect_parked_unreadable(id, codes::engine_payload_key_missing);
    EXPECT_TRUE(act(id, bulk_act::close).error().is(codes::operation_undecided));
    const auto resolve = [&](resolution what) {
        return b.wait(b->resolve(id, "me", "seen", std::move(what)));
    };
    EXPECT_TRUE(
        resolve({.landed = true, .reference = "sig"}).error().is(codes::engine_payload_key_missing))
        << "its output would be made of what cannot be read";
    ASSERT_TRUE(resolve({.landed = true, .reference = "sig", .output = R"({"value":"x"})"}));
    expect_parked_unreadable(id, codes::engine_payload_key_missing);
    ASSERT_TRUE(act(id, bulk_act::close));
    EXPECT_EQ(state(id), "closed");
    expect_others_well();
}

// proves: E6, E7, E8
TEST_F(sealed_operation, hides_no_other_in_lists_bulk_acts_and_archives) {
    const auto id = waiting_order("spoilt");
    spoil(id, true);
    expect_parked_unreadable(id, codes::engine_payload_key_missing);
    auto other = b.an_order("other", "bob");
    steps.reserve->act = {};
    ASSERT_EQ(b.end_of(b.accept(std::move(other))).view.state, "completed");
    list_filter all;
    all.with_outputs = true;
    const auto page = b.wait(b->list(all));
    ASSERT_TRUE(page);
    ASSERT_EQ(page->items.size(), 2U);
    EXPECT_FALSE(page->items[0].sealed);
    EXPECT_TRUE(page->items[1].sealed);

    bulk_request close_all;
    close_all.act = bulk_act::close;
    close_all.which.text = "engine.payload_key_missing";
    close_all.actor = "me";
    close_all.reason = "their key is lost";
    close_all.dry_run = false;
    close_all.expect = 1;
    const auto done = b.wait(b->act_on_all(close_all));
    ASSERT_TRUE(done);
    EXPECT_EQ(done->done, 1);

    expect_others_well();  // the last row stays, so that no number is given twice
    b.loop.advance(48h);
    inline_journal log{b.loop, *store};
    sheet paper;
    retention keeper{log, paper, {{"order", {.keep_for = 24h, .keep_rows = true}}}, cipher("a", 1)};
    const auto swept = b.wait(keeper.sweep());
    ASSERT_TRUE(swept) << swept.error().describe();
    EXPECT_EQ(swept->removed, 2);
    EXPECT_EQ(state(id), "closed");
    // It is there as it was, for whoever finds the key.
    int opened = 0;
    for (std::size_t at = 0; at < paper.text.size();) {
        const auto end = paper.text.find('\n', at) + 1;
        const auto line = paper.text.substr(at, end - at);
        at = end;
        if (line.find("operation.submitted") == std::string::npos) continue;
        const bool spoilt = line.find(id.text()) != std::string::npos;
        EXPECT_TRUE(opened_line(line, (spoilt ? cipher("gone", 7) : cipher("a", 1)).get())) << line;
        ++opened;
    }
    EXPECT_EQ(opened, 2);
}

}  // namespace
}  // namespace thole::saga
