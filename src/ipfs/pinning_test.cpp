#include "ipfs/pinning.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "io/system_loop.hpp"
#include "ipfs/client_testing.hpp"
#include "ipfs/codec/dag_builder.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/sqlite_pin_ledger.hpp"

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;
using testing::run;

// A provider that keeps names, with switchable failures. A remote one has one pin for all, as Kubo.
class fake_provider final : public archive {
  public:
    explicit fake_provider(std::string label, bool counts_owners = false)
        : label_{label}, counts_owners_{counts_owners} {}

    std::multimap<std::string, std::string> pins;  // CID -> owner
    int puts = 0;
    std::optional<fault> refuse;  // put and check
    bool lies = false;            // answers another CID
    bool keeps_before_it_fails = false;
    bool cannot_unpin = false;
    bool cannot_tell = false;  // status
    bool reads = false;        // loads what it is to keep
    std::string session;       // what a put leaves behind for the next one
    io::loop* slow = nullptr;  // put, status and unpin take a second of it

    name label() const noexcept override { return label_; }
    task<result<pin_receipt>> put(upload what, deadline) override {
        ++puts;
        co_await pass();
        if (reads) {
            const auto loaded = co_await what.source->load();
            if (!loaded) co_return std::unexpected(loaded.error());
        }
        if (!session.empty()) (void)co_await what.session->keep(session);
        if (refuse) {
            if (keeps_before_it_fails) pins.emplace(what.predicted.text(), what.owner);
            co_return std::unexpected(*refuse);
        }
        const auto kept = lies ? cid_of(as_bytes("something else")) : what.predicted;
        pins.emplace(kept.text(), what.owner);
        co_return pin_receipt{std::string{label_.view()}, kept.text(),
                              counts_owners_ ? what.owner : std::string{}};
    }
    task<result<pin_state>> status(cid id, deadline) override {
        if (cannot_tell) co_return fail(thole::codes::net_timeout);
        co_return pins.contains(id.text()) ? pin_state::pinned : pin_state::absent;
    }
    task<result<>> unpin(pin_receipt receipt, deadline) override {
        co_await pass();
        if (cannot_unpin) co_return fail(thole::codes::net_timeout);
        for (auto each = pins.begin(); each != pins.end();) {
            const bool match =
                each->first == receipt.cid && (receipt.id.empty() || each->second == receipt.id);
            each = match ? pins.erase(each) : std::next(each);
        }
        co_return result<>{};
    }
    task<result<>> check(deadline) override {
        if (refuse) co_return std::unexpected(*refuse);
        co_return result<>{};
    }
    task<result<>> release(std::string owner, deadline) override {
        if (cannot_unpin) co_return fail(thole::codes::net_timeout);
        std::erase_if(pins, [&](const auto& each) { return each.second == owner; });
        co_return result<>{};
    }

  private:
    task<> pass() {
        if (slow != nullptr) (void)co_await slow->sleep_until(slow->now() + 1s);
    }

    name label_;
    bool counts_owners_;
};

struct fixture {
    explicit fixture(std::uint64_t seed = 0) : loop{seed} {
        std::vector<endpoint_config> endpoints;
        std::uint16_t tier = 0;
        for (auto* each : {&first, &second, &third}) {
            endpoint_config config;
            config.name = each->label();
            config.url = "unused";
            config.tier = tier++;
            endpoints.push_back(config);
        }
        remotes.emplace(name{"ipfs"}, endpoint_set_settings{}, endpoints);
        configure(archive_use::copies);
    }
    void configure(archive_use use, std::vector<provider*> all = {}) {
        if (all.empty()) all = {&first, &second, &third};
        pins.emplace(local, ledger, *remotes, all, loop, 7, use);
    }
    result<> release(std::string owner, std::vector<pin_receipt> receipts = {}) {
        return run(loop, pins->release(std::move(owner), std::move(receipts), until));
    }
    std::size_t rows(std::string owner) {
        return run(loop, ledger.of_owner(std::move(owner)))->size();
    }
    upload hello(std::string owner = "op-1") {
        upload out{.predicted = cid_of(as_bytes("hello"))};
        out.source = std::make_shared<memory_source>("hello");
        out.owner = std::move(owner);
        return out;
    }
    replication replicate(std::uint32_t wanted, std::string owner = "op-1") {
        return run(loop, pins->replicate(hello(std::move(owner)), wanted, until));
    }

