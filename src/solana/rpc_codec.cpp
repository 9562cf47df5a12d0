#include "solana/rpc_codec.hpp"

#include <boost/json/parse.hpp>

#include "base/excerpt.hpp"
#include "solana/codes.hpp"
#include "solana/rpc_error.hpp"

namespace thole::solana::rpc {

namespace {

constexpr std::size_t most_log_lines = 64;

std::unexpected<fault> bad(std::string_view what) {
    return fail(codes::rpc_bad_answer, std::string{what});
}

const json::value* member(const json::value& v, std::string_view name) {
    return v.is_object() ? v.as_object().if_contains(name) : nullptr;
}

std::optional<std::uint64_t> number(const json::value* v) {
    if (v == nullptr || !v->is_number()) return std::nullopt;
    json::error_code failed;
    const auto n = v->to_number<std::uint64_t>(failed);
    if (failed) return std::nullopt;
    return n;
}

std::optional<std::string_view> text(const json::value* v) {
    if (v == nullptr || !v->is_string()) return std::nullopt;
    return std::string_view{v->as_string().data(), v->as_string().size()};
}

}  // namespace

std::string body_of(std::uint64_t id, std::string_view method, std::string_view params) {
    std::string out;
    out.reserve(64 + method.size() + params.size());
    out += R"({"jsonrpc":"2.0","id":)";
    out += std::to_string(id);
    out += R"(,"method":")";
    out += method;
    out += R"(","params":)";
    out += params;
    out += '}';
    return out;
}

std::string config(std::optional<commitment> level, std::optional<std::uint64_t> min_context_slot,
                   std::string_view more) {
    std::string out = "{";
    const auto comma = [&] {
        if (out.size() > 1) out += ',';
    };
    if (level) {
        out += R"("commitment":")";
        out += to_string(*level);
        out += '"';
    }
    if (min_context_slot) {
        comma();
        out += R"("minContextSlot":)" + std::to_string(*min_context_slot);
    }
    if (!more.empty()) {
        comma();
        out += more;
    }
    return out + "}";
}

std::string quoted(std::string_view plain_ascii) {
    std::string out;
    out.reserve(plain_ascii.size() + 2);
    return out.append(1, '"').append(plain_ascii).append(1, '"');
}

std::string quoted_list(std::span<const std::string> plain_ascii) {
    std::string out = "[";
    for (const auto& each : plain_ascii) {
        if (out.size() > 1) out += ',';
        out.append(1, '"').append(each).append(1, '"');
    }
    return out.append(1, ']');
}

result<json::value> read_answer(std::string_view body, std::uint64_t id, json::storage_ptr memory) {
    json::error_code failed;
    auto whole = json::parse(body, failed, std::move(memory));
    if (failed || !whole.is_object()) return bad("no JSON object: " + printable_excerpt(body, 120));
    const auto* error = member(whole, "error");
    // An error about a request that could not be read carries a null id.
    const auto* given = member(whole, "id");
    const bool nameless = error != nullptr && given != nullptr && given->is_null();
    if (!nameless && number(given) != id) return bad("the answer to another request");
    if (error != nullptr && !error->is_null()) return std::unexpected{fault_of_rpc_error(*error)};
    auto* found = whole.as_object().if_contains("result");
    if (found == nullptr) return bad("neither result nor error");
    return std::move(*found);
}

result<with_context> read_context(const json::value& v) {
    const auto* context = member(v, "context");
    const auto slot = context != nullptr ? number(member(*context, "slot")) : std::nullopt;
    const auto* value = member(v, "value");
    if (!slot || value == nullptr) return bad("no context slot");
    return with_context{*slot, value};
}

result<std::uint64_t> read_u64(const json::value& v) {
    const auto n = number(&v);
    if (!n) return bad("not a number");
    return *n;
}

result<bool> read_bool(const json::value& v) {
    if (!v.is_bool()) return bad("neither true nor false");
    return v.get_bool();
}

result<latest_blockhash> read_latest_blockhash(const json::value& v) {
    const auto hash = blockhash::parse(text(member(v, "blockhash")).value_or(""));
    const auto height = number(member(v, "lastValidBlockHeight"));
    if (!hash || !height) return bad("not a blockhash");
    return latest_blockhash{*hash, *height};
}

result<epoch_info> read_epoch_info(const json::value& v) {
    const auto epoch = number(member(v, "epoch"));
    const auto slot = number(member(v, "absoluteSlot"));
    const auto height = number(member(v, "blockHeight"));
    if (!epoch || !slot || !height) return bad("not an epoch info");
    return epoch_info{*epoch, *slot, *height};
}

