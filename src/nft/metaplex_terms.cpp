#include "nft/metaplex_terms.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "nft/request.hpp"
#include "solana/codec/address.hpp"
#include "solana/codec/metaplex_accounts.hpp"
#include "solana/codes.hpp"
#include "solana/mint_recipe.hpp"
#include "thole/assert.hpp"

namespace thole::nft {
namespace {

using solana::public_key;

constexpr std::uint8_t non_fungible = 0;
constexpr std::uint8_t programmable_non_fungible = 4;

std::optional<public_key> address_of(const std::string& text) {
    const auto key = public_key::parse(text);
    return key && !key->is_zero() ? std::optional{*key} : std::nullopt;
}

void judge_creators(json::problems& out, const metaplex_terms& terms,
                    const std::optional<public_key>& wallet) {
    if (terms.creator.size() > most_creators) {
        out.push_back({"/creator", "value.too_many",
                       fmt::format("at most {} beside the wallet, this has {}", most_creators,
                                   terms.creator.size())});
    }
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < terms.creator.size(); ++i) {
        const auto& [address, share] = terms.creator[i];
        const auto here = fmt::format("/creator/{}", i);
        const auto key = address_of(address);
        const auto first = std::ranges::find(terms.creator, address, &creator_share::address);
        if (!key) {
            out.push_back({here + "/address", "value.bad_wallet",
                           "must be a wallet address: base58 of 32 bytes"});
        } else if (wallet && *key == *wallet) {
            out.push_back({here + "/address", "value.duplicate",
                           "is the mint wallet, which is a creator with what the others leave"});
        } else if (first != terms.creator.begin() + static_cast<std::ptrdiff_t>(i)) {
            out.push_back({here + "/address", "value.duplicate", "is named twice"});
        }
        if (share > 100) out.push_back({here + "/share", "value.range", "must be from 0 to 100"});
        sum += share;
    }
    if (sum > 100) {
        out.push_back({"/creator", "value.range",
                       fmt::format("the shares must be 100 together at most, these are {}; what "
                                   "they leave is the wallet's",
                                   sum)});
    }
}

}  // namespace

json::problems problems_of(const metaplex_terms& terms, const std::optional<public_key>& wallet) {
    json::problems out;
    if (!terms.collection.empty() && !address_of(terms.collection)) {
        out.push_back({"/collection", "value.bad_address",
                       "must be the mint address of the collection's NFT: base58 of 32 bytes"});
    }
    if (terms.seller_fee_basis_points > 10'000) {
        out.push_back({"/seller_fee_basis_points", "value.range", "must be from 0 to 10000"});
    }
    judge_creators(out, terms, wallet);
    return out;
}

result<> check_size(const metaplex_terms& terms, std::size_t uri_bytes) {
    solana::mint_terms longest;
    longest.wallet.raw.fill(1);
    longest.owner.raw.fill(2);
    longest.seed = std::string(solana::max_seed_length, 's');
    longest.fields = {std::string(mint_limits::name, 'n'),
                      std::string(mint_limits::symbol, 's'),
                      std::string(uri_bytes, 'u'),
                      {}};
    longest.rent = 2;
    longest.already_held = 1;  // a stranger sent it: three instructions instead of one
    apply(terms, longest);
    const auto plan = solana::plan_mint(token_standard::metaplex, longest);
    return plan ? result<>{} : fail(plan.error());
}

void apply(const metaplex_terms& terms, solana::mint_terms& to) {
    to.seller_fee_basis_points = static_cast<std::uint16_t>(terms.seller_fee_basis_points);
    to.collection = address_of(terms.collection);
    to.creators.clear();
    for (const auto& [address, share] : terms.creator) {
        const auto key = address_of(address);
        THOLE_ASSERT(key.has_value(), "a creator of checked terms has an address");
        to.creators.push_back({*key, false, static_cast<std::uint8_t>(share)});
    }
}

std::string difference(const metaplex_terms& terms, const public_key& wallet,
                       const chain_nft& nft) {
    if (!nft.replaceable) return "it is a programmable NFT";
    solana::mint_terms wanted;
    wanted.wallet = wallet;
    apply(terms, wanted);
    const auto asked = solana::metaplex_data(wanted);
    const auto& found = *nft.replaceable;
    if (found.seller_fee_basis_points != asked.seller_fee_basis_points) {
        return fmt::format("seller fee is {}", found.seller_fee_basis_points);
    }
    const auto same = [](const auto& a, const auto& b) {
        return a.address == b.address && a.share == b.share;
    };
    if (!found.creators || !std::ranges::equal(*found.creators, *asked.creators, same)) {
        return "creators differ";
    }
    if (!found.creators->front().verified) return "the issuer is no verified creator";
    if (!asked.collection) {
        return found.collection ? "collection is " + found.collection->key.text() : std::string{};
    }
    if (!found.collection) return "it is in no collection";
    if (found.collection->key != asked.collection->key) {
        return "collection is " + found.collection->key.text();
    }
    return found.collection->verified ? std::string{} : "its collection is not verified";
}

std::string collection_problem(const public_key& collection, const public_key& wallet,
                               const collection_accounts& accounts) {
    const auto named = "collection " + collection.text();
    if (!accounts.metadata) return named + " has no metadata of Metaplex";
    const auto metadata = solana::metaplex::decode_metadata(*accounts.metadata);
    if (!metadata || metadata->mint != collection) return named + ": its metadata cannot be read";
    if (metadata->update_authority != wallet) {
        return named + ": its update authority is " + metadata->update_authority.text() +
               ", not the wallet " + wallet.text();
    }
    const auto edition = accounts.edition
                             ? solana::metaplex::decode_master_edition(*accounts.edition)
                             : fail(solana::codes::account_malformed);
    const bool unique = metadata->token_standard == non_fungible ||
                        metadata->token_standard == programmable_non_fungible;
    if (!unique || !edition || edition->max_supply != std::uint64_t{0}) {
        return named + " is no NFT whose master edition forbids prints";
    }
    return {};
}

}  // namespace thole::nft