    io::virtual_loop loop;
    deadline until = deadline::after(loop.now(), 1h);
    fake_provider local{"store", true}, first{"first"}, second{"second"}, third{"third"};
    sqlite_pin_ledger ledger{":memory:", nullptr};
    std::optional<endpoint_set> remotes;
    std::optional<pinning> pins;
    const std::string id = cid_of(as_bytes("hello")).text();
};

// proves: I2
TEST(Pinning, TheArchiveFirstThenRemotesByTier) {
    fixture f;
    const auto kept = f.replicate(3);
    ASSERT_TRUE(kept.enough());
    EXPECT_EQ(kept.receipts[0].provider, "store");
    EXPECT_EQ(kept.receipts[1].provider, "first");
    EXPECT_EQ(kept.receipts[2].provider, "second");
    EXPECT_EQ(f.third.puts, 0);
    EXPECT_EQ(kept.calls.size(), 3U);
}

TEST(Pinning, AFailureLeadsToTheNextProvider) {
    fixture f;
    f.first.refuse = fault{thole::codes::net_connection_refused};
    const auto kept = f.replicate(2);
    ASSERT_TRUE(kept.enough());
    EXPECT_EQ(kept.receipts[1].provider, "second");
    EXPECT_EQ(kept.calls[1].fault, "net.connection_refused");
    f.second.refuse = f.third.refuse = fault{thole::codes::http_server_error};
    const auto short_of_one = f.replicate(2);
    EXPECT_FALSE(short_of_one.enough());
    EXPECT_EQ(short_of_one.receipts.size(), 1U);
    EXPECT_EQ(short_of_one.cause().code(), "http.server_error");
}

// proves: I1
TEST(Pinning, AnotherCidIsNotCountedAndItsCopyGoes) {
    fixture f;
    f.first.lies = true;
    const auto kept = f.replicate(2);
    ASSERT_TRUE(kept.enough());
    EXPECT_EQ(kept.receipts[1].provider, "second");
    EXPECT_EQ(kept.failed->code(), "ipfs.cid_mismatch");
    EXPECT_EQ(kept.failed->endpoint(), name{"first"});
    EXPECT_TRUE(f.first.pins.empty());
    // It counts against the provider.
    EXPECT_EQ(f.remotes->view(f.loop.now())[0].failures, 1U);
    EXPECT_EQ(f.rows("op-1"), 1U);  // of the second one
    // What cannot be given back is known to whoever undoes it later.
    f.first.cannot_unpin = true;
    ASSERT_TRUE(f.replicate(2).enough());
    EXPECT_EQ(f.first.pins.size(), 1U);
    f.first.cannot_unpin = false;
    ASSERT_TRUE(f.release("op-1"));
    EXPECT_TRUE(f.first.pins.empty());
    EXPECT_EQ(f.rows("op-1"), 0U);
}

// proves: I1
TEST(Pinning, WhatCouldNotBeGivenBackGoesWhenItsOwnerEndsWell) {
    fixture f;
    f.first.lies = f.first.cannot_unpin = true;
    ASSERT_TRUE(f.replicate(2).enough());
    ASSERT_EQ(f.first.pins.size(), 1U);
    const auto tidy = [&] { return run(f.loop, f.pins->release_strays("op-1", {f.id}, f.until)); };
    EXPECT_FALSE(tidy()) << "still not";
    EXPECT_EQ(f.rows("op-1"), 2U);
    f.first.cannot_unpin = false;
    ASSERT_TRUE(tidy());
    EXPECT_TRUE(f.first.pins.empty());
    EXPECT_EQ(f.second.pins.size(), 1U) << "what it needs stays";
    EXPECT_EQ(f.rows("op-1"), 1U);
    ASSERT_TRUE(tidy()) << "again is fine";
}

TEST(Pinning, AMissingAnswerIsLookedUpBeforeAnotherProviderIsUsed) {
    fixture f;
    f.first.refuse = fault{thole::codes::net_timeout}.with_effect(fault_effect::unknown);
    f.first.keeps_before_it_fails = true;
    const auto kept = f.replicate(2);
    ASSERT_TRUE(kept.enough());
    EXPECT_EQ(kept.receipts[1].provider, "first");
    EXPECT_EQ(f.second.puts, 0);
    f.first.pins.clear();
    f.first.keeps_before_it_fails = false;
    EXPECT_EQ(f.replicate(2).receipts.at(1).provider, "second");
}

