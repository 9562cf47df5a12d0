#include "localnet/tcp_gate.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <set>

namespace thole::localnet {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

// Closing with a zero linger sends a reset instead of an orderly end.
void reset(tcp::socket& socket) {
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket.close(ignored);
}

}  // namespace

std::string canned_http(int status, const std::string& headers) {
    return "HTTP/1.1 " + std::to_string(status) + " Canned\r\n" + headers +
           "Content-Length: 0\r\nConnection: close\r\n\r\n";
}

struct tcp_gate::state : std::enable_shared_from_this<tcp_gate::state> {
    struct pair {
        tcp::socket client;
        tcp::socket server;
        gate_mode mode;
        std::uint64_t down = 0;
    };

    state(io::loop& on, std::string h, std::uint16_t p)
        : base{on}, host{std::move(h)}, port{p}, acceptor{on.executor()} {}

    io::loop& base;
    std::string host;
    std::uint16_t port;
    std::uint16_t own_port = 0;
    tcp::acceptor acceptor;
    gate_mode mode;
    gate_counters counted;
    std::set<std::shared_ptr<pair>> open;

    void listen() {
        const tcp::endpoint at{asio::ip::address_v4::loopback(), own_port};
        acceptor = tcp::acceptor{base.executor(), at, true};
        own_port = acceptor.local_endpoint().port();
        asio::co_spawn(base.executor(), accept(), asio::detached);
    }

    task<> accept() {
        const auto self = shared_from_this();
        for (;;) {
            auto [error, client] = co_await acceptor.async_accept(no_throw);
            if (error) co_return;
            ++counted.connections;
            auto link = std::make_shared<pair>(
                pair{std::move(client), tcp::socket{base.executor()}, mode, 0});
            open.insert(link);
            asio::co_spawn(base.executor(), serve(link), asio::detached);
        }
    }

    task<> serve(std::shared_ptr<pair> link) {
        const auto self = shared_from_this();
        if (link->mode.kind == gate_kind::canned) {
            co_await answer_canned(link);
        } else {
            const tcp::endpoint to{asio::ip::make_address(host), port};
            auto [error] = co_await link->server.async_connect(to, no_throw);
            if (error) {
                reset(link->client);
            } else {
                asio::co_spawn(base.executor(), pump_up(link), asio::detached);
                co_await pump_down(link);
            }
        }
        open.erase(link);
    }

    task<> answer_canned(std::shared_ptr<pair> link) {
        std::array<char, 4096> request{};
        auto [error, n] = co_await link->client.async_read_some(asio::buffer(request), no_throw);
        counted.bytes_up += n;
        if (error) co_return;
        auto [failed, sent] =
            co_await asio::async_write(link->client, asio::buffer(link->mode.canned), no_throw);
        counted.bytes_down += sent;
        boost::system::error_code ignored;
        link->client.shutdown(tcp::socket::shutdown_send, ignored);
        while (
            !std::get<0>(co_await link->client.async_read_some(asio::buffer(request), no_throw))) {
        }
    }

    task<> pump_up(std::shared_ptr<pair> link) {
        const auto self = shared_from_this();
        std::array<char, 16384> data{};
        for (;;) {
            auto [error, n] = co_await link->client.async_read_some(asio::buffer(data), no_throw);
            if (error) break;
            counted.bytes_up += n;
            auto [failed, sent] =
                co_await asio::async_write(link->server, asio::buffer(data.data(), n), no_throw);
            if (failed) break;
        }
        boost::system::error_code ignored;
        link->server.shutdown(tcp::socket::shutdown_send, ignored);
    }

    // Answers false when the connection is over.
    task<bool> forward(pair& link, char* data, std::size_t n) {
        const auto& how = link.mode;
        if (how.kind == gate_kind::hang) co_return true;
        if (how.kind == gate_kind::delay) (void)co_await base.sleep_for(how.wait);
        if (how.kind == gate_kind::throttle && how.bytes_per_second > 0) {
            (void)co_await base.sleep_for(std::chrono::nanoseconds{
                static_cast<std::int64_t>(n * 1'000'000'000 / how.bytes_per_second)});
        }
        if (how.kind == gate_kind::corrupt && how.after_bytes >= link.down &&
            how.after_bytes < link.down + n) {
            data[how.after_bytes - link.down] ^= 1;
        }
        bool last = false;
        if ((how.kind == gate_kind::cut || how.kind == gate_kind::half_close) &&
            link.down + n >= how.after_bytes) {
            n = how.after_bytes - link.down;
            last = true;
        }
        auto [error, sent] =
            co_await asio::async_write(link.client, asio::buffer(data, n), no_throw);
        link.down += sent;
        counted.bytes_down += sent;
        if (last && how.kind == gate_kind::cut) reset(link.client);
        co_return !error && !last;
    }

    task<> pump_down(std::shared_ptr<pair> link) {
        const bool slow = link->mode.kind == gate_kind::throttle;
        std::array<char, 16384> data{};
        const auto most = slow ? std::size_t{512} : data.size();
        for (;;) {
            auto [error, n] =
                co_await link->server.async_read_some(asio::buffer(data.data(), most), no_throw);
            if (error) break;
            if (!co_await forward(*link, data.data(), n)) break;
        }
        if (link->mode.kind == gate_kind::hang) {
            std::array<char, 64> rest{};
            while (
                !std::get<0>(co_await link->client.async_wait(tcp::socket::wait_read, no_throw)) &&
                link->client.available() > 0) {
                (void)co_await link->client.async_read_some(asio::buffer(rest), no_throw);
            }
        }
        boost::system::error_code ignored;
        link->client.shutdown(tcp::socket::shutdown_send, ignored);
        link->server.close(ignored);
    }

    void drop_all() {
        for (const auto& link : open) {
            reset(link->client);
            reset(link->server);
        }
    }
};

tcp_gate::tcp_gate(io::loop& on, std::string target_host, std::uint16_t target_port,
                   std::uint16_t port)
    : state_{std::make_shared<state>(on, std::move(target_host), target_port)} {
    state_->own_port = port;
    state_->listen();
}

tcp_gate::~tcp_gate() {
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    drop();
}

std::uint16_t tcp_gate::port() const noexcept {
    return state_->own_port;
}

void tcp_gate::set(gate_mode mode) {
    const bool listening = state_->acceptor.is_open();
    const bool refuse = mode.kind == gate_kind::refuse;
    state_->mode = std::move(mode);
    boost::system::error_code ignored;
    if (refuse && listening) state_->acceptor.close(ignored);
    if (!refuse && !listening) state_->listen();
}

void tcp_gate::drop() {
    state_->drop_all();
}

const gate_counters& tcp_gate::counters() const noexcept {
    return state_->counted;
}

}  // namespace thole::localnet
