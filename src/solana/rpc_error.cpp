#include "solana/rpc_error.hpp"

#include <boost/json/serialize.hpp>

#include "solana/codes.hpp"

namespace thole::solana {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_detail = 300;

// As much of a text as a detail takes, without half a letter at its end. Precondition: UTF-8, which
// JSON strings and what is written of them are.
std::string excerpt(std::string text) {
    if (text.size() <= longest_detail) return text;
    auto end = longest_detail;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    text.resize(end);
    return text;
}

std::string text_of(const json::value* v) {
    if (v == nullptr || !v->is_string()) return {};
    return std::string{v->as_string().begin(), v->as_string().end()};
}

std::optional<std::uint32_t> small_number(const json::value& v) {
    if (!v.is_number()) return std::nullopt;
    json::error_code failed;
    const auto n = v.to_number<std::uint32_t>(failed);
    if (failed) return std::nullopt;
    return n;
}

// [index, "Name"] or [index, {"Custom": n}]
void read_instruction_error(const json::value& v, transaction_error& out) {
    if (!v.is_array() || v.as_array().size() != 2) return;
    const auto& what = v.as_array()[1];
    out.instruction = small_number(v.as_array()[0]);
    if (what.is_string()) out.detail = text_of(&what);
    if (!what.is_object() || what.as_object().size() != 1) return;
    const auto& only = *what.as_object().begin();
    out.detail = std::string{only.key()};
    if (out.detail == "Custom") out.custom = small_number(only.value());
}

const fault_code& code_of(const transaction_error& e) {
    if (e.name == "BlockhashNotFound") return codes::blockhash_not_found;
    if (e.name == "AlreadyProcessed") return codes::already_processed;
    // AccountNotFound concerns the fee payer: it holds nothing at all.
    if (e.name == "InsufficientFundsForFee" || e.name == "InsufficientFundsForRent" ||
        e.name == "AccountNotFound") {
        return codes::insufficient_funds;
    }
    if (e.name == "SignatureFailure") return codes::signature_invalid;
    if (e.name != "InstructionError") return codes::transaction_refused;
    if (e.detail == "ComputationalBudgetExceeded") return codes::compute_exceeded;
    // Which program said so is known only to who built the transaction. These numbers are the
    // System program's; where another program means something else, the hint is settled by reading
    // the account and the balance, so nothing is decided on it.
    if (e.custom == 0U) return codes::account_in_use;
    if (e.custom == 1U) return codes::insufficient_funds;
    return codes::instruction_failed;
}

const fault_code& code_of(std::int64_t code) {
    switch (code) {
        case -32003:
            return codes::signature_invalid;
        case -32005:
            return codes::node_behind;
        case -32016:
            return codes::context_slot_not_reached;
        case -32001:
        case -32004:
        case -32007:
        case -32008:
        case -32009:
        case -32011:
        case -32014:
            return codes::history_unavailable;
        case -32600:
        case -32602:
        case -32700:
        case -32013:
        case -32015:
            return codes::rpc_invalid_request;
        case -32601:
            return codes::rpc_method_missing;
        case -32429:
        case 429:
            return codes::rpc_rate_limited;
        default:
            return codes::rpc_internal;
    }
}

// Some gateways say "rate limit" under -32005 or under a number of their own.
bool speaks_of_limits(std::string_view message) {
    std::string lower;
    for (const char c : message) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return lower.find("rate limit") != std::string::npos ||
           lower.find("too many requests") != std::string::npos;
}

}  // namespace

std::string_view to_string(commitment c) noexcept {
    switch (c) {
        case commitment::processed:
            return "processed";
        case commitment::confirmed:
            return "confirmed";
        case commitment::finalized:
            return "finalized";
    }
    return "finalized";
}

std::optional<transaction_error> read_transaction_error(const json::value& v) {
    if (v.is_null()) return std::nullopt;
    transaction_error out;
    out.text = excerpt(json::serialize(v));
    if (v.is_string()) {
        out.name = text_of(&v);
    } else if (v.is_object() && v.as_object().size() == 1) {
        const auto& only = *v.as_object().begin();
        out.name = std::string{only.key()};
        if (out.name == "InstructionError") read_instruction_error(only.value(), out);
    } else {
        out.name = "unknown";
    }
    return out;
}

fault fault_of(const transaction_error& error) {
    const auto& code = code_of(error);
    fault f{code};
    if (&code == &codes::already_processed || &code == &codes::account_in_use) {
        f.with_effect(fault_effect::unknown);
    }
    return std::move(f).with_detail(error.text);
}

fault fault_of_rpc_error(const json::value& error) {
    if (!error.is_object()) return fault{codes::rpc_bad_answer}.with_detail("error is no object");
    const auto& object = error.as_object();
    const auto* number = object.if_contains("code");
    if (number == nullptr || !number->is_int64()) {
        return fault{codes::rpc_bad_answer}.with_detail("error without a code");
    }
    const auto* data = object.if_contains("data");
    if (number->as_int64() == -32002 && data != nullptr && data->is_object()) {
        if (const auto* why = data->as_object().if_contains("err");
            why != nullptr && !why->is_null()) {
            return fault_of(*read_transaction_error(*why));
        }
    }
    auto message = excerpt(text_of(object.if_contains("message")));
    if (number->as_int64() == -32002) {
        return fault{codes::transaction_refused}.with_detail(std::move(message));
    }
    const auto& code =
        speaks_of_limits(message) ? codes::rpc_rate_limited : code_of(number->as_int64());
    return fault{code}.with_detail(std::to_string(number->as_int64()) + " " + message);
}

bool is_hint_of_success(const fault& f) noexcept {
    return f.is(codes::already_processed) || f.is(codes::account_in_use);
}

bool is_short_of_rent(const fault& f) noexcept {
    return f.is(codes::insufficient_funds) &&
           f.detail().find("InsufficientFundsForRent") != std::string_view::npos;
}

}  // namespace thole::solana
