#pragma once

// The configuration: plain structs whose defaults are the built-in configuration.
//
// Every member is optional in a file; its name there is its name here ("[server] listen"). Texts
// like "30s" are durations, secrets are references only (text_values.hpp). See config_load.hpp for
// how files, drop-ins, environment and flags are laid over each other, config_rules.hpp for what
// is refused. Values only.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/text_values.hpp"
#include "base/json.hpp"
#include "base/money.hpp"
#include "engine/cron.hpp"
#include "nft/metaplex_terms.hpp"
#include "nft/partner_place.hpp"

namespace thole::app {

// ---- [server] -----------------------------------------------------------------------------------

enum class token_scope : std::uint8_t { read, submit, operate };
BOOST_DESCRIBE_ENUM(token_scope, read, submit, operate)

// [[server.token]]: who may call over TCP. Exactly one of `secret` and `hash`.
struct token_config {
    std::string name;                 // shown as the actor of what it does; required, unique
    std::optional<reference> secret;  // where the token's text is; 22…256 visible ASCII characters
    std::string hash;                 // or "sha256:" and 64 hexadecimal digits of that text
    std::vector<token_scope> scopes{token_scope::read, token_scope::submit, token_scope::operate};
};
BOOST_DESCRIBE_STRUCT(token_config, (), (name, secret, hash, scopes))

struct server_config {
    // Address and port for TCP; "" = no TCP; port 0 = any free one (written to the log).
    std::string listen = "127.0.0.1:8420";
    // The unix socket for the command line; "" = thole.sock in the data folder.
    std::string socket;
    // True when a TLS proxy stands before the TCP port: addresses other than loopback are then
    // allowed, and every call over TCP needs a token, reads too.
    bool behind_tls_proxy = false;
    std::uint32_t max_connections = 1024;                 // at once; 1…65535
    time_span header_timeout = std::chrono::seconds{10};  // for a request's head; 1s…5m
    time_span body_timeout = std::chrono::seconds{60};    // for a request's body; 1s…1h
    time_span idle_timeout = std::chrono::seconds{60};    // of a kept connection; 1s…1h
    time_span drain_timeout = std::chrono::seconds{20};   // for running work at the end; 0s…10m
    std::vector<token_config> token;
};
BOOST_DESCRIBE_STRUCT(server_config, (),
                      (listen, socket, behind_tls_proxy, max_connections, header_timeout,
                       body_timeout, idle_timeout, drain_timeout, token))

// ---- [data], [wallet], [records] ----------------------------------------------------------------

struct data_config {
    // Journal, records, content, cluster secret; "" = $THOLE_DATA, else /var/lib/thole as a
    // service, else ~/.local/share/thole.
    std::string folder;
    // New work is refused (507) when the folder's disk has less free; bytes; 0 = never refuse.
    std::uint64_t min_free_bytes = 64 << 20;
    // Content that no operation refers to is removed after this; 1m…8760h; 0s = keep for ever.
    time_span unreferenced_content = std::chrono::hours{24};
};
BOOST_DESCRIBE_STRUCT(data_config, (), (folder, min_free_bytes, unreferenced_content))

// [wallet.top_up]: the wallet is filled when it is below its floor. Not set = by hand.
struct top_up_config {
    std::optional<reference> treasury;      // the keypair that gives, in the form of wallet.key
    std::uint64_t lamports = 100'000'000;   // a time; 1…daily_cap
    std::uint64_t daily_cap = 500'000'000;  // in any 24 hours, never more; 1…1 000 000 000 000
};
BOOST_DESCRIBE_STRUCT(top_up_config, (), (treasury, lamports, daily_cap))

struct wallet_config {
    // The wallet that mints and pays: a JSON array of 64 numbers, as solana-keygen writes it.
    // Not set = minting is off; everything else works.
    std::optional<reference> key;
    // Lamports below which it is called short, in log, health and metrics: about five mints; 0 =
    // never.
    std::uint64_t floor = 50'000'000;
    top_up_config top_up;
};
BOOST_DESCRIBE_STRUCT(wallet_config, (), (key, floor, top_up))

struct records_config {
    // The records database: "sqlite:///ABSOLUTE/PATH"; "" = records.sqlite in the data folder.
    std::string url;
    std::uint32_t pool_min = 5;   // connections kept; 0…pool_max; SQLite does not use it
    std::uint32_t pool_max = 20;  // connections at most; 1…1000; SQLite does not use it
};
BOOST_DESCRIBE_STRUCT(records_config, (), (url, pool_min, pool_max))

// ---- [dependency.*] -----------------------------------------------------------------------------

enum class endpoint_role : std::uint8_t { send, read, history };
BOOST_DESCRIBE_ENUM(endpoint_role, send, read, history)

// [[dependency.NAME.endpoint]]
struct endpoint_config {
    std::string name;  // in logs, metrics and evidence; required, unique in its dependency
    std::string url;   // http or https, or a reference to it when it holds a key
    // Of the chain's nodes: where it notifies, ws or wss, or a reference; "" = nowhere.
    std::string websocket;
    std::string provider;        // who runs it; "" = the last two labels of the URL's host
    std::string region;          // calls spread over regions; "" = not said
    std::uint32_t tier = 0;      // lower ones are used first; 0…255
    std::uint32_t weight = 100;  // share within a tier; 1…1000
    // What it may be asked at most: "10/s", "600/m", "5000/h"; not set = as much as it takes.
    std::optional<call_rate> rate{};
    std::uint32_t capacity = 0;  // calls under way at once; 0…10000; 0 = as many as it takes
    std::vector<endpoint_role> roles{endpoint_role::send, endpoint_role::read,
                                     endpoint_role::history};
};
BOOST_DESCRIBE_STRUCT(endpoint_config, (),
                      (name, url, websocket, provider, region, tier, weight, rate, capacity, roles))

// What is not set comes from the preset.
struct retry_config {
    std::optional<std::uint32_t> attempts;  // retries after the first call; 0…100; 0 = none
};
BOOST_DESCRIBE_STRUCT(retry_config, (), (attempts))

struct breaker_config {
    std::optional<std::uint32_t> failures;   // consecutive ones that open it; 1…1000
    std::optional<time_span> open;           // how long it stays open; 100ms…1h
    std::optional<std::uint32_t> successes;  // consecutive ones that close it; 1…5
};
BOOST_DESCRIBE_STRUCT(breaker_config, (), (failures, open, successes))

struct dependency_config {
    // Retry and breaker of a kind of dependency (thole/presets.hpp); not set = its own kind's.
    std::optional<std::string> preset;
    std::optional<time_span> timeout;  // of one call to one endpoint; 100ms…10m
    retry_config retry;
    breaker_config breaker;
    std::vector<endpoint_config> endpoint;
};
BOOST_DESCRIBE_STRUCT(dependency_config, (), (preset, timeout, retry, breaker, endpoint))

struct gateway_config {
    std::optional<std::string> preset;
    std::optional<time_span> timeout;  // of one call to one gateway; 100ms…10m
    retry_config retry;
    breaker_config breaker;
    std::vector<endpoint_config> endpoint;
    // Others that may be asked as well while one is later than 95 of 100; 0…4; 0 = none.
    std::uint32_t hedge_copies = 1;
    // One is late after this at most, and while few answers are known; 50ms…10m.
    time_span hedge_longest = std::chrono::seconds{1};
    // One that serves well is asked for something so often; 10s…24h; 0s = only when it is ill.
    time_span probe_every = std::chrono::minutes{5};
    // Of verified metadata kept in memory for /verify/{wallet}; 0…1 073 741 824; 0 = none.
    std::uint64_t cache_bytes = 8U << 20U;
};
BOOST_DESCRIBE_STRUCT(gateway_config, (),
                      (preset, timeout, retry, breaker, endpoint, hedge_copies, hedge_longest,
                       probe_every, cache_bytes))

enum class provider_kind : std::uint8_t { store, kubo, pinata, psa };
BOOST_DESCRIBE_ENUM(provider_kind, store, kubo, pinata, psa)
enum class pinata_version : std::uint8_t { v3, legacy };
BOOST_DESCRIBE_ENUM(pinata_version, v3, legacy)

// [[dependency.ipfs.provider]]: where content is kept.
struct ipfs_provider_config {
    std::string name;  // required, unique
    // "store": this daemon's own; "kubo": a node's RPC API; "pinata"; "psa": a pinning service.
    provider_kind kind = provider_kind::store;
    // Of the API; required for "kubo" and "psa"; "" for "pinata" = its own servers.
    std::string url;
    // The key, for "pinata" (a JWT) and "psa"; not set for "pinata" = env:PINATA_API_KEY.
    std::optional<reference> token;
    pinata_version api = pinata_version::v3;  // of "pinata": "v3", or "legacy" (pinFileToIPFS)
    // For "psa", which fetches: multiaddresses of our own nodes that have the content; at most 20.
    std::vector<std::string> origins;
    std::uint32_t tier = 0;  // lower ones are used first; 0…255
    // Of the others than "store", as endpoints have them.
    std::optional<call_rate> rate{};
    std::uint32_t capacity = 0;
    // What it takes for 10⁹ bytes a month, e.g. "0.15 USD"; up to 9000. Not set = costs are not
    // shown.
    std::optional<money> price_per_gb_month;
    // What it may keep for us, of the others than "store"; bytes; 0 = not limited here.
    std::uint64_t quota_bytes = 0;
};
BOOST_DESCRIBE_STRUCT(ipfs_provider_config, (),
                      (name, kind, url, token, api, origins, tier, rate, capacity,
                       price_per_gb_month, quota_bytes))

struct ipfs_config {
    std::optional<std::string> preset;
    std::optional<time_span> timeout;  // of one call to one provider; 100ms…10m
    retry_config retry;
    breaker_config breaker;
    // None given = one of kind "store".
    std::vector<ipfs_provider_config> provider;
};
BOOST_DESCRIBE_STRUCT(ipfs_config, (), (preset, timeout, retry, breaker, provider))

// [dependency.partner.NAME]: a partner's own API, whose view of a mint counts too.
struct partner_config {
    // http or https, with "{wallet}" where the address goes, or a reference to it; required. It
    // answers as GET /api/v1/verify/{wallet} does.
    std::string url;
    std::optional<reference> token;  // sent as a bearer
    // When it is asked: "mint", before a mint counts as completed; "recheck", minutes later.
    std::vector<nft::partner_place> called{nft::partner_place::recheck};
    // The policies around a call (pipeline_config.hpp); not set = breaker and timeout of 10s. The
    // step repeats the call, so there is no retry here.
    boost::json::value pipeline;
};
BOOST_DESCRIBE_STRUCT(partner_config, (), (url, token, called, pipeline))

struct dependencies_config {
    // Overrides of the preset "default", for every dependency that uses it.
    dependency_config standard;
    dependency_config solana;  // the chain's RPC nodes
    ipfs_config ipfs;          // where content is stored
    gateway_config gateway;    // where others read it; asked before an NFT counts as verified
    std::map<std::string, partner_config> partner;
};
BOOST_DESCRIBE_STRUCT(dependencies_config, (), (standard, solana, ipfs, gateway, partner))

// ---- [images] ---

enum class image_use : std::uint8_t { off, when_there, required };
BOOST_DESCRIBE_ENUM(image_use, off, when_there, required)

// What is decoded before it is kept, in a process without keys (thole-image-worker).
struct images_config {
    // "off" = images are known by their first bytes; "required" = no start without the worker.
    image_use check = image_use::when_there;
    std::uint64_t max_pixels = 40'000'000;          // of one frame; 1…268 435 456
    std::uint32_t max_frames = 500;                 // of an animation; 1…10000
    time_span cpu_time = std::chrono::seconds{10};  // for one image; 1s…5m, whole seconds
    std::uint32_t at_once = 2;                      // processes; 1…64
    bool compress = false;  // PNG and JPEG are kept in fewer bytes, to the last pixel the same
};
BOOST_DESCRIBE_STRUCT(images_config, (),
                      (check, max_pixels, max_frames, cpu_time, at_once, compress))

// ---- [mint], [engine], [log] --------------------------------------------------------------------

enum class exhausted_action : std::uint8_t { park, rollback };
BOOST_DESCRIBE_ENUM(exhausted_action, park, rollback)

// [mint.metaplex]: what every token of Metaplex' standard gets; the others have none of it.
struct metaplex_config {
    std::string collection;  // mint address of the collection's NFT, whose update authority the
                             // wallet is; "" = none. Each token is verified as its member
    // Collections of before, whose tokens GET /api/v1/verify still calls genuine.
    std::vector<std::string> earlier_collections;
    std::uint32_t seller_fee_basis_points = 0;  // what resales owe, in 1/100 per cent; 0…10000
    // [[mint.metaplex.creator]]: who shares in that beside the wallet, which has the rest; ≤ 4.
    std::vector<nft::creator_share> creator;

