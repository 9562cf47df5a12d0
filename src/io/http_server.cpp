#include "io/http_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <system_error>

#include "io/cancellation.hpp"
#include "io/http_connection.hpp"
#include "io/problem.hpp"
#include "io/response_text.hpp"
#include "io/with_deadline.hpp"
#include "thole/assert.hpp"

namespace thole::io {

namespace asio = boost::asio;

namespace {

using protocol = asio::generic::stream_protocol;
using acceptor = asio::basic_socket_acceptor<protocol, system_loop::context_executor>;

constexpr int backlog = 512;

void throw_if(boost::system::error_code error, const std::string& what) {
    if (error) throw std::system_error{error, what};
}

acceptor open_acceptor(system_loop& owner, const protocol::endpoint& at, const std::string& what) {
    acceptor out{owner.context()};
    boost::system::error_code error;
    out.open(at.protocol(), error);
    throw_if(error, what);
    return out;
}

void bind_and_listen(acceptor& opened, const protocol::endpoint& at, const std::string& what) {
    boost::system::error_code error;
    opened.bind(at, error);
    throw_if(error, what);
    opened.listen(backlog, error);
    throw_if(error, what);
}

// Whether somebody answers at that path.
bool is_alive(system_loop& owner, const protocol::endpoint& at) {
    server_socket probe{owner.context()};
    boost::system::error_code error;
    probe.connect(at, error);
    return !error;
}

bool is_socket(const std::string& path, struct stat& about) {
    return ::lstat(path.c_str(), &about) == 0 && S_ISSOCK(about.st_mode);
}

}  // namespace

struct http_server::core::listener {
    explicit listener(acceptor a) : accepting{std::move(a)} {}
    ~listener() {
        struct stat about{};
        // Only the file that is still ours: another process may have taken the path over.
        if (!path.empty() && is_socket(path, about) && about.st_ino == inode) {
            ::unlink(path.c_str());
        }
    }

    acceptor accepting;
    std::string path;  // of a unix socket
    ino_t inode = 0;
};

http_server::core::core(system_loop& on, http_server_options opts, http_handler handle,
                        body_planner plan_bodies)
    : owner{on},
      options{opts},
      handler{std::move(handle)},
      planner{std::move(plan_bodies)},
      accepting{on},
      connections{on} {
    THOLE_ASSERT(options.min_body_rate > 0, "a body has a minimum rate");
}
http_server::core::~core() = default;

http_server::http_server(system_loop& owner, http_server_options options, http_handler handler,
                         body_planner planner)
    : core_{std::make_unique<core>(owner, options, std::move(handler), std::move(planner))} {}
http_server::~http_server() = default;

http_server_counters http_server::counted() const noexcept {
    auto out = core_->counts;
    out.open = core_->open.size();
    return out;
}

namespace {

void refuse_connection(http_server::core& server, server_socket socket) {
    auto answer = problem(503, "server.too_many_connections", "try again later");
    answer.headers.emplace_back("Retry-After", "1");
    response_framing framing;
    framing.length = answer.body.size();
    framing.keep_alive = false;
    const auto text =
        response_head(answer.status, answer.headers, framing, server.owner.wall_now()) +
        answer.body;
    // A fresh socket's buffer takes this at once; whoever does not read it does not matter.
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(server_socket::shutdown_send, ignored);
}

task<> accept_connections(http_server::core& server, acceptor& from) {
    for (;;) {
        server_socket socket{server.owner.context()};
        const auto [error] = co_await from.async_accept(socket, as_values);
        if (co_await was_cancelled()) co_return;
        if (error) {
            // Out of descriptors or a peer that left already: neither ends the server.
            if (!co_await server.owner.sleep_for(std::chrono::milliseconds{50})) co_return;
            continue;
        }
        ++server.counts.accepted;
        if (server.connections.running() >= server.options.max_connections) {
            ++server.counts.refused;
            refuse_connection(server, std::move(socket));
            continue;
        }
        server.connections.spawn(serve_connection(server, std::move(socket)));
    }
}

}  // namespace

std::uint16_t http_server::listen_tcp(const std::string& address, std::uint16_t port) {
    const auto what = address + ":" + std::to_string(port);
    boost::system::error_code error;
    const asio::ip::tcp::endpoint at{asio::ip::make_address(address, error), port};
    throw_if(error, what);
    auto opened = open_acceptor(core_->owner, at, what);
    opened.set_option(acceptor::reuse_address{true}, error);
    bind_and_listen(opened, at, what);
    const auto bound = opened.local_endpoint();
    const auto* raw = reinterpret_cast<const sockaddr_in*>(bound.data());  // the port is at the
    const auto got = ntohs(raw->sin_port);  // same place in sockaddr_in6
    core_->listeners.push_back(std::make_unique<core::listener>(std::move(opened)));
    core_->accepting.spawn(accept_connections(*core_, core_->listeners.back()->accepting));
    return got;
}

void http_server::listen_unix(const std::string& path) {
    const asio::local::stream_protocol::endpoint at{path};
    struct stat about{};
    if (is_socket(path, about)) {
        if (is_alive(core_->owner, at)) {
            throw std::system_error{EADDRINUSE, std::generic_category(), path};
        }
        ::unlink(path.c_str());
    }
    auto opened = open_acceptor(core_->owner, at, path);
    // On Linux bind() gives the file the mode of the descriptor: there is no moment in which
    // others could connect.
    if (::fchmod(opened.native_handle(), 0600) != 0) {
        throw std::system_error{errno, std::generic_category(), path};
    }
    bind_and_listen(opened, at, path);
    auto made = std::make_unique<core::listener>(std::move(opened));
    if (is_socket(path, about)) {
        made->path = path;
        made->inode = about.st_ino;
    }
    core_->listeners.push_back(std::move(made));
    core_->accepting.spawn(accept_connections(*core_, core_->listeners.back()->accepting));
}

task<> http_server::stop(deadline until) {
    auto& server = *core_;
    server.stopping = true;
    co_await server.accepting.close();
    server.listeners.clear();
    for (auto* each : server.open) each->stop_when_idle();
    (void)co_await with_deadline(server.owner, until, server.connections.ended());
    co_await server.connections.close();
}

}  // namespace thole::io
