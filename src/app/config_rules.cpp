#include "app/config_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

#include "app/partner_parts.hpp"
#include "app/payload_keys.hpp"
#include "app/url_parts.hpp"
#include "base/bytes.hpp"
#include "engine/act_saga.hpp"
#include "engine/bench_saga.hpp"
#include "nft/mend.hpp"
#include "nft/mint_saga.hpp"
#include "nft/reconciler.hpp"
#include "nft/top_up.hpp"
#include "solana/codec/keypair.hpp"
#include "thole/presets.hpp"

namespace thole::app {
namespace {

using namespace std::chrono_literals;

bool visible(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

constexpr std::uint32_t most_at_once = 10'000;  // calls that an endpoint may have under way

// Of what is named by its table.
constexpr auto plain_name_rule = "the name must be 1 to 64 letters, digits, \"-\" and \"_\"";
bool is_plain_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
    });
}

constexpr std::array kinds{
    nft::mint_kind,           nft::recheck_kind, nft::mend_kind,   nft::reconcile_kind,
    nft::reconcile_part_kind, nft::top_up_kind,  saga::bench_kind, saga::act_kind};
// … whose operations take a lock.
constexpr std::array kinds_with_key{nft::mint_kind, nft::mend_kind, nft::top_up_kind};

class rule_book {
  public:
    rule_book(const config& c, const config_layers& layers, const environment& env,
              std::vector<config_problem>& problems, std::vector<std::string>& notes)
        : c_{c}, layers_{layers}, env_{env}, problems_{problems}, notes_{notes} {}

    void check_server();
    void check_tokens();
    void check_payload_keys();
    void check_places();
    void check_engine();
    void check_wallet();
    void check_dependencies();
    void check_minting_roles();
    void check_mint();
    void check_images();

  private:
    void refuse(const std::string& pointer, std::string rule) {
        problems_.push_back({layers_.origin_of(pointer), key_of(pointer), std::move(rule)});
    }
    template <class T>
    void range(const std::string& pointer, T value, T lowest, T highest) {
        if (value >= lowest && value <= highest) return;
        refuse(pointer, fmt::format("must be from {} to {}", lowest, highest));
    }
    void span(const std::string& pointer, time_span value, duration lowest, duration highest) {
        if (value.value >= lowest && value.value <= highest) return;
        refuse(pointer, fmt::format("must be from {} to {}", time_span{lowest}.text(),
                                    time_span{highest}.text()));
    }
    void unique_name(const std::string& pointer, const std::string& name,
                     std::set<std::string>& seen) {
        if (name.empty() || name.size() > 64 || !visible(name)) {
            refuse(pointer + "/name", "required: 1 to 64 visible ASCII characters");
        } else if (!seen.insert(name).second) {
            refuse(pointer + "/name", fmt::format("\"{}\" is used twice", name));
        }
    }
    template <class Policies>
    void check_policies(const std::string& pointer, const Policies& p) {
        if (p.preset && presets::find(*p.preset) == nullptr) {
            std::string names;
            for (const auto* each : presets::all) names += fmt::format(" \"{}\"", each->name);
            refuse(pointer + "/preset", "must be one of" + names);
        }
        if (p.timeout) span(pointer + "/timeout", *p.timeout, 100ms, 10min);
        if (p.retry.attempts) range(pointer + "/retry/attempts", *p.retry.attempts, 0U, 100U);
        if (p.breaker.failures)
            range(pointer + "/breaker/failures", *p.breaker.failures, 1U, 1000U);
        if (p.breaker.open) span(pointer + "/breaker/open", *p.breaker.open, 100ms, 1h);
        if (p.breaker.successes)
            range(pointer + "/breaker/successes", *p.breaker.successes, 1U, 5U);
    }
    void check_kind(const std::string& pointer, std::string_view kind,
                    std::span<const std::string_view> known) {
        if (std::ranges::find(known, kind) != known.end()) return;
        std::string names;
        for (const auto each : known) names += fmt::format(" \"{}\"", each);
        refuse(pointer, "there is no such kind of operations; must be one of" + names);
    }
    void check_metaplex();
    std::optional<solana::keypair> check_keypair(const std::string& pointer, const reference&);
    void check_url(const std::string& pointer, const std::string& url);
    void check_websocket(const std::string& pointer, std::string_view dependency,
                         const std::string& url);
    void check_endpoints(const std::string& pointer, const std::vector<endpoint_config>&);
    void check_gateways(const gateway_config&);
    void check_providers();
    void check_partner(const std::string& at, const partner_config&);
    void check_provider_access(const std::string& at, const ipfs_provider_config& p);

