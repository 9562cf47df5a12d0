#include "nft/chain_reader.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/json.hpp"
#include "nft/codes.hpp"
#include "solana/codec/address.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/token_accounts.hpp"
#include "solana/gather.hpp"

namespace thole::nft {
namespace {

using account = std::optional<solana::account_info>;

// An account of Metaplex counts only if Metaplex owns it: anybody may put data at an address.
std::optional<bytes_view> metaplex_data(const account& at) {
    if (!at || at->owner != solana::metaplex_program) return std::nullopt;
    return bytes_view{at->data};
}

result<chain_nft> decode(const solana::public_key& mint, const account& mint_account,
                         const account& metadata, const account& edition) {
    return decode_nft({mint, mint_account->owner, mint_account->data, metaplex_data(metadata),
                       metaplex_data(edition)});
}

result<std::uint64_t> held_amount(const account& holding, const mint_place& place) {
    if (!holding || holding->owner != *place.token_program) return 0;
    const auto token = solana::decode_token_account(holding->data);
    if (!token) return fail(token.error());
    return token->mint == place.mint && token->owner == place.owner ? token->amount : 0;
}

std::vector<solana::public_key> accounts_of(const solana::public_key& mint) {
    return {mint, solana::metadata_address(mint), solana::master_edition_address(mint)};
}

// Mints of which the wallet holds exactly one. Anybody can send a wallet anything, so what cannot
// be read is passed over and never spoils the rest.
void add_single_mints(const std::vector<solana::keyed_account>& accounts,
                      std::vector<solana::public_key>& mints) {
    for (const auto& each : accounts) {
        const auto token = solana::decode_token_account(each.account.data);
        if (token && token->amount == 1) mints.push_back(token->mint);
    }
}

bool same_mint(const mint_at& a, const mint_at& b) {
    return a.state == b.state && a.nft == b.nft && a.held == b.held;
}

// What so many providers tell alike, with the oldest slot among theirs.
std::optional<mint_at> agreed(const std::vector<mint_at>& told, std::size_t required) {
    for (const auto& each : told) {
        std::set<name> providers;
        auto out = each;
        for (const auto& other : told) {
            if (!same_mint(other, each)) continue;
            providers.insert(other.provider);
            out.slot = std::min(out.slot, other.slot);
        }
        if (providers.size() >= required) return out;
    }
    return std::nullopt;
}

std::string difference_of(const std::vector<mint_at>& told) {
    std::string out;
    for (const auto& each : told) {
        if (!out.empty()) out += ", ";
        out += std::string{each.endpoint.view()} + ": ";
        out += thole::json::detail::enum_text(each.state);
        out += " at slot " + std::to_string(each.slot);
    }
    return out;
}

result<mint_at> judge_accounts(const mint_place& place, const account& mint,
                               const account& metadata, const account& edition,
                               const account& holding) {
    mint_at out;
    out.lamports = mint ? mint->lamports : 0;
    if (!mint || (mint->owner == solana::system_program && mint->data.empty())) return out;
    if (mint->owner != *place.token_program) {
        out.state = mint_state::foreign;
        return out;
    }
    auto nft = decode(place.mint, mint, metadata, edition);
    if (!nft) return fail(nft.error());
    const auto held = held_amount(holding, place);
    if (!held) return fail(held.error());
    out.state = mint_state::minted;
    out.nft = std::move(*nft);
    out.held = *held;
    return out;
}

constexpr std::size_t most_witnesses = 4;
constexpr std::size_t mints_per_call = 33;  // three accounts each, a call takes 100

// Decodes one batch into `into`; tokens that cannot be NFTs are left out.
void decode_batch(std::span<const solana::public_key> mints, const std::vector<account>& accounts,
                  std::vector<chain_nft>& into) {
    for (std::size_t i = 0; i < mints.size(); ++i) {
        const auto& mint = accounts.at(3 * i);
        if (!mint) continue;  // closed since the list was read
        auto nft = decode(mints[i], mint, accounts.at(3 * i + 1), accounts.at(3 * i + 2));
        if (nft && nft->decimals == 0) into.push_back(std::move(*nft));
    }
}

}  // namespace

task<result<mint_at>> read_mint(solana::rpc::client& rpc, mint_place place,
                                solana::rpc::options o) {
    if (!place.token_program) {
        std::vector<token_holder> one{{place.mint, place.owner}};
        auto any = co_await read_mints(rpc, std::move(one), o);
        if (!any) co_return fail(any.error());
        co_return std::move(any->front());
    }
    auto keys = accounts_of(place.mint);
    keys.push_back(solana::associated_token_address(place.owner, place.mint, *place.token_program));
    const auto answer = co_await rpc.get_accounts(std::move(keys), o);
    if (!answer) co_return fail(answer.error());
    const auto& accounts = answer->value;
    auto out =
        judge_accounts(place, accounts.at(0), accounts.at(1), accounts.at(2), accounts.at(3));
    if (!out) co_return fail(out.error());
    out->slot = answer->context_slot;
    out->endpoint = answer->endpoint;
    out->provider = answer->provider;
    co_return out;
}

task<result<std::vector<mint_at>>> read_mints(solana::rpc::client& rpc,
                                              std::vector<token_holder> wanted,
                                              solana::rpc::options o) {
    THOLE_ASSERT(wanted.size() <= most_mints_at_once, "one request carries at most 100 accounts");
    std::vector<mint_at> out;
    if (wanted.empty()) co_return out;
    std::vector<solana::public_key> keys;
    for (const auto& [mint, owner] : wanted) {
        auto own = accounts_of(mint);
        for (const auto& program : {solana::token_2022_program, solana::token_program}) {
            own.push_back(solana::associated_token_address(owner, mint, program));
        }
        keys.insert(keys.end(), own.begin(), own.end());
    }
    const auto answer = co_await rpc.get_accounts(std::move(keys), o);
    if (!answer) co_return fail(answer.error());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto* at = &answer->value.at(5 * i);
        const bool older = at[0] && at[0]->owner == solana::token_program;
        const auto& program = older ? solana::token_program : solana::token_2022_program;
        const mint_place place{wanted[i].mint, program, wanted[i].owner};
        auto one = judge_accounts(place, at[0], at[1], at[2], at[older ? 4 : 3]);
        // What cannot be read is none of ours, and must not hide the others.
        if (!one) {
            one = mint_at{};
            one->state = mint_state::foreign;
        }
        one->slot = answer->context_slot;
        one->endpoint = answer->endpoint;
        one->provider = answer->provider;
        out.push_back(std::move(*one));
    }
    co_return out;
}

