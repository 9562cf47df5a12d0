#include <boost/json/value_to.hpp>
#include <functional>

#include "model/solana/rpc_node.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/token_accounts.hpp"

// The methods that a minting client calls, each (node, params) → result; a refusal is thrown.

namespace thole::model {

namespace json = boost::json;

namespace {

using solana::public_key;

const json::object& config_at(const json::array& params, std::size_t index) {
    static const json::object none;
    if (params.size() <= index || !params[index].is_object()) return none;
    return params[index].as_object();
}

public_key key_at(const json::array& params, std::size_t index) {
    const auto key = public_key::parse(params.at(index).as_string());
    if (!key) throw rpc_error{-32602, "Invalid param: Invalid", nullptr};
    return *key;
}

json::value encode(const account* held) {
    if (held == nullptr) return nullptr;
    return json::object{{"data", json::array{to_base64(held->data), "base64"}},
                        {"executable", false},
                        {"lamports", held->lamports},
                        {"owner", held->owner.text()},
                        {"rentEpoch", 0},
                        {"space", held->data.size()}};
}

bool is_base64(const json::object& config) {
    const auto* encoding = config.if_contains("encoding");
    return encoding != nullptr && encoding->as_string() == "base64";
}

solana::transaction decode_transaction(const json::array& params) {
    const auto& text = params.at(0).as_string();
    const auto raw = is_base64(config_at(params, 1)) ? from_base64(text) : from_base58(text, 2048);
    if (!raw) throw rpc_error{-32602, "invalid transaction encoding", nullptr};
    auto tx = solana::parse_transaction(*raw);
    if (!tx) throw rpc_error{-32602, "failed to deserialize transaction", nullptr};
    return *std::move(tx);
}

json::object simulation_result(json::value error, std::uint64_t units) {
    return {{"err", std::move(error)},
            {"logs", json::array{}},
            {"accounts", nullptr},
            {"unitsConsumed", units},
            {"returnData", nullptr}};
}

std::string error_text(const json::value& error) {
    if (error.is_string()) {
        if (error.as_string() == "BlockhashNotFound") return "Blockhash not found";
        if (error.as_string() == "AlreadyProcessed") {
            return "This transaction has already been processed";
        }
        return std::string{error.as_string()};
    }
    return "Error processing Instruction";
}

[[noreturn]] void refuse_preflight(json::value error) {
    auto text = "Transaction simulation failed: " + error_text(error);
    throw rpc_error{-32002, std::move(text), simulation_result(std::move(error), 0)};
}

void preflight(rpc_node& node, const sent_transaction& sent, const json::object& config) {
    const auto& tx = sent.tx;
    json::object read;
    if (const auto* level = config.if_contains("preflightCommitment")) read["commitment"] = *level;
    if (const auto* least = config.if_contains("minContextSlot")) read["minContextSlot"] = *least;
    const auto& seen = node.view(read);
    if (!sent.signed_well) {
        throw rpc_error{-32003, "Transaction signature verification failure", nullptr};
    }
    const auto* known = node.chain().find(sent.signature);
    if (known != nullptr && known->slot <= seen.slot) refuse_preflight("AlreadyProcessed");
    if (!node.chain().blockhash_valid(tx.message.blockhash, seen)) {
        refuse_preflight("BlockhashNotFound");
    }
    if (known != nullptr) return;
    if (auto run = node.chain().simulate(tx); !run.error.is_null()) refuse_preflight(run.error);
}

json::value relay(rpc_node& node, const sent_transaction& sent, const json::object& config) {
    if (node.faults().unhealthy) {
        throw rpc_error{-32005, "Node is unhealthy", json::object{{"numSlotsBehind", nullptr}}};
    }
    if (node.faults().reject_sends > 0) {
        --node.faults().reject_sends;
        refuse_preflight("BlockhashNotFound");
    }
    const auto* skip = config.if_contains("skipPreflight");
    if (skip == nullptr || !skip->as_bool()) preflight(node, sent, config);
    node.forward(sent);
    return json::string{sent.signature};
}

json::value send_transaction(rpc_node& node, const json::array& params) {
    const auto& config = config_at(params, 1);
    if (is_base64(config)) {
        const auto& text = params.at(0).as_string();
        const auto* known = node.chain().sent(text);
        return relay(
            node,
            known != nullptr ? *known : node.chain().keep_sent(text, decode_transaction(params)),
            config);
    }
    return relay(node, as_sent(decode_transaction(params)), config);
}

json::value simulate_transaction(rpc_node& node, const json::array& params) {
    const auto& config = config_at(params, 1);
    const auto tx = decode_transaction(params);
    const auto& seen = node.view(config);
    const auto* replace = config.if_contains("replaceRecentBlockhash");
    const bool fresh = replace != nullptr && replace->as_bool();
    if (!fresh && !node.chain().blockhash_valid(tx.message.blockhash, seen)) {
        return node.with_context(seen, simulation_result("BlockhashNotFound", 0));
    }
    const auto run = node.chain().simulate(tx);
    return node.with_context(seen, simulation_result(run.error, run.units));
}

json::value status_of(rpc_node& node, const std::string& signature) {
    const auto now = node.chain().view(commitment::processed, node.faults().lag).slot;
    const auto* found = node.recall(signature);
    if (found == nullptr || found->slot > now) return nullptr;
    const auto depth = now - found->slot;
    const auto& options = node.chain().options();
    const bool final = node.chain().is_final(found->slot, now);
    const auto* level = final                            ? "finalized"
                        : depth >= options.confirm_slots ? "confirmed"
                                                         : "processed";
    json::object out{{"slot", found->slot}, {"err", found->error}, {"confirmationStatus", level}};
    out["confirmations"] = final ? json::value{} : json::value{depth};
    return out;
}

json::value signature_statuses(rpc_node& node, const json::array& params) {
    const auto& wanted = params.at(0).as_array();
    if (wanted.size() > 256) throw rpc_error{-32602, "Too many inputs provided; max 256", nullptr};
    json::array out;
    for (const auto& text : wanted) {
        out.push_back(status_of(node, std::string{text.as_string()}));
    }
    return node.with_context(node.view({{"commitment", "processed"}}), std::move(out));
}

// An account as this node shows it: one that denies shows none that a program owns.
const account* shown(rpc_node& node, const public_key& key, const block& seen) {
    const auto* held = node.chain().accounts().at(key, seen.slot);
    const bool denied = node.faults().denies && held != nullptr && held->owner != public_key{};
    return denied ? nullptr : held;
}

json::value multiple_accounts(rpc_node& node, const json::array& params) {
    const auto& seen = node.view(config_at(params, 1));
    json::array out;
    for (const auto& text : params.at(0).as_array()) {
        const auto key = public_key::parse(text.as_string());
        if (!key) throw rpc_error{-32602, "Invalid param: Invalid", nullptr};
        out.push_back(encode(shown(node, *key, seen)));
    }
    return node.with_context(seen, std::move(out));
}

json::value token_accounts_by_owner(rpc_node& node, const json::array& params) {
    const auto owner = key_at(params, 0);
    const auto& seen = node.view(config_at(params, 2));
    const auto program =
        public_key::parse(config_at(params, 1).at("programId").as_string()).value();
    json::array out;
    const auto& accounts = node.chain().accounts();
    for (const auto& key : accounts.held_by(program, owner, seen.slot)) {
        const auto* held = accounts.at(key, seen.slot);
        const auto token = solana::decode_token_account(held->data);
        if (!token || token->owner != owner || node.faults().denies) continue;
        out.push_back(json::object{{"pubkey", key.text()}, {"account", encode(held)}});
    }
    return node.with_context(seen, std::move(out));
}

json::value latest_blockhash(rpc_node& node, const json::array& params) {
    const auto& seen = node.view(config_at(params, 0));
    return node.with_context(
        seen,
        json::object{{"blockhash", seen.hash.text()},
                     {"lastValidBlockHeight", seen.height + node.chain().options().blockhash_age}});
}

json::value epoch_info(rpc_node& node, const json::array& params) {
    const auto& seen = node.view(config_at(params, 0));
    return json::object{
        {"absoluteSlot", seen.slot}, {"blockHeight", seen.height}, {"epoch", 0},
        {"slotIndex", seen.slot},    {"slotsInEpoch", 432000},     {"transactionCount", nullptr}};
}

json::value first_available_block(rpc_node& node) {
    return node.faults().lose_history ? node.faults().history_from : 0;
}

json::value prioritization_fees(rpc_node& node) {
    json::array out;
    const auto now = node.chain().view(commitment::processed, node.faults().lag).slot;
    for (slot_t back = 0; back < 150 && back < now; ++back) {
        out.push_back(json::object{{"slot", now - back}, {"prioritizationFee", 0}});
    }
    return out;
}

json::value health(rpc_node& node) {
    if (node.faults().unhealthy) {
        throw rpc_error{-32005, "Node is unhealthy", json::object{{"numSlotsBehind", nullptr}}};
    }
    return "ok";
}

json::value balance(rpc_node& node, const json::array& params) {
    const auto& seen = node.view(config_at(params, 1));
    const auto* held = node.chain().accounts().at(key_at(params, 0), seen.slot);
    return node.with_context(seen, held != nullptr ? held->lamports : 0);
}

json::value account_info(rpc_node& node, const json::array& params) {
    const auto& seen = node.view(config_at(params, 1));
    return node.with_context(seen, encode(shown(node, key_at(params, 0), seen)));
}

json::value blockhash_valid(rpc_node& node, const json::array& params) {
    const auto& seen = node.view(config_at(params, 1));
    const auto hash = solana::blockhash::parse(params.at(0).as_string());
    if (!hash) throw rpc_error{-32602, "Invalid param: Invalid", nullptr};
    return node.with_context(seen, node.chain().blockhash_valid(*hash, seen));
}

using method = std::function<json::value(rpc_node&, const json::array&)>;

const std::map<std::string_view, method>& methods() {
    static const std::map<std::string_view, method> table{
        {"getHealth", [](auto& n, auto&) { return health(n); }},
        {"getSlot", [](auto& n, auto& p) { return json::value(n.view(config_at(p, 0)).slot); }},
        {"getBlockHeight",
         [](auto& n, auto& p) { return json::value(n.view(config_at(p, 0)).height); }},
        {"getEpochInfo", epoch_info},
        {"getLatestBlockhash", latest_blockhash},
        {"isBlockhashValid", blockhash_valid},
        {"getBalance", balance},
        {"getAccountInfo", account_info},
        {"getMultipleAccounts", multiple_accounts},
        {"getTokenAccountsByOwner", token_accounts_by_owner},
        {"getMinimumBalanceForRentExemption",
         [](auto&, auto& p) {
             return json::value(rent_exempt(p.at(0).template to_number<std::uint64_t>()));
         }},
        {"getSignatureStatuses", signature_statuses},
        {"getFirstAvailableBlock", [](auto& n, auto&) { return first_available_block(n); }},
        {"getMaxShredInsertSlot", [](auto& n, auto&) { return json::value(n.chain().slot()); }},
        {"getRecentPrioritizationFees", [](auto& n, auto&) { return prioritization_fees(n); }},
        {"simulateTransaction", simulate_transaction},
        {"sendTransaction", send_transaction},
    };
    return table;
}

}  // namespace

json::value call_method(rpc_node& node, std::string_view name, const json::array& params) {
    const auto found = methods().find(name);
    if (found == methods().end()) throw rpc_error{-32601, "Method not found", nullptr};
    return found->second(node, params);
}

}  // namespace thole::model
