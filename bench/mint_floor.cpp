#include "bench/mint_world.hpp"
#include "io/curl_transport.hpp"
#include "io/event.hpp"
#include "io/scope.hpp"
#include "io/system_loop.hpp"
#include "io/system_resolver.hpp"
#include "ipfs/codec/dag_builder.hpp"
#include "ipfs/fetcher.hpp"
#include "ipfs/kubo_provider.hpp"
#include "nft/metadata.hpp"
#include "nft/partner_view.hpp"
#include "solana/codec/programs.hpp"
#include "solana/gather.hpp"
#include "solana/submission.hpp"
#include "solana/wallet.hpp"
#include "thole/assert.hpp"
#include "thole/presets.hpp"

namespace thole::bench {

namespace {

using namespace std::chrono_literals;

endpoint_config endpoint(const std::string& label, std::string url) {
    endpoint_config out;
    out.name = name{label};
    out.provider = name{label};
    out.url = std::move(url);
    return out;
}

std::vector<endpoint_config> nodes_of(const fake_world& world) {
    std::vector<endpoint_config> out;
    for (int i = 0; i < 3; ++i) out.push_back(endpoint("node-" + std::to_string(i), world.rpc(i)));
    return out;
}

template <class T>
T must(result<T> got) {
    THOLE_ASSERT(got.has_value(), "nothing fails here");
    return std::move(got).value();
}
void must(const result<>& done) {
    THOLE_ASSERT(done.has_value(), "nothing fails here");
}

// Everything that one mint needs of the outside, without a memory.
struct plain_client {
    plain_client(const fake_world& world, io::system_loop& on)
        : loop{on},
          rpc_endpoints{name{"solana"}, {}, nodes_of(world)},
          kubo{name{"second"}, {.url = world.url(), .authorization = {}}, http, loop},
          gateway_endpoints{name{"gateway"}, {}, std::array{endpoint("second", world.url())}} {}

    io::system_loop& loop;
    io::system_resolver names{loop};
    io::curl_transport http{loop, names};
    rng chance{1};
    solana::keypair wallet = bench_wallet();
    endpoint_set rpc_endpoints;
    solana::rpc::client rpc{http, loop, rpc_endpoints, chance};
    solana::blockhash_cache hashes{rpc};
    solana::signature_watcher watcher{rpc, {.interval = status_poll}};
    solana::submitter submitter{rpc, hashes, watcher};
    solana::wallet_watch funds{rpc, wallet.address(), 0};
    ipfs::kubo_provider kubo;
    endpoint_set gateway_endpoints;
    ipfs::fetcher gateways{http, gateway_endpoints, {}, loop, 1};
    int next = 0;
    int clients = 0;
    io::event all_left;
    mint_figures out;

