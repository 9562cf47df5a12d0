#pragma once

// An NFT as one atomic transaction: either the whole token exists, or nothing of it.
//
//   mint_terms terms;                            // wallet, owner, seed, name, URI …
//   terms.rent = co_await rpc.rent_exemption(rent_space(standard, terms));
//   auto plan = plan_mint(standard, terms);      // result<mint_plan>
//   auto message = compile_message(message_version::legacy, terms.wallet, recent,
//   plan->instructions);
//
// The address is create_with_seed(wallet, seed, token program): a second transaction for the same
// operation fails with "already in use" whatever became of the first. The wallet pays, is the base,
// and is mint authority until that right is given up (Token-2022) or moves to the master edition
// (Metaplex); it stays update authority unless the token is immutable.
//
// Pure; threads: any. Errors: codes::instruction_invalid, seed_invalid, transaction_too_large.

#include "solana/codec/metaplex.hpp"
#include "solana/codec/token_accounts.hpp"
#include "solana/codec/transaction.hpp"

namespace thole::solana {

enum class mint_standard : std::uint8_t { token_2022, metaplex };

// The additional pair under which a Token-2022 mint carries its seed (see issuer_verified).
inline constexpr std::string_view seed_field = "thole_seed";

struct mint_terms {
    public_key wallet;  // pays and signs everything
    public_key owner;   // gets the token
    std::string seed;   // ≤ 32 bytes
    // Metaplex has no additional pairs; Token-2022 gets seed_field added to them.
    token_metadata_fields fields;
    bool is_mutable = true;

    std::uint64_t rent = 0;  // lamports for rent_space(); checked to be there
    // Lamports that already lie at the address (a stranger sent them): the account is then taken
    // over by an allocation, which assigns too, instead of created.
    std::uint64_t already_held = 0;

    std::uint32_t compute_limit = 400'000;
    std::uint64_t compute_price = 0;  // millionths of a lamport per unit
    std::string memo;                 // left out when there is no room for it

    // Metaplex only. The wallet stands first among the creators, verified, with what the others
    // leave of 100; they may sign later.
    std::uint16_t seller_fee_basis_points = 0;
    std::vector<metaplex::creator> creators;
    // Verified in the same transaction, so the wallet is the collection's update authority.
    std::optional<public_key> collection;
};

struct mint_plan {
    public_key mint;
    public_key holding;  // the owner's associated token account
    std::vector<instruction> instructions;
    std::size_t transaction_size = 0;  // as a legacy message, signed
    bool memo_included = false;
};

[[nodiscard]] const public_key& token_program_of(mint_standard standard) noexcept;
// The size whose rent exemption the mint account needs.
[[nodiscard]] std::uint64_t rent_space(mint_standard standard, const mint_terms& terms);

// What a Metaplex token's metadata says, before its collection is verified.
[[nodiscard]] metaplex::data metaplex_data(const mint_terms& terms);

[[nodiscard]] result<mint_plan> plan_mint(mint_standard standard, const mint_terms& terms);

// The metadata of a mint that has none; the right to mint more is given up with it. The wallet
// still is mint authority. A Token-2022 mint grows: its pointer says already that it has some,
// terms.rent is for rent_space(), terms.already_held what lies there. For Metaplex terms.rent is 0,
// its program asks the wallet for the new accounts' rent.
[[nodiscard]] std::vector<instruction> plan_missing_metadata(mint_standard standard,
                                                             const mint_terms& terms);
// The URI of a mint whose update authority the wallet is; the rest stays as it is. Metaplex'
// program replaces the data whole, so `present` is what stands there now.
[[nodiscard]] std::vector<instruction> plan_uri_update(const mint_terms& terms);
[[nodiscard]] std::vector<instruction> plan_metaplex_uri_update(const mint_terms& terms,
                                                                const public_key& mint,
                                                                metaplex::data present);

// Whether the token was minted with `issuer`'s signature: the address is derived from it, and only
// its key can create the account there. Cannot be forged, unlike the update authority.
[[nodiscard]] bool issuer_verified(const public_key& mint, const public_key& issuer,
                                   std::string_view seed, const public_key& token_program);
// The same, with the seed that the mint itself carries; false when it carries none.
[[nodiscard]] bool issuer_verified(const public_key& mint, const mint_account& account,
                                   const public_key& issuer);

}  // namespace thole::solana
