// Mints on a real runtime (LiteSVM behind fronts that can fail), through the real HTTP client.

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "io/curl_transport.hpp"
#include "io/system_resolver.hpp"
#include "solana/codec/address.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codes.hpp"
#include "solana/localnet_process.hpp"
#include "solana/submission.hpp"
#include "solana/wallet.hpp"
#include "solana/witness.hpp"

namespace thole::solana {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr std::uint64_t sol = 1'000'000'000;

class Localnet : public ::testing::Test {
  protected:
    static std::vector<std::string> options() {
        return {"--slot-ms", "20", "--blockhash-age", "3000"};
    }

    void start(std::vector<std::string> how = options()) {
        if (!std::filesystem::exists(THOLE_SOURCE_DIR "/localnet/node_modules")) {
            GTEST_SKIP() << "localnet is not installed: npm ci in localnet/";
        }
        net.emplace(std::move(how));
        ASSERT_TRUE(net->is_up());
        std::vector<endpoint_config> all;
        for (std::size_t i = 0; i < net->rpc.size(); ++i) {
            endpoint_config e;
            e.name = name{"front-" + std::to_string(i)};
            e.url = net->rpc[i];
            e.provider = name{"provider-" + std::to_string(i)};
            e.tier = static_cast<std::uint16_t>(i);
            all.push_back(std::move(e));
        }
        set.emplace(name{"solana"}, endpoint_set_settings{}, all);
        client.emplace(http, loop, *set, chance);
        hashes.emplace(*client);
        watcher.emplace(*client);
        submit.emplace(*client, *hashes, *watcher);
        watch.emplace(*client, wallet.address(), sol);
        control("/airdrop", {{"to", wallet.address().text()}, {"lamports", 10 * sol}});
        terms.wallet = wallet.address();
        terms.owner = owner.address();
        terms.seed = "0123456789abcdef0123456789abcdef";
        terms.fields = {"Thole #1",
                        "THOLE",
                        "ipfs://bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
                        {{"Level", "3"}}};
        terms.rent = run(watch->rent_of(rent_space(standard, terms), in(10s))).value();
    }

    template <class T>
    T run(task<T> job) {
        std::optional<T> out;
        loop.run_until(keep(std::move(job), out));
        return std::move(out.value());
    }
    template <class T>
    static task<> keep(task<T> job, std::optional<T>& out) {
        out = co_await std::move(job);
    }
    [[nodiscard]] deadline in(duration d) { return deadline::after(loop.now(), d); }
    void sleep(duration d) { static_cast<void>(run(loop.sleep_for(d))); }

    void control(const std::string& path, const json::object& body) {
        io::http_request request;
        request.method = "POST";
        request.url = net->control + path;
        request.body = json::serialize(body);
        request.until = in(10s);
        const auto answer = run(http.send(std::move(request)));
        ASSERT_TRUE(answer) << answer.error().describe();
        ASSERT_EQ(answer->status, 200) << answer->body;
    }
    void faults(int front, const json::object& what) {
        control("/fronts/" + std::to_string(front) + "/faults", what);
    }
    void all_faults(const json::object& what) {
        for (int i = 0; i < 3; ++i) faults(i, what);
    }
    void clear() { control("/clear", {}); }

    transaction_plan plan() {
        return [this](compute_budget b) -> result<std::vector<instruction>> {
            auto mine = terms;
            mine.compute_limit = b.limit;
            mine.compute_price = b.price;
            auto made = plan_mint(standard, mine);
            if (!made) return std::unexpected{made.error()};
            return made->instructions;
        };
    }
    result<prepared_transaction> prepare(int generation = 1) {
        return run(submit->prepare(plan(), wallet, generation, in(20s)));
    }
    [[nodiscard]] public_key mint() const { return plan_mint(standard, terms).value().mint; }

    // What a saga does with a prepared step: send and ask, until it is decided.
    settled carry(const prepared_transaction& p, duration limit = 60s) {
        const auto started = loop.now();
        for (;;) {
            const auto since = loop.now() - started;
            static_cast<void>(run(submit->fan_out(p, since, in(10s))));
            auto s = run(submit->settle(p, mint(), in(10s)));
            const bool open = s.state == submission_state::pending ||
                              s.state == submission_state::confirmed ||
                              s.state == submission_state::uncertain;
            landed_slot = s.slot;
            if (!open || since > limit) return s;
            sleep(100ms);
        }
    }

