#include "nft/chain_nft.hpp"

#include <algorithm>

#include "solana/codec/address.hpp"
#include "solana/codec/metaplex_accounts.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/token_accounts.hpp"
#include "solana/mint_recipe.hpp"

namespace thole::nft {
namespace {

// Metadata counts only where the mint itself points to it and both sides agree on the mint.
void read_token_2022(chain_nft& nft, const solana::mint_account& mint) {
    if (!mint.pointer || mint.pointer->address != nft.mint) return;
    nft.lacks_metadata = !mint.metadata;
    if (!mint.metadata) return;
    if (mint.metadata->mint != nft.mint) return;
    const auto& metadata = *mint.metadata;
    nft.has_metadata = true;
    nft.name = metadata.fields.name;
    nft.symbol = metadata.fields.symbol;
    nft.uri = metadata.fields.uri;
    nft.update_authority = metadata.update_authority;
    nft.is_mutable = metadata.update_authority.has_value();
    if (const auto seed = metadata.find(solana::seed_field)) nft.seed = std::string{*seed};
}

result<> read_metaplex(chain_nft& nft, bytes_view data) {
    const auto account = solana::metaplex::decode_metadata(data);
    if (!account) return fail(account.error());
    if (account->mint != nft.mint) return {};
    nft.has_metadata = true;
    nft.name = account->data.name;
    nft.symbol = account->data.symbol;
    nft.uri = account->data.uri;
    nft.update_authority = account->update_authority;
    nft.is_mutable = account->is_mutable;
    nft.collection = account->data.collection;
    if (!account->programmable) nft.replaceable = account->data;
    for (const auto& each :
         account->data.creators.value_or(std::vector<solana::metaplex::creator>{})) {
        if (each.verified) nft.verified_creators.push_back(each.address);
    }
    return {};
}

// With Metaplex the mint authority is the edition account, which mints only numbered prints; a
// maximum of zero forbids those too.
result<bool> edition_fixes_supply(const chain_nft& nft, const solana::mint_account& mint,
                                  const std::optional<bytes_view>& data) {
    if (!data || mint.mint_authority != solana::master_edition_address(nft.mint)) return false;
    const auto edition = solana::metaplex::decode_master_edition(*data);
    if (!edition) return fail(edition.error());
    return edition->max_supply == std::uint64_t{0};
}

}  // namespace

result<chain_nft> decode_nft(const nft_accounts& accounts) {
    const auto mint = solana::decode_mint(accounts.mint_data);
    if (!mint) return fail(mint.error());
    chain_nft nft;
    nft.mint = accounts.mint;
    nft.program = accounts.program;
    nft.supply = mint->supply;
    nft.decimals = mint->decimals;
    nft.supply_is_fixed = !mint->mint_authority;
    nft.mint_authority = mint->mint_authority;
    if (accounts.program == solana::token_2022_program) read_token_2022(nft, *mint);
    if (accounts.program == solana::token_program) nft.lacks_metadata = !accounts.metadata_data;
    if (!nft.has_metadata && accounts.metadata_data) {
        if (auto read = read_metaplex(nft, *accounts.metadata_data); !read) {
            return fail(read.error());
        }
        const auto fixed = edition_fixes_supply(nft, *mint, accounts.edition_data);
        if (!fixed) return fail(fixed.error());
        nft.supply_is_fixed = nft.supply_is_fixed || *fixed;
    }
    return nft;
}

bool issuer_verified(const chain_nft& nft, const solana::public_key& issuer) {
    if (!nft.has_metadata) return false;
    // Whoever may change the metadata answers for it.
    if (nft.update_authority && *nft.update_authority != issuer) return false;
    if (std::ranges::find(nft.verified_creators, issuer) != nft.verified_creators.end())
        return true;
    return nft.seed && solana::issuer_verified(nft.mint, issuer, *nft.seed, nft.program);
}

bool issuer_verified(const chain_nft& nft, const issuers& ours) {
    return std::ranges::any_of(ours, [&](const auto& each) { return issuer_verified(nft, each); });
}

std::string uniqueness_problem(const chain_nft& nft) {
    if (nft.supply != 1) return "supply is " + std::to_string(nft.supply);
    if (nft.decimals != 0) return "decimals is " + std::to_string(nft.decimals);
    if (!nft.supply_is_fixed) return "more can be minted";
    return {};
}

}  // namespace thole::nft
