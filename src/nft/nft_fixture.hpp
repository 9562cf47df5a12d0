#pragma once

// Accounts of a minted NFT, made by hand: for the tests of this folder.

#include "nft/chain_nft.hpp"
#include "nft/mint_identity.hpp"
#include "solana/codec/address.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/token_accounts.hpp"
#include "solana/mint_recipe.hpp"

namespace thole::nft::fixture {

inline solana::public_key key(std::uint8_t fill) {
    solana::public_key out;
    out.raw.fill(fill);
    return out;
}

inline const solana::public_key issuer = key(7);

struct token {
    solana::public_key mint;
    solana::mint_account account;
};

// What the mint recipe leaves on the chain for Token-2022.
inline token token_2022(const std::string& uri, const std::string& seed = "0123456789abcdef") {
    token out;
    out.mint = *solana::create_with_seed(issuer, seed, solana::token_2022_program);
    out.account.supply = 1;
    out.account.initialized = true;
    out.account.pointer = {{}, out.mint};
    solana::token_metadata metadata;
    metadata.update_authority = issuer;
    metadata.mint = out.mint;
    metadata.fields = {"Seat B-7", "TIX", uri, {{std::string{solana::seed_field}, seed}}};
    out.account.metadata = std::move(metadata);
    return out;
}

struct metaplex_options {
    solana::public_key mint = key(9);
    solana::public_key update_authority = issuer;
    solana::public_key creator = issuer;
    bool creator_verified = true;
    bool is_mutable = true;
    std::optional<solana::public_key> collection{};
    bool collection_verified = false;
};

inline void put_u32(bytes& to, std::uint32_t value) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        to.push_back(static_cast<std::uint8_t>(value >> shift));
    }
}

inline void put_padded(bytes& to, std::string_view text, std::uint32_t size) {
    put_u32(to, size);
    std::string padded{text};
    padded.resize(size);
    const auto data = as_bytes(padded);
    to.insert(to.end(), data.begin(), data.end());
}

// Layout of Metaplex's metadata account (key 4) with one creator.
inline bytes metaplex_metadata(const std::string& uri, const metaplex_options& how = {}) {
    bytes out{4};
    out.insert(out.end(), how.update_authority.raw.begin(), how.update_authority.raw.end());
    out.insert(out.end(), how.mint.raw.begin(), how.mint.raw.end());
    put_padded(out, "Seat B-7", 32);
    put_padded(out, "TIX", 10);
    put_padded(out, uri, 200);
    out.insert(out.end(), {0, 0, 1});
    put_u32(out, 1);
    out.insert(out.end(), how.creator.raw.begin(), how.creator.raw.end());
    out.push_back(how.creator_verified ? 1 : 0);
    out.insert(out.end(), {100, 0, static_cast<std::uint8_t>(how.is_mutable ? 1 : 0)});
    out.insert(out.end(), {1, 255, 1, 0});
    if (how.collection) {
        out.insert(out.end(), {1, static_cast<std::uint8_t>(how.collection_verified ? 1 : 0)});
        out.insert(out.end(), how.collection->raw.begin(), how.collection->raw.end());
    } else {
        out.push_back(0);
    }
    out.insert(out.end(), {0, 0, 0});
    out.resize(607);
    return out;
}

// A master edition (key 6) of which no prints can be made.
inline bytes master_edition(bool prints = false) {
    bytes out{6, 0, 0, 0, 0, 0, 0, 0, 0, 1, static_cast<std::uint8_t>(prints ? 5 : 0)};
    out.resize(20);
    return out;
}

inline bytes metaplex_mint(const solana::public_key& mint) {
    solana::mint_account account;
    account.supply = 1;
    account.initialized = true;
    account.mint_authority = account.freeze_authority = solana::master_edition_address(mint);
    return solana::encode_mint(account);
}

}  // namespace thole::nft::fixture