    // A front that lags must not deny what another one has told already.
    rpc::options finalized_since_landing() {
        rpc::options how{.until = in(10s), .level = commitment::finalized};
        how.min_context_slot = landed_slot;
        return how;
    }
    std::optional<account_info> account(const public_key& key) {
        auto got = run(client->get_account(key, finalized_since_landing()));
        EXPECT_TRUE(got) << (got ? "" : got.error().describe());
        return got ? got->value : std::nullopt;
    }
    void expect_minted() {
        const auto made = plan_mint(standard, terms).value();
        const auto held = account(made.mint);
        ASSERT_TRUE(held);
        const auto m = decode_mint(held->data);
        ASSERT_TRUE(m) << m.error().describe();
        EXPECT_EQ(m->supply, 1U);
        EXPECT_EQ(m->decimals, 0);
        EXPECT_FALSE(m->mint_authority);
        EXPECT_FALSE(m->freeze_authority);
        ASSERT_TRUE(m->metadata);
        EXPECT_EQ(m->metadata->fields.name, "Thole #1");
        EXPECT_EQ(m->metadata->find("Level"), "3");
        EXPECT_EQ(m->metadata->update_authority, wallet.address());
        EXPECT_TRUE(issuer_verified(made.mint, *m, wallet.address()));
        EXPECT_EQ(held->data.size(), rent_space(standard, terms));
        const auto holding = account(made.holding);
        ASSERT_TRUE(holding);
        const auto a = decode_token_account(holding->data);
        ASSERT_TRUE(a);
        EXPECT_EQ(a->amount, 1U);
        EXPECT_EQ(a->owner, owner.address());
        EXPECT_EQ(a->mint, made.mint);
        const auto all = run(client->get_token_accounts_by_owner(
            owner.address(), token_2022_program, finalized_since_landing()));
        ASSERT_TRUE(all);
        EXPECT_EQ(all->value.size(), 1U);
    }

