#include "io/http_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>
#include <system_error>

#include "io/http_connection.hpp"

namespace thole::io {

namespace asio = boost::asio;

namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr auto sweep_every = std::chrono::milliseconds{250};

// A socket file that nobody listens on is left over from a process that died.
bool is_stale_socket(const std::string& path, asio::any_io_executor executor) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
    asio::local::stream_protocol::socket probe{executor};
    boost::system::error_code refused;
    probe.connect(asio::local::stream_protocol::endpoint{path}, refused);
    return refused == boost::system::errc::connection_refused;
}

}  // namespace

struct http_server::state : std::enable_shared_from_this<http_server::state> {
    state(loop& on, server_options given, handler h)
        : base{on}, options{std::move(given)}, handle{std::move(h)} {}

    loop& base;
    server_options options;
    handler handle;
    bool stopping = false;
    bool sweeping = false;
    std::vector<std::unique_ptr<asio::ip::tcp::acceptor>> tcp;
    std::vector<std::unique_ptr<asio::local::stream_protocol::acceptor>> local;
    std::vector<std::string> paths;
    std::set<http_connection*> open;

    template <class Acceptor>
    task<> accept(Acceptor& acceptor, bool is_local) {
        const auto self = this->shared_from_this();
        while (!stopping) {
            asio::generic::stream_protocol::socket socket{base.executor()};
            auto [error] = co_await acceptor.async_accept(socket, no_throw);
            if (error == asio::error::operation_aborted || !acceptor.is_open()) co_return;
            if (error) {  // out of descriptors, or the peer has gone already
                (void)co_await base.sleep_for(std::chrono::milliseconds{10});
                continue;
            }
            if (open.size() >= options.connections) continue;  // closes the socket
            asio::co_spawn(base.executor(), serve(std::move(socket), is_local), asio::detached);
        }
    }

    task<> serve(asio::generic::stream_protocol::socket socket, bool is_local) {
        const auto self = this->shared_from_this();
        http_connection connection{base, options, handle, stopping, std::move(socket), is_local};
        open.insert(&connection);
        co_await connection.run();
        open.erase(&connection);
    }

    // One timer for all connections: each notes until when it may stay silent.
    task<> sweep() {
        const auto self = this->shared_from_this();
        while (!stopping || !open.empty()) {
            if (!co_await base.sleep_for(sweep_every)) co_return;
            const auto now = base.now();
            for (auto* connection : open) connection->close_if_late(now);
        }
        sweeping = false;
    }

    void start_sweeping() {
        if (sweeping) return;
        sweeping = true;
        asio::co_spawn(base.executor(), sweep(), asio::detached);
    }

    void close_acceptors() {
        boost::system::error_code ignored;
        for (auto& acceptor : tcp) acceptor->close(ignored);
        for (auto& acceptor : local) acceptor->close(ignored);
        for (const auto& path : paths) ::unlink(path.c_str());
        paths.clear();
    }
};

http_server::http_server(loop& on, server_options options, handler handle)
    : state_{std::make_shared<state>(on, std::move(options), std::move(handle))} {}

http_server::~http_server() {
    state_->stopping = true;
    state_->close_acceptors();
    for (auto* connection : state_->open) connection->close();
}

std::uint16_t http_server::listen_tcp(const std::string& address, std::uint16_t port) {
    const asio::ip::tcp::endpoint at{asio::ip::make_address(address), port};
    auto acceptor =
        std::make_unique<asio::ip::tcp::acceptor>(state_->base.executor(), at, /*reuse*/ true);
    const auto bound = acceptor->local_endpoint().port();
    auto& kept = *state_->tcp.emplace_back(std::move(acceptor));
    asio::co_spawn(state_->base.executor(), state_->accept(kept, false), asio::detached);
    state_->start_sweeping();
    return bound;
}

void http_server::listen_unix(const std::string& path) {
    if (is_stale_socket(path, state_->base.executor())) ::unlink(path.c_str());
    using protocol = asio::local::stream_protocol;
    auto acceptor = std::make_unique<protocol::acceptor>(state_->base.executor());
    acceptor->open();
    // The mode must hold from the first instant on, so it is set by the mask and not afterwards.
    const auto mask = ::umask(0177);
    boost::system::error_code failed;
    acceptor->bind(protocol::endpoint{path}, failed);
    ::umask(mask);
    if (failed) throw std::system_error{failed.value(), std::system_category(), path};
    acceptor->listen();
    state_->paths.push_back(path);
    auto& kept = *state_->local.emplace_back(std::move(acceptor));
    asio::co_spawn(state_->base.executor(), state_->accept(kept, true), asio::detached);
    state_->start_sweeping();
}

std::size_t http_server::connections() const noexcept {
    return state_->open.size();
}

task<> http_server::stop(duration grace) {
    constexpr auto look_every = std::chrono::milliseconds{5};
    const auto self = state_;
    self->stopping = true;
    self->close_acceptors();
    for (auto* connection : self->open) connection->close_if_idle();
    const auto until = saturating_add(self->base.now(), grace);
    while (!self->open.empty() && self->base.now() < until) {
        (void)co_await self->base.sleep_for(look_every);
    }
    for (auto* connection : self->open) connection->close();
    while (!self->open.empty()) (void)co_await self->base.sleep_for(look_every);
}

}  // namespace thole::io
