#pragma once

// What the issuer adds to every token of Metaplex' standard: the collection it belongs to, what
// resales owe, and who shares in that.
//
//   metaplex_terms terms{.collection = "…", .seller_fee_basis_points = 500, .creator = {{"…",
//   40}}}; for (auto& wrong : problems_of(terms, wallet)) …          // when the configuration is
//   read input.metaplex = terms;                                   // fixed when a mint is accepted
//   apply(terms, mint);                                       // into what is signed
//   auto why = difference(terms, wallet, on_chain);           // when it is read back
//
// The wallet stands first among the creators with what the others leave of 100, and is the
// collection's update authority: its one signature mints, proves the issuer and verifies the
// membership. Token-2022 has none of the three (doc/design/minting.md). Values only. Threads: any.

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "nft/chain_nft.hpp"

namespace thole::solana {
struct mint_terms;
}  // namespace thole::solana

namespace thole::nft {

struct creator_share {
    std::string address{};    // a wallet, base58
    std::uint32_t share = 0;  // of what resales owe, in per cent
    friend bool operator==(const creator_share&, const creator_share&) = default;
};
BOOST_DESCRIBE_STRUCT(creator_share, (), (address, share))

struct metaplex_terms {
    std::string collection{};                   // the mint of the collection's NFT; "" = none
    std::uint32_t seller_fee_basis_points = 0;  // of the price of a resale, in 1/100 per cent
    std::vector<creator_share> creator{};       // beside the wallet; at most most_creators
    friend bool operator==(const metaplex_terms&, const metaplex_terms&) = default;
};
BOOST_DESCRIBE_STRUCT(metaplex_terms, (), (collection, seller_fee_basis_points, creator))

inline constexpr std::size_t most_creators = 4;

// Every broken rule, with pointers below these terms ("/creator/0/share"). `wallet`: the issuer,
// where it is known.
[[nodiscard]] json::problems problems_of(const metaplex_terms& terms,
                                         const std::optional<solana::public_key>& wallet);

// Whether the longest request, with a URI of so many bytes, still fits into one transaction.
// Error: solana::codes::transaction_too_large. Precondition: there are no problems.
[[nodiscard]] result<> check_size(const metaplex_terms& terms, std::size_t uri_bytes);

// Precondition: there are no problems.
void apply(const metaplex_terms& terms, solana::mint_terms& to);

// Where a token that `wallet` minted differs; "" when nowhere. Whether the other creators have
// signed meanwhile is theirs to say.
[[nodiscard]] std::string difference(const metaplex_terms& terms, const solana::public_key& wallet,
                                     const chain_nft& nft);

// Whether `wallet` can verify members of it, by the accounts at its metadata and its master
// edition: why not, in words; "" when it can.
struct collection_accounts {
    std::optional<bytes_view> metadata;  // where Metaplex owns them
    std::optional<bytes_view> edition;
};
[[nodiscard]] std::string collection_problem(const solana::public_key& collection,
                                             const solana::public_key& wallet,
                                             const collection_accounts& accounts);

}  // namespace thole::nft

template <>
inline constexpr auto thole::json::optional_members<thole::nft::creator_share> =
    thole::json::all_members;
template <>
inline constexpr auto thole::json::optional_members<thole::nft::metaplex_terms> =
    thole::json::all_members;
