#pragma once

// For tests only: RPC nodes that answer what the test says, behind the transport seam.
//
//   scripted_nodes net{loop};
//   net["a"].height = 1001;
//   net["b"].hangs = true;
//   net.asked("getEpochInfo")                    // how often, over all nodes

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <functional>
#include <map>
#include <set>

#include "io/http.hpp"
#include "io/scope.hpp"
#include "io/virtual_loop.hpp"
#include "solana/codec/transaction.hpp"
#include "solana/rpc.hpp"
#include "thole/codes.hpp"

namespace thole::solana::testing {

namespace json = boost::json;

struct refusal {
    int code;
    std::string message;
    json::value data;
};

struct node {
    // What it believes about the chain.
    std::uint64_t slot = 5000;
    std::uint64_t finalized_slot = 4990;
    std::uint64_t height = 900;  // finalized
    std::uint64_t first_block = 0;
    std::string blockhash = std::string(32, '1');
    std::uint64_t last_valid = 1000;
    std::map<std::string, json::value> statuses;
    std::map<std::string, json::value> accounts;
    std::uint64_t balance = 0;
    std::optional<std::uint64_t> rent;  // of any size
    std::vector<std::uint64_t> fees;
    json::value simulated =
        json::object{{"err", nullptr}, {"logs", json::array{}}, {"unitsConsumed", 50'000}};
    // What is wrong with it.
    bool hangs = false;
    duration delay{};
    const fault_code* broken = nullptr;        // the transport's fault
    std::optional<io::http_response> instead;  // of any answer
    std::map<std::string, refusal> refuses;    // by method
    std::string poison;                        // refuses a request for statuses that names it
    // What it was asked.
    std::vector<std::string> methods;
    std::vector<json::array> sends;
};

class scripted_nodes final : public io::http_transport {
  public:
    explicit scripted_nodes(io::loop& loop) : loop_{loop} {}

    node& operator[](const std::string& endpoint) { return nodes_[endpoint]; }

    [[nodiscard]] int asked(const std::string& method, const std::string& only = {}) const {
        int n = 0;
        for (const auto& [name, node] : nodes_) {
            if (!only.empty() && only != name) continue;
            for (const auto& m : node.methods) n += m == method ? 1 : 0;
        }
        return n;
    }

    task<result<io::http_response>> send(io::http_request request) override {
        auto& node = nodes_[std::string{request.endpoint.view()}];
        const auto body = json::parse(request.body).as_object();
        const std::string method{body.at("method").as_string()};
        node.methods.push_back(method);
        if (method == "sendTransaction") node.sends.push_back(body.at("params").as_array());
        if (node.hangs || node.delay > duration::zero()) {
            const auto wake = node.hangs ? request.until.at() : loop_.now() + node.delay;
            const auto slept = co_await loop_.sleep_until(std::min(wake, request.until.at()));
            if (!slept) co_return std::unexpected{slept.error()};
            if (wake >= request.until.at()) {
                co_return std::unexpected{fault{thole::codes::net_timeout}
                                              .with_effect(fault_effect::unknown)
                                              .at(request.dependency, request.endpoint)};
            }
        }
        if (node.broken != nullptr) {
            co_return std::unexpected{fault{*node.broken}.at(request.dependency, request.endpoint)};
        }
        if (node.instead) co_return *node.instead;
        co_return respond(node, method, body);
    }

  private:
    static json::object with_context(std::uint64_t slot, json::value value) {
        return {{"context", json::object{{"slot", slot}}}, {"value", std::move(value)}};
    }

    static std::uint64_t slot_at(const node& n, const json::array& params, std::size_t config) {
        if (params.size() <= config || !params[config].is_object()) return n.finalized_slot;
        const auto* level = params[config].as_object().if_contains("commitment");
        return level == nullptr || level->as_string() == "finalized" ? n.finalized_slot : n.slot;
    }

    static json::value lookup(const std::map<std::string, json::value>& all,
                              const json::value& key) {
        const auto found = all.find(std::string{key.as_string()});
        return found == all.end() ? json::value(nullptr) : found->second;
    }

    static json::value answer(node& n, const std::string& method, const json::array& params) {
        if (method == "getLatestBlockhash") {
            return with_context(n.slot, json::object{{"blockhash", n.blockhash},
                                                     {"lastValidBlockHeight", n.last_valid}});
        }
        if (method == "getEpochInfo") {
            return json::object{
                {"epoch", 1}, {"absoluteSlot", n.finalized_slot}, {"blockHeight", n.height}};
        }
        if (method == "getBlockHeight") return n.height;
        if (method == "getSlot") return n.slot;
        if (method == "getHealth") return "ok";
        if (method == "isBlockhashValid")
            return with_context(slot_at(n, params, 1), n.height <= n.last_valid);
        if (method == "getFirstAvailableBlock") return n.first_block;
        if (method == "getMinimumBalanceForRentExemption")
            return n.rent.value_or((params[0].to_number<std::uint64_t>() + 128) * 6960);
        if (method == "getBalance") return with_context(slot_at(n, params, 1), n.balance);
        if (method == "getAccountInfo")
            return with_context(slot_at(n, params, 1), lookup(n.accounts, params[0]));
        if (method == "simulateTransaction") return with_context(n.slot, n.simulated);
        if (method == "getRecentPrioritizationFees") {
            json::array all;
            for (const auto f : n.fees)
                all.push_back(json::object{{"slot", n.slot}, {"prioritizationFee", f}});
            return all;
        }
        if (method == "getSignatureStatuses") {
            json::array all;
            for (const auto& s : params[0].as_array()) {
                if (s.as_string() == n.poison) throw refusal{-32603, "Internal error", nullptr};
                all.push_back(lookup(n.statuses, s));
            }
            return with_context(n.slot, std::move(all));
        }
        if (method == "sendTransaction") {
            const auto raw = from_base64(std::string{params[0].as_string()}).value();
            return json::string{parse_transaction(raw).value().id().text()};
        }
        throw refusal{-32601, "Method not found", nullptr};
    }

    static result<io::http_response> respond(node& n, const std::string& method,
                                             const json::object& body) {
        json::object out{{"jsonrpc", "2.0"}, {"id", body.at("id")}};
        try {
            if (const auto refused = n.refuses.find(method); refused != n.refuses.end())
                throw refused->second;
            out["result"] = answer(n, method, body.at("params").as_array());
        } catch (const refusal& r) {
            out["error"] = json::object{{"code", r.code}, {"message", r.message}, {"data", r.data}};
        }
        io::http_response response;
        response.status = 200;
        response.body = json::serialize(out);
        return response;
    }

    io::loop& loop_;
    std::map<std::string, node> nodes_;
};

inline json::object status_json(std::uint64_t slot, std::string_view level,
                                json::value err = nullptr) {
    return {{"slot", slot},
            {"confirmations", nullptr},
            {"err", std::move(err)},
            {"confirmationStatus", level}};
}

inline json::object account_json(const public_key& owner, bytes_view data,
                                 std::uint64_t lamports = 1) {
    return {{"lamports", lamports},
            {"owner", owner.text()},
            {"data", json::array{to_base64(data), "base64"}}};
}

// Endpoints a, b and c of the providers pa, pb and pc.
inline std::vector<endpoint_config> three_endpoints() {
    std::vector<endpoint_config> all;
    std::uint16_t tier = 0;
    for (const auto* text : {"a", "b", "c"}) {
        endpoint_config e;
        e.name = name{text};
        e.url = std::string{"http://"} + text + ".test/";
        e.provider = name{std::string{"p"} + text};
        e.tier = tier++;
        all.push_back(e);
    }
    return all;
}

// A loop, three nodes and a client; run() carries a coroutine to its end in virtual time.
struct network {
    explicit network(const std::vector<endpoint_config>& endpoints = three_endpoints(),
                     const endpoint_set_settings& s = {}, rpc::settings how = {})
        : set{name{"solana"}, s, endpoints}, client{nodes, loop, set, chance, std::move(how)} {}

    template <class T>
    T run(task<T> job, duration limit = std::chrono::hours{1}) {
        std::optional<T> out;
        {
            io::scope work{loop};
            work.spawn(keep(std::move(job), out));
            for (duration waited{}; !out && waited < limit; waited += step) {
                loop.run_ready();
                if (!out) loop.advance(step);
            }
            close(work);
        }
        return std::move(out.value());
    }
    void close(io::scope& work) {
        // Nothing may be left: a child that still runs would be a leak of the code under test.
        loop.run_ready();
        EXPECT_EQ(work.running(), 0U);
    }
    template <class T>
    static task<> keep(task<T> job, std::optional<T>& out) {
        out = co_await std::move(job);
    }
    [[nodiscard]] deadline in(duration d) const { return deadline::after(loop.now(), d); }

    static constexpr duration step = std::chrono::milliseconds{10};
    io::virtual_loop loop;
    rng chance{1};
    scripted_nodes nodes{loop};
    endpoint_set set;
    rpc::client client;
};

}  // namespace thole::solana::testing