task<result<mint_at>> read_mint_agreed(solana::rpc::client& rpc, mint_place place,
                                       solana::rpc::options o, int required) {
    const auto wanted = std::min(static_cast<std::size_t>(required), rpc.providers(role::read));
    auto rest = rpc.spread(role::read, most_witnesses);
    std::vector<mint_at> told;
    std::optional<fault> failed;
    // As many as are needed first; the others only when those do not suffice.
    while (!rest.empty()) {
        const auto count = told.empty() && !failed ? std::min(wanted, rest.size()) : rest.size();
        std::vector<task<result<mint_at>>> asks;
        for (std::size_t i = 0; i < count; ++i) {
            o.endpoint = rest[i];
            asks.push_back(read_mint(rpc, place, o));
        }
        rest.erase(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(count));
        for (auto& answer : co_await solana::gather(std::move(asks))) {
            if (answer) {
                told.push_back(std::move(*answer));
            } else {
                failed = std::move(answer.error());
            }
        }
        if (auto same = agreed(told, wanted)) co_return std::move(*same);
    }
    const bool alike = std::ranges::all_of(
        told, [&](const mint_at& each) { return same_mint(each, told.front()); });
    if (alike && failed) co_return fail(std::move(*failed));
    fault differ{codes::providers_disagree};
    differ.with_detail(difference_of(told)).at(rpc.dependency());
    co_return fail(std::move(differ));
}

