#pragma once

// The fault codes of everything that concerns Solana (SPEC F1; the mapping of JSON-RPC errors onto
// them is rpc_error.cpp).

#include <array>

#include "thole/fault.hpp"

namespace thole::solana::codes {

using enum fault_kind;
using enum fault_scope;

// Values that we were given or built ourselves.
inline constexpr fault_code key_invalid{
    "solana.key_invalid", permanent, request,
    "The text is not an address: base58 of exactly 32 bytes. Check it for missing characters."};
inline constexpr fault_code seed_invalid{
    "solana.seed_invalid", permanent, request,
    "The seeds of a derived address break its rules (length, number, or the owning program)."};
inline constexpr fault_code instruction_invalid{
    "solana.instruction_invalid", permanent, request,
    "The instruction's values break a limit of its program (length of name, symbol, URI, shares)."};
inline constexpr fault_code transaction_malformed{
    "solana.transaction_malformed", permanent, request,
    "The bytes are not a transaction that this version can read."};
inline constexpr fault_code transaction_too_large{
    "solana.transaction_too_large", permanent, request,
    "The transaction exceeds 1232 bytes. Shorten name, symbol, URI or the additional fields."};
inline constexpr fault_code signer_missing{"solana.signer_missing", permanent, request,
                                           "A key that must sign this transaction was not given."};
inline constexpr fault_code account_malformed{
    "solana.account_malformed", permanent, request,
    "The account's data does not have the layout that its program writes."};
inline constexpr fault_code keypair_invalid{"solana.keypair_invalid", permanent, request,
                                            "The key material is neither a JSON array of 64 bytes "
                                            "nor its base58 form, or its halves disagree."};
inline constexpr fault_code keypair_unreadable{
    "solana.keypair_unreadable", permanent, request,
    "The key file cannot be read. Check its path and the service's user."};
inline constexpr fault_code keypair_exposed{
    "solana.keypair_exposed", permanent, request,
    "The key file may be read by other users. Run: chmod 600 FILE"};

// What an RPC node answered.
inline constexpr fault_code rpc_bad_answer{"solana.rpc_bad_answer", transient, endpoint,
                                           "The answer is not the JSON-RPC answer to this request "
                                           "(HTML page, cut-off body, other id or type)."};
inline constexpr fault_code rpc_internal{"solana.rpc_internal", transient, endpoint,
                                         "The node reports an error of its own."};
inline constexpr fault_code rpc_rate_limited{
    "solana.rpc_rate_limited", rate_limited, endpoint,
    "The RPC provider's quota is spent for now. Add endpoints or raise the plan if it lasts."};
inline constexpr fault_code rpc_invalid_request{
    "solana.rpc_invalid_request", permanent, request,
    "The node refuses the request as it is written (parameters, encoding or size)."};
inline constexpr fault_code rpc_method_missing{
    "solana.rpc_method_missing", permanent, endpoint,
    "This provider does not offer the method. Give the endpoint other roles."};
inline constexpr fault_code node_behind{
    "solana.node_behind", transient, endpoint,
    "The node says that it is unhealthy or behind the cluster; another one is asked."};
inline constexpr fault_code context_slot_not_reached{
    "solana.context_slot_not_reached", transient, endpoint,
    "The node has not reached the slot that the caller has already seen elsewhere."};
inline constexpr fault_code history_unavailable{
    "solana.history_unavailable", transient, endpoint,
    "The node no longer holds, or does not yet hold, the block or history asked for."};

// What a transaction met, in preflight or on the chain.
inline constexpr fault_code blockhash_not_found{
    "solana.blockhash_not_found", transient, endpoint,
    "The node does not know the blockhash: it lags, or the hash expired. Only proof of death "
    "decides which."};
inline constexpr fault_code blockhash_disputed{"solana.blockhash_disputed", transient, dependency,
                                               "Too few providers agree on how long a transaction "
                                               "would live. Nothing is signed: they are asked "
                                               "again until enough of them do."};
inline constexpr fault_code rent_disputed{
    "solana.rent_disputed", transient, dependency,
    "Too few providers tell the same rent of an account. Nothing is signed: they are asked again "
    "until enough of them do."};
inline constexpr fault_code refusal_disputed{
    "solana.refusal_disputed", transient, dependency,
    "One provider alone refuses the transaction in simulation. Nothing is signed and nothing is "
    "given up: they are asked again."};
inline constexpr fault_code already_processed{
    "solana.already_processed", permanent, request,
    "The very same transaction is on the chain already: a hint of success, settled by its status."};
inline constexpr fault_code account_in_use{
    "solana.account_in_use", permanent, request,
    "The address to create exists: a hint that an earlier attempt landed, settled by reading it."};
inline constexpr fault_code insufficient_funds{
    "solana.insufficient_funds", permanent, request,
    "The paying wallet is short of lamports. The operation waits; fund the wallet."};
inline constexpr fault_code compute_exceeded{
    "solana.compute_exceeded", permanent, request,
    "The transaction ran out of compute units. The next generation gets a higher limit."};
inline constexpr fault_code instruction_failed{
    "solana.instruction_failed", permanent, request,
    "A program refused its instruction; the same instruction will fail the same way."};
inline constexpr fault_code transaction_refused{
    "solana.transaction_refused", permanent, request,
    "The runtime refused the transaction before running it."};
inline constexpr fault_code signature_invalid{"solana.signature_invalid", permanent, request,
                                              "A signature does not match the message."};

// Our own limits.
inline constexpr fault_code watch_full{
    "solana.watch_full", rejected, dependency,
    "More signatures are under way than are watched at once; new ones wait until others settle."};

inline constexpr std::array solana_codes{&key_invalid,
                                         &seed_invalid,
                                         &instruction_invalid,
                                         &transaction_malformed,
                                         &transaction_too_large,
                                         &signer_missing,
                                         &account_malformed,
                                         &keypair_invalid,
                                         &keypair_unreadable,
                                         &keypair_exposed,
                                         &rpc_bad_answer,
                                         &rpc_internal,
                                         &rpc_rate_limited,
                                         &rpc_invalid_request,
                                         &rpc_method_missing,
                                         &node_behind,
                                         &context_slot_not_reached,
                                         &history_unavailable,
                                         &blockhash_not_found,
                                         &blockhash_disputed,
                                         &rent_disputed,
                                         &refusal_disputed,
                                         &already_processed,
                                         &account_in_use,
                                         &insufficient_funds,
                                         &compute_exceeded,
                                         &instruction_failed,
                                         &transaction_refused,
                                         &signature_invalid,
                                         &watch_full};

}  // namespace thole::solana::codes