    [[nodiscard]] nft::metaplex_terms terms() const {
        return {collection, seller_fee_basis_points, creator};
    }
};
BOOST_DESCRIBE_STRUCT(metaplex_config, (),
                      (collection, earlier_collections, seller_fee_basis_points, creator))

struct mint_config {
    // Micro-lamports per compute unit: floor ≤ percentile of recent fees ≤ cap.
    std::uint64_t fee_floor = 1'000;    // 0…fee_cap
    std::uint64_t fee_cap = 2'000'000;  // 0…1 000 000 000
    std::uint32_t fee_percentile = 75;  // 1…100
    // How often the chain is asked about all signatures under way, together; 20ms…10s.
    time_span status_poll = std::chrono::milliseconds{750};
    // A finished mint is looked at again after this; 0s…24h; 0s = never.
    time_span recheck_after = std::chrono::minutes{5};
    std::uint32_t max_generations = 3;  // transactions signed for one mint, one after another; 1…3
    exhausted_action on_exhausted = exhausted_action::park;  // after the last: a person, or undo
    std::string uri_prefix = "ipfs://";  // before the metadata's CID; 1…140 bytes
    // Providers that must hold image and metadata; 0…10; 0 = two, or the one there is.
    std::uint32_t replicas = 0;
    // Those that must hold the metadata; 0 = as many as the image.
    std::uint32_t metadata_replicas = 0;
    // Proof that a transaction is dead needs two providers that agree. One only is refused unless
    // this is set; a lying or lagging node could then cost a second transaction fee and a wait.
    bool allow_single_provider = false;
    // Between two mints that begin while the chain is congested; 0s…1m; 0s = they are not slowed.
    time_span congestion_pace = std::chrono::milliseconds{250};
    metaplex_config metaplex;

