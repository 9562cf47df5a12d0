#include "api/health.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

#include "api/codes.hpp"
#include "api/fault_catalog.hpp"
#include "api/reply.hpp"

namespace thole::api {
namespace {

io::server_response word(bool good, const char* yes, const char* no) {
    auto out = reply(good ? 200 : 503, boost::json::object{{"status", good ? yes : no}});
    if (!good) out.headers.emplace_back("Retry-After", "1");
    return out;
}

boost::json::object endpoint_json(const endpoint_health& e) {
    boost::json::object out{
        {"name", e.name}, {"provider", e.provider}, {"breaker", e.breaker}, {"usable", e.usable}};
    if (!e.blocked_by.empty()) out["blocked_by"] = e.blocked_by;
    if (e.latency_ms > 0) out["latency_ms"] = e.latency_ms;
    if (e.open_for_ms > 0) out["open_for_ms"] = e.open_for_ms;
    return out;
}

// pass: all usable · warn: some · fail: none
std::string_view status_of(const dependency_health& d) {
    const auto usable = std::ranges::count_if(d.endpoints, &endpoint_health::usable);
    if (usable == static_cast<std::ptrdiff_t>(d.endpoints.size())) return "pass";
    return usable == 0 ? "fail" : "warn";
}

}  // namespace

void health_resource::add_front(router& to) {
    to.add({"GET", "/livez", "livez", access::open},
           [this](call c) { return livez(std::move(c)); });
    to.add({"GET", "/problems/{code}", "problems", access::open},
           [this](call c) { return problem(std::move(c)); });
}

void health_resource::add_core(router& to) {
    to.add({"GET", "/readyz", "readyz", access::open},
           [this](call c) { return readyz(std::move(c)); });
    to.add({"GET", "/startupz", "startupz", access::open},
           [this](call c) { return startupz(std::move(c)); });
    to.add({"GET", "/health", "health", access::read},
           [this](call c) { return health(std::move(c)); });
    to.add({"GET", "/metrics", "metrics", access::read},
           [this](call c) { return metrics(std::move(c)); });
}

task<io::server_response> health_resource::livez(call) {
    co_return word(true, "alive", "");
}

task<io::server_response> health_resource::startupz(call) {
    co_return word(from_.started(), "started", "starting");
}

task<io::server_response> health_resource::readyz(call) {
    if (from_.stopping()) co_return word(false, "", "stopping");
    if (!from_.started()) co_return word(false, "", "starting");
    const auto parts = from_.parts();
    const bool good =
        std::ranges::none_of(parts, [](const own_health& p) { return p.status == "fail"; });
    co_return word(good, "ready", "failing");
}

task<io::server_response> health_resource::health(call) {
    boost::json::array parts;
    boost::json::array dependencies;
    bool own_fails = false;
    bool network_fails = false;
    bool warns = false;
    for (const auto& each : from_.parts()) {
        own_fails = own_fails || each.status == "fail";
        warns = warns || each.status == "warn";
        boost::json::object part{{"name", each.name}, {"status", each.status}};
        if (!each.detail.empty()) part["detail"] = each.detail;
        parts.push_back(std::move(part));
    }
    for (const auto& each : from_.dependencies()) {
        const auto status = status_of(each);
        network_fails = network_fails || status == "fail";
        warns = warns || status == "warn";
        boost::json::array endpoints;
        for (const auto& e : each.endpoints) endpoints.push_back(endpoint_json(e));
        dependencies.push_back(boost::json::object{
            {"name", each.name}, {"status", status}, {"endpoints", std::move(endpoints)}});
    }
    const bool fails = own_fails || network_fails;
    const int status = own_fails ? 500 : network_fails ? 503 : 200;
    auto out = reply(status, boost::json::object{{"v", 1},
                                                 {"status", fails   ? "fail"
                                                            : warns ? "warn"
                                                                    : "pass"},
                                                 {"parts", std::move(parts)},
                                                 {"dependencies", std::move(dependencies)}});
    out.headers.front().second = "application/health+json";
    co_return out;
}

task<io::server_response> health_resource::metrics(call c) {
    const bool open =
        c.http.header("Accept").find("application/openmetrics-text") != std::string_view::npos ||
        c.http.header("Accept").empty();
    const auto form = open ? ops::exposition::open_metrics : ops::exposition::prometheus;
    io::server_response out;
    out.headers.emplace_back("Content-Type", ops::content_type(form));
    out.body = count_.render(form);
    co_return out;
}

task<io::server_response> health_resource::problem(call c) {
    const auto* code = find_fault(c.path.at("code"));
    if (code == nullptr) co_return refuse(404, codes::api_not_found);
    co_return reply(200, explain(*code));
}

}  // namespace thole::api
