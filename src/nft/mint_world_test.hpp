#pragma once

// Everything a mint meets, in one virtual world: three RPC nodes of three providers onto one model
// ledger, a model content node with its gateway, an archive in memory, records in a SQLite file,
// and the production saga on the production engine.

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <set>

#include "engine/bench_saga_test.hpp"
#include "ipfs/codec/dag_builder.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/kubo_provider.hpp"
#include "ipfs/sqlite_pin_ledger.hpp"
#include "model/content/content_node.hpp"
#include "model/solana/rpc_node.hpp"
#include "nft/codes.hpp"
#include "nft/mint_saga.hpp"
#include "nft/recheck.hpp"
#include "nft/sqlite_records.hpp"
#include "sim/network.hpp"
#include "solana/codec/address.hpp"
#include "thole/presets.hpp"

namespace thole::nft::testing {

using namespace std::chrono_literals;

// The content store of a daemon, without a disk: archive and images in one.
class memory_store final : public ipfs::archive, public images {
  public:
    std::map<ipfs::cid, bytes> contents;
    std::map<ipfs::cid, std::set<std::string, std::less<>>> owners;

    ipfs::cid keep(std::string_view text) {
        const auto id = ipfs::cid_of(as_bytes(text));
        contents[id] = bytes{as_bytes(text).begin(), as_bytes(text).end()};
        return id;
    }
    [[nodiscard]] std::size_t pins() const {
        std::size_t count = 0;
        for (const auto& [id, names] : owners) count += names.size();
        return count;
    }

    name label() const noexcept override { return label_; }
    task<result<ipfs::pin_receipt>> put(ipfs::upload what, deadline) override {
        if (!contents.contains(what.predicted)) {
            const auto loaded = co_await what.source->load();
            if (!loaded) co_return fail(loaded.error());
            keep(as_text(**loaded));
        }
        owners[what.predicted].insert(what.owner);
        co_return ipfs::pin_receipt{std::string{label_.view()}, what.predicted.text(), what.owner};
    }
    task<result<ipfs::pin_state>> status(ipfs::cid id, deadline) override {
        co_return owners[id].empty() ? ipfs::pin_state::absent : ipfs::pin_state::pinned;
    }
    task<result<>> unpin(ipfs::pin_receipt receipt, deadline) override {
        owners[*ipfs::cid::parse(receipt.cid)].erase(receipt.id);
        co_return result<>{};
    }
    task<result<>> check(deadline) override { co_return result<>{}; }
    task<result<>> release(std::string owner, deadline) override {
        for (auto& [id, names] : owners) names.erase(owner);
        co_return result<>{};
    }

    task<result<held_image>> find(ipfs::cid id) override {
        const auto found = contents.find(id);
        if (found == contents.end()) co_return fail(ipfs::codes::not_held, id.text());
        if (!as_text(found->second).starts_with("\x89PNG")) co_return fail(codes::not_an_image);
        co_return held_image{id, found->second.size(), "image/png", ipfs::v1_256k};
    }
    std::shared_ptr<ipfs::content_source> source(const ipfs::cid& id) override {
        return std::make_shared<ipfs::memory_source>(contents.at(id));
    }

