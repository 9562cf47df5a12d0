#include "app/daemon.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <optional>
#include <set>
#include <thread>

#include "api/cron.hpp"
#include "api/health.hpp"
#include "api/holds.hpp"
#include "api/mint_estimate.hpp"
#include "api/mints.hpp"
#include "api/operations.hpp"
#include "api/providers.hpp"
#include "api/reconciliations.hpp"
#include "api/verify.hpp"
#include "app/chain_parts.hpp"
#include "app/content_parts.hpp"
#include "app/drift_news.hpp"
#include "app/front.hpp"
#include "app/gateway_route.hpp"
#include "app/health_view.hpp"
#include "app/hold_keeper.hpp"
#include "app/hop.hpp"
#include "app/image_parts.hpp"
#include "app/partner_parts.hpp"
#include "app/payload_keys.hpp"
#include "app/policies.hpp"
#include "app/reload.hpp"
#include "app/resealing.hpp"
#include "app/start_error.hpp"
#include "app/stores.hpp"
#include "app/url_parts.hpp"
#include "app/version.hpp"
#include "app/wallet_alert.hpp"
#include "base/entropy.hpp"
#include "engine/bench_saga.hpp"
#include "engine/codes.hpp"
#include "engine/file_archive.hpp"
#include "engine/sqlite_journal.hpp"
#include "io/beast_websocket.hpp"
#include "io/curl_transport.hpp"
#include "io/event.hpp"
#include "io/scope.hpp"
#include "io/system_resolver.hpp"
#include "nft/mint_saga.hpp"
#include "nft/mint_view.hpp"
#include "nft/recheck.hpp"
#include "nft/reconcile_rounds.hpp"
#include "nft/reconciler_part.hpp"
#include "nft/refill.hpp"
#include "nft/sqlite_records.hpp"
#include "nft/top_up.hpp"
#include "ops/counting_transport.hpp"
#include "ops/engine_watch.hpp"
#include "ops/policy_watch.hpp"
#include "solana/signature_hints.hpp"

namespace thole::app {
namespace {

using namespace std::chrono_literals;

// How often ill endpoints are looked at. A node that is back within half a minute is promised.
constexpr duration look_at_endpoints_each = 5s;

constexpr duration look_at_wallet_each = 30s;

// How often what ended long ago is looked for.
constexpr duration archive_each = 10min;

// How often unreferenced content is looked for.
duration collect_interval(const config& c) {
    constexpr duration longest = 10min;
    const auto keep = c.data.unreferenced_content.value;
    return keep == duration::zero() ? longest : std::clamp<duration>(keep / 10, 1s, longest);
}

ops::log_settings log_settings_of(const log_config& c) {
    ops::log_settings out;
    out.level = static_cast<ops::log_severity>(c.level);
    out.format = c.format == log_format::json ? ops::log_form::json : ops::log_form::text;
    return out;
}

std::uint64_t random_number(entropy& source) {
    std::array<std::uint8_t, 8> raw{};
    source.fill(raw);
    std::uint64_t out = 0;
    for (const auto byte : raw) out = out << 8 | byte;
    return out | 1;  // a boot id is not 0
}

std::string host_name() {
    std::array<char, 256> text{};
    return ::gethostname(text.data(), text.size() - 1) == 0 ? text.data() : "node";
}

}  // namespace

// In the order of construction; taken apart in the reverse.
struct daemon::parts {
    config c;
    config_sources sources;
    environment env;
    system_entropy random;
    io::system_loop core;
    io::system_loop front;
    ops::metrics metrics;
    ops::log log{core, log_settings_of(c.log), &metrics};
    ops::policy_watch policies{log, metrics};
    ops::engine_watch operations{log, metrics};

