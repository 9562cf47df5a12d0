#pragma once

// Metaplex Token Metadata: the instructions that make and change an NFT's metadata.
//
// In one transaction: SPL mint with decimals 0 and freeze authority = mint authority, MintTo 1,
// create_metadata, create_master_edition (which moves both authorities to the edition account), and
// verify_collection where it is in one.
// check() tells before sending what the program would refuse. Pure; threads: any.
// Errors: codes::instruction_invalid.

#include <optional>

#include "solana/codec/instruction.hpp"
#include "thole/result.hpp"

namespace thole::solana::metaplex {

struct creator {
    public_key address;
    bool verified = false;  // only a signer of the transaction may be verified
    std::uint8_t share = 0;
    friend bool operator==(const creator&, const creator&) = default;
};

struct collection {
    bool verified = false;  // false when created; verified by a later instruction
    public_key key;
    friend bool operator==(const collection&, const collection&) = default;
};

struct uses {
    std::uint8_t method = 0;  // 0 burn, 1 multiple, 2 single
    std::uint64_t remaining = 0;
    std::uint64_t total = 0;
    friend bool operator==(const uses&, const uses&) = default;
};

struct data {
    std::string name;    // ≤ 32 bytes
    std::string symbol;  // ≤ 10 bytes
    std::string uri;     // ≤ 200 bytes
    std::uint16_t seller_fee_basis_points = 0;
    std::optional<std::vector<creator>> creators;  // ≤ 5, shares sum to 100
    std::optional<metaplex::collection> collection;
    std::optional<metaplex::uses> uses;
    friend bool operator==(const data&, const data&) = default;
};

// The limits of the program.
[[nodiscard]] result<> check(const data& d);

struct create_keys {
    public_key mint;
    public_key mint_authority;
    public_key payer;
    public_key update_authority;
};
// `collection_size`: the token is itself the parent of a sized collection.
[[nodiscard]] instruction create_metadata(const create_keys& keys, const data& d, bool is_mutable,
                                          std::optional<std::uint64_t> collection_size = {});
// max_supply 0: no prints; nothing: unlimited prints.
[[nodiscard]] instruction create_master_edition(const create_keys& keys,
                                                std::optional<std::uint64_t> max_supply);

// Sets `verified` in the metadata that names `collection`, an NFT with a master edition whose
// update authority signs here; counts it there, where the collection keeps count.
[[nodiscard]] instruction verify_collection(const public_key& mint,
                                            const public_key& collection_authority,
                                            const public_key& collection);

struct metadata_change {
    std::optional<metaplex::data> data;  // replaces it whole
    std::optional<public_key> update_authority;
    std::optional<bool> primary_sale_happened;
    std::optional<bool> is_mutable;
};
[[nodiscard]] instruction update_metadata(const public_key& mint,
                                          const public_key& update_authority,
                                          const metadata_change& change);

}  // namespace thole::solana::metaplex