TEST(Pinning, WithoutTheArchivesPinNothingIsUploadedElsewhere) {
    fixture f;
    f.local.refuse = fault{codes::disk_full};
    const auto kept = f.replicate(2);
    EXPECT_FALSE(kept.enough());
    EXPECT_EQ(kept.cause().code(), "ipfs.disk_full");
    EXPECT_EQ(f.first.puts, 0);
}

TEST(Pinning, ADeadlineAndAnOpenBreakerEndThePass) {
    fixture f;
    f.until = deadline{f.loop.now()};
    EXPECT_EQ(f.replicate(2).cause().code(), "policy.deadline");
    f.until = deadline::after(f.loop.now(), 1h);
    for (const auto* each : {"first", "second", "third"})
        f.remotes->drain(name{each}, f.loop.now());
    EXPECT_EQ(f.replicate(2).cause().kind(), fault_kind::rejected);
    EXPECT_TRUE(f.replicate(1).enough());  // the archive alone
}

// proves: I5
TEST(Pinning, ARemotePinGoesWithItsLastOwner) {
    for (const auto use : {archive_use::copies, archive_use::none}) {
        fixture f;
        f.configure(use);
        const auto wanted = f.pins->providers() - 2;
        ASSERT_TRUE(f.replicate(static_cast<std::uint32_t>(wanted), "op-1").enough());
        ASSERT_TRUE(f.replicate(static_cast<std::uint32_t>(wanted), "op-2").enough());
        ASSERT_TRUE(f.release("op-1"));
        EXPECT_TRUE(f.first.pins.contains(f.id));
        // Twice is as good as once.
        ASSERT_TRUE(f.release("op-1"));
        EXPECT_TRUE(f.first.pins.contains(f.id));
        f.first.cannot_unpin = true;
        EXPECT_FALSE(f.release("op-2"));
        f.first.cannot_unpin = false;
        ASSERT_TRUE(f.release("op-2"));
        EXPECT_TRUE(f.local.pins.empty());
        EXPECT_TRUE(f.first.pins.empty());
        EXPECT_EQ(f.rows("op-2"), 0U);
    }
}

// proves: I5, E3
TEST(Pinning, WhateverATryMayHaveLeftIsFoundAndGivenBack) {
    fixture f;
    // The first one keeps it and its answer is lost, also to the question; the second one refuses
    // for sure, the third one takes it.
    const auto lost = fault{thole::codes::net_timeout}.with_effect(fault_effect::unknown);
    f.first.refuse = lost;
    f.first.keeps_before_it_fails = true;
    f.first.cannot_tell = true;
    f.second.refuse = fault{thole::codes::net_connection_refused};
    ASSERT_TRUE(f.replicate(2).enough());
    EXPECT_TRUE(f.first.pins.contains(f.id));
    EXPECT_EQ(f.second.puts, 1);
    EXPECT_EQ(f.rows("op-1"), 2U);  // the second one surely has nothing
    // Another operation has it at the third one.
    f.first.refuse.reset();
    f.second.refuse.reset();
    ASSERT_TRUE(f.replicate(4, "op-2").enough());
    f.second.cannot_unpin = true;  // it must not be asked at all
    ASSERT_TRUE(f.release("op-1"));
    EXPECT_TRUE(f.first.pins.contains(f.id));
    f.second.cannot_unpin = false;
    ASSERT_TRUE(f.release("op-2"));
    for (const auto* each : {&f.local, &f.first, &f.second, &f.third}) {
        EXPECT_TRUE(each->pins.empty()) << each->label().view();
    }
}

TEST(Pinning, ATryWithoutAnAnswerOutlivesALaterSureFailure) {
    fixture f;
    f.first.refuse = fault{thole::codes::net_timeout}.with_effect(fault_effect::unknown);
    f.first.keeps_before_it_fails = true;
    f.first.cannot_tell = true;
    f.second.refuse = f.third.refuse = fault{thole::codes::net_connection_refused};
    EXPECT_FALSE(f.replicate(2).enough());
    f.first.refuse = fault{thole::codes::net_connection_refused};
    f.first.keeps_before_it_fails = false;
    EXPECT_FALSE(f.replicate(2).enough());
    ASSERT_TRUE(f.release("op-1"));
    EXPECT_TRUE(f.first.pins.empty());
}