result<std::optional<signature_status>> read_status(const json::value& v) {
    if (v.is_null()) return std::nullopt;
    const auto slot = number(member(v, "slot"));
    const auto* error = member(v, "err");
    if (!slot || error == nullptr) return bad("not a signature status");
    signature_status out;
    out.slot = *slot;
    out.error = read_transaction_error(*error);
    const auto* confirmations = member(v, "confirmations");
    const auto level = text(member(v, "confirmationStatus"));
    if (level == "finalized") {
        out.commitment = commitment::finalized;
    } else if (level == "confirmed") {
        out.commitment = commitment::confirmed;
    } else if (level == "processed") {
        out.commitment = commitment::processed;
    } else if (!level && confirmations != nullptr) {
        // Old nodes give confirmations only: null once rooted. A count says no more than "seen".
        out.commitment = confirmations->is_null() ? commitment::finalized : commitment::processed;
    } else {
        return bad("a status without a commitment");
    }
    return out;
}

result<std::vector<std::optional<signature_status>>> read_statuses(const json::value& v) {
    if (!v.is_array()) return bad("not a list of statuses");
    std::vector<std::optional<signature_status>> out;
    for (const auto& each : v.as_array()) {
        auto status = read_status(each);
        if (!status) return std::unexpected{status.error()};
        out.push_back(std::move(*status));
    }
    return out;
}

result<std::optional<account_info>> read_account(const json::value& v) {
    if (v.is_null()) return std::nullopt;
    const auto lamports = number(member(v, "lamports"));
    const auto owner = public_key::parse(text(member(v, "owner")).value_or(""));
    const auto* data = member(v, "data");
    const bool pair = data != nullptr && data->is_array() && data->as_array().size() == 2 &&
                      text(&data->as_array()[1]) == "base64";
    if (!lamports || !owner || !pair) return bad("not an account in base64");
    auto raw = from_base64(text(&data->as_array()[0]).value_or("?"));
    if (!raw) return bad("the account's data is no base64");
    return account_info{*lamports, *owner, std::move(*raw)};
}

result<std::vector<std::optional<account_info>>> read_accounts(const json::value& v) {
    if (!v.is_array()) return bad("not a list of accounts");
    std::vector<std::optional<account_info>> out;
    for (const auto& each : v.as_array()) {
        auto account = read_account(each);
        if (!account) return std::unexpected{account.error()};
        out.push_back(std::move(*account));
    }
    return out;
}

result<std::vector<keyed_account>> read_keyed_accounts(const json::value& v) {
    if (!v.is_array()) return bad("not a list of accounts");
    std::vector<keyed_account> out;
    for (const auto& each : v.as_array()) {
        const auto address = public_key::parse(text(member(each, "pubkey")).value_or(""));
        const auto* account = member(each, "account");
        if (!address || account == nullptr) return bad("an account without its address");
        auto read = read_account(*account);
        if (!read) return std::unexpected{read.error()};
        if (!*read) return bad("an account that is null");
        out.push_back({*address, std::move(**read)});
    }
    return out;
}

result<simulation> read_simulation(const json::value& v) {
    const auto* error = member(v, "err");
    if (error == nullptr) return bad("not a simulation");
    simulation out;
    out.error = read_transaction_error(*error);
    out.units_consumed = number(member(v, "unitsConsumed")).value_or(0);
    const auto* logs = member(v, "logs");
    if (logs == nullptr || !logs->is_array()) return out;
    const auto& lines = logs->as_array();
    for (std::size_t i = lines.size() - std::min(lines.size(), most_log_lines); i < lines.size();
         ++i) {
        if (const auto line = text(&lines[i])) out.logs.emplace_back(*line);
    }
    return out;
}

result<signature> read_signature(const json::value& v) {
    const auto found = signature::parse(text(&v).value_or(""));
    if (!found) return bad("not a signature");
    return *found;
}

result<std::vector<prioritization_fee>> read_fees(const json::value& v) {
    if (!v.is_array()) return bad("not a list of fees");
    std::vector<prioritization_fee> out;
    for (const auto& each : v.as_array()) {
        const auto slot = number(member(each, "slot"));
        const auto fee = number(member(each, "prioritizationFee"));
        if (!slot || !fee) return bad("not a prioritization fee");
        out.push_back({*slot, *fee});
    }
    return out;
}

}  // namespace thole::solana::rpc