task<result<wallet_nfts>> read_wallet(solana::rpc::client& rpc, wallet_query query,
                                      solana::rpc::options o) {
    std::vector<solana::public_key> mints;
    wallet_nfts out;
    out.slot = UINT64_MAX;
    for (const auto& program : {solana::token_program, solana::token_2022_program}) {
        const auto answer = co_await rpc.get_token_accounts_by_owner(query.wallet, program, o);
        if (!answer) co_return fail(answer.error());
        out.slot = std::min(out.slot, answer->context_slot);
        add_single_mints(answer->value, mints);
    }
    if (query.only) std::erase_if(mints, [&](const auto& mint) { return mint != *query.only; });
    std::ranges::sort(mints);
    mints.erase(std::ranges::unique(mints).begin(), mints.end());
    if (mints.size() > query.limit) {
        co_return fail(codes::too_many_tokens, std::to_string(mints.size()) + " tokens");
    }
    // The accounts are read from a state that already had the list.
    o.min_context_slot = out.slot;
    for (std::size_t from = 0; from < mints.size(); from += mints_per_call) {
        const auto batch =
            std::span{mints}.subspan(from, std::min(mints_per_call, mints.size() - from));
        std::vector<solana::public_key> keys;
        for (const auto& mint : batch) {
            const auto three = accounts_of(mint);
            keys.insert(keys.end(), three.begin(), three.end());
        }
        const auto answer = co_await rpc.get_accounts(std::move(keys), o);
        if (!answer) co_return fail(answer.error());
        decode_batch(batch, answer->value, out.nfts);
    }
    co_return out;
}

namespace {

task<result<wallet_nfts>> read_one(solana::rpc::client& rpc, wallet_query query,
                                   solana::rpc::options o, int required) {
    const mint_place place{*query.only, {}, query.wallet};
    const auto at = co_await read_mint_agreed(rpc, place, o, required);
    if (!at) co_return fail(at.error());
    wallet_nfts out;
    out.slot = at->slot;
    if (at->nft && at->held == 1 && at->nft->decimals == 0) out.nfts.push_back(*at->nft);
    co_return out;
}

// What all of them tell alike; everything else that any of them tells is disputed.
wallet_nfts common(const std::vector<wallet_nfts>& told) {
    wallet_nfts out;
    out.slot = told.front().slot;
    std::map<solana::public_key, std::vector<const chain_nft*>> seen;
    for (const auto& each : told) {
        out.slot = std::min(out.slot, each.slot);
        for (const auto& nft : each.nfts) seen[nft.mint].push_back(&nft);
    }
    for (const auto& [mint, views] : seen) {
        const bool alike =
            views.size() == told.size() &&
            std::ranges::all_of(views, [&](const auto* v) { return *v == *views[0]; });
        if (alike) {
            out.nfts.push_back(*views[0]);
        } else {
            out.disputed.push_back(mint);
        }
    }
    return out;
}

}  // namespace

task<result<wallet_nfts>> read_wallet_agreed(solana::rpc::client& rpc, wallet_query query,
                                             solana::rpc::options o, int required) {
    if (query.only) co_return co_await read_one(rpc, query, o, required);
    const auto wanted = std::min(static_cast<std::size_t>(required), rpc.providers(role::read));
    auto rest = rpc.spread(role::read, most_witnesses);
    std::vector<wallet_nfts> told;
    std::set<name> providers;
    std::optional<fault> failed;
    while (providers.size() < wanted && !rest.empty()) {
        const auto missing = std::min(wanted - providers.size(), rest.size());
        std::vector<task<result<wallet_nfts>>> asks;
        std::vector<name> asked;
        for (std::size_t i = 0; i < missing; ++i) {
            o.endpoint = rest[i];
            asked.push_back(rpc.provider_of(rest[i]));
            asks.push_back(read_wallet(rpc, query, o));
        }
        rest.erase(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(missing));
        auto answers = co_await solana::gather(std::move(asks));
        for (std::size_t i = 0; i < answers.size(); ++i) {
            if (!answers[i]) {
                failed = std::move(answers[i].error());
            } else if (providers.insert(asked[i]).second) {
                told.push_back(std::move(*answers[i]));
            }
        }
    }
    if (told.empty() || providers.size() < wanted) {
        if (failed) co_return fail(std::move(*failed));
        co_return fail(codes::providers_disagree, "not enough providers answer");
    }
    co_return common(told);
}

}  // namespace thole::nft