    std::unique_ptr<ipfs::content_store> store = open_content_store(c);
    sql::blocking_pool core_disk{core, {.threads = 16}};  // which wait for the disk
    sql::blocking_pool front_disk{front, {.threads = 8}};
    image_parts looks{c, front, log};
    sql::blocking_pool records_disk{core, {.threads = 1}};
    sql::blocking_pool ledger_disk{core, {.threads = 1}};
    nft::sqlite_records records;
    std::optional<nft::cluster_secret> secret;
    saga::payload_cipher::ptr cipher;  // none: payloads stand in the clear
    std::unique_ptr<saga::sqlite_journal> journal;

    api::authority authority{authority_of(c, env)};
    front_server server{front, core, c, authority, metrics};

    io::system_resolver resolver{core};
    std::optional<io::curl_transport> curl;
    std::optional<io::curl_transport> guarded_curl;
    std::optional<ops::counting_transport> transport;
    std::optional<ops::counting_transport> guarded;
    std::optional<content_parts> content;
    std::optional<hold_keeper> holds;
    std::optional<chain_parts> chain;
    std::optional<nft::partners> asked;
    io::beast_dialer dialer{core, resolver};
    std::optional<solana::signature_hints> hints;
    std::optional<wallet_alert> wallet;
    std::optional<solana::keypair> treasury;
    std::optional<nft::refill> refill;
    std::optional<nft::store_images> images;
    nft::issuers ours;  // this wallet, and those that minted before it
    nft::drift_flags flags{records};
    std::optional<nft::partner_view> partner;
    std::unique_ptr<saga::engine> engine;
    std::optional<saga::file_archive> shelf;
    std::optional<saga::retention> keeper;
    std::optional<saga::cron_runner> cron;
    std::optional<nft::reconcile_rounds> rounds;

    api::documents documents;
    std::optional<api::content_resource> content_resource;
    std::optional<gateway_route> gateway;
    std::optional<api::health_resource> front_health;
    std::optional<api::health_resource> core_health;
    std::optional<api::operations_resource> operations_resource;
    std::optional<api::holds_resource> holds_resource;
    std::optional<api::cron_resource> cron_resource;
    std::optional<api::mints_resource> mints_resource;
    std::optional<api::verify_resource> verify_resource;
    std::optional<api::mint_estimate_resource> estimate_resource;
    std::optional<api::providers_resource> providers_resource;
    std::optional<api::reconciliations_resource> reconciliations_resource;

    io::scope background{core};
    io::event stop_wanted;
    std::optional<boost::asio::signal_set> signals;
    std::optional<boost::asio::signal_set> reload_signal;
    std::atomic<bool> started{false};
    std::atomic<bool> stopping{false};
    int exit_code = 0;

    parts(const config& from, const config_sources& from_where);
    void open_stores();
    void open_network();
    [[nodiscard]] nft::issuers keep_wallet(const solana::public_key& wallet);
    [[nodiscard]] nft::mint_dependencies minting_parts();
    void open_engine();
    void open_keeping();
    void open_cron();
    void open_rounds();
    void open_hints();
    void open_refill(saga::definitions& known, const nft::mint_settings& settings);
    [[nodiscard]] task<> fill_wallet();
    void add_resources();
    void add_minting_resources();
    void add_consistency_sagas(saga::definitions& known, const nft::mint_dependencies& minting,
                               const nft::mint_settings& settings);
    [[nodiscard]] task<result<std::optional<saga::operation_details>>> find_operation(uuid id);
    [[nodiscard]] task<result<saga::details_page>> completed_mints(std::int64_t before);
    [[nodiscard]] std::optional<nft::mint_base> issuer() const;
    [[nodiscard]] api::health_sources health_sources();
    void refresh_metrics();

