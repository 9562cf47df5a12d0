#pragma once

// What is journaled when a mint is accepted: the request, and what was fixed with it: its identity,
// and where Metaplex' standard is asked for, the issuer's terms.
//
// The problem: an address that is computed again at every start is another one when wallet or
// secret is another one, and the operation then looks for its token in the wrong place – or mints
// it twice. So base, seed, token program and mint are part of the operation's input:
//
//   auto input = nft::accept_mint(request, {secret, wallet}, {"default", "mint", key}, terms);
//   submission.input = json::write(input);  submission.request_hash = payload_hash(input.request);
//   …
//   auto input = nft::read_mint_input(details.input);
//   auto id = nft::identity_of(*input, base, name);       // the journaled one
//
// The document has a version; inputs of version 1 were the bare request, without "v", and are
// brought to the present form on reading; those of version 2 had no terms. Values only.
// Threads: any.

#include <optional>
#include <vector>

#include "nft/metaplex_terms.hpp"
#include "nft/mint_identity.hpp"

namespace thole::nft {

struct mint_input {
    static constexpr int newest = 3;
    int v = newest;
    mint_request request;
    std::optional<mint_identity> identity;   // absent: accepted before it was journaled
    std::optional<metaplex_terms> metaplex;  // absent: another standard, or nothing is added
};
BOOST_DESCRIBE_STRUCT(mint_input, (), (v, request, identity, metaplex))

[[nodiscard]] mint_input accept_mint(mint_request request, const mint_base& base,
                                     operation_name name, const metaplex_terms& terms = {});

// Nothing when it is none, or of a newer version than this program knows.
[[nodiscard]] std::optional<mint_input> read_mint_input(std::string_view text);

// Version 1 to the newest.
[[nodiscard]] mint_input upgrade_1(mint_request request);

// The journaled identity; of an operation that was accepted before there was one, the computed.
[[nodiscard]] mint_identity identity_of(const mint_input& input, const mint_base& base,
                                        operation_name name);

// `stored`: the wallet under which the last start accepted mints; `live`: how many have not ended.
// Error: codes::wallet_changed.
[[nodiscard]] result<> check_wallet(const solana::public_key& wallet,
                                    const std::optional<std::string>& stored, std::uint64_t live);
// Its name among the small facts kept beside the records.
inline constexpr std::string_view wallet_meta_name = "mint_wallet";
// Wallets that minted before it, divided by commas: what they signed stays genuine.
inline constexpr std::string_view earlier_wallets_meta_name = "earlier_mint_wallets";
// The present wallet first, then those before it; texts that are no address are left out.
[[nodiscard]] std::vector<solana::public_key> wallets_of(const solana::public_key& present,
                                                         std::string_view earlier);

}  // namespace thole::nft
