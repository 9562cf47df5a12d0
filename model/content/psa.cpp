#include "model/content/psa.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "ipfs/codec/cid.hpp"

namespace thole::model {

namespace json = boost::json;

namespace {

web_answer with(json::value body, int status) {
    return {status, json::serialize(body), {{"Content-Type", "application/json"}}};
}

web_answer problem(int status, std::string_view reason, std::string_view details) {
    return with({{"error", {{"reason", reason}, {"details", details}}}}, status);
}

// A comma-separated query parameter.
std::set<std::string> listed(std::string text) {
    std::set<std::string> out;
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        out.insert(text.substr(0, end));
        text.erase(0, end + 1);
    }
    return out;
}

}  // namespace

std::string pinning_service::status_of(const request& r, std::int64_t now) const {
    const auto age = now - r.created;
    if (findable_.contains(r.cid) && age >= options_.takes) return "pinned";
    if (age >= options_.gives_up) return "failed";
    return age == 0 ? "queued" : "pinning";
}

json::value pinning_service::shown(const std::string& id, const request& r,
                                   std::int64_t now) const {
    json::object meta;
    for (const auto& [key, value] : r.meta) meta[key] = value;
    json::array origins(r.origins.begin(), r.origins.end());
    return {{"requestid", id},
            {"status", status_of(r, now)},
            {"created", "2026-01-01T00:00:00Z"},
            {"pin", {{"cid", r.cid}, {"name", r.name}, {"origins", origins}, {"meta", meta}}},
            {"delegates", json::array{"/ip4/203.0.113.1/tcp/4001/p2p/12D3KooWmodel"}},
            {"info", json::object{}}};
}

std::optional<web_answer> pinning_service::refuse(const web_request& call) {
    if (faults_.http_503 > 0) {
        --faults_.http_503;
        return problem(503, "SERVICE_UNAVAILABLE", "try later");
    }
    if (faults_.http_429 > 0) {
        --faults_.http_429;
        return problem(429, "TOO_MANY_REQUESTS", "slower");
    }
    if (faults_.http_403 > 0) {
        --faults_.http_403;
        return problem(403, "FORBIDDEN", "not allowed");
    }
    if (call.header("Authorization") != "Bearer " + options_.token) {
        return problem(401, "UNAUTHORIZED", "Access token is missing or invalid");
    }
    if (call.now / 60 != minute_) {
        minute_ = call.now / 60;
        in_minute_ = 0;
    }
    if (options_.calls_per_minute > 0 && ++in_minute_ > options_.calls_per_minute) {
        auto out = problem(429, "TOO_MANY_REQUESTS", "slow down");
        out.headers.emplace_back("Retry-After", std::to_string(60 - call.now % 60));
        return out;
    }
    return std::nullopt;
}

web_answer pinning_service::answer(const web_request& call) {
    if (auto refused = refuse(call)) return *std::move(refused);
    constexpr std::string_view top = "/pins";
    const std::string path{call.path()};
    if (path == top && call.method == "GET") return list(call);
    if (path == top && call.method == "POST") return add(call, {});
    if (path.starts_with("/pins/")) return one(call, path.substr(top.size() + 1));
    return problem(404, "NOT_FOUND", "no such resource");
}

web_answer pinning_service::one(const web_request& call, const std::string& id) {
    const auto found = requests_.find(id);
    if (found == requests_.end()) return problem(404, "NOT_FOUND", "no such request");
    if (call.method == "GET") return with(shown(id, found->second, call.now), 200);
    if (call.method == "POST") return add(call, id);
    if (call.method != "DELETE") return problem(405, "METHOD_NOT_ALLOWED", call.method);
    requests_.erase(found);
    return {202, {}, {}};
}

web_answer pinning_service::add(const web_request& call, const std::string& replaces) {
    if (faults_.no_funds) return problem(409, "INSUFFICIENT_FUNDS", "add a payment method");
    boost::system::error_code error;
    const auto body = json::parse(call.body, error);
    if (error || !body.is_object()) return problem(400, "BAD_REQUEST", "not JSON");
    request made;
    made.created = call.now;
    const auto& members = body.get_object();
    const auto* cid = members.if_contains("cid");
    if (cid == nullptr || !cid->is_string() || !ipfs::cid::parse(cid->get_string())) {
        return problem(400, "BAD_REQUEST", "cid");
    }
    made.cid = cid->get_string();
    if (const auto* name = members.if_contains("name")) made.name = name->as_string();
    if (made.name.size() > 255) return problem(400, "BAD_REQUEST", "name is longer than 255");
    if (const auto* origins = members.if_contains("origins")) {
        for (const auto& each : origins->as_array()) made.origins.emplace_back(each.as_string());
    }
    if (made.origins.size() > 20) return problem(400, "BAD_REQUEST", "more than 20 origins");
    if (const auto* meta = members.if_contains("meta")) {
        for (const auto& [key, value] : meta->as_object()) made.meta[key] = value.as_string();
    }
    requests_.erase(replaces);
    const auto id = "request-" + std::to_string(++made_);
    const auto& kept = requests_.emplace(id, std::move(made)).first->second;
    return with(shown(id, kept, call.now), 202);
}

web_answer pinning_service::list(const web_request& call) const {
    const auto cids = listed(call.query("cid"));
    if (cids.size() > 10) return problem(400, "BAD_REQUEST", "more than 10 CIDs");
    auto states = listed(call.query("status"));
    if (states.empty()) states.insert("pinned");
    json::array results;
    for (const auto& [id, each] : requests_) {
        if (!cids.empty() && !cids.contains(each.cid)) continue;
        if (states.contains(status_of(each, call.now)))
            results.push_back(shown(id, each, call.now));
    }
    const auto count = results.size();
    return with({{"count", count}, {"results", std::move(results)}}, 200);
}

}  // namespace thole::model