// A ledger whose calls take a moment, so that those of several owners come in any order.
class slow_ledger final : public pin_ledger {
  public:
    slow_ledger(pin_ledger& inner, io::loop& time) : inner_{inner}, loop_{time} {}
    task<result<pin_try>> intend(pin_row row) override { return after(inner_.intend(row)); }
    task<result<>> keep_session(pin_row row, std::string session) override {
        return after(inner_.keep_session(row, session));
    }
    task<result<>> confirm(pin_row row) override { return after(inner_.confirm(row)); }
    task<result<>> forget(pin_row row) override { return after(inner_.forget(row)); }
    task<result<std::vector<std::string>>> owners(std::string from, int limit) override {
        return after(inner_.owners(from, limit));
    }
    task<result<std::vector<pin_row>>> of_owner(std::string owner) override {
        return after(inner_.of_owner(owner));
    }
    task<result<bool>> leave(pin_row row) override { return after(inner_.leave(row)); }

  private:
    template <class T>
    task<T> after(task<T> call) {
        (void)co_await loop_.sleep_until(loop_.now() + 1ms);
        auto answer = co_await std::move(call);
        (void)co_await loop_.sleep_until(loop_.now() + 1ms);
        co_return answer;
    }
    pin_ledger& inner_;
    io::loop& loop_;
};

// proves: I5
TEST(Pinning, OwnersThatGiveASharedPinBackAtOnceLeaveNothing) {
    for (const int owners : {2, 8}) {
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            fixture f{seed};
            slow_ledger slow{f.ledger, f.loop};
            pinning pins{f.local, slow, *f.remotes, {&f.first, &f.second, &f.third}, f.loop, 7};
            const auto owner = [](int i) { return "op-" + std::to_string(i); };
            for (int i = 0; i < owners; ++i) ASSERT_TRUE(f.replicate(2, owner(i)).enough());
            std::vector<std::optional<result<>>> gone(static_cast<std::size_t>(owners));
            io::scope all{f.loop};
            for (int i = 0; i < owners; ++i) {
                auto work = pins.release(owner(i), {}, f.until);
                all.spawn(testing::keep_result(std::move(work), gone[static_cast<std::size_t>(i)]));
            }
            f.loop.run_until_idle();
            for (int i = 0; i < owners; ++i) {
                EXPECT_TRUE(gone[static_cast<std::size_t>(i)].value());
                EXPECT_EQ(f.rows(owner(i)), 0U) << owner(i) << " of " << owners;
            }
            EXPECT_TRUE(f.first.pins.empty()) << owners << " owners, seed " << seed;
        }
    }
}

// The same where calls share a commit.
// proves: I5
TEST(Pinning, OwnersThatShareACommitLeaveNothing) {
    fixture f;
    io::system_loop loop;
    sql::blocking_pool pool{loop};
    sqlite_pin_ledger ledger{":memory:", &pool};
    pinning pins{f.local, ledger, *f.remotes, {&f.first, &f.second, &f.third}, loop, 7};
    const auto until = deadline::after(loop.now(), 1h);
    const auto release = [&](std::string owner) -> task<> {
        EXPECT_TRUE(co_await pins.release(std::move(owner), {}, until));
    };
    const auto all = [&]() -> task<> {
        for (const auto* owner : {"op-1", "op-2", "op-3"}) {
            EXPECT_TRUE((co_await pins.replicate(f.hello(owner), 2, until)).enough());
        }
        io::scope at_once{loop};
        for (const auto* owner : {"op-1", "op-2", "op-3"}) at_once.spawn(release(owner));
        co_await at_once.drained();
        EXPECT_TRUE((co_await ledger.owners("", 10))->empty());
    };
    loop.run_until(all());
    EXPECT_TRUE(f.first.pins.empty());
}

