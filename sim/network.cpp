#include "sim/network.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

#include "thole/assert.hpp"
#include "thole/codes.hpp"

namespace thole::sim {

namespace {

std::string_view origin_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return url;
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

network::host* network::find(std::string_view url) {
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

// As a proxy does that repeats what it had not been told the end of.
void network::deliver_again(host& to, const io::http_request& request) {
    const auto later = duration{static_cast<std::int64_t>(chance_.below(10'000'000'000))};
    io::http_request copy;
    copy.method = request.method;
    copy.url = request.url;
    copy.headers = request.headers;
    copy.body = request.body;
    auto again = [](io::loop& loop, host& at, io::http_request what, duration wait) -> task<> {
        static_cast<void>(co_await loop.sleep_for(wait));
        static_cast<void>(at.handler(what));
    };
    boost::asio::co_spawn(loop_.executor(), again(loop_, to, std::move(copy), later),
                          boost::asio::detached);
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
    if (happens(to->state.drop_permille)) {
        (void)co_await loop_.sleep_until(request.until.at());
        co_return std::unexpected{lost(codes::net_timeout, request)};
    }
    auto answer = to->handler(request);
    if (happens(to->state.duplicate_permille)) deliver_again(*to, request);
    if (to->state.hang) {
        (void)co_await loop_.sleep_until(request.until.at());
        co_return std::unexpected{lost(codes::net_timeout, request)};
    }
    if (to->state.lose_answers > 0 || happens(to->state.lose_permille)) {
        to->state.lose_answers = std::max(to->state.lose_answers - 1, 0);
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
    response.headers = std::move(answer.headers);
    if (request.on_body) {
        (void)request.on_body(as_bytes(answer.body));
    } else {
        response.body = std::move(answer.body);
    }
    co_return response;
}

}  // namespace thole::sim
