#include "sim/network.hpp"

#include <algorithm>

#include "thole/assert.hpp"
#include "thole/codes.hpp"

namespace thole::sim {

namespace {

std::string origin_of(const std::string& url) {
    const auto scheme = url.find("://");
    if (scheme == std::string::npos) return url;
    return url.substr(0, url.find('/', scheme + 3));
}

fault lost(const fault_code& code, const io::http_request& request) {
    return fault{code}.with_effect(fault_effect::unknown).at(request.dependency, request.endpoint);
}

}  // namespace

void network::mount(std::string origin, server handler) {
    hosts_.insert_or_assign(std::move(origin), host{std::move(handler), {}});
}

link_state& network::link(const std::string& origin) {
    const auto found = hosts_.find(origin);
    THOLE_ASSERT(found != hosts_.end(), "the origin is mounted");
    return found->second.state;
}

network::host* network::find(const std::string& url) {
    const auto found = hosts_.find(origin_of(url));
    return found == hosts_.end() ? nullptr : &found->second;
}

// One way through the link; fails when the deadline comes first.
task<result<>> network::travel(const link_state& state, deadline until) {
    const auto span = (state.latency_most - state.latency_least).count();
    const auto takes =
        state.latency_least + duration{chance_.below(static_cast<std::uint64_t>(span) + 1)};
    const auto arrives = saturating_add(loop_.now(), takes);
    const auto ends = std::min(arrives, until.at());
    if (auto slept = co_await loop_.sleep_until(ends); !slept) co_return slept;
    if (arrives > until.at()) co_return fail(codes::net_timeout);
    co_return result<>{};
}

task<result<io::http_response>> network::send(io::http_request request) {
    ++requests_;
    auto* to = find(request.url);
    if (to == nullptr) {
        co_return std::unexpected{
            fault{codes::net_dns_not_found}.at(request.dependency, request.endpoint)};
    }
    if (to->state.refuse) {
        co_return std::unexpected{
            fault{codes::net_connection_refused}.at(request.dependency, request.endpoint)};
    }
    if (auto there = co_await travel(to->state, request.until); !there) {
        co_return std::unexpected{lost(codes::net_timeout, request)};
    }
    const auto answer = to->handler(request);
    if (to->state.hang) {
        (void)co_await loop_.sleep_until(request.until.at());
        co_return std::unexpected{lost(codes::net_timeout, request)};
    }
    if (to->state.lose_answers > 0) {
        --to->state.lose_answers;
        co_return std::unexpected{lost(codes::net_reset, request)};
    }
    if (auto back = co_await travel(to->state, request.until); !back) {
        co_return std::unexpected{lost(codes::net_timeout, request)};
    }
    if (answer.body.size() > request.max_response_bytes) {
        co_return fail(codes::http_too_large);
    }
    io::http_response response;
    response.status = answer.status;
    response.headers = answer.headers;
    if (request.on_body) {
        (void)request.on_body(as_bytes(answer.body));
    } else {
        response.body = answer.body;
    }
    co_return response;
}

}  // namespace thole::sim