// proves: I5
TEST(Pinning, WhoOnlyTriesDoesNotInheritAPin) {
    fixture f;
    ASSERT_TRUE(f.replicate(2, "op-1").enough());
    f.first.slow = &f.loop;
    f.first.refuse = fault{thole::codes::net_connection_refused};
    std::optional<replication> tried;
    io::scope scope{f.loop};
    scope.spawn(testing::keep_result(f.pins->replicate(f.hello("op-2"), 2, f.until), tried));
    f.loop.advance(500ms);
    ASSERT_EQ(f.first.puts, 2);
    std::optional<result<>> released;
    scope.spawn(testing::keep_result(f.pins->release("op-1", {}, f.until), released));
    f.loop.advance(100ms);
    ASSERT_TRUE(released.has_value());
    EXPECT_TRUE(released->error().is(codes::busy)) << "it may become a pin of both";
    f.loop.run_until_idle();
    ASSERT_TRUE(tried->enough()) << "by the second one";
    ASSERT_TRUE(f.release("op-1"));
    EXPECT_TRUE(f.first.pins.empty());
    EXPECT_EQ(f.rows("op-1"), 0U);
    // Nor does one whose try was never answered, and is over.
    f.first.refuse.reset();
    ASSERT_TRUE(f.replicate(2, "op-1").enough());
    ASSERT_TRUE(run(f.loop, f.ledger.intend({"op-3", "first", f.id})));
    ASSERT_TRUE(f.release("op-1"));
    EXPECT_TRUE(f.first.pins.empty());
    EXPECT_EQ(f.rows("op-3"), 1U) << "its owner gives back what it may have left";
}

// proves: I5, E3
TEST(Pinning, WhatLeftASessionOrWasCancelledMayHaveLeftAPinToo) {
    for (const bool cancelled : {false, true}) {
        fixture f;
        if (!cancelled) f.first.session = "request-1";
        f.first.refuse = fault{cancelled ? thole::codes::policy_cancelled
                                         : thole::codes::net_connection_refused};
        f.first.keeps_before_it_fails = true;
        ASSERT_TRUE(f.replicate(2).enough());
        EXPECT_EQ(f.rows("op-1"), 2U);
        ASSERT_TRUE(f.release("op-1"));
        EXPECT_TRUE(f.first.pins.empty());
    }
}

class damaged_source final : public content_source {
  public:
    task<result<std::shared_ptr<const bytes>>> load() override { co_return fail(codes::corrupt); }
};

// proves: I2
TEST(Pinning, ADamagedContentHereBlamesNoProvider) {
    fixture f;
    f.first.reads = f.second.reads = f.third.reads = true;
    auto damaged = f.hello();
    damaged.source = std::make_shared<damaged_source>();
    for (int i = 0; i < 10; ++i) {
        const auto kept = run(f.loop, f.pins->replicate(damaged, 2, f.until));
        EXPECT_EQ(kept.cause().code(), codes::corrupt.text);
    }
    for (const auto& each : f.remotes->view(f.loop.now())) EXPECT_EQ(each.failures, 0U);
    EXPECT_EQ(f.second.puts, 0) << "the pass ends";
    EXPECT_EQ(f.rows("op-1"), 0U);
    EXPECT_TRUE(f.replicate(4, "op-2").enough());
}

TEST(Pinning, WhatTheArchiveKeptGoesBackWhenItIsNoLongerConfigured) {
    fixture f;
    ASSERT_TRUE(f.replicate(2).enough());
    f.configure(archive_use::none);
    EXPECT_EQ(f.pins->providers(), 3U);
    ASSERT_TRUE(f.release("op-1", {{"store", f.id, "op-1"}, {"first", f.id, ""}}));
    EXPECT_TRUE(f.local.pins.empty());
    EXPECT_TRUE(f.first.pins.empty());
}

TEST(Pinning, APinOfAForgottenProviderIsSaid) {
    fixture f;
    const auto gone = f.release("op-1", {{"gone", f.id, ""}});
    ASSERT_FALSE(gone);
    EXPECT_TRUE(gone.error().is(codes::unknown_provider));
    // Also when only the ledger knows of it; the others are given back all the same.
    ASSERT_TRUE(f.replicate(3).enough());
    f.configure(archive_use::copies, {&f.second, &f.third});
    EXPECT_TRUE(f.release("op-1").error().is(codes::unknown_provider));
    EXPECT_TRUE(f.second.pins.empty());
    EXPECT_EQ(f.rows("op-1"), 1U);
    f.configure(archive_use::copies);
    EXPECT_TRUE(f.release("op-1"));
    EXPECT_TRUE(f.first.pins.empty());
}