    // Of a metadata URI: the prefix and the characters of a CID.
    [[nodiscard]] std::size_t uri_bytes() const { return uri_prefix.size() + 59; }
};
BOOST_DESCRIBE_STRUCT(mint_config, (),
                      (fee_floor, fee_cap, fee_percentile, status_poll, recheck_after,
                       max_generations, on_exhausted, uri_prefix, replicas, metadata_replicas,
                       allow_single_provider, congestion_pace, metaplex))

// [engine.kind.NAME]: what one kind of operations may take. 0 = no limit of its own.
struct kind_config {
    std::uint32_t concurrency = 0;     // worked on at once; 0…10000
    std::uint32_t per_minute = 0;      // taken up in a minute, evenly; 0…6 000 000
    std::uint32_t key_per_minute = 0;  // … of those with one lock key; 0…6 000 000
    // Those that ended so long ago are moved to the archive in the data folder; 1h…87600h; 0s =
    // never. Of a mint only the history is moved: its idempotency key never expires.
    time_span keep_for = std::chrono::seconds{0};
};
BOOST_DESCRIBE_STRUCT(kind_config, (), (concurrency, per_minute, key_per_minute, keep_for))

// [engine.cron.NAME]: operations that are begun by the clock, each tick one.
struct cron_config {
    std::string at;    // minute hour day month weekday, in UTC, e.g. "*/15 6-18 * * mon-fri"
    std::string kind;  // reconcile or bench; required
    std::string input = "{}";  // as JSON
    // Ticks that passed while the daemon was down: "skip", or "one" operation for the newest.
    saga::missed_ticks missed = saga::missed_ticks::skip;
};
BOOST_DESCRIBE_STRUCT(cron_config, (), (at, kind, input, missed))

// [[engine.payload_key]]: what operations carry is sealed under the last of them, and opened with
// any.
struct payload_key_config {
    std::string id;                   // stands beside what is sealed; required, unique
    std::optional<reference> secret;  // 64 hexadecimal digits: 32 random bytes; required
};
BOOST_DESCRIBE_STRUCT(payload_key_config, (), (id, secret))

struct reconcile_config {
    // Records are compared with the chain so often, and what is safe is repaired; 1m…720h; 0s =
    // only when asked.
    time_span interval = std::chrono::hours{1};
    bool content = true;  // and with the content behind their URIs, a part of them each time
    // The content of each record is looked at once in this time; reconcile.interval…8760h; 0s = in
    // each run.
    time_span content_within = std::chrono::hours{24};
    // Questions a second: of 20 records each to the chain, of one each to gateways and providers;
    // 1…1000.
    std::uint32_t rate = 20;
};
BOOST_DESCRIBE_STRUCT(reconcile_config, (), (interval, content, content_within, rate))

struct engine_config {
    std::uint32_t max_waiting = 100'000;  // ready and blocked operations; more are refused (503)
    std::uint32_t concurrency = 256;      // operations worked on at once; 1…10000
    std::map<std::string, kind_config> kind;
    std::map<std::string, cron_config> cron;
    std::vector<payload_key_config> payload_key;  // none: payloads stand in the clear
    bool bench = false;  // accept operations of kind "bench", which do nothing, for measuring
};
BOOST_DESCRIBE_STRUCT(engine_config, (), (max_waiting, concurrency, kind, cron, payload_key, bench))

enum class log_level : std::uint8_t { debug, info, warning, error };
BOOST_DESCRIBE_ENUM(log_level, debug, info, warning, error)
enum class log_format : std::uint8_t { text, json };
BOOST_DESCRIBE_ENUM(log_format, text, json)

struct log_config {
    log_level level = log_level::info;
    log_format format = log_format::text;  // one line a record on standard error, ASCII only
};
BOOST_DESCRIBE_STRUCT(log_config, (), (level, format))

struct config {
    server_config server;
    data_config data;
    wallet_config wallet;
    records_config records;
    dependencies_config dependency;
    images_config images;
    mint_config mint;
    reconcile_config reconcile;
    engine_config engine;
    log_config log;
};
BOOST_DESCRIBE_STRUCT(config, (),
                      (server, data, wallet, records, dependency, images, mint, reconcile, engine,
                       log))

}  // namespace thole::app

