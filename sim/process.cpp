#include "sim/process.hpp"

#include <fmt/format.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "nft/recheck.hpp"
#include "nft/reconciler_part.hpp"
#include "nft/top_up.hpp"
#include "sim/orders.hpp"
#include "thole/codes.hpp"
#include "thole/presets.hpp"

namespace thole::sim {

namespace {

using namespace std::chrono_literals;

constexpr duration between_questions = 100ms;
constexpr duration part_of_a_run = 5s;

std::vector<endpoint_config> endpoints_of(const auto& places) {
    std::vector<endpoint_config> out;
    for (const auto& each : places) {
        endpoint_config made;
        made.name = name{each->label};
        made.url = each->url;
        made.provider = name{each->label};
        out.push_back(std::move(made));
    }
    return out;
}

endpoint_set_settings with_breaker(const preset& p) {
    endpoint_set_settings out;
    out.breaker = p.breaker;
    return out;
}

std::vector<nft::partner_settings> declared_partners() {
    std::vector<nft::partner_settings> out(1);
    auto& one = out.front();
    one.id = name{partner_label};
    one.url = fmt::format("{}/{}", showcase::partner_url, nft::wallet_in_url);
    one.called = {nft::partner_place::mint, nft::partner_place::recheck};
    one.calls.retried_elsewhere = true;
    one.calls.timeout = 10s;
    one.calls.breaker = presets::ipfs.breaker;
    return out;
}

std::unique_ptr<io::virtual_loop> loop_at(const world& where, std::uint64_t seed) {
    auto loop = std::make_unique<io::virtual_loop>(seed);
    loop->advance(where.age());
    loop->step_wall(where.wall_offset);
    return loop;
}

// Of this life alone.
std::uint64_t seed_of(const world& where) {
    return where.seed * 1'000'003U + static_cast<std::uint64_t>(where.lives);
}

// One of them, the same for the same seed.
duration drawn(const time_range& from, std::uint64_t seed) {
    rng chance{seed ^ 0xD4A3};
    return duration{chance.between(from.least.count(), from.most.count())};
}

}  // namespace

task<result<io::http_response>> watched_network::send(io::http_request request) {
    judges_.leaving(request, life_);
    const auto url = request.url;
    auto answer = co_await net_.send(std::move(request));
    judges_.answered(url, answer);
    co_return answer;
}

process::process(world& where, const seams& with, int number)
    : world_{where},
      seams_{with},
      number_{number},
      loop_{loop_at(where, seed_of(where))},
      begun_{loop_->now() - where.age()},
      chance_{seed_of(where)},
      ids_{seed_of(where)},
      net_{*loop_, seed_of(where) + 1},
      watched_{net_, where.judges, where.lives},
      gated_{watched_, gate_},
      storage_{where.open_journal()},
      store_journal_{*loop_, *storage_},
      leased_{store_journal_,
              where.leases,
              *loop_,
              gate_.power,
              {[this] { return world_.reaches_leases(number_); },
               [this] { world_.judges.probes.hit(probe::taken_over); }}},
      crash_journal_{where.is_shared() ? static_cast<saga::journal&>(leased_) : store_journal_,
                     gate_.power},
      reached_{where.open_records(), *loop_, where.records_troubles(),
               [&where](const nft::record& row) { where.judges.recorded(row); },
               seed_of(where) + 2},
      gated_records_{reached_, gate_},
      on_disk_{where.own_contents() != nullptr
                   ? nullptr
                   : std::make_unique<folder_contents>(where.contents_folder(),
                                                       [this] { return journal_->now(); })},
      contents_{where.own_contents() != nullptr ? static_cast<contents&>(*where.own_contents())
                                                : static_cast<contents&>(*on_disk_),
                gate_, where.judges},
      gated_ledger_{where.open_ledger(), gate_},
      at_{*loop_, *storage_, watched_, where.lives},
      transport_{with.transport, gated_, at_},
      journal_{with.journal, crash_journal_, at_},
      records_{with.records, gated_records_, at_},
      ledger_{with.ledger, gated_ledger_, at_},
      rpc_endpoints_{name{"solana"}, with_breaker(presets::solana_rpc),
                     endpoints_of(where.rpc_nodes)},
      rpc_{*transport_, *loop_, rpc_endpoints_, chance_},
      hashes_{rpc_, {.required_providers = submission().required_providers}},
      watcher_{rpc_},
      submitter_{rpc_, hashes_, watcher_, submission()},
      funds_{
          rpc_, where.wallet.address(), 0, {.required_providers = submission().required_providers}},
      remote_endpoints_{name{"ipfs"}, with_breaker(presets::ipfs),
                        endpoints_of(where.content_nodes)},
      pins_{contents_, *ledger_, remote_endpoints_, remotes(), *loop_, seed_of(where) + 3},
      gateway_endpoints_{name{"gateway"}, with_breaker(presets::ipfs),
                         endpoints_of(where.content_nodes)},
      gateways_{*transport_, gateway_endpoints_, {}, *loop_, seed_of(where) + 4},
      partners_{{.transport = *transport_, .time = *loop_}, declared_partners()},
      flags_{*records_} {
    if (where.has_files()) sql::on_lost_fsync([this] { gate_.power.turn_off(); });
    mount_all();
    apply_links();
    if (with.holder) held_ = with.holder(rpc_endpoints_, *loop_);
    make_engine();
}

void process::make_engine() {
    nft::mint_settings settings;
    const auto copies = 1 + static_cast<std::uint32_t>(world_.content_nodes.size());
    settings.upload.replicas = {.image = copies, .metadata = copies};
    settings.upload.uri_prefix = world_.uri_prefix();
    settings.generations = world_.today.surroundings.generations;
    settings.recheck_after = drawn(world_.today.workload.rechecks, world_.seed);
    auto saga = nft::make_mint_saga(parts(), settings);
    world_.steps = saga.steps();
    saga::definitions known;
    add(known, std::move(saga));
    add(known, nft::make_recheck_saga(parts(), settings));
    if (world_.today.reconciles()) add_consistency(known, settings);
    if (world_.has_orders()) add_orders(known);
    if (world_.has_treasury()) add_filling(known);
    saga::engine_options options;
    options.node = "daemon-" + std::to_string(number_);
    options.seed = seed_of(world_);
    options.concurrency = world_.today.surroundings.concurrency;
    options.max_waiting = world_.today.surroundings.max_waiting;
    if (world_.has_orders()) options.kinds[std::string{order_kind}] = order_limits;
    options.on_journal_fault = [this](const fault& f) {
        auto& probes = world_.judges.probes;
        probes.hit(f.effect() == fault_effect::unknown ? probe::commit_read_back
                                                       : probe::journal_fault);
    };
    if (world_.is_shared()) options.look_every = 1s;
    engine_.emplace(*loop_, *journal_, std::move(known), ids_, std::move(options));
    refill_.emplace(nft::refill::parts{.work = *engine_,
                                       .now = [this] { return journal_->now(); },
                                       .lamports = world_.today.surroundings.top_up,
                                       .daily_cap = world_.today.surroundings.daily_cap,
                                       .tell = [](nft::refill_news, std::uint64_t) {}});
    if (world_.is_shared()) {
        boost::asio::co_spawn(loop_->executor(), leased_.keep(), boost::asio::detached);
    }
}

// The first life has the first version only: those of later lives begin by the second.
void process::add_orders(saga::definitions& known) {
    const order_parts with{*transport_, contents_, world_.judges};
    std::vector<saga::definition> made{make_order_saga(with, 1), make_parcel_saga(with)};
    if (world_.lives > 1) made.push_back(make_order_saga(with, 2));
    for (auto& each : made) {
        world_.tell_plan(each.steps());
        known.add(std::move(each));
    }
}

void process::add_filling(saga::definitions& known) {
    add(known,
        nft::make_top_up_saga({.loop = *loop_,
                               .submitter = submitter_,
                               .treasury = world_.treasury,
                               .wallet = world_.wallet.address(),
                               .daily_cap = world_.today.surroundings.daily_cap,
                               .counted = [this](uuid before) { return filled_so_far(before); }}));
}

task<result<std::uint64_t>> process::filled_so_far(uuid before) {
    if (gone_) co_await gate_.power.hang();
    co_return co_await refill_->counted(before);
}

// As the daemon looks after its wallet, more often.
task<> process::keep_filled() {
    if (gone_) co_return;
    keeps_filled_ = true;
    do {
        const auto has = co_await funds_.check(0, deadline::after(loop_->now(), 5s));
        const bool is_short = has && has->lamports < world_.today.surroundings.top_up;
        if (is_short && !gone_) (void)co_await refill_->look();
    } while (co_await loop_->sleep_for(10s) && !gone_);
}

void process::start_clock() {
    if (!world_.by_the_clock.any()) return;
    world_.clock_since = age();
    runner_.emplace(
        saga::cron_runner::surroundings{*loop_, *engine_, [this] { return journal_->now(); }},
        std::vector{world_.by_the_clock.job()});
    boost::asio::co_spawn(
        loop_->executor(), keep_time(),
        boost::asio::bind_cancellation_slot(no_more_time_.slot(), boost::asio::detached));
}

task<> process::keep_time() {
    if (gone_) co_return;
    keeps_time_ = true;
    co_await runner_->run();
}

void process::add(saga::definitions& to, saga::definition made) {
    world_.tell_plan(made.steps());
    if (seams_.definition) made = seams_.definition(std::move(made), at_);
    to.add(std::move(made));
}

// As the daemon has it, in a hurry.
void process::add_consistency(saga::definitions& known, const nft::mint_settings& settings) {
    const nft::find_operation find = [this](uuid id) { return look_up(id); };
    nft::reconcile_dependencies with{
        .parts = parts(),
        .ledger = *ledger_,
        .find = find,
        .completed = [this](std::int64_t before) { return completed_mints(before); },
        .replicas = settings.upload.replicas,
        .gateways = settings.gateways,
        .pause = between_questions,
        .part = part_of_a_run};
    add(known, nft::make_mend_saga({parts(), settings, find}));
    add(known, nft::make_reconcile_saga());
    if (!seams_.reconciler) return add(known, nft::make_reconcile_part_saga(std::move(with)));
    add(known, nft::make_reconcile_part_saga(seams_.reconciler(std::move(with))));
}

task<result<std::optional<saga::operation_details>>> process::look_up(uuid id) {
    if (gone_) co_await gate_.power.hang();
    auto found = co_await engine_->get(id);
    if (found) co_return std::move(*found);
    if (found.error().is(codes::operation_not_found)) co_return std::nullopt;
    co_return fail(found.error());
}

task<result<saga::details_page>> process::completed_mints(std::int64_t before) {
    if (gone_) co_await gate_.power.hang();
    saga::list_filter filter;
    filter.kind = std::string{nft::mint_kind};
    filter.ending = saga::op_ending::completed;
    filter.before = before;
    filter.limit = 10;
    co_return co_await engine_->list(std::move(filter));
}

task<result<>> process::start() {
    const auto& every = world_.today.workload.reconciles;
    if (world_.today.reconciles()) {
        const auto loaded = co_await flags_.load();
        if (!loaded) co_return fail(loaded.error());
    }
    const auto started = co_await engine_->start();
    if (started && world_.has_treasury()) {
        boost::asio::co_spawn(
            loop_->executor(), keep_filled(),
            boost::asio::bind_cancellation_slot(no_more_filling_.slot(), boost::asio::detached));
    }
    if (!started || !world_.today.reconciles() || world_.last_hour) co_return started;
    const auto interval = drawn(every, seed_of(world_));
    rounds_.emplace(nft::reconcile_rounds::surroundings{.work = *engine_,
                                                        .loop = *loop_,
                                                        .now = [this] { return journal_->now(); },
                                                        .seed = seed_of(world_)},
                    nft::reconcile_schedule{.interval = interval, .content_within = 2 * interval});
    auto until = boost::asio::bind_cancellation_slot(rounds_end_.slot(), boost::asio::detached);
    boost::asio::co_spawn(loop_->executor(), keep_rounds(), std::move(until));
    co_return started;
}

task<> process::keep_rounds() {
    if (gone_ || world_.last_hour) co_return;
    keeps_rounds_ = true;
    co_await rounds_->run();
}

process::~process() {
    gone_ = true;
    gate_.power.turn_off();
    // It sleeps, or waits for a journal that answers no more: either way it submits nothing now.
    if (keeps_time_) no_more_time_.emit(boost::asio::cancellation_type::terminal);
    end_filling();
    end_rounds();
    engine_.reset();
    // Each coroutine that goes may wake others, which then meet the dead power themselves.
    do {
        try {
            loop_->run_until_idle(2h);
        } catch (const std::exception&) {
            // A run that threw was judged already; what it left behind may throw again.
        }
    } while (gate_.power.drop());
    loop_.reset();
    if (world_.has_files()) sql::on_lost_fsync(nullptr);
}

std::vector<ipfs::provider*> process::remotes() {
    std::vector<ipfs::provider*> out;
    for (const auto& each : world_.content_nodes) {
        kubos_.push_back(std::make_unique<ipfs::kubo_provider>(
            name{each->label}, ipfs::kubo_options{.url = each->url, .authorization = {}},
            *transport_, *loop_));
        out.push_back(kubos_.back().get());
    }
    return out;
}

solana::submission_settings process::submission() const {
    solana::submission_settings out;
    if (seams_.submission) seams_.submission(out);
    return out;
}

nft::mint_dependencies process::parts() {
    return {.secret = world_.secret,
            .wallet = world_.wallet,
            .rpc = rpc_,
            .submitter = submitter_,
            .funds = funds_,
            .pins = pins_,
            .gateways = gateways_,
            .pictures = contents_,
            .table = *records_,
            .asked = world_.today.surroundings.partner ? &partners_ : nullptr,
            .on_finding = [this](const nft::finding& each) { world_.judges.found(each); },
            .flags = &flags_};
}

void process::mount_all() {
    for (auto& each : world_.rpc_nodes) {
        net_.mount(each->url, [this, at = each.get()](const io::http_request& r) {
            if (gone_) return reply{503, {}, {}};
            world_.set_age(age());
            return world_.serve(*at, r);
        });
    }
    if (world_.has_orders()) {
        net_.mount(std::string{desk::url}, [this](const io::http_request& r) {
            return gone_ ? reply{503, {}, {}} : world_.serve_desk(r);
        });
    }
    if (world_.today.surroundings.site) {
        auto& published = on_disk_ ? static_cast<contents&>(*on_disk_) : *world_.own_contents();
        net_.mount(std::string{showcase::site_url}, [this, &published](const io::http_request& r) {
            return gone_ ? reply{503, {}, {}} : world_.shown.site(r, published);
        });
    }
    if (world_.today.surroundings.partner) {
        net_.mount(std::string{showcase::partner_url}, [this](const io::http_request& r) {
            return gone_ ? reply{503, {}, {}} : world_.shown.partner(r);
        });
    }
    for (auto& each : world_.content_nodes) {
        net_.mount(each->url, [this, at = each.get()](const io::http_request& r) {
            return gone_ ? reply{503, {}, {}} : world_.serve(*at, r);
        });
    }
}

void process::apply_links() {
    if (world_.has_orders()) net_.link(std::string{desk::url}) = world_.supplier.link;
    if (world_.today.surroundings.partner) {
        net_.link(std::string{showcase::partner_url}) = world_.shown.partner_link;
    }
    for (const auto& each : world_.rpc_nodes) net_.link(each->url) = each->link;
    for (const auto& each : world_.content_nodes) net_.link(each->url) = each->link;
}

void process::report_in_flight() const {
    for (const auto* set : {&rpc_endpoints_, &remote_endpoints_, &gateway_endpoints_}) {
        for (const auto& each : set->view(loop_->now())) {
            world_.judges.in_flight(each.config.name.view(), each.in_flight);
        }
    }
}

}  // namespace thole::sim