TEST(Pinning, ALedgerThatFailsEndsThePassAndBlamesNobody) {
    fixture f;
    sqlite_pin_ledger broken{"/nowhere/pins.sqlite", nullptr};
    pinning pins{f.local, broken, *f.remotes, {&f.first, &f.second, &f.third}, f.loop, 7};
    const auto kept = run(f.loop, pins.replicate(f.hello(), 2, f.until));
    EXPECT_FALSE(kept.enough());
    EXPECT_TRUE(kept.cause().code().starts_with("db."));
    EXPECT_EQ(f.first.puts + f.second.puts + f.third.puts, 0);
    EXPECT_EQ(f.remotes->view(f.loop.now())[0].failures, 0U);
}

TEST(Pinning, AsksEveryoneWhereAContentIs) {
    fixture f;
    ASSERT_TRUE(f.replicate(2).enough());
    const auto states = run(f.loop, f.pins->where(cid_of(as_bytes("hello")), f.until));
    ASSERT_EQ(states.size(), 4U);
    EXPECT_EQ(*states[0].state, pin_state::pinned);
    EXPECT_EQ(*states[1].state, pin_state::pinned);
    EXPECT_EQ(*states[2].state, pin_state::absent);
}

TEST(Pinning, IsUsableWhenTheArchiveAndOneRemoteAre) {
    fixture f;
    f.first.refuse = f.second.refuse = fault{thole::codes::net_timeout};
    EXPECT_TRUE(run(f.loop, f.pins->check(f.until)));
    f.third.refuse = fault{thole::codes::net_reset};
    EXPECT_FALSE(run(f.loop, f.pins->check(f.until)));
    f.third.refuse.reset();
    f.local.refuse = fault{codes::disk_full};
    EXPECT_TRUE(run(f.loop, f.pins->check(f.until)).error().is(codes::disk_full));
}

// Whatever the remotes do: enough() means that many of them really hold the predicted content, and
// none holds anything else.
RC_GTEST_PROP(PinningProperty, AReceiptIsAlwaysTrue, ()) {
    fixture f;
    for (int round = 0; round < 5; ++round) {
        for (auto* each : {&f.first, &f.second, &f.third}) {
            each->lies = *rc::gen::weightedElement<bool>({{3, false}, {1, true}});
            each->refuse.reset();
            each->cannot_tell = *rc::gen::arbitrary<bool>();
            if (*rc::gen::weightedElement<bool>({{2, false}, {1, true}})) {
                const auto effect = *rc::gen::element(fault_effect::none, fault_effect::unknown);
                each->refuse = fault{thole::codes::net_timeout}.with_effect(effect);
                // What surely had no effect has kept nothing.
                each->keeps_before_it_fails =
                    effect == fault_effect::unknown && *rc::gen::arbitrary<bool>();
            }
        }
        const auto wanted = *rc::gen::inRange<std::uint32_t>(0, 6);
        const auto kept = f.replicate(wanted);
        RC_ASSERT(kept.enough() || kept.failed.has_value());
        for (const auto& receipt : kept.receipts) {
            RC_ASSERT(receipt.cid == f.id);
            for (const auto* each : {&f.local, &f.first, &f.second, &f.third}) {
                if (each->label().view() == receipt.provider) RC_ASSERT(each->pins.contains(f.id));
            }
        }
        for (const auto* each : {&f.first, &f.second, &f.third}) {
            for (const auto& [kept_id, owner] : each->pins) RC_ASSERT(kept_id == f.id);
        }
        f.loop.advance(1h);
        f.until = deadline::after(f.loop.now(), 1h);
    }
    RC_ASSERT(f.release("op-1").has_value());
    for (const auto* each : {&f.local, &f.first, &f.second, &f.third}) {
        RC_ASSERT(each->pins.empty());
    }
}