namespace thole::json {
template <>
inline constexpr auto optional_members<app::token_config> = all_members;
template <>
inline constexpr auto optional_members<app::server_config> = all_members;
template <>
inline constexpr auto optional_members<app::data_config> = all_members;
template <>
inline constexpr auto optional_members<app::wallet_config> = all_members;
template <>
inline constexpr auto optional_members<app::top_up_config> = all_members;
template <>
inline constexpr auto optional_members<app::records_config> = all_members;
template <>
inline constexpr auto optional_members<app::endpoint_config> = all_members;
template <>
inline constexpr auto optional_members<app::retry_config> = all_members;
template <>
inline constexpr auto optional_members<app::breaker_config> = all_members;
template <>
inline constexpr auto optional_members<app::dependency_config> = all_members;
template <>
inline constexpr auto optional_members<app::gateway_config> = all_members;
template <>
inline constexpr auto optional_members<app::ipfs_provider_config> = all_members;
template <>
inline constexpr auto optional_members<app::ipfs_config> = all_members;
template <>
inline constexpr auto optional_members<app::partner_config> = all_members;
template <>
inline constexpr auto optional_members<app::dependencies_config> = all_members;
template <>
inline constexpr auto optional_members<app::images_config> = all_members;
template <>
inline constexpr auto optional_members<app::metaplex_config> = all_members;
template <>
inline constexpr auto optional_members<app::mint_config> = all_members;
template <>
inline constexpr auto optional_members<app::reconcile_config> = all_members;
template <>
inline constexpr auto optional_members<app::engine_config> = all_members;
template <>
inline constexpr auto optional_members<app::kind_config> = all_members;
template <>
inline constexpr auto optional_members<app::cron_config> = all_members;
template <>
inline constexpr auto optional_members<app::payload_key_config> = all_members;
template <>
inline constexpr auto optional_members<app::log_config> = all_members;
template <>
inline constexpr auto optional_members<app::config> = all_members;
}  // namespace thole::json
