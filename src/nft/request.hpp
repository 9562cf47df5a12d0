#pragma once

// What a client asks for with POST /api/v1/mints, and everything that can be wrong with it.
//
// The problem: a name that is one byte too long is refused by a program on the chain – after the
// content was uploaded and fees were planned. So a request is judged whole, here, before anything
// is journaled, and every mistake is told at once:
//
//   auto request = nft::read_mint_request(body);          // expected<mint_request, problems>
//   if (!request) return problem(422, request.error());   // {pointer "/name", "value.too_long", …}
//   submit("mint", key, json::write(*request), nft::payload_hash(*request));
//
// After reading, every default is filled in. Values only. Threads: any.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "solana/mint_recipe.hpp"

namespace thole::nft {

struct attribute {
    std::string trait_type;
    std::string value;
    friend bool operator==(const attribute&, const attribute&) = default;
};
BOOST_DESCRIBE_STRUCT(attribute, (), (trait_type, value))

using token_standard = solana::mint_standard;

enum class mint_priority : std::uint8_t { high, normal, low };
BOOST_DESCRIBE_ENUM(mint_priority, high, normal, low)

struct mint_request {
    std::string owner;                   // wallet that gets the token, base58
    std::optional<std::string> account;  // the client's user; the wallet unless said otherwise
    std::string name;
    std::string symbol;
    std::string description;
    std::string image;  // CID of content that was sent before
    std::optional<std::uint32_t> level;
    std::vector<attribute> attributes;
    std::optional<std::string> external_url;
    bool is_mutable = true;
    token_standard standard = token_standard::token_2022;
    mint_priority priority = mint_priority::normal;
    std::optional<std::vector<std::string>> tags;  // not journaled with it: saga::submission::tags
    friend bool operator==(const mint_request&, const mint_request&) = default;
};
BOOST_DESCRIBE_STRUCT(mint_request, (),
                      (owner, account, name, symbol, description, image, level, attributes,
                       external_url, is_mutable, standard, priority, tags))

// Lengths are in bytes of UTF-8. Name, symbol and URI are the chain's limits (Metaplex Token
// Metadata); the others keep the metadata JSON under metadata_limit.
struct mint_limits {
    static constexpr std::size_t body = 64 << 10;
    static constexpr std::size_t account = 128;
    static constexpr std::size_t name = 32;
    static constexpr std::size_t symbol = 10;
    static constexpr std::size_t description = 4 << 10;
    static constexpr std::size_t attributes = 64;
    static constexpr std::size_t trait_type = 64;
    static constexpr std::size_t trait_value = 256;
    static constexpr std::size_t url = 200;
};

// Parses, applies the defaults and validates.
[[nodiscard]] std::expected<mint_request, json::problems> read_mint_request(std::string_view body);

// Fills in what depends on other members (account).
void apply_defaults(mint_request&);

// Every broken rule, in the order of the members; empty when the request is good.
[[nodiscard]] json::problems validate(const mint_request&);

// SHA-256 of the RFC 8785 form: equal for requests that mean the same. Precondition: defaults are
// applied.
[[nodiscard]] sha256_digest payload_hash(const mint_request&);

// The level that was asked for: `level`, else the value of an attribute "Level".
[[nodiscard]] std::optional<std::uint32_t> requested_level(const mint_request&);

// The account whose mints go one after another. Precondition: defaults are applied.
[[nodiscard]] inline const std::string& account_of(const mint_request& request) {
    return *request.account;
}

// A decimal number of 32 bits without sign or leading zeros; how a level is written.
[[nodiscard]] std::optional<std::uint32_t> parse_level(std::string_view text);

}  // namespace thole::nft

template <>
inline constexpr auto thole::json::optional_members<thole::nft::mint_request> =
    std::array<std::string_view, 4>{"attributes", "is_mutable", "standard", "priority"};

template <>
inline constexpr auto thole::json::enum_texts<thole::nft::token_standard> =
    std::array{std::pair{thole::nft::token_standard::token_2022, std::string_view{"token-2022"}},
               std::pair{thole::nft::token_standard::metaplex, std::string_view{"metaplex"}}};