  private:
    name label_{"own"};
};

inline endpoint_config endpoint(std::string_view label, std::string url, std::uint16_t tier = 0) {
    endpoint_config config;
    config.name = name{label};
    config.url = std::move(url);
    config.provider = name{label};
    config.tier = tier;
    return config;
}

inline endpoint_set_settings with_breaker(const preset& p) {
    endpoint_set_settings s;
    s.breaker = p.breaker;
    return s;
}

// A partner "shop", asked at that place.
inline std::vector<partner_settings> shop_at(partner_place place) {
    std::vector<partner_settings> out(1);
    out[0].id = name{"shop"};
    out[0].url = "http://shop/seen/{wallet}";
    out[0].token = secret<std::string>{"let me in"};
    out[0].called = {place};
    out[0].calls.retried_elsewhere = true;
    out[0].calls.timeout = 10s;
    auto& breaker = out[0].calls.breaker.emplace(breaker_settings::no_rules());
    breaker.consecutive_failures = 2;
    breaker.open_for = 20s;
    return out;
}

class temporary_folder {
  public:
    temporary_folder() {
        auto pattern = (std::filesystem::temp_directory_path() / "thole-mint-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~temporary_folder() { std::filesystem::remove_all(path_); }
    temporary_folder(const temporary_folder&) = delete;
    [[nodiscard]] std::string file(std::string_view name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

class world {
  public:
    explicit world(model::ledger_options ledger = {}, std::uint64_t lamports = 10'000'000'000,
                   const mint_settings& settings = {}, int version = mint_version,
                   std::vector<partner_settings> declared = {})
        : chain{ledger},
          asked{{.transport = net, .time = b.loop}, std::move(declared)},
          settings_{settings} {
        for (auto* node : {&north, &south, &west}) mount(*node);
        mount_content();
        chain.fund(wallet.address(), lamports);
        define(version);
        b.define(make_recheck_saga(parts(), settings_));
        b.start();
    }
    void define(int version) { b.define(make_mint_saga(parts(), settings_, version)); }
    ~world() { b.stop(); }

    // ---- asking -------------------------------------------------------------------------------

    [[nodiscard]] mint_request request(const std::string& what = "Seat B-7") {
        mint_request r;
        r.owner = owner.text();
        r.account = "user-1";
        r.name = what;
        r.symbol = "TIX";
        r.description = "A seat.";
        r.image = store.keep("\x89PNG of " + what).text();
        r.level = 3;
        return r;
    }
    [[nodiscard]] uuid accept(const std::string& key, const mint_request& r) {
        saga::submission s;
        s.kind = "mint";
        s.key = key;
        const mint_base base{secret, wallet.address()};
        s.input = json::write(accept_mint(r, base, {s.tenant, s.kind, s.key}, metaplex));
        s.request_hash = payload_hash(r);
        s.subject = account_of(r);
        return b.accept(std::move(s));
    }
    saga::operation_details mint(const std::string& key) {
        return b.end_of(accept(key, request()));
    }
    // Lets time pass until the operation is as wanted, an hour at most.
    template <class F>
    saga::operation_details until(const uuid& id, F wanted) {
        for (int i = 0; i < 36'000; ++i) {
            auto seen = b.now(id);
            if (wanted(seen.view)) return seen;
            b.loop.advance(100ms);
        }
        ADD_FAILURE() << "it never came to that: " << json::write(b.now(id).view);
        return b.now(id);
    }

    // ---- looking ------------------------------------------------------------------------------

    [[nodiscard]] mint_identity identity(std::string_view key,
                                         token_standard s = token_standard::token_2022) const {
        return identify_mint(secret, wallet.address(), {"default", "mint", key}, s);
    }
    [[nodiscard]] result<mint_at> on_chain(const mint_identity& id) {
        return b.wait(read_mint(rpc, {id.mint, id.token_program, owner}, finalized()));
    }
    [[nodiscard]] std::optional<record> row(const uuid& id) { return *b.wait(table.find(id)); }
    [[nodiscard]] wallet_view partner(const solana::public_key& issuer) {
        partner_view view{rpc, gateways, {issuer}};
        const wallet_query query{.wallet = owner, .only = {}, .limit = 10};
        return *b.wait(view.look(query, in(10s)));
    }
    [[nodiscard]] std::size_t sends() const { return calls("sendTransaction"); }
    [[nodiscard]] std::size_t calls(const char* method) const {
        std::size_t count = 0;
        for (const auto* node : {&north, &south, &west}) {
            const auto found = node->model.calls().find(method);
            if (found != node->model.calls().end()) count += found->second;
        }
        return count;
    }
    void each(auto change) {
        for (auto* node : {&north, &south, &west}) change(*node);
    }
    [[nodiscard]] deadline in(duration d) { return deadline::after(b.loop.now(), d); }
    [[nodiscard]] solana::rpc::options finalized() {
        return {.until = in(10s),
                .level = solana::commitment::finalized,
                .min_context_slot = {},
                .endpoint = {}};
    }

    struct node {
        node(std::string_view label, model::ledger& chain)
            : url{"http://" + std::string{label}}, model{chain} {}
        std::string url;
        model::rpc_node model;
    };

    // Answers under its origin from now on; the chain's clock is the loop's: a slot every 400 ms.
    void mount(node& at) {
        net.mount(at.url, [this, &at](const io::http_request& r) { return answer(at, r); });
    }
    // From now on it tells that a transaction lives so many blocks less than it does.
    void tell_short_lives(node& at, std::uint64_t blocks) {
        net.mount(at.url, [this, &at, blocks](const io::http_request& r) {
            auto said = answer(at, r);
            auto value = boost::json::parse(said.body);
            auto* life = value.find_pointer("/result/value/lastValidBlockHeight", ignored_);
            if (life != nullptr) *life = life->to_number<std::uint64_t>() - blocks;
            said.body = boost::json::serialize(value);
            return said;
        });
    }
    // A token at the mint's address on that ledger alone, finalized.
    void mint_on(model::ledger& ledger, std::string_view key) {
        solana::mint_terms terms;
        terms.wallet = wallet.address();
        terms.owner = owner;
        terms.seed = identity(key).seed;
        terms.fields = {"Seat B-7", "TIX", "ipfs://else", {}};
        const auto standard = token_standard::token_2022;
        terms.rent = model::rent_exempt(solana::rent_space(standard, terms));
        const auto plan = solana::plan_mint(standard, terms).value();
        submit_on(ledger, plan.instructions);
    }
    // The owner sends its token to another wallet; false: it does not hold it yet.
    bool send_on(const mint_identity& id) {
        const auto at = solana::associated_token_address(owner, id.mint, id.token_program);
        const auto* holding = chain.accounts().at(at, chain.slot());
        if (holding == nullptr || holding->data.at(64) != 1) return false;
        auto emptied = *holding;
        emptied.data.at(64) = 0;
        chain.place(at, std::move(emptied));
        return true;
    }
    // What the wallet's key does behind the daemon's back, finalized.
    void submit_on(model::ledger& ledger, const std::vector<solana::instruction>& list) {
        const auto& hash = ledger.view(model::commitment::processed, 0).hash;
        auto message =
            solana::compile_message(solana::message_version::legacy, wallet.address(), hash, list);
        ledger.submit(
            model::as_sent(solana::sign(std::move(*message), std::array{&wallet}).value()));
        ledger.advance(ledger.options().final_slots + 1);
        // The nodes' clock goes on from where the ledger is now.
        if (&ledger == &chain) first_slot_ += ledger.options().final_slots + 1;
    }
    // What the mint's address holds on the ledger of one node.
    [[nodiscard]] mint_state fork_state(node& at, const mint_identity& id) {
        mount(at);
        auto how = finalized();
        how.endpoint = name{at.url.substr(7)};
        return b.wait(read_mint(rpc, {id.mint, id.token_program, owner}, how))->state;
    }

    static constexpr std::uint64_t kubo_quota = 1'000'000;

    temporary_folder folder;
    saga::testing::bench b;
    model::ledger chain;
    node north{"north", chain}, south{"south", chain}, west{"west", chain};
    model::content_node content;
    sim::network net{b.loop, 5};
    memory_store store;
    cluster_secret secret{sha256(as_bytes("a cluster"))};
    solana::keypair wallet = solana::keypair::from_seed({1, 2, 3});
    solana::public_key owner = solana::keypair::from_seed({9}).address();
    sqlite_records table{folder.file("records.sqlite"), nullptr, {.busy_timeout = 0ms}};

    rng chance{3};
    endpoint_set rpc_endpoints{
        name{"solana"}, with_breaker(presets::solana_rpc),
        std::array{endpoint("north", north.url), endpoint("south", south.url),
                   endpoint("west", west.url)}};
    solana::rpc::client rpc{net, b.loop, rpc_endpoints, chance};
    solana::blockhash_cache hashes{rpc};
    solana::signature_watcher watcher{rpc};
    solana::submitter submitter{rpc, hashes, watcher};
    solana::wallet_watch funds{rpc, wallet.address(), 0};

    ipfs::kubo_provider kubo{
        name{"kubo"}, {.url = "http://content", .authorization = {}}, net, b.loop};
    endpoint_set remotes{name{"ipfs"}, with_breaker(presets::ipfs),
                         std::array{endpoint("kubo", "http://content")}};
    ipfs::sqlite_pin_ledger ledger{":memory:", nullptr};
    ipfs::content_quotas quotas{
        {{"kubo", kubo_quota}},
        [this] { return ledger.totals(); },
        [this](std::string cid) { return ledger.providers_of(std::move(cid)); },
        b.loop};
    ipfs::pinning pins{store,  ledger, remotes, {&kubo}, b.loop, 4, ipfs::archive_use::copies,
                       &quotas};
    endpoint_set gateway_endpoints{name{"gateway"}, with_breaker(presets::ipfs),
                                   std::array{endpoint("second", "http://content")}};
    ipfs::fetcher gateways{net, gateway_endpoints, {}, b.loop, 6};

    partners asked;
    drift_flags flags{table};
    std::vector<finding> told;
    metaplex_terms metaplex{};  // of the mints accepted from now on

    mint_dependencies parts() {
        return {secret, wallet, rpc,      submitter,
                funds,  pins,   gateways, store,
                table,  &asked, {},       [this](const finding& each) { told.push_back(each); },
                &flags};
    }

  private:
    sim::reply answer(node& at, const io::http_request& r) {
        const auto passed = static_cast<std::uint64_t>((b.loop.now() - begun_) / 400ms);
        auto& ledger = at.model.chain();
        const auto slot = first_slot_ + passed;
        if (slot > ledger.slot()) ledger.advance(slot - ledger.slot());
        auto said = at.model.answer(r.body);
        return sim::reply{said.status, std::move(said.body), {}};
    }
    void mount_content() {
        net.mount("http://content", [this](const io::http_request& r) {
            std::string type;
            for (const auto& [key, value] : r.headers) {
                if (key == "Content-Type" || key == "content-type") type = value;
            }
            const auto target = r.url.substr(std::string_view{"http://content"}.size());
            auto answer = content.answer({r.method, target, type, r.body});
            return sim::reply{answer.status, std::move(answer.body), {}};
        });
    }

    boost::system::error_code ignored_;
    mint_settings settings_;
    time_point begun_ = b.loop.now();
    std::uint64_t first_slot_ = chain.slot();
};

// One token at the address, nothing else of it anywhere, nothing left locked.
inline void expect_minted(world& w, const std::string& key) {
    const auto at = w.on_chain(w.identity(key));
    ASSERT_TRUE(at) << at.error().describe();
    ASSERT_EQ(at->state, mint_state::minted);
    EXPECT_EQ(uniqueness_problem(*at->nft), "");
    EXPECT_TRUE(issuer_verified(*at->nft, w.wallet.address()));
    EXPECT_EQ(at->held, 1U);
    EXPECT_TRUE(w.b.store.locks()->empty());
    w.b.expect_stories_true();
}

}  // namespace thole::nft::testing
