#include "app/content_parts.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "app/config_rules.hpp"
#include "app/policies.hpp"
#include "app/start_error.hpp"
#include "ipfs/kubo_provider.hpp"
#include "ipfs/pinata_provider.hpp"
#include "ipfs/psa_provider.hpp"
#include "thole/assert.hpp"

namespace thole::app {
namespace {

using namespace std::chrono_literals;

// Metadata of a mint, and small images: a file for each would cost more than they do.
constexpr std::size_t packed_bytes = std::size_t{16} << 10U;
// After every gateway that is configured.
constexpr std::uint16_t own_gateway_tier = 1000;

const ipfs_provider_config* own_store(const config& c) {
    const auto& all = c.dependency.ipfs.provider;
    const auto found = std::ranges::find(all, provider_kind::store, &ipfs_provider_config::kind);
    return found == all.end() ? nullptr : &*found;
}

name archive_name(const config& c) {
    const auto* own = own_store(c);
    return name{own == nullptr ? std::string{"store"} : own->name};
}

policy_overrides ipfs_policies(const config& c) {
    return overrides_of(c.dependency.ipfs, presets::ipfs, c.dependency);
}

secret<std::string> token_of(const ipfs_provider_config& p, const environment& env) {
    return p.token ? read_token(*p.token, env) : secret<std::string>{};
}

using provider_ptr = std::unique_ptr<ipfs::provider>;

provider_ptr make_kubo(const content_surroundings& from, const ipfs_provider_config& p,
                       std::string url) {
    ipfs::kubo_options options;
    options.url = std::move(url);
    if (const auto timeout = ipfs_policies(from.c).timeout) {
        options.call_timeout = options.put_timeout = timeout->value;
    }
    return std::make_unique<ipfs::kubo_provider>(name{p.name}, std::move(options), from.configured,
                                                 from.loop);
}

provider_ptr make_pinata(const content_surroundings& from, const ipfs_provider_config& p,
                         std::string url) {
    ipfs::pinata_options options;
    options.api = p.api == pinata_version::v3 ? ipfs::pinata_api::v3 : ipfs::pinata_api::legacy;
    if (!url.empty()) options.url = options.upload_url = std::move(url);
    options.token = token_of(p, from.env);
    if (const auto timeout = ipfs_policies(from.c).timeout) {
        options.call_timeout = options.put_timeout = timeout->value;
    }
    return std::make_unique<ipfs::pinata_provider>(name{p.name}, std::move(options),
                                                   from.configured, from.loop);
}

provider_ptr make_psa(const content_surroundings& from, const ipfs_provider_config& p,
                      std::string url) {
    ipfs::psa_options options;
    options.url = std::move(url);
    options.token = token_of(p, from.env);
    options.origins = p.origins;
    if (const auto timeout = ipfs_policies(from.c).timeout) options.call_timeout = timeout->value;
    return std::make_unique<ipfs::psa_provider>(name{p.name}, std::move(options), from.configured,
                                                from.loop);
}

std::vector<provider_ptr> make_remotes(const content_surroundings& from) {
    std::vector<provider_ptr> out;
    for (const auto& each : from.c.dependency.ipfs.provider) {
        if (each.kind == provider_kind::store) continue;
        auto url = resolve_url(each.url, from.env);
        THOLE_ASSERT(url.has_value(), "the URL of a checked configuration resolves");
        const auto make = each.kind == provider_kind::kubo     ? make_kubo
                          : each.kind == provider_kind::pinata ? make_pinata
                                                               : make_psa;
        out.push_back(make(from, each, *std::move(url)));
    }
    return out;
}

std::vector<thole::endpoint_config> remote_endpoints(const content_surroundings& from) {
    std::vector<thole::endpoint_config> out;
    for (const auto& each : from.c.dependency.ipfs.provider) {
        if (each.kind == provider_kind::store) continue;
        thole::endpoint_config made;
        made.name = name{each.name};
        made.url = each.url;
        made.provider = name{each.name};
        made.tier = static_cast<std::uint16_t>(each.tier);
        made.capacity = each.capacity;
        made.limit = limit_of(each.rate);
        out.push_back(std::move(made));
    }
    return out;
}

std::vector<thole::endpoint_config> gateway_endpoints(const content_surroundings& from) {
    auto out = endpoints_of(from.c.dependency.gateway.endpoint, from.env);
    if (!from.own_gateway.empty()) {
        thole::endpoint_config own;
        own.name = content_parts::own_gateway_name;
        own.url = from.own_gateway;
        own.provider = content_parts::own_gateway_name;
        own.tier = own_gateway_tier;
        out.push_back(std::move(own));
    }
    return out;
}

ipfs::fetcher_options fetcher_settings(const content_surroundings& from,
                                       std::function<void(name)> on_late) {
    const auto& c = from.c;
    ipfs::fetcher_options out;
    out.elsewhere = &from.elsewhere;
    out.on_late = std::move(on_late);
    const auto timeout =
        overrides_of(c.dependency.gateway, presets::default_preset, c.dependency).timeout;
    if (timeout) out.per_gateway = timeout->value;
    const auto& g = c.dependency.gateway;
    out.cache_bytes = g.cache_bytes;
    if (g.hedge_copies == 0) {
        out.hedge.reset();
    } else {
        out.hedge->most_copies = g.hedge_copies;
        out.hedge->longest = g.hedge_longest.value;
    }
    return out;
}

// In the order in which they are used: the daemon's own first, then by tier.
std::vector<ipfs::content_place> priced_places(const config& c) {
    std::multimap<std::pair<bool, std::uint32_t>, const ipfs_provider_config*> in_order;
    for (const auto& each : c.dependency.ipfs.provider) {
        in_order.emplace(std::pair{each.kind != provider_kind::store, each.tier}, &each);
    }
    std::vector<ipfs::content_place> out;
    for (const auto& [place, each] : in_order) {
        out.push_back({.name = each->name,
                       .kind = std::string{json::detail::enum_text(each->kind)},
                       .price = each->price_per_gb_month,
                       .own_store = each->kind == provider_kind::store});
    }
    return out;
}

std::vector<ipfs::content_quotas::quota> quotas_of(const config& c) {
    std::vector<ipfs::content_quotas::quota> out;
    for (const auto& each : c.dependency.ipfs.provider) {
        if (each.quota_bytes > 0) out.push_back({each.name, each.quota_bytes});
    }
    return out;
}

task<bool> serves(task<result<>> asked) {
    const auto answer = co_await std::move(asked);
    co_return answer.has_value();
}

std::vector<ipfs::provider*> pointers(const std::vector<provider_ptr>& from) {
    std::vector<ipfs::provider*> out;
    for (const auto& each : from) out.push_back(each.get());
    return out;
}

}  // namespace

std::unique_ptr<ipfs::content_store> open_content_store(const config& c) {
    ipfs::store_options options;
    options.folder = c.data.folder + "/content";
    options.packed_bytes = packed_bytes;
    const auto keep = c.data.unreferenced_content.value;
    // Zero means for ever, which is longer than any machine runs.
    options.keep_unreferenced = keep == duration::zero()
                                    ? store_time::duration{std::chrono::hours{24 * 365 * 100}}
                                    : std::chrono::ceil<store_time::duration>(keep);
    auto store = ipfs::content_store::open(std::move(options));
    if (!store) throw start_error{"the content store cannot be opened", store.error()};
    return std::move(*store);
}

content_parts::content_parts(ipfs::content_store& store, const content_surroundings& from)
    : archive_{archive_name(from.c), store, from.pool, from.now},
      ledger{from.c.data.folder + "/pins.sqlite", &from.ledger_pool},
      remotes_{make_remotes(from)},
      provider_set{name{"ipfs"}, set_settings(ipfs_policies(from.c)), remote_endpoints(from),
                   &from.watch},
      gateway_set{name{"gateway"},
                  set_settings(overrides_of(from.c.dependency.gateway, presets::default_preset,
                                            from.c.dependency)),
                  gateway_endpoints(from), &from.watch},
      holds{store, &from.pool, from.now},
      quotas_{quotas_of(from.c), [this] { return ledger.totals(); },
              [this](std::string cid) { return ledger.providers_of(std::move(cid)); }, from.loop},
      pins{archive_,
           ledger,
           provider_set,
           pointers(remotes_),
           from.loop,
           from.seed,
           own_store(from.c) == nullptr ? ipfs::archive_use::none : ipfs::archive_use::copies,
           &quotas_},
      fetcher{from.configured,
              gateway_set,
              {own_gateway_name},
              from.loop,
              from.seed + 1,
              fetcher_settings(from, [this](name late) { gateway_monitor.suspect(late); })},
      provider_monitor{
          from.loop, provider_set,
          [this](io::health_look at) { return serves(pins.check_remote(at.endpoint, at.until)); }},
      gateway_monitor{
          from.loop,
          gateway_set,
          [this](io::health_look at) { return serves(fetcher.probe(at.endpoint, at.until)); },
          {.well_every = from.c.dependency.gateway.probe_every.value}},
      costs{priced_places(from.c), [&store] { return store.usage(); },
            [this] { return ledger.totals(); }} {}

void content_parts::tell_gateways(ops::metrics& to) const {
    const auto& kept = fetcher.cache();
    to.gauge_of(ops::metric::gateway_cache_bytes).set(static_cast<std::int64_t>(kept.size_bytes()));
    const auto count_up = [&to](ops::metric which, std::uint64_t all) {
        auto& count = to.counter_of(which);
        count.add(all - count.value());
    };
    count_up(ops::metric::gateway_cache_hits, kept.hits());
    count_up(ops::metric::gateway_cache_misses, kept.misses());
    count_up(ops::metric::gateway_hedges, fetcher.copies());
}

// A ledger that cannot be read leaves the figures of before.
task<> content_parts::tell_costs(ops::metrics& to) {
    const auto kept = co_await costs.look();
    if (!kept) co_return;
    for (const auto& each : *kept) {
        to.gauge_of(ops::metric::provider_kept_bytes, {each.name})
            .set(static_cast<std::int64_t>(each.bytes));
        if (!each.cost_per_month) continue;
        to.gauge_of(ops::metric::provider_month_micros, {each.name, each.cost_per_month->currency})
            .set(each.cost_per_month->micros);
    }
}

io::curl_transport::options outward_only() {
    io::curl_transport::options out;
    out.guard = io::url_guard{io::url_guard::reach::public_only};
    return out;
}

void tell_removed(ops::log& to, const result<std::vector<ipfs::cid>>& removed) {
    if (!removed) {
        to.write(ops::log_severity::warning, "content_not_removed",
                 {{"fault", removed.error().describe()}});
    } else if (!removed->empty()) {
        to.write(ops::log_severity::info, "content_removed",
                 {{"contents", std::to_string(removed->size())}});
    }
}

nft::steps::replica_counts replicas_of(const config& c) {
    const auto usual =
        std::min<std::uint32_t>(2, static_cast<std::uint32_t>(c.dependency.ipfs.provider.size()));
    const auto image = c.mint.replicas != 0 ? c.mint.replicas : usual;
    return {.image = image,
            .metadata = c.mint.metadata_replicas != 0 ? c.mint.metadata_replicas : image};
}

}  // namespace thole::app
