#include "model/solana/rpc_node.hpp"

#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace thole::model {

namespace json = boost::json;

namespace {

json::object failure(const json::value& id, const rpc_error& error) {
    json::object out{{"code", error.code}, {"message", error.message}};
    if (!error.data.is_null()) out["data"] = error.data;
    return {{"jsonrpc", "2.0"}, {"error", out}, {"id", id}};
}

commitment level_of(const json::object& config) {
    const auto* named = config.if_contains("commitment");
    if (named == nullptr || !named->is_string()) return commitment::finalized;
    if (named->as_string() == "processed") return commitment::processed;
    if (named->as_string() == "confirmed") return commitment::confirmed;
    return commitment::finalized;
}

}  // namespace

const block& rpc_node::view(const json::object& config) const {
    const auto& true_one = (fork_ ? *fork_ : chain_).view(level_of(config), faults_.lag);
    if (faults_.ahead > 0) {
        claimed_ = true_one;
        claimed_.slot += faults_.ahead;
        claimed_.height += faults_.ahead;
    }
    const auto& seen = faults_.ahead > 0 ? claimed_ : true_one;
    if (const auto* least = config.if_contains("minContextSlot"); least != nullptr) {
        if (least->to_number<slot_t>() > seen.slot) {
            throw rpc_error{-32016, "Minimum context slot has not been reached",
                            json::object{{"contextSlot", seen.slot}}};
        }
    }
    return seen;
}

json::object rpc_node::with_context(const block& at, json::value value) const {
    return {{"context", json::object{{"slot", at.slot}, {"apiVersion", "model"}}},
            {"value", std::move(value)}};
}

std::size_t rpc_node::come_back() {
    fork_.reset();
    const auto gone = std::exchange(shown_, {});
    return static_cast<std::size_t>(std::ranges::count_if(
        gone, [this](const std::string& each) { return chain_.find(each) == nullptr; }));
}

const landed_transaction* rpc_node::recall(const std::string& signature) {
    const auto* found = chain().find(signature);
    if (found == nullptr || faults_.denies) return nullptr;
    if (faults_.lose_history && found->slot < faults_.history_from) {
        ++forgotten_;
        return nullptr;
    }
    if (fork_ && chain_.find(signature) == nullptr) shown_.insert(signature);
    return found;
}

// Its own leaders are on its side of a fork.
void rpc_node::forward(const sent_transaction& sent) {
    if (fork_) fork_->submit(sent);
    if (faults_.drop_sends > 0) {
        --faults_.drop_sends;
    } else {
        chain_.submit(sent);
    }
}

json::value rpc_node::answer_one(const json::value& request) {
    json::value id;
    try {
        const auto& call = request.as_object();
        if (const auto* given = call.if_contains("id")) id = *given;
        const auto method = std::string{call.at("method").as_string()};
        ++calls_[method];
        static const json::array none;
        const auto* params = call.if_contains("params");
        auto value = call_method(*this, method, params != nullptr ? params->as_array() : none);
        return json::object{{"jsonrpc", "2.0"}, {"result", std::move(value)}, {"id", id}};
    } catch (const rpc_error& error) {
        return failure(id, error);
    } catch (const std::exception& error) {
        return failure(id, {-32602, std::string{"Invalid params: "} + error.what(), nullptr});
    }
}

rpc_answer rpc_node::answer(std::string_view body) {
    if (faults_.http_429 > 0) {
        --faults_.http_429;
        return {429, "Too Many Requests"};
    }
    boost::system::error_code broken;
    std::array<unsigned char, 8192> room;
    json::monotonic_resource memory{room.data(), room.size()};
    const auto request = json::parse(body, broken, &memory);
    if (broken) {
        return {200, json::serialize(failure(nullptr, {-32700, "Parse error", nullptr}))};
    }
    if (!request.is_array()) return {200, json::serialize(answer_one(request))};
    json::array answers;
    for (const auto& one : request.as_array()) answers.push_back(answer_one(one));
    return {200, json::serialize(answers)};
}

}  // namespace thole::model
