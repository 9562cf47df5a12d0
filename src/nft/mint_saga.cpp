#include "nft/mint_saga.hpp"

#include "nft/recheck.hpp"

namespace thole::nft {
namespace {

using namespace std::chrono_literals;

// Retries after the first call, as SPEC M1 counts them.
saga::step_policy with_timeout(saga::step_policy base, duration timeout) {
    base.timeout = timeout;
    return base;
}

saga::step_policy submit_policy(const mint_settings& settings) {
    auto policy = with_timeout(settings.chain, 30s);
    policy.generations = settings.generations;
    policy.on_exhausted =
        settings.rollback_when_exhausted ? saga::exhausted::compensate : saga::exhausted::park;
    return policy;
}

steps::check_settings check_settings_of(const mint_dependencies& parts,
                                        const mint_settings& settings) {
    constexpr std::size_t cid_bytes = 59;
    return {.uri_bytes = settings.upload.uri_prefix.size() + cid_bytes,
            .fees = parts.submitter.settings().fees,
            .funds_poll = settings.submit.funds_poll,
            .copies = settings.upload.replicas.image};
}

const mint_request& request_of(const mint_request& input) {
    return input;
}
const mint_request& request_of(const mint_input& input) {
    return input.request;
}

// Whose it is and what it shows was promised, held and locked when it was accepted; its words may
// be mended.
std::optional<std::string> why_not(const mint_request& before, const mint_request& after) {
    for (const auto& [same, name] : {std::pair{before.owner == after.owner, "owner"},
                                     {before.account == after.account, "account"},
                                     {before.image == after.image, "image"},
                                     {before.standard == after.standard, "standard"},
                                     {before.priority == after.priority, "priority"},
                                     {before.tags == after.tags, "tags"}}) {
        if (!same) return std::string{name} + " cannot be changed";
    }
    const auto broken = validate(after);
    if (broken.empty()) return std::nullopt;
    return broken.front().pointer + ": " + broken.front().detail;
}
std::optional<std::string> why_not(const mint_input& before, const mint_input& after) {
    const bool same = before.v == after.v && before.identity == after.identity &&
                      before.metaplex == after.metaplex;
    if (!same) return "v, identity and metaplex cannot be changed";
    return why_not(before.request, after.request);
}

template <class Input>
saga::definition define_mint(const mint_dependencies& parts, const mint_settings& settings,
                             int version) {
    using std::make_shared;
    const mint_base base{parts.secret, parts.wallet.address()};
    const int providers = parts.submitter.settings().required_providers;
    return saga::define<Input>(std::string{mint_kind}, version)
        .step(make_shared<steps::check>(base, parts.pictures, parts.pins, parts.table, parts.rpc,
                                        parts.funds, check_settings_of(parts, settings)))
        .policy(with_timeout(settings.chain, 30s))
        .step(make_shared<steps::upload_content>(parts.pictures, parts.pins, settings.upload))
        .policy(with_timeout(settings.content, 120s))
        .shows("IPFS_UPLOADED")
        .step(make_shared<steps::record_pending>(base, parts.table))
        .policy(with_timeout(settings.database, 30s))
        .shows("DATABASE_UPDATED")
        .lock([](const Input& input) { return account_of(request_of(input)); })
        .step(make_shared<steps::fetch_uris>(parts.pictures, parts.gateways, settings.gateways))
        .policy(with_timeout(settings.content, 60s))
        .step(make_shared<steps::submit>(
            base, parts.wallet, parts.rpc, parts.submitter, parts.funds,
            steps::submit::content{parts.pictures, parts.gateways, settings.gateways},
            settings.submit))
        .policy(submit_policy(settings))
        .pivot()
        .shows("BLOCKCHAIN_SUBMITTED")
        .settles_as("BLOCKCHAIN_CONFIRMED")
        .step(make_shared<steps::record_landed>(base, parts.rpc, providers, parts.table))
        .policy(with_timeout(settings.database, 30s))
        .step(make_shared<steps::verify>(base, parts.rpc, providers, parts.gateways, parts.table,
                                         parts.asked, settings.gateways))
        .policy(with_timeout(settings.chain, 60s))
        .critical()
        .shows("VERIFIED")
        .step(make_shared<steps::complete>(base, parts.pins, parts.table, settings.recheck_after))
        .policy(with_timeout(settings.database, 30s))
        .shows("COMPLETED")
        .keys_never_expire()
        .editable([](const Input& before, const Input& after) { return why_not(before, after); })
        .build();
}

}  // namespace

issuers mint_dependencies::ours() const {
    issuers all{wallet.address()};
    all.insert(all.end(), earlier.begin(), earlier.end());
    return all;
}

saga::definition make_mint_saga(const mint_dependencies& parts, const mint_settings& settings,
                                int version) {
    THOLE_ASSERT(version >= 1 && version <= mint_version, "a version that was written once");
    if (version == 1) return define_mint<mint_request>(parts, settings, version);
    return define_mint<mint_input>(parts, settings, version);
}

void add_mint_sagas(saga::definitions& to, const mint_dependencies& parts,
                    const mint_settings& settings) {
    for (int version = 1; version <= mint_version; ++version) {
        to.add(make_mint_saga(parts, settings, version));
    }
    to.add(make_recheck_saga(parts, settings));
}

}  // namespace thole::nft
