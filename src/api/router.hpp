#pragma once

// From method and path to the function that answers; who may call is decided here too, once.
//
//   api::router router{authority, watch};
//   router.add({"GET", "/api/v1/operations/{id}", "operations", access::read}, &show_operation);
//   io::http_server server{loop, {}, [&](auto request) { return router.handle(std::move(request));
//   },
//                          [&](const auto& head) { return router.plan(head); }};
//
// plan() refuses before the body is read: who may not call sends no 50 MiB first.
//
// A `{name}` takes one segment, `{name...}` the rest of the path. An unknown path is 404, a known
// one with another method 405 with Allow. HEAD is handled as GET (the server leaves the body out),
// OPTIONS by the list of methods. Unknown query parameters are refused (400), so that a typo is not
// a filter that does nothing. Threads: built at start-up, then immutable; handlers run where
// handle() runs.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "api/auth.hpp"
#include "ops/metrics.hpp"
#include "thole/clock.hpp"

namespace thole::api {

struct call {
    io::server_request http;
    std::map<std::string, std::string> path;  // of the pattern's names
    actor who;

    [[nodiscard]] std::optional<std::string> parameter(const std::string& name) const;
    // A query parameter as a number; refused outside the range.
    [[nodiscard]] std::expected<std::int64_t, io::server_response> number(
        const std::string& name, std::int64_t otherwise, std::int64_t lowest,
        std::int64_t highest) const;
};

using handler = std::function<task<io::server_response>(call)>;
// Where a body goes while it arrives; empty: into the request.
using sink_maker = std::function<std::shared_ptr<io::body_sink>()>;

// In route::parameters: every query parameter is taken.
inline constexpr const char* any_parameter = "*";

struct route {
    std::string method;
    std::string pattern;
    std::string resource;  // metric label
    access needed = access::read;
    std::vector<std::string> parameters{};  // of the query that are known
    std::uint64_t body_limit = 0;           // bytes
    sink_maker sink{};
};

class router {
  public:
    router(const authority& who, ops::metrics& count, const clock& time)
        : who_{who}, count_{count}, time_{time} {}

    // Precondition: pattern and method are not taken.
    void add(route r, handler h);
    [[nodiscard]] task<io::server_response> handle(io::server_request request) const;
    // Runs where the server does, before a body is read.
    [[nodiscard]] io::body_plan plan(const io::request_head& head) const;
    // Whether any route has this path, with whatever method.
    [[nodiscard]] bool knows(std::string_view path) const;
    [[nodiscard]] const std::vector<route>& routes() const noexcept { return routes_; }

  private:
    struct match {
        const route* found = nullptr;
        const handler* run = nullptr;
        std::map<std::string, std::string> path;
        std::vector<std::string> allowed;  // methods of the path, when `found` is none of them
    };
    [[nodiscard]] match find(std::string_view method, std::string_view path) const;
    // What can be said of a request by its head alone: a refusal, or who calls.
    [[nodiscard]] std::expected<actor, io::server_response> judge(const io::request_head& head,
                                                                  match& found) const;
    [[nodiscard]] task<io::server_response> dispatch(io::server_request request,
                                                     std::string& resource) const;
    void finish(io::server_response& out, const std::string& path, const std::string& resource,
                duration took) const;

    const authority& who_;
    ops::metrics& count_;
    const clock& time_;
    std::vector<route> routes_;
    std::vector<std::vector<std::string>> patterns_;  // of the routes, by segments
    std::vector<handler> handlers_;
};

}  // namespace thole::api