    [[nodiscard]] deadline until() const { return deadline::after(loop.now(), 60s); }
    [[nodiscard]] solana::rpc::options at(solana::commitment level) const {
        return {.until = until(), .level = level, .min_context_slot = {}, .endpoint = {}};
    }
};

struct planned {
    nft::mint_request request;
    ipfs::cid image;
    ipfs::cid document;
    solana::mint_terms terms;
    nft::mint_place place;
};

task<result<>> keep(plain_client& c, std::string content, std::string label) {
    ipfs::upload what{.predicted = ipfs::cid_of(as_bytes(content)),
                      .name = std::move(label),
                      .source = std::make_shared<ipfs::memory_source>(std::string_view{content})};
    const auto predicted = what.predicted;
    const auto receipt = must(co_await c.kubo.put(std::move(what), c.until()));
    THOLE_ASSERT(receipt.cid == predicted.text(), "it keeps what it was given");
    co_return result<>{};
}

task<> read(plain_client& c, ipfs::cid what) {
    ipfs::fetch_request how{
        .content = what, .known = {}, .max_bytes = 1U << 20U, .only = {}, .exclude = {}};
    static_cast<void>(must(co_await c.gateways.fetch(std::move(how), c.until())));
}

// check, upload_content, fetch_uris
task<planned> prepare_content(plain_client& c, int number) {
    auto picture = picture_of(number);
    const auto image = ipfs::cid_of(as_bytes(picture));
    auto request = request_of(number, image.text());
    auto json = nft::metadata_json(request, {"ipfs://" + image.text(), "image/png"});
    planned p{.request = std::move(request),
              .image = image,
              .document = ipfs::cid_of(as_bytes(json)),
              .terms = {},
              .place = {}};
    std::vector<task<result<>>> both;
    both.push_back(keep(c, std::move(picture), "image"));
    both.push_back(keep(c, std::move(json), "metadata"));
    static_cast<void>(co_await solana::gather(std::move(both)));
    co_await read(c, p.document);
    co_await read(c, p.image);
    p.terms.wallet = c.wallet.address();
    p.terms.owner = *solana::public_key::parse(p.request.owner);
    p.terms.seed = "plain" + std::to_string(number);
    p.terms.fields = {p.request.name, p.request.symbol, "ipfs://" + p.document.text(), {}};
    p.terms.memo = "0190a0b4-7c00-7000-8000-000000000000";
    const auto space = solana::rent_space(p.request.standard, p.terms);
    p.terms.rent = must(co_await c.funds.rent_of(space, c.until()));
    const auto plan = must(solana::plan_mint(p.request.standard, p.terms));
    p.place = {plan.mint, solana::token_2022_program, p.terms.owner};
    co_return p;
}

// submit
task<> land(plain_client& c, const planned& p) {
    solana::transaction_plan plan =
        [&p](solana::compute_budget b) -> result<std::vector<solana::instruction>> {
        auto terms = p.terms;
        terms.compute_limit = b.limit;
        terms.compute_price = b.price;
        auto made = solana::plan_mint(p.request.standard, terms);
        if (!made) return fail(made.error());
        return std::move(made->instructions);
    };
    const auto bytes = must(co_await c.submitter.prepare(std::move(plan), c.wallet, 1, c.until()));
    static_cast<void>(co_await c.submitter.fan_out(bytes, duration::zero(), c.until()));
    for (;;) {
        const auto now = co_await c.submitter.settle(bytes, p.place.mint, c.until());
        if (now.state == solana::submission_state::landed) break;
        must(co_await c.loop.sleep_until(c.loop.now() + status_poll));
    }
    c.watcher.forget(*solana::signature::parse(bytes.signature));
}

task<> mint(plain_client& c, int number) {
    must(co_await c.kubo.check(c.until()));
    static_cast<void>(must(co_await c.rpc.get_slot(c.at(solana::commitment::confirmed))));
    static_cast<void>(must(co_await c.funds.check(1, c.until())));
    const auto p = co_await prepare_content(c, number);
    const auto how = c.at(solana::commitment::finalized);
    static_cast<void>(must(co_await nft::read_mint(c.rpc, p.place, how)));
    co_await land(c, p);
    // record_landed and verify: the chain twice, content, partner.
    for (int i = 0; i < 2; ++i) {
        const auto seen = must(co_await nft::read_mint_agreed(c.rpc, p.place, how, 2));
        THOLE_ASSERT(seen.held == 1, "it is there");
    }
    co_await read(c, p.document);
    nft::partner_view partner{c.rpc, c.gateways, nft::issuers{c.wallet.address()}};
    const nft::wallet_query query{.wallet = p.terms.owner, .only = p.place.mint, .limit = 1};
    THOLE_ASSERT(must(co_await partner.look(query, c.until())).nfts.size() == 1, "it is seen");
}

task<> client(plain_client& c) {
    while (c.next < c.out.operations) {
        const auto begun = stopwatch::now();
        co_await mint(c, c.next++);
        c.out.latency_ms.push_back(seconds_since(begun) * 1e3);
    }
    if (--c.clients == 0) c.all_left.set();
}

task<> drive(plain_client& c) {
    io::scope work{c.loop};
    const auto cpu = processor_seconds();
    const auto begun = stopwatch::now();
    for (int i = 0, n = c.clients; i < n; ++i) work.spawn(client(c));
    static_cast<void>(co_await c.all_left.wait());
    c.out.seconds = seconds_since(begun);
    c.out.cpu_seconds = processor_seconds() - cpu;
    co_await work.close();
}

}  // namespace

mint_figures run_plain(const fake_world& world, int clients, int mints) {
    io::system_loop loop;
    plain_client c{world, loop};
    c.out.operations = mints;
    c.clients = clients;
    const auto asked = world.requests();
    loop.run_until(drive(c));
    c.out.requests = world.requests() - asked;
    return std::move(c.out);
}

}  // namespace thole::bench
