#pragma once

// What RPC nodes say, as values. Plain data; threads: any.

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <vector>

#include "solana/codec/base58_value.hpp"
#include "thole/name.hpp"
#include "thole/result.hpp"

namespace thole::solana {

// How firmly a block is in the chain: seen by a node, voted for by two thirds of the stake, rooted.
enum class commitment : std::uint8_t { processed, confirmed, finalized };
BOOST_DESCRIBE_ENUM(commitment, processed, confirmed, finalized)

[[nodiscard]] std::string_view to_string(commitment c) noexcept;

// Why the runtime refused a transaction ("err" in simulations, statuses and preflight failures).
struct transaction_error {
    std::string name;                          // "BlockhashNotFound", "InstructionError", …
    std::optional<std::uint32_t> instruction;  // index, for InstructionError
    std::string detail;                        // "Custom", "ComputationalBudgetExceeded", …
    std::optional<std::uint32_t> custom;       // the program's own number
    std::string text;                          // as the node said it, compact JSON
    friend bool operator==(const transaction_error&, const transaction_error&) = default;
};

struct signature_status {
    std::uint64_t slot = 0;
    solana::commitment commitment = commitment::processed;
    std::optional<transaction_error> error;
    friend bool operator==(const signature_status&, const signature_status&) = default;
};

struct latest_blockhash {
    solana::blockhash blockhash;
    std::uint64_t last_valid_block_height = 0;
};

struct epoch_info {
    std::uint64_t epoch = 0;
    std::uint64_t absolute_slot = 0;
    std::uint64_t block_height = 0;
};

struct account_info {
    std::uint64_t lamports = 0;
    public_key owner;
    bytes data;
};

struct keyed_account {
    public_key address;
    account_info account;
};

struct simulation {
    std::optional<transaction_error> error;
    std::uint64_t units_consumed = 0;
    std::vector<std::string> logs;  // at most 64 lines, the last ones
};

struct prioritization_fee {
    std::uint64_t slot = 0;
    std::uint64_t fee = 0;  // millionths of a lamport per unit
};

// An answer, with who gave it and from which state of the chain.
template <class T>
struct from_node {
    T value{};
    name endpoint;
    name provider;
    std::uint64_t context_slot = 0;  // 0: the method does not say
    duration latency{};
};

template <class T>
using rpc_result = result<from_node<T>>;

}  // namespace thole::solana