    void watch_signals();
    void begin_stop(int signal);
    void watch_reload();
    void reload();
    [[nodiscard]] task<> live();
    [[nodiscard]] task<> start();
    [[nodiscard]] task<> stop();
    [[nodiscard]] task<> collect_content();
    [[nodiscard]] task<> archive_operations();
    [[nodiscard]] task<> watch_endpoints(io::endpoint_monitor& monitor, name dependency);
    [[nodiscard]] task<> watch_wallet();
};

daemon::parts::parts(const config& from, const config_sources& from_where)
    : c{(make_data_folder(from), from)},
      sources{from_where},
      env{from_where.env},
      records{nft::sqlite_path(c.records.url).value(), &records_disk} {
    open_stores();
    // The port is bound before the clients are made: our own gateway is one of theirs.
    server.listen(c);
    try {
        open_network();
        open_engine();
        add_resources();
    } catch (...) {
        // A server that listens is stopped before it is destroyed.
        front.run_until(server.stop(deadline::after(front.now(), 0s)));
        throw;
    }
}

void daemon::parts::open_stores() {
    std::optional<result<nft::cluster_secret>> opened;
    auto open = [](parts& p, std::optional<result<nft::cluster_secret>>& to) -> task<> {
        to.emplace(co_await open_secret(p.c, p.records, p.random));
    };
    core.run_until(open(*this, opened));
    if (!*opened) throw start_error{"the cluster secret or the records", opened->error()};
    secret.emplace(std::move(**opened));
    auto keys = open_payload_cipher(c.engine, env, random);
    if (!keys) throw start_error{"engine.payload_key", keys.error()};
    cipher = *keys;
    auto made = saga::sqlite_journal::open(core, c.data.folder + "/journal.sqlite",
                                           {.file = {}, .cipher = cipher});
    if (!made) throw start_error{"the journal cannot be opened", made.error()};
    journal = std::move(*made);
}

void daemon::parts::open_network() {
    curl.emplace(core, resolver);
    guarded_curl.emplace(core, resolver, outward_only());
    transport.emplace(*curl, metrics, core);
    guarded.emplace(*guarded_curl, metrics, core);
    content.emplace(*store, content_surroundings{.c = c,
                                                 .env = env,
                                                 .configured = *transport,
                                                 .elsewhere = *guarded,
                                                 .loop = core,
                                                 .pool = core_disk,
                                                 .ledger_pool = ledger_disk,
                                                 .now = [this] { return journal->now(); },
                                                 .watch = policies,
                                                 .seed = random_number(random),
                                                 .own_gateway = server.own_url(c)});
    holds.emplace(content->holds);
    images.emplace(*store, core_disk);
    if (!c.wallet.key) return;
    chain.emplace(chain_surroundings{.c = c,
                                     .env = env,
                                     .transport = *transport,
                                     .loop = core,
                                     .watch = policies,
                                     .seed = random_number(random)});
    if (!c.dependency.partner.empty()) {
        const nft::partners::surroundings around{
            .transport = *transport, .time = core, .watch = &policies};
        asked.emplace(around, partners_of(c, env));
    }
    wallet.emplace(chain->funds, c.wallet.floor, log, metrics);
    ours = keep_wallet(chain->wallet.address());
    partner.emplace(chain->rpc, content->fetcher, ours,
                    chain->submitter.settings().required_providers, collections_of(c.mint.metaplex),
                    ipfs::freshness::remembered);
}

nft::issuers daemon::parts::keep_wallet(const solana::public_key& wallet) {
    result<nft::issuers> kept;
    auto keep = [](parts& p, solana::public_key key, result<nft::issuers>& to) -> task<> {
        to = co_await bind_wallet(key, p.records);
        const auto loaded = co_await p.flags.load();
        if (to && !loaded) to = fail(loaded.error());
    };
    core.run_until(keep(*this, wallet, kept));
    if (!kept) throw start_error{"wallet.key", kept.error()};
    return std::move(*kept);
}

nft::mint_dependencies daemon::parts::minting_parts() {
    return {.secret = *secret,
            .wallet = chain->wallet,
            .rpc = chain->rpc,
            .submitter = chain->submitter,
            .funds = chain->funds,
            .pins = content->pins,
            .gateways = content->fetcher,
            .pictures = *images,
            .table = records,
            .asked = asked ? &*asked : nullptr,
            .earlier = {ours.begin() + 1, ours.end()},
            .on_finding = [this](const nft::finding& each) { tell_drift(each, log, metrics); },
            .flags = &flags};
}

void daemon::parts::open_engine() {
    saga::definitions known;
    if (chain) {
        auto settings = mint_settings_of(c);
        settings.upload.replicas = replicas_of(c);
        settings.gateways.own = {content_parts::own_gateway_name};
        settings.submit.late = tell_late(log);
        open_hints();
        if (hints)
            settings.submit.sent = [this](uuid operation, const std::string& signature) {
                hints->watch(signature, [this, operation] { engine->nudge(operation); });
            };
        const auto minting = minting_parts();
        nft::add_mint_sagas(known, minting, settings);
        add_consistency_sagas(known, minting, settings);
        if (c.wallet.top_up.treasury) open_refill(known, settings);
    }
    if (c.engine.bench) known.add(saga::make_bench_saga());
    saga::engine_options options;
    options.node = host_name();
    options.seed = random_number(random);
    options.concurrency = static_cast<int>(c.engine.concurrency);
    options.max_waiting = c.engine.max_waiting;
    for (const auto& [kind, limits] : c.engine.kind) {
        options.kinds[kind] = {static_cast<int>(limits.concurrency),
                               static_cast<int>(limits.per_minute),
                               static_cast<int>(limits.key_per_minute)};
    }
    options.on_event = [this](const auto& op, const auto& e) {
        operations.happened(op, e);
        const auto now = engine->figures();
        operations.queue_has(now.ready + now.blocked, now.max_waiting);
        holds->happened(background, op, e);
    };
    options.on_journal_fault = [this](const fault& f) { operations.journal_failed(f); };
    engine = std::make_unique<saga::engine>(core, *journal, std::move(known), random,
                                            std::move(options));
    open_keeping();
    open_cron();
    if (!treasury) return;
    refill.emplace(nft::refill::parts{
        .work = *engine,
        .now = [this] { return journal->now(); },
        .lamports = c.wallet.top_up.lamports,
        .daily_cap = c.wallet.top_up.daily_cap,
        .tell =
            [this](nft::refill_news what, std::uint64_t counted) {
                const bool begun = what == nft::refill_news::begun;
                log.write(begun ? ops::log_severity::info : ops::log_severity::warning,
                          begun ? "top_up_begun" : "top_up_capped",
                          {{"counted", fmt::format("{}", counted)},
                           {"daily_cap", fmt::format("{}", c.wallet.top_up.daily_cap)}});
            }});
}

void daemon::parts::open_keeping() {
    saga::retention::rules rules;
    for (const auto& [kind, limits] : c.engine.kind) {
        if (limits.keep_for.value == 0s) continue;
        // A kind that is not defined today may have keys that never expire.
        const auto* saga = engine->known().newest(kind);
        rules[kind] = {.keep_for = limits.keep_for.value,
                       .keep_rows = saga == nullptr || saga->keys_never_expire()};
    }
    if (rules.empty()) return;
    shelf.emplace(c.data.folder + "/archive", core_disk);
    keeper.emplace(*journal, *shelf, std::move(rules), cipher);
}

void daemon::parts::open_hints() {
    solana::signature_hints::settings s{.urls = websockets_of(c, env)};
    if (s.urls.empty()) return;
    s.seed = random_number(random);
    hints.emplace(dialer, core, std::move(s), [this] { chain->signatures.hurry(); });
}

void daemon::parts::open_refill(saga::definitions& known, const nft::mint_settings& settings) {
    treasury.emplace(read_keypair(*c.wallet.top_up.treasury, env));
    known.add(
        nft::make_top_up_saga({.loop = core,
                               .submitter = chain->submitter,
                               .treasury = *treasury,
                               .wallet = chain->wallet.address(),
                               .daily_cap = c.wallet.top_up.daily_cap,
                               .counted = [this](uuid before) { return refill->counted(before); },
                               .policy = settings.chain,
                               .waits = settings.submit}));
}

task<> daemon::parts::fill_wallet() {
    const auto done = co_await refill->look();
    if (done) co_return;
    log.write(ops::log_severity::warning, "top_up_not_started",
              {{"code", std::string{done.error().code()}}});
}

// What cannot be accepted is said now, not at the first tick.
void daemon::parts::open_cron() {
    std::vector<saga::cron_job> jobs;
    for (const auto& [name, each] : c.engine.cron) {
        const auto* saga = engine->known().newest(each.kind);
        if (saga == nullptr) {
            throw start_error{fmt::format(
                "engine.cron.{}.kind: \"{}\" is not available: {}", name, each.kind,
                each.kind == saga::bench_kind ? "engine.bench is not set" : "minting is off")};
        }
        if (const auto read = saga->normalise(each.input); !read) {
            const auto& first = read.error().front();
            throw start_error{
                fmt::format("engine.cron.{}.input: {}: {}", name, first.pointer, first.detail)};
        }
        jobs.push_back(
            {name, saga::cron::parse(each.at).value(), each.kind, each.input, each.missed});
    }
    cron.emplace(saga::cron_runner::surroundings{
                     .loop = core,
                     .work = *engine,
                     .now = [this] { return journal->now(); },
                     .on_fault =
                         [this](const std::string& job, const fault& f) {
                             log.write(ops::log_severity::warning, "cron_not_started",
                                       {{"job", job}, {"code", std::string{f.code()}}});
                         }},
                 std::move(jobs));
}

void daemon::parts::open_rounds() {
    if (!chain || c.reconcile.interval.value == 0s) return;
    rounds.emplace(nft::reconcile_rounds::surroundings{
                       .work = *engine,
                       .loop = core,
                       .now = [this] { return journal->now(); },
                       .seed = random_number(random),
                       .on_fault =
                           [this](const fault& f) {
                               log.write(ops::log_severity::warning, "reconcile_not_started",
                                         {{"code", std::string{f.code()}}});
                           }},
                   nft::reconcile_schedule{.interval = c.reconcile.interval.value,
                                           .content = c.reconcile.content,
                                           .content_within = c.reconcile.content_within.value});
}

void daemon::parts::add_consistency_sagas(saga::definitions& known,
                                          const nft::mint_dependencies& minting,
                                          const nft::mint_settings& settings) {
    const nft::find_operation find = [this](uuid id) { return find_operation(id); };
    known.add(nft::make_mend_saga({minting, settings, find}));
    known.add(nft::make_reconcile_saga());
    known.add(nft::make_reconcile_part_saga(
        {.parts = minting,
         .ledger = content->ledger,
         .find = find,
         .completed = [this](std::int64_t before) { return completed_mints(before); },
         .replicas = replicas_of(c),
         .gateways = settings.gateways,
         .pause = duration{1s} / c.reconcile.rate}));
}

void daemon::parts::add_minting_resources() {
    estimate_resource.emplace(api::mint_estimate_resource::parts{
        .funds = chain ? &chain->funds : nullptr,
        .wallet = chain ? chain->wallet.address() : solana::public_key{},
        .uri_bytes = c.mint.uri_bytes(),
        .fee_cap = c.mint.fee_cap,
        .keeping = content->costs,
        .copies = replicas_of(c).image,
        .mints_per_second = mints_per_second(c.dependency, replicas_of(c).image),
        .time = core});
    estimate_resource->add_to(server.core());
    providers_resource.emplace(content->costs);
    providers_resource->add_to(server.core());
    reconciliations_resource.emplace(api::reconciliations_resource::parts{
        .engine = *engine, .docs = documents, .time = core, .enabled = chain.has_value()});
    reconciliations_resource->add_to(server.core());
}

task<result<std::optional<saga::operation_details>>> daemon::parts::find_operation(uuid id) {
    auto found = co_await engine->get(id);
    if (found) co_return std::move(*found);
    if (found.error().is(thole::codes::operation_not_found)) co_return std::nullopt;
    co_return fail(found.error());
}

task<result<saga::details_page>> daemon::parts::completed_mints(std::int64_t before) {
    saga::list_filter filter;
    filter.kind = std::string{nft::mint_kind};
    filter.ending = saga::op_ending::completed;
    filter.before = before;
    filter.limit = 100;
    co_return co_await engine->list(std::move(filter));
}

std::optional<nft::mint_base> daemon::parts::issuer() const {
    if (!chain) return std::nullopt;
    return nft::mint_base{*secret, chain->wallet.address()};
}

void daemon::parts::add_resources() {
    if (chain) {
        documents.add("mint", [this](const saga::operation_details& o, boost::json::object& out) {
            const auto view = nft::view_mint({*secret, chain->wallet.address()}, o);
            if (!view) return;
            const auto more = json::to_value(*view);
            for (const auto& [key, value] : more.as_object()) out[key] = value;
            if (const auto open = flags.find(o.view.id)) out["drift"] = json::to_value(*open);
        });
    }
    const api::disk_check room = [this] { return has_room(c); };
    content_resource.emplace(*store, front_disk, room, metrics, front, looks.check());
    content_resource->add_to(server.here());
    gateway.emplace(*store, front_disk, front);
    gateway->add_to(server.here());
    front_health.emplace(health_sources(), metrics);
    front_health->add_front(server.here());

    core_health.emplace(health_sources(), metrics);
    core_health->add_core(server.core());
    std::set<std::string, std::less<>> plain_kinds;
    if (c.engine.bench) plain_kinds.emplace(saga::bench_kind);
    operations_resource.emplace(*engine, documents, core, room, std::move(plain_kinds));
    operations_resource->add_to(server.core());
    holds_resource.emplace(*engine);
    holds_resource->add_to(server.core());
    cron_resource.emplace(*cron);
    cron_resource->add_to(server.core());
    mints_resource.emplace(api::mints_resource::parts{.engine = *engine,
                                                      .docs = documents,
                                                      .pictures = *images,
                                                      .holds = content->holds,
                                                      .room = room,
                                                      .time = core,
                                                      .issuer = issuer(),
                                                      .metaplex = c.mint.metaplex.terms()});
    mints_resource->add_to(server.core());
    verify_resource.emplace(partner ? &*partner : nullptr, core);
    verify_resource->add_to(server.core());
    add_minting_resources();
    metrics.on_render([this](ops::metrics&) { refresh_metrics(); });
}

api::health_sources daemon::parts::health_sources() {
    return {.started = [this] { return started.load(); },
            .stopping = [this] { return stopping.load(); },
            .parts =
                [this] {
                    std::vector out{journal_health(*engine), queue_health(engine->figures()),
                                    disk_health(has_room(c), c.data.folder)};
                    if (wallet) out.push_back(wallet->health());
                    if (chain) out.push_back(congestion_health(chain->submitter.crowding()));
                    return out;
                },
            .dependencies =
                [this] {
                    std::vector<api::dependency_health> out;
                    if (chain) out.push_back(health_of(chain->endpoints, core.now()));
                    if (content->provider_set.size() > 0) {
                        out.push_back(health_of(content->provider_set, core.now()));
                    }
                    if (content->gateway_set.size() > 0) {
                        out.push_back(health_of(content->gateway_set, core.now()));
                    }
                    if (asked) out.push_back(health_of(*asked, core.now()));
                    return out;
                }};
}

void daemon::parts::refresh_metrics() {
    const auto now = engine->figures();
    metrics.gauge_of(ops::metric::engine_live)
        .set(now.ready + now.running + now.blocked + now.parked_now);
    metrics.gauge_of(ops::metric::engine_queue_limit).set(now.max_waiting);
    metrics.gauge_of(ops::metric::store_held_bytes)
        .set(static_cast<std::int64_t>(store->usage().bytes));
    content->tell_gateways(metrics);
    if (chain) tell_congestion(chain->submitter.crowding(), metrics);
}

void daemon::parts::watch_signals() {
    signals.emplace(core.context(), SIGTERM, SIGINT);
    signals->async_wait([this](const boost::system::error_code& error, int signal) {
        if (!error) begin_stop(signal);
    });
    reload_signal.emplace(core.context(), SIGHUP);
    watch_reload();
}

void daemon::parts::watch_reload() {
    reload_signal->async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        reload();
        watch_reload();
    });
}

