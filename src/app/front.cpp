#include "app/front.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "api/codes.hpp"
#include "api/reply.hpp"
#include "app/hop.hpp"
#include "app/start_error.hpp"
#include "app/url_parts.hpp"
#include "engine/codes.hpp"

namespace thole::app {
namespace {

io::http_server_options server_options(const config& c) {
    io::http_server_options out;
    out.max_connections = c.server.max_connections;
    out.idle_timeout = c.server.idle_timeout.value;
    out.header_timeout = c.server.header_timeout.value;
    out.body_grace = c.server.body_timeout.value;
    return out;
}

io::server_response not_started() {
    auto out = api::refuse(503, codes::engine_stopping, "The daemon is starting.");
    out.headers.emplace_back("Retry-After", "1");
    return out;
}

bool has(const token_config& t, token_scope scope) {
    return std::ranges::find(t.scopes, scope) != t.scopes.end();
}

sha256_digest hash_of(const token_config& t, const environment& env) {
    sha256_digest out{};
    if (t.secret) {
        const auto text = read_secret(*t.secret, env);
        if (!text) throw start_error{"the token " + t.name + " cannot be read", text.error()};
        auto token = text->reveal();
        while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.pop_back();
        return sha256(as_bytes(token));
    }
    const auto raw = from_hex(std::string_view{t.hash}.substr(7));
    if (!raw || raw->size() != out.size())
        throw start_error{"the token " + t.name + " has a bad hash"};
    std::ranges::copy(*raw, out.begin());
    return out;
}

}  // namespace

api::authority_settings authority_of(const config& c, const environment& env) {
    api::authority_settings out;
    out.own_uid = ::geteuid();
    out.behind_proxy = c.server.behind_tls_proxy;
    for (const auto& each : c.server.token) {
        out.tokens.push_back({.name = each.name,
                              .hash = hash_of(each, env),
                              .read = has(each, token_scope::read),
                              .submit = has(each, token_scope::submit),
                              .operate = has(each, token_scope::operate)});
    }
    return out;
}

front_server::front_server(io::system_loop& here, io::system_loop& core, const config& c,
                           const api::authority& who, ops::metrics& count)
    : core_loop_{core},
      here_{who, count, here},
      core_{who, count, core},
      server_{here, server_options(c),
              [this](io::server_request request) { return handle(std::move(request)); },
              [this](const io::request_head& head) { return plan(head); }} {}

io::body_plan front_server::plan(const io::request_head& head) const {
    return here_.knows(head.path) ? here_.plan(head) : core_.plan(head);
}

task<io::server_response> front_server::handle(io::server_request request) {
    if (here_.knows(request.path)) co_return co_await here_.handle(std::move(request));
    if (!core_open_.load(std::memory_order_acquire)) co_return not_started();
    co_return co_await hop(core_loop_, core_.handle(std::move(request)));
}

void front_server::listen(const config& c) {
    if (const auto at = parse_listen(c.server.listen)) {
        try {
            port_ = server_.listen_tcp(at->host, at->port);
        } catch (const std::system_error& error) {
            throw start_error{
                fmt::format("cannot listen on {}: {}", c.server.listen, error.what())};
        }
    }
    try {
        server_.listen_unix(c.server.socket);
    } catch (const std::system_error& error) {
        throw start_error{fmt::format("cannot listen on {}: {}", c.server.socket, error.what())};
    }
}

std::string front_server::own_url(const config& c) const {
    const auto at = parse_listen(c.server.listen);
    if (!at || port_ == 0) return {};
    auto host = at->host;
    if (host == "0.0.0.0") host = "127.0.0.1";
    if (host == "::") host = "::1";
    return host.find(':') == std::string::npos ? fmt::format("http://{}:{}", host, port_)
                                               : fmt::format("http://[{}]:{}", host, port_);
}

}  // namespace thole::app