    const config& c_;
    const config_layers& layers_;
    const environment& env_;
    std::vector<config_problem>& problems_;
    std::vector<std::string>& notes_;
    std::optional<solana::public_key> wallet_;  // where it can be read
};

void rule_book::check_server() {
    const auto& s = c_.server;
    if (!s.listen.empty()) {
        const auto listen = parse_listen(s.listen);
        if (!listen) {
            refuse("/server/listen", "must be ADDRESS:PORT, like 127.0.0.1:8420 or [::1]:8420");
        } else if (!listen->loopback && !s.behind_tls_proxy) {
            refuse("/server/listen",
                   "only loopback is served without TLS; put a TLS proxy before it and set "
                   "server.behind_tls_proxy = true");
        }
    }
    if (s.behind_tls_proxy && s.token.empty()) {
        refuse("/server/behind_tls_proxy", "needs at least one [[server.token]]");
    }
    // sun_path has 108 bytes with its end.
    if (s.socket.size() > 107) refuse("/server/socket", "must be at most 107 bytes long");
    range("/server/max_connections", s.max_connections, 1U, 65535U);
    span("/server/header_timeout", s.header_timeout, 1s, 5min);
    span("/server/body_timeout", s.body_timeout, 1s, 1h);
    span("/server/idle_timeout", s.idle_timeout, 1s, 1h);
    span("/server/drain_timeout", s.drain_timeout, 0s, 10min);
}

void rule_book::check_tokens() {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < c_.server.token.size(); ++i) {
        const auto& token = c_.server.token[i];
        const auto at = fmt::format("/server/token/{}", i);
        unique_name(at, token.name, seen);
        if (token.scopes.empty()) refuse(at + "/scopes", "must name at least one scope");
        if (token.secret.has_value() == !token.hash.empty()) {
            refuse(at, "must have exactly one of secret and hash");
        } else if (token.secret) {
            const auto text = read_secret(*token.secret, env_);
            if (!text) refuse(at + "/secret", std::string{text.error().detail()});
        } else if (!token.hash.starts_with("sha256:") ||
                   from_hex(token.hash.substr(7)).value_or(bytes{}).size() != 32) {
            refuse(at + "/hash", "must be \"sha256:\" and 64 lower-case hexadecimal digits");
        }
    }
}

void rule_book::check_places() {
    constexpr std::string_view scheme = "sqlite://";
    const auto& url = c_.records.url;
    if (!url.starts_with(scheme) || url.size() <= scheme.size() + 1 || url[scheme.size()] != '/') {
        refuse("/records/url",
               "must be sqlite:///ABSOLUTE/PATH; other databases are not served by "
               "this version");
    }
    range("/records/pool_max", c_.records.pool_max, 1U, 1000U);
    range("/records/pool_min", c_.records.pool_min, 0U, c_.records.pool_max);
    if (c_.data.unreferenced_content.value != duration::zero()) {
        span("/data/unreferenced_content", c_.data.unreferenced_content, 1min, 8760h);
    }
}