// What cannot change while the daemon runs is told, each key once.
void daemon::parts::reload() {
    const auto again = load_config(sources);
    if (!again) {
        for (const auto& each : again.error()) {
            log.write(ops::log_severity::error, "configuration_refused",
                      {{"place", each.place}, {"key", each.key}, {"rule", each.rule}});
        }
        return;
    }
    const auto plan = plan_reload(c, again->value);
    for (const auto& [partner, calls] : plan.pipelines) {
        // Without a wallet nobody is asked; the next start with one reads the file again.
        if (asked) asked->reconfigure(name{partner}, calls);
        c.dependency.partner[partner].pipeline =
            again->value.dependency.partner.at(partner).pipeline;
        log.write(ops::log_severity::info, "pipeline_reconfigured", {{"partner", partner}});
    }
    for (const auto& key : plan.at_restart) {
        log.write(ops::log_severity::warning, "configuration_needs_restart", {{"key", key}});
    }
    log.write(ops::log_severity::info, "configuration_reloaded",
              {{"pipelines", fmt::format("{}", plan.pipelines.size())},
               {"at_restart", fmt::format("{}", plan.at_restart.size())}});
}

void daemon::parts::begin_stop(int signal) {
    log.write(ops::log_severity::info, "server_stopping", {{"signal", fmt::format("{}", signal)}});
    stopping = true;
    // What is journaled is safe at any instant, so impatience costs nothing.
    signals->async_wait([](const boost::system::error_code& error, int again) {
        if (!error) ::_exit(128 + again);
    });
    stop_wanted.set();
}

