#pragma once

// One NFT as the chain tells it, whichever standard it was made by, and whether it is ours.
//
//   auto nft = nft::decode_nft(accounts);              // from the raw accounts at one slot
//   if (nft && nft::issuer_verified(*nft, issuer)) …   // nobody but the issuer can have made it
//
// Why the issuer cannot be forged. Token-2022: an update authority is only written down, not
// signed; but the mint's address is sha256(issuer ‖ thole_seed ‖ program), and an account appears
// there only if the issuer signed. Metaplex: a creator is marked verified only if he signed.
//
// Pure; threads: any. Errors: solana::codes::account_malformed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "solana/codec/base58_value.hpp"
#include "solana/codec/metaplex.hpp"
#include "thole/result.hpp"

namespace thole::nft {

struct nft_accounts {
    solana::public_key mint;
    solana::public_key program;  // the owner of the mint account
    bytes_view mint_data;
    std::optional<bytes_view> metadata_data;  // Metaplex's accounts, where they exist
    std::optional<bytes_view> edition_data;
};

struct chain_nft {
    solana::public_key mint;
    solana::public_key program;
    std::uint64_t supply = 0;
    std::uint8_t decimals = 0;
    bool supply_is_fixed = false;  // nobody can ever mint another one
    std::optional<solana::public_key> mint_authority;
    // Token-2022: the mint says it has some of its own, and has none; else: there is none.
    bool lacks_metadata = false;
    bool has_metadata = false;  // the members below say something
    std::string name;
    std::string symbol;
    std::string uri;
    std::optional<solana::public_key> update_authority;
    bool is_mutable = false;
    std::optional<std::string> seed;
    std::vector<solana::public_key> verified_creators;
    std::optional<solana::metaplex::collection> collection{};  // that it names, verified or not
    // Metaplex: what an update replaces whole; nothing for a programmable one, which is changed by
    // other instructions.
    std::optional<solana::metaplex::data> replaceable{};
    friend bool operator==(const chain_nft&, const chain_nft&) = default;
};

[[nodiscard]] result<chain_nft> decode_nft(const nft_accounts& accounts);

[[nodiscard]] bool issuer_verified(const chain_nft& nft, const solana::public_key& issuer);
// By any of them: wallets that minted before the present one did not sign for nothing.
using issuers = std::vector<solana::public_key>;
[[nodiscard]] bool issuer_verified(const chain_nft& nft, const issuers& ours);

// What keeps it from being one of a kind, in words; "" when nothing does.
[[nodiscard]] std::string uniqueness_problem(const chain_nft& nft);

}  // namespace thole::nft
