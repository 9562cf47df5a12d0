#pragma once

// For tests of the resources: a router with its surroundings, and calls that run to their answer.

#include <boost/json/parse.hpp>
#include <memory>
#include <optional>

#include "api/router.hpp"
#include "io/request_target.hpp"
#include "io/system_loop.hpp"
#include "thole/assert.hpp"

namespace thole::api::testing {

inline constexpr std::uint32_t own_uid = 4711;

// Requests as the server would hand them over.
inline io::server_request request(std::string method, std::string target, std::string body = {}) {
    io::server_request out;
    out.method = std::move(method);
    out.target = std::move(target);
    THOLE_ASSERT(!io::split_target(out), "a test's target is well formed");
    out.body = std::move(body);
    return out;
}

inline io::server_request from_socket(io::server_request r, std::uint32_t uid = own_uid) {
    r.peer.uid = uid;
    return r;
}

inline io::server_request from_tcp(io::server_request r, std::string address = "127.0.0.1") {
    r.peer.address = std::move(address);
    r.headers.emplace_back("Host", "127.0.0.1:8420");
    return r;
}

// Keeps the loop turning until the work has answered.
template <class T>
T run(io::system_loop& loop, task<T> work) {
    std::optional<T> out;
    auto keep = [](task<T> from, std::optional<T>& to) -> task<> {
        to.emplace(co_await std::move(from));
    };
    loop.run_until(keep(std::move(work), out));
    return std::move(*out);
}

inline boost::json::value json_of(const io::server_response& r) {
    return boost::json::parse(r.body);
}

inline std::string header_of(const io::server_response& r, std::string_view name) {
    for (const auto& [key, value] : r.headers) {
        if (key == name) return value;
    }
    return {};
}

// "/name value.too_long" of each error of a problem.
inline std::vector<std::string> errors_of(const io::server_response& r) {
    std::vector<std::string> out;
    const auto body = json_of(r);
    const auto* errors = body.as_object().if_contains("errors");
    if (errors == nullptr) return out;
    for (const auto& each : errors->as_array()) {
        out.push_back(std::string{each.at("pointer").as_string()} + " " +
                      std::string{each.at("code").as_string()});
    }
    return out;
}

inline std::string type_of(const io::server_response& r) {
    return std::string{json_of(r).at("type").as_string()};
}

}  // namespace thole::api::testing