task<> daemon::parts::start() {
    metrics.gauge_of(ops::metric::process_start)
        .set(std::chrono::duration_cast<std::chrono::seconds>(core.wall_now().time_since_epoch())
                 .count());
    server.open_core();
    auto begun = co_await engine->start();
    if (!begun) {
        log.write(ops::log_severity::error, "engine_failed",
                  {{"code", std::string{begun.error().code()}},
                   {"detail", std::string{begun.error().detail()}}});
        exit_code = 1;
        stop_wanted.set();
        co_return;
    }
    started = true;
    const auto figures = engine->figures();
    log.write(ops::log_severity::info, "server_started",
              {{"version", std::string{version_text}},
               {"socket", c.server.socket},
               {"url", server.own_url(c)},
               {"data", c.data.folder},
               {"minting", chain ? chain->wallet.address().text() : "off"},
               {"recovered", fmt::format("{}", figures.recovered)}});
    log.flush();
    if (!c.engine.cron.empty()) background.spawn(cron->run());
    if (chain) background.spawn(watch_wallet());
    if (hints) background.spawn(hints->run());
    (void)co_await holds->sweep(*engine);
    co_await content->tell_costs(metrics);
}

task<> daemon::parts::stop() {
    const auto grace = c.server.drain_timeout.value;
    const auto until = deadline::after(core.now(), grace);
    // First the engine: who waits for an operation is answered, and the server can end.
    co_await engine->stop(grace);
    co_await hop(front, server.stop(deadline::after(core.now(), until.remaining(core.now()))));
    co_await background.close();
    front.stop();
    log.write(ops::log_severity::info, "server_stopped");
    log.flush();
}

