#pragma once

// Instructions of the System and Compute Budget programs. Pure; threads: any.
//
// Seeds longer than 32 bytes make an instruction that the chain refuses; create_with_seed()
// (address.hpp) is where they are refused here.

#include "solana/codec/instruction.hpp"

namespace thole::solana {

[[nodiscard]] instruction transfer(const public_key& from, const public_key& to,
                                   std::uint64_t lamports);

struct new_account {
    std::uint64_t lamports = 0;
    std::uint64_t space = 0;
    public_key owner;  // the program
};

// `account` signs too.
[[nodiscard]] instruction create_account(const public_key& payer, const public_key& account,
                                         const new_account& as);

// Where an account lies that was derived by create_with_seed(base, seed, owner).
struct seeded_address {
    public_key address;
    public_key base;  // signs
    std::string seed;
};

// Fails on the chain with Custom(0), "already in use", when the address holds any lamports.
[[nodiscard]] instruction create_account_with_seed(const public_key& payer,
                                                   const seeded_address& at, const new_account& as);
// With a transfer these two take over an address that already holds lamports.
[[nodiscard]] instruction allocate_with_seed(const seeded_address& at, std::uint64_t space,
                                             const public_key& owner);
[[nodiscard]] instruction assign_with_seed(const seeded_address& at, const public_key& owner);

// The most compute units the transaction may use, and what is bid for each, in millionths of a
// lamport. Fee = 5000 x signatures + ceil(price x limit / 1e6) lamports.
[[nodiscard]] instruction set_compute_unit_limit(std::uint32_t units);
[[nodiscard]] instruction set_compute_unit_price(std::uint64_t micro_lamports);

// Saturates instead of overflowing.
[[nodiscard]] std::uint64_t transaction_fee(std::size_t signatures, std::uint32_t limit,
                                            std::uint64_t price) noexcept;

}  // namespace thole::solana
