#pragma once

// Every way in which an RPC node says no, mapped once onto faults.
//
// Error objects arrive with HTTP status 200; transport and HTTP failures are mapped by src/io.
// Pure; threads: any.

#include <boost/json/value.hpp>

#include "solana/rpc_types.hpp"

namespace thole::solana {

// {"code":…, "message":…, "data":…} → a fault, without dependency and endpoint. `data` of a failed
// preflight tells BlockhashNotFound, AlreadyProcessed and InstructionError apart.
[[nodiscard]] fault fault_of_rpc_error(const boost::json::value& error);

// Why the runtime refused or failed a transaction.
[[nodiscard]] fault fault_of(const transaction_error& error);

// "AlreadyProcessed", {"InstructionError":[2,{"Custom":0}]} … Nothing for null; a form that is not
// known keeps its text under the name it has.
[[nodiscard]] std::optional<transaction_error> read_transaction_error(const boost::json::value& v);

// Codes that say "this, or an earlier attempt, may have landed".
[[nodiscard]] bool is_hint_of_success(const fault& f) noexcept;
// Whether an account would hold less than its rent: what is known of rents may be old.
[[nodiscard]] bool is_short_of_rent(const fault& f) noexcept;

}  // namespace thole::solana
