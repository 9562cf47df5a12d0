#pragma once

// JSON-RPC 2.0 as Solana nodes speak it: request bodies, and answers as values. No I/O.
//
// Requests are concatenated text, no document is built. Answers are read leniently where nodes
// differ (members that are not known are ignored) and strictly where something is decided on them:
// a missing or mistyped member, another id, or a body that is not JSON at all is
// codes::rpc_bad_answer. Pure; threads: any.

#include <boost/json/value.hpp>
#include <span>

#include "solana/rpc_types.hpp"

namespace thole::solana::rpc {

namespace json = boost::json;

// ---- requests -----------------------------------------------------------------------------------

// `params` is the text of a JSON array.
[[nodiscard]] std::string body_of(std::uint64_t id, std::string_view method,
                                  std::string_view params);

// {"commitment":…,"minContextSlot":…,<more>}; `more` holds members without braces, may be empty.
[[nodiscard]] std::string config(std::optional<commitment> level,
                                 std::optional<std::uint64_t> min_context_slot,
                                 std::string_view more = {});

[[nodiscard]] std::string quoted(std::string_view plain_ascii);
[[nodiscard]] std::string quoted_list(std::span<const std::string> plain_ascii);

// ---- answers ------------------------------------------------------------------------------------

// The "result" of the answer to request `id`, or the fault that stands in its place. The value
// lives in `memory`.
[[nodiscard]] result<json::value> read_answer(std::string_view body, std::uint64_t id,
                                              json::storage_ptr memory = {});

// Takes {"context":{"slot":…},"value":…} apart.
struct with_context {
    std::uint64_t slot = 0;
    const json::value* value = nullptr;  // into the argument
};
[[nodiscard]] result<with_context> read_context(const json::value& v);

[[nodiscard]] result<std::uint64_t> read_u64(const json::value& v);
[[nodiscard]] result<bool> read_bool(const json::value& v);
[[nodiscard]] result<latest_blockhash> read_latest_blockhash(const json::value& v);
[[nodiscard]] result<epoch_info> read_epoch_info(const json::value& v);
// null: nothing is known about the signature.
[[nodiscard]] result<std::optional<signature_status>> read_status(const json::value& v);
[[nodiscard]] result<std::vector<std::optional<signature_status>>> read_statuses(
    const json::value& v);
// null: there is no such account. Data must be base64.
[[nodiscard]] result<std::optional<account_info>> read_account(const json::value& v);
[[nodiscard]] result<std::vector<std::optional<account_info>>> read_accounts(const json::value& v);
[[nodiscard]] result<std::vector<keyed_account>> read_keyed_accounts(const json::value& v);
[[nodiscard]] result<simulation> read_simulation(const json::value& v);
[[nodiscard]] result<signature> read_signature(const json::value& v);
[[nodiscard]] result<std::vector<prioritization_fee>> read_fees(const json::value& v);

}  // namespace thole::solana::rpc