task<> daemon::parts::live() {
    background.spawn(start());
    background.spawn(collect_content());
    if (keeper) background.spawn(archive_operations());
    if (cipher) {
        const resealing all{core, *journal, *cipher, log, metrics};
        background.spawn(reseal_payloads(all));
    }
    if (chain) background.spawn(watch_endpoints(chain->monitor, chain->endpoints.dependency()));
    background.spawn(
        watch_endpoints(content->provider_monitor, content->provider_set.dependency()));
    background.spawn(watch_endpoints(content->gateway_monitor, content->gateway_set.dependency()));
    open_rounds();
    if (rounds) background.spawn(rounds->run());
    (void)co_await stop_wanted.wait();
    co_await stop();
}

task<> daemon::parts::collect_content() {
    io::loop& loop = core;
    for (;;) {
        const auto slept = co_await loop.sleep_for(collect_interval(c));
        if (!slept) co_return;
        (void)co_await holds->sweep(*engine);
        co_await content->tell_costs(metrics);
        auto collect = [this] { return store->gc(journal->now()); };
        const auto removed = co_await core_disk.run(std::move(collect));
        tell_removed(log, removed);
    }
}

task<> daemon::parts::watch_wallet() {
    io::loop& loop = core;
    for (;;) {
        co_await wallet->look(deadline::after(loop.now(), 5s));
        if (refill && wallet->is_short()) co_await fill_wallet();
        const auto slept = co_await loop.sleep_for(look_at_wallet_each);
        if (!slept) co_return;
    }
}

