#include "mint_process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "ipfs/media.hpp"

namespace thole::mint_crash {

// ---- gates --------------------------------------------------------------------------------------

task<result<io::http_response>> gated_transport::send(io::http_request request) {
    return gate_.pass(leave(std::move(request)));
}
task<result<io::http_response>> gated_transport::leave(io::http_request request) {
    world_.watch(request);
    co_return co_await inner_.send(std::move(request));
}

task<result<nft::record>> gated_records::upsert(nft::record wanted) {
    return gate_.pass(inner_.upsert(std::move(wanted)));
}
task<result<nft::record>> gated_records::converge(nft::record from_chain) {
    return gate_.pass(inner_.converge(std::move(from_chain)));
}
task<result<bool>> gated_records::mark_rolled_back(uuid operation, store_time now) {
    return gate_.pass(inner_.mark_rolled_back(operation, now));
}
task<result<std::optional<nft::record>>> gated_records::find(uuid operation) {
    return gate_.pass(inner_.find(operation));
}
task<result<std::optional<nft::record>>> gated_records::find_mint(std::string mint) {
    return gate_.pass(inner_.find_mint(std::move(mint)));
}
task<result<std::vector<nft::record>>> gated_records::of_account(std::string account, int limit) {
    return gate_.pass(inner_.of_account(std::move(account), limit));
}
task<result<std::vector<nft::record>>> gated_records::page(std::optional<uuid> after, int limit) {
    return gate_.pass(inner_.page(after, limit));
}
task<result<std::optional<uuid>>> gated_records::minting(std::string account) {
    return gate_.pass(inner_.minting(std::move(account)));
}
task<result<>> gated_records::probe() {
    return gate_.pass(inner_.probe());
}
task<result<std::uint64_t>> gated_records::live() {
    return gate_.pass(inner_.live());
}
task<result<std::optional<std::string>>> gated_records::meta(std::string name) {
    return gate_.pass(inner_.meta(std::move(name)));
}
task<result<>> gated_records::set_meta(std::string name, std::string value) {
    return gate_.pass(inner_.set_meta(std::move(name), std::move(value)));
}

task<result<ipfs::pin_try>> gated_ledger::intend(ipfs::pin_row row) {
    return gate_.pass(inner_.intend(std::move(row)));
}
task<result<>> gated_ledger::keep_session(ipfs::pin_row row, std::string session) {
    return gate_.pass(inner_.keep_session(std::move(row), std::move(session)));
}
task<result<>> gated_ledger::confirm(ipfs::pin_row row) {
    return gate_.pass(inner_.confirm(std::move(row)));
}
task<result<>> gated_ledger::forget(ipfs::pin_row row) {
    return gate_.pass(inner_.forget(std::move(row)));
}
task<result<std::vector<ipfs::pin_row>>> gated_ledger::of_owner(std::string owner) {
    return gate_.pass(inner_.of_owner(std::move(owner)));
}
task<result<std::size_t>> gated_ledger::others(ipfs::pin_row row) {
    return gate_.pass(inner_.others(std::move(row)));
}

// ---- the content store --------------------------------------------------------------------------

folder_contents::folder_contents(const std::string& folder, gate& way, store_clock now)
    : gate_{way}, now_{std::move(now)} {
    auto opened = ipfs::content_store::open({.folder = folder});
    EXPECT_TRUE(opened) << opened.error().describe();
    store_ = std::move(*opened);
}

task<result<ipfs::pin_receipt>> folder_contents::put(ipfs::upload what, deadline) {
    return gate_.pass(keep(std::move(what)));
}
task<result<ipfs::pin_receipt>> folder_contents::keep(ipfs::upload what) {
    if (!store_->has(what.predicted)) {
        const auto loaded = co_await what.source->load();
        if (!loaded) co_return fail(loaded.error());
        const auto kept = store_->put(**loaded, now_(), what.shape);
        if (!kept) co_return fail(kept.error());
    }
    if (auto pinned = store_->pin(what.predicted, what.owner); !pinned) {
        co_return fail(pinned.error());
    }
    co_return ipfs::pin_receipt{std::string{label().view()}, what.predicted.text(), what.owner};
}
task<result<ipfs::pin_state>> folder_contents::status(ipfs::cid id, deadline) {
    const bool pinned = store_->has(id) && !store_->owners(id).empty();
    co_return pinned ? ipfs::pin_state::pinned : ipfs::pin_state::absent;
}
task<result<>> folder_contents::unpin(ipfs::pin_receipt receipt, deadline) {
    return gate_.pass(give_back(std::move(receipt)));
}
task<result<>> folder_contents::give_back(ipfs::pin_receipt receipt) {
    const auto id = ipfs::cid::parse(receipt.cid);
    if (!id) co_return fail(id.error());
    co_return store_->unpin(*id, receipt.id, now_());
}
task<result<>> folder_contents::check(deadline) {
    return gate_.pass(probe());
}
task<result<>> folder_contents::probe() {
    auto writer = store_->begin();
    if (!writer) co_return fail(writer.error());
    co_return writer->feed(as_bytes("probe"));
}
task<result<>> folder_contents::release(std::string owner, deadline) {
    return gate_.pass(give_back_all(std::move(owner)));
}
task<result<>> folder_contents::give_back_all(std::string owner) {
    co_return store_->unpin_all(owner, now_());
}
task<result<nft::held_image>> folder_contents::find(ipfs::cid id) {
    return gate_.pass(look(id));
}
task<result<nft::held_image>> folder_contents::look(ipfs::cid id) {
    auto reader = store_->open_content(id);
    if (!reader) co_return fail(reader.error());
    const auto prefix = reader->read(0, ipfs::media_prefix);
    if (!prefix) co_return fail(prefix.error());
    const auto kind = ipfs::recognise(*prefix);
    if (!kind) co_return fail(nft::codes::not_an_image, id.text());
    const auto& info = reader->info();
    co_return nft::held_image{info.root, info.size, std::string{ipfs::media_type(*kind)},
                              info.shape};
}
std::shared_ptr<ipfs::content_source> folder_contents::source(const ipfs::cid& id) {
    auto held = store_->read_all(id);
    EXPECT_TRUE(held) << held.error().describe();
    return std::make_shared<ipfs::memory_source>(std::move(*held));
}

// ---- the process --------------------------------------------------------------------------------

namespace {

std::vector<endpoint_config> endpoints_of(const auto& nodes) {
    std::vector<endpoint_config> out;
    for (const auto& each : nodes) {
        const auto label = each->url.substr(each->url.rfind('/') + 1);
        out.push_back(nft::testing::endpoint(label, each->url));
    }
    return out;
}

std::unique_ptr<io::virtual_loop> loop_at(duration age, std::uint64_t seed) {
    auto loop = std::make_unique<io::virtual_loop>(seed);
    loop->advance(age);
    return loop;
}

}  // namespace

process::process(surroundings& world, saga::crash_switch& power, death end, std::uint64_t seed)
    : world_{world},
      power_{power},
      gate_{power, end},
      loop_{loop_at(world.passed, seed)},
      begun_{loop_->now() - world.passed},
      chance_{seed},
      ids_{seed},
      net_{*loop_, seed},
      store_journal_{*loop_, world.open_journal()},
      table_{world.folder.file("records.sqlite"), nullptr, {.busy_timeout = 0ms}},
      contents_{world.folder.file("content"), gate_, [this] { return journal_.now(); }},
      rpc_endpoints_{name{"solana"}, nft::testing::with_breaker(presets::solana_rpc),
                     endpoints_of(world.rpc_nodes)},
      remote_endpoints_{name{"ipfs"}, nft::testing::with_breaker(presets::ipfs),
                        endpoints_of(world.content_nodes)},
      pin_file_{world.folder.file("pins.sqlite"), nullptr, {.busy_timeout = 0ms}},
      pins_{contents_, ledger_, remote_endpoints_, remotes(), *loop_, seed},
      gateway_endpoints_{name{"gateway"}, nft::testing::with_breaker(presets::ipfs),
                         endpoints_of(world.content_nodes)} {
    mount_all();
    nft::mint_settings settings;
    settings.upload.replicas = 1 + static_cast<std::uint32_t>(world.content_nodes.size());
    auto saga = nft::make_mint_saga(parts(), settings);
    world.steps = saga.steps();
    saga::definitions known;
    known.add(std::move(saga));
    saga::engine_options options;
    options.seed = seed;
    engine_.emplace(*loop_, journal_, std::move(known), ids_, std::move(options));
}

process::~process() {
    engine_.reset();
    // Each coroutine that goes may wake others, which then meet the dead power themselves.
    for (int i = 0; i < 8; ++i) {
        power_.drop();
        loop_->run_until_idle(2h);
    }
    loop_.reset();
}

std::vector<ipfs::provider*> process::remotes() {
    std::vector<ipfs::provider*> out;
    for (const auto& each : world_.content_nodes) {
        kubos_.push_back(std::make_unique<ipfs::kubo_provider>(
            name{each->label}, ipfs::kubo_options{.url = each->url, .authorization = {}},
            transport_, *loop_));
        out.push_back(kubos_.back().get());
    }
    return out;
}

nft::mint_dependencies process::parts() {
    return {world_.secret, world_.wallet, rpc_,      submitter_, funds_,
            pins_,         gateways_,     contents_, records_};
}

void process::mount_all() {
    for (auto& each : world_.rpc_nodes) {
        net_.mount(each->url, [this, at = each.get()](const io::http_request& r) {
            return world_.serve(*at, r, age());
        });
    }
    for (auto& each : world_.content_nodes) {
        net_.mount(each->url, [at = each.get()](const io::http_request& r) {
            return surroundings::serve(*at, r);
        });
    }
}

// ---- a life -------------------------------------------------------------------------------------

namespace {

// A while later. In a later life it may be further on, or on its way back.
task<> think_better_of_it(process& p, saga::crash_switch& power, uuid id, change_of_mind when) {
    for (;;) {
        if (power.is_off()) co_await power.hang();
        const auto seen = co_await p.engine().get(id);
        if (!seen || seen->view.ended_at || seen->view.step == "fetch_uris") break;
        const bool early = when == change_of_mind::while_uploading;
        if (early && seen->view.step == "upload_content") break;
        static_cast<void>(co_await p.loop().sleep_for(5ms));
    }
    // Refused when it has been turned back already; the end is looked at by the test.
    static_cast<void>(co_await p.engine().cancel(id, "client", "no longer wanted"));
}

// Inside the process, so it dies with it.
task<> client(process& p, surroundings& world, saga::crash_switch& power, bool& served) {
    const auto started = co_await p.engine().start();
    EXPECT_TRUE(started) << started.error().describe();
    saga::submission s;
    s.kind = "mint";
    s.key = "order-1";
    const nft::mint_base base{world.secret, world.wallet.address()};
    s.input = json::write(nft::accept_mint(world.request(), base, {s.tenant, s.kind, s.key}));
    s.request_hash = nft::payload_hash(world.request());
    s.subject = "user-1";
    const auto accepted = co_await p.engine().submit(std::move(s));
    if (!accepted) {
        ADD_FAILURE() << accepted.error().describe();
        co_return;
    }
    const auto id = accepted->view.id;
    if (world.what.cancel != change_of_mind::none) {
        co_await think_better_of_it(p, power, id, world.what.cancel);
    }
    while (!served) {
        if (power.is_off()) co_await power.hang();
        const auto until = deadline::after(p.loop().now(), 10s);
        const auto seen = co_await p.engine().wait_end(id, until);
        if (!seen || seen->view.state == "parked") {
            ADD_FAILURE() << (seen ? json::write(seen->view) : seen.error().describe());
            co_return;
        }
        served = seen->view.ended_at.has_value();
    }
}

}  // namespace

life_span live(surroundings& world, death end) {
    if (world.lives > 0) world.passed += world.what.downtime;
    saga::crash_switch power;
    if (!end.at_a_call()) power.arm({end.number, static_cast<saga::crash_when>(end.when)});
    process p{world, power, end, static_cast<std::uint64_t>(++world.lives)};
    bool served = false;
    boost::asio::co_spawn(p.loop().executor(), client(p, world, power, served),
                          boost::asio::detached);
    auto& loop = p.loop();
    const auto latest = loop.now() + 2h;
    loop.run_ready();
    while (!served && !power.is_off()) {
        const auto next = loop.next_timer();
        if (!next || *next > latest) {
            ADD_FAILURE() << "nothing goes on, and nobody has died";
            break;
        }
        loop.advance(*next - loop.now());
    }
    world.passed = p.age();
    const life_span span{power.writes(), p.calls(), power.is_off()};
    power.turn_off();
    // What was on its way still arrives, and whatever slept runs into the dead power.
    loop.run_until_idle(2h);
    return span;
}

}  // namespace thole::mint_crash