    io::system_loop loop;
    io::system_resolver names{loop};
    io::curl_transport http{loop, names};
    rng chance{1};
    keypair wallet = keypair::from_seed({1, 2, 3});
    keypair owner = keypair::from_seed({4, 5, 6});
    mint_standard standard = mint_standard::token_2022;
    mint_terms terms;
    std::uint64_t landed_slot = 0;
    std::optional<testing::localnet_process> net;
    std::optional<endpoint_set> set;
    std::optional<rpc::client> client;
    std::optional<blockhash_cache> hashes;
    std::optional<signature_watcher> watcher;
    std::optional<submitter> submit;
    std::optional<wallet_watch> watch;
};

// proves: S2, S4, S9
TEST_F(Localnet, MintsAToken2022Nft) {
    start();
    if (IsSkipped()) return;
    terms.compute_price = fee_policy{}.floor;
    const auto before = run(watch->check(0, in(10s)))->lamports;
    const auto cost = run(watch->cost_of(standard, terms, in(10s))).value();
    const auto p = prepare();
    ASSERT_TRUE(p) << p.error().describe();
    EXPECT_GT(p->compute_limit, 10'000U);
    const auto s = carry(*p);
    EXPECT_EQ(s.state, submission_state::landed) << s.evidence;
    EXPECT_GT(s.slot, 0U);
    expect_minted();
    const auto after = run(watch->check(0, in(10s)))->lamports;
    EXPECT_LE(before - after, cost.total());
    EXPECT_GE(before - after, cost.rent);
}

// proves: S4
TEST_F(Localnet, TakesOverAnAddressThatAStrangerFunded) {
    start();
    if (IsSkipped()) return;
    control("/airdrop", {{"to", mint().text()}, {"lamports", 1'000'000}});
    const auto plain = prepare();
    ASSERT_FALSE(plain);
    EXPECT_TRUE(plain.error().is(codes::account_in_use)) << plain.error().describe();
    // What the simulation met at the tip is confirmed a slot later.
    std::optional<account_info> held;
    for (int tries = 0; !held && tries < 100; ++tries, sleep(50ms)) {
        const rpc::options how{.until = in(10s)};
        held = run(client->get_account(mint(), how)).value().value;
    }
    ASSERT_TRUE(held);
    EXPECT_TRUE(is_uncreated(held));
    terms.already_held = held->lamports;
    const auto p = prepare();
    ASSERT_TRUE(p) << p.error().describe();
    EXPECT_EQ(carry(*p).state, submission_state::landed);
    expect_minted();
}

// proves: S2, S6
TEST_F(Localnet, LostAnswersNeitherLoseNorDoubleTheMint) {
    start();
    if (IsSkipped()) return;
    const auto p = prepare().value();
    all_faults({{"lose_answers", 2}});
    const auto first = run(submit->fan_out(p, 0s, in(10s)));
    // One leg may already say "already processed", which is a hint and no answer either.
    EXPECT_TRUE(first.refusal());
    for (const auto& leg : first.legs) {
        ASSERT_TRUE(leg.refusal);
        EXPECT_EQ(leg.refusal->effect(), fault_effect::unknown) << leg.refusal->describe();
    }
    EXPECT_EQ(carry(p).state, submission_state::landed);
    expect_minted();
}

// proves: S2
TEST_F(Localnet, TheSameBytesLandOnceTheNetworkTakesThem) {
    start();
    if (IsSkipped()) return;
    const auto p = prepare().value();
    all_faults({{"drop_sends", 1'000}});
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(run(submit->fan_out(p, i * 1s, in(10s))).is_out());
        EXPECT_EQ(run(submit->settle(p, mint(), in(10s))).state, submission_state::pending);
    }
    clear();
    EXPECT_EQ(carry(p).state, submission_state::landed);
    expect_minted();
}

// proves: S3
TEST_F(Localnet, ASecondGenerationFollowsProofOfDeathOnly) {
    start({"--slot-ms", "20", "--blockhash-age", "30"});
    if (IsSkipped()) return;
    const auto lost = prepare().value();
    all_faults({{"drop_sends", 100'000}});
    faults(2, {{"lose_history", true}});
    EXPECT_TRUE(run(submit->fan_out(lost, 0s, in(10s))).is_out());
    const auto dead = carry(lost);
    ASSERT_EQ(dead.state, submission_state::dead) << dead.evidence;
    clear();
    hashes->invalidate();
    const auto next = prepare(2).value();
    EXPECT_NE(next.signature, lost.signature);
    EXPECT_GT(next.compute_price, lost.compute_price);
    EXPECT_EQ(carry(next).state, submission_state::landed);
    expect_minted();
}

// proves: S3
TEST_F(Localnet, WithoutHistoryItStaysUncertain) {
    start({"--slot-ms", "20", "--blockhash-age", "30"});
    if (IsSkipped()) return;
    const auto lost = prepare().value();
    all_faults({{"drop_sends", 100'000}});
    sleep(300ms);
    for (const int front : {1, 2}) faults(front, {{"lose_history", true}});
    const auto s = carry(lost, 6s);
    EXPECT_EQ(s.state, submission_state::uncertain) << s.evidence;
}

// proves: S4
TEST_F(Localnet, TwoSignedGenerationsCannotMintTwice) {
    start();
    if (IsSkipped()) return;
    const auto first = prepare(1).value();
    hashes->invalidate();
    sleep(50ms);
    const auto second = prepare(2).value();
    ASSERT_NE(first.signature, second.signature);
    EXPECT_EQ(carry(first).state, submission_state::landed);
    const auto loser = carry(second);
    EXPECT_EQ(loser.state, submission_state::failed) << loser.evidence;
    EXPECT_TRUE(loser.error->is(codes::account_in_use));
    expect_minted();
}

// proves: S1
TEST_F(Localnet, MintsThroughALimitedALaggingAndADeadFront) {
    start();
    if (IsSkipped()) return;
    faults(0, {{"refuse", true}});
    faults(1, {{"http_429", {{"count", 3}, {"retry_after", 0}}}, {"lag", 5}});
    const auto p = prepare();
    ASSERT_TRUE(p) << p.error().describe();
    EXPECT_EQ(carry(*p).state, submission_state::landed);
    expect_minted();
}

TEST_F(Localnet, AWalletWithoutLamportsSignsNothing) {
    start();
    if (IsSkipped()) return;
    wallet = keypair::from_seed({9, 9, 9});
    terms.wallet = wallet.address();
    const auto p = prepare();
    ASSERT_FALSE(p);
    EXPECT_TRUE(p.error().is(codes::insufficient_funds)) << p.error().describe();
}

}  // namespace
}  // namespace thole::solana