// What ended long ago leaves the journal, a little at a time.
task<> daemon::parts::archive_operations() {
    io::loop& loop = core;
    for (;;) {
        const auto done = co_await keeper->sweep();
        if (!done) {
            log.write(ops::log_severity::error, "archive_failed",
                      {{"code", std::string{done.error().code()}},
                       {"detail", std::string{done.error().detail()}}});
        } else if (done->removed > 0) {
            log.write(ops::log_severity::info, "operations_archived",
                      {{"operations", fmt::format("{}", done->removed)}, {"file", done->file}});
        }
        const auto slept = co_await loop.sleep_for(archive_each);
        if (!slept) co_return;
    }
}

// Endpoints that are well again are brought back, and what waits for them is begun: its own time to
// ask again comes from the breakers, which would have stayed open.
task<> daemon::parts::watch_endpoints(io::endpoint_monitor& monitor, name dependency) {
    io::loop& loop = core;
    const saga::bulk_request begin{
        .which = {.state = saga::op_state::ready,
                  .text = fmt::format("policy.no_endpoint {}", dependency.view())},
        .act = saga::bulk_act::retry,
        .actor = "monitor",
        .reason = fmt::format("{}: an endpoint is back.", dependency.view()),
        .dry_run = false};
    for (;;) {
        const auto slept = co_await loop.sleep_for(look_at_endpoints_each);
        if (!slept) co_return;
        if (co_await monitor.look() > 0) (void)co_await engine->act_on_all(begin);
    }
}

daemon::daemon(const loaded_config& from, const config_sources& sources)
    : parts_{std::make_unique<parts>(from.value, sources)} {
    for (const auto& note : from.notes) {
        parts_->log.write(ops::log_severity::warning, "configuration_noted", {{"note", note}});
    }
}

daemon::~daemon() = default;

int daemon::run() {
    auto& p = *parts_;
    p.watch_signals();
    std::jthread front_thread{[&p] { p.front.run(); }};
    p.core.run_until(p.live());
    front_thread.join();
    return p.exit_code;
}

}  // namespace thole::app
