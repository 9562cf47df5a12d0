#include "api/router.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <charconv>

#include "api/codes.hpp"
#include "api/reply.hpp"
#include "thole/assert.hpp"

namespace thole::api {
namespace {

std::vector<std::string> split(std::string_view pattern) {
    std::vector<std::string> out;
    while (!pattern.empty()) {
        pattern.remove_prefix(1);  // the slash
        const auto end = std::min(pattern.find('/'), pattern.size());
        out.emplace_back(pattern.substr(0, end));
        pattern.remove_prefix(end);
    }
    return out;
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
          std::map<std::string, std::string>& names) {
    std::size_t at = 0;
    for (const std::string_view want : pattern) {
        if (at == path.size()) return false;
        if (want.ends_with("...}")) {
            const std::vector<std::string> rest(path.begin() + static_cast<std::ptrdiff_t>(at),
                                                path.end());
            names.emplace(want.substr(1, want.size() - 5), fmt::format("{}", fmt::join(rest, "/")));
            return true;
        }
        const auto& have = path[at++];
        if (want.starts_with('{')) {
            if (have.empty()) return false;
            names.emplace(want.substr(1, want.size() - 2), have);
        } else if (want != have) {
            return false;
        }
    }
    return at == path.size();
}

void add_missing(io::http_headers& headers, const char* name, const char* value) {
    const auto is_it = [name](const auto& each) { return each.first == name; };
    if (std::ranges::none_of(headers, is_it)) headers.emplace_back(name, value);
}

// Which occurrence of the problem it is (RFC 9457, 3.1.5): handlers do not know the path.
void add_instance(io::server_response& out, const std::string& path) {
    const std::pair<std::string, std::string> problem{"Content-Type", "application/problem+json"};
    if (std::ranges::find(out.headers, problem) == out.headers.end()) return;
    auto body = json::parse(out.body);
    if (!body || !body->is_object()) return;
    if (body->get_object().emplace("instance", path).second) out.body = json::write(*body);
}

std::optional<std::string> unknown_parameter(const route& r, const io::request_head& request) {
    if (!r.parameters.empty() && r.parameters.front() == any_parameter) return std::nullopt;
    for (const auto& [name, value] : request.query) {
        if (std::ranges::find(r.parameters, name) == r.parameters.end()) return name;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> call::parameter(const std::string& name) const {
    const auto found = http.query.find(name);
    return found == http.query.end() ? std::nullopt : std::optional{found->second};
}

std::expected<std::int64_t, io::server_response> call::number(const std::string& name,
                                                              std::int64_t otherwise,
                                                              std::int64_t lowest,
                                                              std::int64_t highest) const {
    const auto text = parameter(name);
    if (!text) return otherwise;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() || value < lowest ||
        value > highest) {
        return std::unexpected{
            refuse(400, codes::api_bad_parameter, {},
                   {{name, "api.out_of_range",
                     fmt::format("must be a whole number from {} to {}", lowest, highest)}})};
    }
    return value;
}

void router::add(route r, handler h) {
    for (const auto& each : routes_) {
        THOLE_ASSERT(each.method != r.method || each.pattern != r.pattern, "one handler a route");
    }
    patterns_.push_back(split(r.pattern));
    routes_.push_back(std::move(r));
    handlers_.push_back(std::move(h));
}

router::match router::find(std::string_view method, std::string_view path) const {
    match out;
    const auto segments = io::path_segments(path);
    if (!segments) return out;
    const auto wanted = method == "HEAD" ? std::string_view{"GET"} : method;
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        std::map<std::string, std::string> names;
        if (!fits(patterns_[i], *segments, names)) continue;
        if (routes_[i].method == wanted) {
            out.found = &routes_[i];
            out.run = &handlers_[i];
            out.path = std::move(names);
            return out;
        }
        out.allowed.push_back(routes_[i].method);
        if (routes_[i].method == "GET") out.allowed.emplace_back("HEAD");
    }
    return out;
}

bool router::knows(std::string_view path) const {
    const auto found = find("", path);
    return !found.allowed.empty();
}

std::expected<actor, io::server_response> router::judge(const io::request_head& head,
                                                        match& found) const {
    found = find(head.method, head.path);
    if (found.found == nullptr && found.allowed.empty()) {
        return std::unexpected{refuse(404, codes::api_not_found)};
    }
    if (found.found == nullptr) {
        found.allowed.emplace_back("OPTIONS");
        io::server_response out;
        if (head.method == "OPTIONS") {
            out.status = 204;
        } else {
            out = refuse(405, codes::api_method_not_allowed);
        }
        out.headers.emplace_back("Allow", fmt::format("{}", fmt::join(found.allowed, ", ")));
        return std::unexpected{std::move(out)};
    }
    auto who = who_.admit(head, found.found->needed);
    if (!who) return who;
    if (const auto unknown = unknown_parameter(*found.found, head)) {
        return std::unexpected{
            refuse(400, codes::api_bad_parameter, {},
                   {{*unknown, "api.unknown_parameter", "no such parameter is known here"}})};
    }
    return who;
}

io::body_plan router::plan(const io::request_head& head) const {
    io::body_plan out;
    match found;
    auto who = judge(head, found);
    if (!who) {
        finish(who.error(), head.path, found.found == nullptr ? "none" : found.found->resource, {});
        out.refusal = std::move(who.error());
        return out;
    }
    out.max_bytes = found.found->body_limit;
    if (found.found->sink) out.sink = found.found->sink();
    return out;
}

task<io::server_response> router::dispatch(io::server_request request,
                                           std::string& resource) const {
    match found;
    auto who = judge(request, found);
    if (found.found != nullptr) resource = found.found->resource;
    if (!who) co_return std::move(who.error());
    call c{std::move(request), std::move(found.path), std::move(*who)};
    co_return co_await (*found.run)(std::move(c));
}

void router::finish(io::server_response& out, const std::string& path, const std::string& resource,
                    duration took) const {
    add_instance(out, path);
    add_missing(out.headers, "X-Content-Type-Options", "nosniff");
    add_missing(out.headers, "Content-Security-Policy", "default-src 'none'; sandbox");
    const auto status = fmt::format("{}", out.status);
    count_.counter_of(ops::metric::api_requests, {resource, status}).add();
    count_.histogram_of(ops::metric::api_latency, {resource}).observe(took);
}

task<io::server_response> router::handle(io::server_request request) const {
    const auto began = time_.now();
    std::string resource = "none";
    const auto path = request.path;
    auto out = co_await dispatch(std::move(request), resource);
    finish(out, path, resource, time_.now() - began);
    co_return out;
}

}  // namespace thole::api
