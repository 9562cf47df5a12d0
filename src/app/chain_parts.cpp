#include "app/chain_parts.hpp"

#include "app/config_rules.hpp"
#include "app/policies.hpp"
#include "app/start_error.hpp"

namespace thole::app {
namespace {

using namespace std::chrono_literals;

solana::rpc::settings rpc_settings(const chain_surroundings& from) {
    solana::rpc::settings out;
    const auto& d = from.c.dependency;
    const auto timeout = overrides_of(d.solana, presets::solana_rpc, d).timeout;
    if (timeout) {
        out.read_timeout = timeout->value;
        out.history_timeout = std::max<duration>(timeout->value, 5s);
        out.send_timeout = timeout->value;
    }
    return out;
}

solana::submission_settings submission_settings(const config& c) {
    solana::submission_settings out;
    out.fees.percentile = c.mint.fee_percentile;
    out.fees.floor = c.mint.fee_floor;
    out.fees.cap = c.mint.fee_cap;
    out.crowding.pace = c.mint.congestion_pace.value;
    if (c.mint.allow_single_provider) out.required_providers = 1;
    return out;
}

}  // namespace

solana::keypair read_keypair(const reference& from, const environment& env) {
    const auto text = read_secret(from, env);
    if (!text) throw start_error{"a wallet cannot be read", text.error()};
    auto key = solana::keypair::from_text(text->reveal());
    if (!key) throw start_error{"a wallet is no keypair", key.error()};
    return std::move(*key);
}

std::function<void(uuid, const std::string&)> tell_late(ops::log& log) {
    return [&log](uuid operation, const std::string& signature) {
        log.write(ops::log_severity::warning, "transaction_late",
                  {{"operation", operation.text()}, {"signature", signature}});
    };
}

nft::mint_settings mint_settings_of(const config& c) {
    nft::mint_settings out;
    out.upload.uri_prefix = c.mint.uri_prefix;
    out.submit.poll = c.mint.status_poll.value;
    out.recheck_after = c.mint.recheck_after.value;
    out.generations = static_cast<int>(c.mint.max_generations);
    out.rollback_when_exhausted = c.mint.on_exhausted == exhausted_action::rollback;
    const auto& d = c.dependency;
    out.chain = step_policy_of(overrides_of(d.solana, presets::solana_rpc, d));
    out.content = step_policy_of(overrides_of(d.ipfs, presets::ipfs, d));
    return out;
}

nft::collections collections_of(const metaplex_config& m) {
    nft::collections out;
    auto add = [&](const std::string& text) {
        if (const auto key = solana::public_key::parse(text)) out.push_back(*key);
    };
    add(m.collection);
    for (const auto& each : m.earlier_collections) add(each);
    return out;
}

std::vector<std::string> websockets_of(const config& c, const environment& env) {
    std::vector<std::string> out;
    for (const auto& each : c.dependency.solana.endpoint) {
        if (each.websocket.empty()) continue;
        auto url = resolve_url(each.websocket, env);
        THOLE_ASSERT(url.has_value(), "the URL of a checked configuration resolves");
        out.push_back(*std::move(url));
    }
    return out;
}

chain_parts::chain_parts(const chain_surroundings& from)
    : wallet{read_keypair(*from.c.wallet.key, from.env)},
      endpoints{name{"solana"},
                set_settings(
                    overrides_of(from.c.dependency.solana, presets::solana_rpc, from.c.dependency)),
                endpoints_of(from.c.dependency.solana.endpoint, from.env), &from.watch},
      chance_{from.seed},
      rpc{from.transport, from.loop, endpoints, chance_, rpc_settings(from)},
      blockhashes{rpc, {.required_providers = submission_settings(from.c).required_providers}},
      signatures{rpc,
                 {.interval = from.c.mint.status_poll.value,
                  .hinted = !websockets_of(from.c, from.env).empty()}},
      submitter{rpc, blockhashes, signatures, submission_settings(from.c)},
      funds{rpc,
            wallet.address(),
            from.c.wallet.floor,
            {.required_providers = submission_settings(from.c).required_providers}},
      health{rpc},
      monitor{from.loop, endpoints, [this](io::health_look at) { return health(at); }} {}

}  // namespace thole::app