void rule_book::check_engine() {
    range("/engine/max_waiting", c_.engine.max_waiting, 1U, 10'000'000U);
    range("/engine/concurrency", c_.engine.concurrency, 1U, 10'000U);
    for (const auto& [kind, limits] : c_.engine.kind) {
        check_kind("/engine/kind/" + kind, kind, kinds);
        if (limits.keep_for.value != 0s) {
            // The cap of the last day is counted from what is still there.
            const auto least = kind == nft::top_up_kind ? 48h : 1h;
            span("/engine/kind/" + kind + "/keep_for", limits.keep_for, least, 87'600h);
        }
        range("/engine/kind/" + kind + "/concurrency", limits.concurrency, 0U, 10'000U);
        range("/engine/kind/" + kind + "/per_minute", limits.per_minute, 0U, 6'000'000U);
        const auto of_key = "/engine/kind/" + kind + "/key_per_minute";
        range(of_key, limits.key_per_minute, 0U, 6'000'000U);
        const bool has_key =
            std::ranges::find(kinds_with_key, std::string_view{kind}) != kinds_with_key.end();
        if (limits.key_per_minute > 0 && !has_key) {
            refuse(of_key, "operations of this kind have no key that they would wait for");
        }
    }
    for (const auto& [name, job] : c_.engine.cron) {
        const auto at = "/engine/cron/" + name;
        if (!is_plain_name(name)) refuse(at, plain_name_rule);
        if (const auto read = saga::cron::parse(job.at); !read) refuse(at + "/at", read.error());
        check_kind(at + "/kind", job.kind, std::array{nft::reconcile_kind, saga::bench_kind});
        if (const auto read = json::parse(job.input); !read || !read->is_object()) {
            refuse(at + "/input", "must be a JSON object as text, e.g. '{\"dry_run\": true}'");
        }
    }
}

void rule_book::check_payload_keys() {
    std::vector<saga::payload_key> keys;
    for (std::size_t i = 0; i < c_.engine.payload_key.size(); ++i) {
        const auto& each = c_.engine.payload_key[i];
        const auto at = fmt::format("/engine/payload_key/{}", i);
        auto key = read_payload_key(each, env_);
        if (!key) {
            refuse(at + "/secret", key.error());
            continue;
        }
        keys.push_back(std::move(*key));
        system_entropy unused;
        if (const auto made = saga::payload_cipher::make(keys, unused); !made) {
            refuse(at + "/id", std::string{made.error().detail()});
            keys.pop_back();
        }
    }
}

void rule_book::check_wallet() {
    if (!c_.wallet.key) {
        notes_.emplace_back("wallet.key is not set: minting is off");
        return;
    }
    const auto wallet = check_keypair("/wallet/key", *c_.wallet.key);
    if (wallet) wallet_ = wallet->address();
    const auto& fill = c_.wallet.top_up;
    range<std::uint64_t>("/wallet/top_up/daily_cap", fill.daily_cap, 1, 1'000'000'000'000);
    range<std::uint64_t>("/wallet/top_up/lamports", fill.lamports, 1, fill.daily_cap);
    if (!fill.treasury) return;
    const auto treasury = check_keypair("/wallet/top_up/treasury", *fill.treasury);
    if (wallet && treasury && wallet->address() == treasury->address()) {
        refuse("/wallet/top_up/treasury", "must be another wallet than wallet.key");
    }
    if (c_.wallet.floor == 0) {
        refuse("/wallet/floor", "must be above 0: below it the wallet is filled");
    }
}

std::optional<solana::keypair> rule_book::check_keypair(const std::string& pointer,
                                                        const reference& from) {
    const auto text = read_secret(from, env_);
    if (!text) {
        refuse(pointer, std::string{text.error().detail()});
        return std::nullopt;
    }
    auto key = solana::keypair::from_text(text->reveal());
    if (key) return std::move(*key);
    refuse(pointer,
           "must hold a keypair, as solana-keygen writes it: a JSON array of 64 numbers (or their "
           "base58) whose public half belongs to the secret half");
    return std::nullopt;
}

void rule_book::check_url(const std::string& pointer, const std::string& url) {
    const auto resolved = resolve_url(url, env_);
    if (!resolved) {
        refuse(pointer, std::string{resolved.error().detail()});
    } else if (!parse_http_url(*resolved)) {
        refuse(pointer, "must be an absolute http or https URL");
    }
}

void rule_book::check_websocket(const std::string& pointer, std::string_view dependency,
                                const std::string& url) {
    if (url.empty()) return;
    if (!dependency.ends_with("/solana")) return refuse(pointer, "only nodes of the chain notify");
    const auto resolved = resolve_url(url, env_);
    if (!resolved) {
        refuse(pointer, std::string{resolved.error().detail()});
    } else if (!resolved->starts_with("ws") || !parse_http_url("http" + resolved->substr(2))) {
        refuse(pointer, "must be an absolute ws or wss URL");
    }
}

void rule_book::check_endpoints(const std::string& pointer,
                                const std::vector<endpoint_config>& endpoints) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        const auto& each = endpoints[i];
        const auto at = fmt::format("{}/endpoint/{}", pointer, i);
        unique_name(at, each.name, seen);
        if (each.name == "own") {
            refuse(at + "/name", "\"own\" is the daemon's own gateway; choose another name");
        }
        check_url(at + "/url", each.url);
        check_websocket(at + "/websocket", pointer, each.websocket);
        range(at + "/tier", each.tier, 0U, 255U);
        range(at + "/weight", each.weight, 1U, 1000U);
        range(at + "/capacity", each.capacity, 0U, most_at_once);
        if (each.roles.empty()) refuse(at + "/roles", "must name at least one role");
    }
}

void rule_book::check_gateways(const gateway_config& g) {
    const std::string at = "/dependency/gateway";
    check_policies(at, g);
    check_endpoints(at, g.endpoint);
    range(at + "/hedge_copies", g.hedge_copies, 0U, 4U);
    span(at + "/hedge_longest", g.hedge_longest, 50ms, 10min);
    if (g.probe_every.value != duration::zero()) span(at + "/probe_every", g.probe_every, 10s, 24h);
    range(at + "/cache_bytes", g.cache_bytes, std::uint64_t{0}, std::uint64_t{1} << 30);
}

void rule_book::check_providers() {
    const auto& ipfs = c_.dependency.ipfs;
    std::set<std::string> seen;
    std::size_t stores = 0;
    for (std::size_t i = 0; i < ipfs.provider.size(); ++i) {
        const auto& each = ipfs.provider[i];
        const auto at = fmt::format("/dependency/ipfs/provider/{}", i);
        unique_name(at, each.name, seen);
        range(at + "/tier", each.tier, 0U, 255U);
        range(at + "/capacity", each.capacity, 0U, most_at_once);
        if (each.kind == provider_kind::store) {
            if (each.rate) refuse(at + "/rate", "the daemon's own store has no rate");
            if (each.capacity != 0) refuse(at + "/capacity", "the daemon's own store has none");
            if (each.quota_bytes != 0) {
                refuse(at + "/quota_bytes",
                       "the daemon's own store has none: its limit is data.min_free_bytes");
            }
            if (++stores > 1)
                refuse(at + "/kind", "only one provider can be this daemon's own store");
            if (!each.url.empty()) refuse(at + "/url", "the daemon's own store has no URL");
        } else if (each.kind != provider_kind::pinata || !each.url.empty()) {
            check_url(at + "/url", each.url);
        }
        check_provider_access(at, each);
    }
}

// What only some kinds of providers have.
void rule_book::check_provider_access(const std::string& at, const ipfs_provider_config& p) {
    const bool pinata = p.kind == provider_kind::pinata;
    const bool psa = p.kind == provider_kind::psa;
    if (!pinata && !psa) {
        if (p.token) refuse(at + "/token", "only \"pinata\" and \"psa\" have a key");
    } else if (!p.token) {
        refuse(at + "/token", "required: the key of the service");
    } else if (const auto text = read_secret(*p.token, env_); !text) {
        refuse(at + "/token", std::string{text.error().detail()});
    }
    if (!pinata && p.api != pinata_version::v3) refuse(at + "/api", "only \"pinata\" has it");
    if (!psa && !p.origins.empty()) refuse(at + "/origins", "only \"psa\" has them");
    if (p.origins.size() > 20) refuse(at + "/origins", "at most 20");
    for (std::size_t i = 0; psa && i < p.origins.size(); ++i) {
        if (p.origins[i].starts_with('/') && visible(p.origins[i])) continue;
        refuse(fmt::format("{}/origins/{}", at, i),
               "must be a multiaddress, e.g. /dns4/node.example/tcp/4001/p2p/12D3Koo...");
    }
}

void rule_book::check_partner(const std::string& at, const partner_config& p) {
    const auto url = resolve_url(p.url, env_);
    if (!url) {
        refuse(at + "/url", std::string{url.error().detail()});
    } else if (const auto wallet = url->find(nft::wallet_in_url);
               wallet == std::string::npos ||
               !parse_http_url(auto{*url}.replace(wallet, nft::wallet_in_url.size(), "wallet"))) {
        refuse(at + "/url",
               "must be an absolute http or https URL with {wallet} where the address goes");
    }
    if (p.called.empty()) refuse(at + "/called", "must name at least one place");
    if (p.token) {
        if (const auto text = read_secret(*p.token, env_); !text) {
            refuse(at + "/token", std::string{text.error().detail()});
        }
    }
    const auto calls = partner_pipeline(p);
    if (calls) return;
    for (const auto& each : calls.error()) refuse(at + "/pipeline" + each.pointer, each.detail);
}

void rule_book::check_dependencies() {
    for (const auto& [name, partner] : c_.dependency.partner) {
        const auto at = "/dependency/partner/" + name;
        if (!is_plain_name(name)) refuse(at, plain_name_rule);
        check_partner(at, partner);
    }
    const auto& d = c_.dependency;
    check_policies("/dependency/solana", d.solana);
    check_endpoints("/dependency/solana", d.solana.endpoint);
    check_gateways(d.gateway);
    check_policies("/dependency/standard", d.standard);
    check_policies("/dependency/ipfs", d.ipfs);
    if (!d.standard.endpoint.empty()) {
        refuse("/dependency/standard/endpoint", "this is a preset for others and has no endpoints");
    }
    check_providers();
    if (!mints(c_)) return;
    if (c_.server.listen.empty() && d.gateway.endpoint.empty()) {
        refuse("/dependency/gateway/endpoint",
               "minting reads its content back through a gateway: name one, or set server.listen "
               "so that the daemon's own can be used");
    }
    check_minting_roles();
}

// Two providers tell what is signed and follow it, and two tell that it is dead.
void rule_book::check_minting_roles() {
    bool believes_one = false;
    std::string told;  // the same lack is told once
    for (const auto role : {endpoint_role::send, endpoint_role::read, endpoint_role::history}) {
        std::set<std::string> providers;
        for (const auto& each : c_.dependency.solana.endpoint) {
            if (std::ranges::find(each.roles, role) == each.roles.end()) continue;
            providers.insert(provider_name(each, env_));
        }
        const auto label = json::detail::enum_text(role);
        if (providers.empty()) {
            refuse("/dependency/solana/endpoint",
                   fmt::format("minting needs endpoints with the role \"{}\"", label));
            continue;
        }
        if (role == endpoint_role::send || providers.size() >= 2) continue;
        believes_one = true;
        const auto& only = *providers.begin();
        if (c_.mint.allow_single_provider || only == std::exchange(told, only)) continue;
        refuse("/dependency/solana/endpoint",
               fmt::format("minting needs RPC endpoints of at least two providers, found only "
                           "\"{}\" with the role \"{}\"; set mint.allow_single_provider = true to "
                           "do without the second witness",
                           only, label));
    }
    if (believes_one && c_.mint.allow_single_provider) {
        notes_.emplace_back(
            "mint.allow_single_provider is set: that a transaction is dead is believed on the word "
            "of one provider alone");
    }
}

void rule_book::check_images() {
    const auto& i = c_.images;
    range("/images/max_pixels", i.max_pixels, std::uint64_t{1}, std::uint64_t{1} << 28);
    range("/images/max_frames", i.max_frames, 1U, 10'000U);
    span("/images/cpu_time", i.cpu_time, 1s, 5min);
    range("/images/at_once", i.at_once, 1U, 64U);
}

void rule_book::check_mint() {
    const auto& m = c_.mint;
    range<std::uint64_t>("/mint/fee_cap", m.fee_cap, 0, 1'000'000'000);
    if (m.fee_floor > m.fee_cap) refuse("/mint/fee_floor", "must not be above mint.fee_cap");
    range("/mint/fee_percentile", m.fee_percentile, 1U, 100U);
    span("/mint/status_poll", m.status_poll, 20ms, 10s);
    span("/mint/congestion_pace", m.congestion_pace, 0s, 1min);
    span("/mint/recheck_after", m.recheck_after, 0s, 24h);
    const auto& r = c_.reconcile;
    if (r.interval.value != 0s) span("/reconcile/interval", r.interval, 1min, 720h);
    if (r.interval.value != 0s && r.content_within.value != 0s) {
        span("/reconcile/content_within", r.content_within, r.interval.value, 8760h);
    }
    range("/reconcile/rate", r.rate, 1U, 1000U);
    range("/mint/max_generations", m.max_generations, 1U, 3U);
    if (m.uri_prefix.empty() || m.uri_prefix.size() > 140 || !visible(m.uri_prefix) ||
        !m.uri_prefix.ends_with('/')) {
        refuse("/mint/uri_prefix",
               "must be 1 to 140 visible ASCII characters and end with a slash; the chain holds "
               "200 bytes of URI and the CID takes 59");
    }
    const auto providers = static_cast<std::uint32_t>(c_.dependency.ipfs.provider.size());
    range("/mint/replicas", m.replicas, 0U, providers);
    range("/mint/metadata_replicas", m.metadata_replicas, 0U, providers);
    check_metaplex();
}

void rule_book::check_metaplex() {
    const auto& m = c_.mint.metaplex;
    const std::string at = "/mint/metaplex";
    const auto wrong = nft::problems_of(m.terms(), wallet_);
    for (const auto& each : wrong) refuse(at + each.pointer, each.detail);
    for (std::size_t i = 0; i < m.earlier_collections.size(); ++i) {
        if (solana::public_key::parse(m.earlier_collections[i])) continue;
        refuse(fmt::format("{}/earlier_collections/{}", at, i),
               "must be the mint address of a collection's NFT: base58 of 32 bytes");
    }
    if (!wrong.empty() || m.terms() == nft::metaplex_terms{}) return;
    notes_.emplace_back(
        "mint.metaplex counts for mints of the standard \"metaplex\" alone: by \"token-2022\", the "
        "default, a token is in no collection and has neither creators nor a seller fee");
    if (const auto fits = nft::check_size(m.terms(), c_.mint.uri_bytes()); !fits) {
        refuse(at, fmt::format("the longest mint would not fit into a transaction: {}",
                               fits.error().detail()));
    }
}

// As files end.
std::string without_trailing_space(std::string text) {
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
    return text;
}

}  // namespace

result<std::string> resolve_url(const std::string& url, const environment& env) {
    const auto from = reference::parse(url);
    if (!from) return url;
    auto text = read_secret(*from, env);
    if (!text) return std::unexpected{text.error()};
    return without_trailing_space(text->reveal());
}

secret<std::string> read_token(const reference& from, const environment& env) {
    const auto text = read_secret(from, env);
    THOLE_ASSERT(text.has_value(), "a secret of a checked configuration can be read");
    return secret{without_trailing_space(text->reveal())};
}

std::string provider_name(const endpoint_config& endpoint, const environment& env) {
    if (!endpoint.provider.empty()) return endpoint.provider;
    const auto url = resolve_url(endpoint.url, env);
    const auto parts = url ? parse_http_url(*url) : std::nullopt;
    return parts ? provider_of(parts->host) : endpoint.name;
}

void check_config(const config& c, const config_layers& layers, const environment& env,
                  std::vector<config_problem>& problems, std::vector<std::string>& notes) {
    rule_book rules{c, layers, env, problems, notes};
    rules.check_server();
    rules.check_tokens();
    rules.check_payload_keys();
    rules.check_places();
    rules.check_engine();
    rules.check_wallet();
    rules.check_dependencies();
    rules.check_mint();
    rules.check_images();
}

}  // namespace thole::app