// The same three providers, each with so many bytes; 0: as many as it likes.
struct fixture_with_quotas : fixture {
    fixture_with_quotas(std::uint64_t of_first, std::uint64_t of_second, std::uint64_t of_third) {
        std::vector<content_quotas::quota> limits{
            {"first", of_first}, {"second", of_second}, {"third", of_third}};
        std::erase_if(limits, [](const auto& each) { return each.bytes == 0; });
        quotas.emplace(
            std::move(limits), [this] { return ledger.totals(); },
            [this](std::string cid) { return ledger.providers_of(std::move(cid)); }, loop);
        pins.emplace(local, ledger, *remotes, std::vector<provider*>{&first, &second, &third}, loop,
                     7, archive_use::copies, &*quotas);
    }
    upload of(const std::string& text, std::string owner = "op-1") {
        upload what{.predicted = cid_of(as_bytes(text))};
        what.source = std::make_shared<memory_source>(text);
        what.owner = std::move(owner);
        what.size = text.size();
        return what;
    }
    replication keep(const std::string& text, std::uint32_t copies = 2,
                     std::string owner = "op-1") {
        return run(loop, pins->replicate(of(text, std::move(owner)), copies, until));
    }
    void pass_a_minute() {
        loop.advance(content_quotas::fresh_enough);
        until = deadline::after(loop.now(), 1h);
    }

    std::optional<content_quotas> quotas;
};

// proves: M1
TEST(Pinning, WhoHasNoRoomIsPassedBy) {
    fixture_with_quotas f{5, 9, 0};
    EXPECT_EQ(f.keep("hello").receipts.at(1).provider, "first");
    EXPECT_EQ(f.keep("world").receipts.at(1).provider, "second") << "by what was promised";
    f.pass_a_minute();
    EXPECT_EQ(f.keep("tide").receipts.at(1).provider, "second") << "by what the ledger says";
    EXPECT_EQ(f.keep("wind").receipts.at(1).provider, "third") << "which has no quota";
    const auto everywhere = f.keep("four", 4);
    ASSERT_FALSE(everywhere.enough());
    EXPECT_TRUE(everywhere.cause().is(codes::quota_exhausted)) << "with room, all would do";
}

// proves: M1
TEST(Pinning, OneContentOfManyTakesItsRoomOnce) {
    fixture_with_quotas f{9, 1, 1};
    for (const auto* owner : {"op-1", "op-2", "op-3"}) {
        EXPECT_EQ(f.keep("hello", 2, owner).receipts.at(1).provider, "first") << owner;
    }
    EXPECT_EQ(f.keep("tide").receipts.at(1).provider, "first");
    EXPECT_EQ(f.keep("hello", 2, "op-4").receipts.at(1).provider, "first") << "full, but there";
    EXPECT_TRUE(f.keep("wind").cause().is(codes::quota_exhausted));
}

// proves: M1
TEST(Pinning, TriesThatSurelyFailedTakeNoRoom) {
    fixture_with_quotas f{5, 1, 1};
    f.first.refuse = fault{thole::codes::net_connection_refused};
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(f.keep("hello").enough());
    f.first.refuse.reset();
    EXPECT_TRUE(f.keep("hello").enough());
}

// proves: M1
TEST(Pinning, WantOfRoomIsKnownBeforeAnythingIsUploaded) {
    fixture_with_quotas f{5, 4, 4};
    const auto room = [&](const char* text, std::uint32_t copies) {
        return run(f.loop, f.pins->check_room(f.of(text), copies));
    };
    EXPECT_TRUE(room("hello", 2));
    EXPECT_TRUE(room("tide", 4));
    EXPECT_TRUE(room("longer than any", 1)) << "the archive is copy enough";
    const auto refused = room("hello", 3);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::quota_exhausted));
    EXPECT_EQ(refused.error().kind(), fault_kind::rate_limited);
    EXPECT_EQ(refused.error().retry_after(), content_quotas::fresh_enough);
    EXPECT_EQ(f.first.puts + f.second.puts + f.third.puts + f.local.puts, 0);
}

TEST(Pinning, OneRemoteIsCheckedForAMonitor) {
    fixture f;
    const auto check = [&](const char* label) {
        return run(f.loop, f.pins->check_remote(name{label}, f.until));
    };
    f.first.refuse = fault{thole::codes::net_connection_refused};
    EXPECT_EQ(check("first").error().code(), thole::codes::net_connection_refused.text);
    EXPECT_TRUE(check("second"));
    EXPECT_EQ(check("nobody").error().code(), codes::unknown_provider.text);
}

}  // namespace
}  // namespace thole::ipfs
