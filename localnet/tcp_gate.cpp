#include "localnet/tcp_gate.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "io/cancellation.hpp"

namespace thole::localnet {

namespace asio = boost::asio;
using asio::ip::tcp;
using error_code = boost::system::error_code;
using std::chrono::milliseconds;

namespace {

using socket_type = asio::basic_stream_socket<tcp, io::system_loop::context_executor>;

tcp::endpoint endpoint_of(const gate_address& at) {
    return {asio::ip::make_address(at.host), at.port};
}

std::string canned_answer(int status) {
    const std::string body = "{\"gate\":" + std::to_string(status) + "}";
    return "HTTP/1.1 " + std::to_string(status) +
           " Gate\r\nRetry-After: 1\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace

class tcp_gate::acceptor
    : public asio::basic_socket_acceptor<tcp, io::system_loop::context_executor> {
  public:
    using asio::basic_socket_acceptor<tcp,
                                      io::system_loop::context_executor>::basic_socket_acceptor;
};

// One client, and the connection to the target that belongs to it.
class tcp_gate::session {
  public:
    session(tcp_gate& gate, socket_type client)
        : gate_{gate},
          client_{std::move(client)},
          target_{gate.loop_.context()},
          pumps_{gate.loop_} {
        place_ = gate_.open_.insert(gate_.open_.end(), this);
    }
    ~session() { gate_.open_.erase(place_); }

    task<> run();
    void end(bool with_reset);

  private:
    using kind = gate_mode::kind;
    enum class verdict : std::uint8_t { go_on, stop };

    task<> pump_up();
    task<> pump_down();
    task<verdict> answer(std::string piece);
    task<verdict> forward(std::string_view piece);
    task<verdict> throttled(std::string_view piece);
    task<verdict> cut_short(std::string_view piece, bool with_reset);
    task<> answer_by_ourselves(bool head_seen);
    task<> swallow();
    [[nodiscard]] std::uint64_t answered();

    tcp_gate& gate_;
    socket_type client_;
    socket_type target_;
    io::scope pumps_;
    std::list<session*>::iterator place_;
    std::uint64_t generation_ = 0;
    std::uint64_t answered_ = 0;  // bytes since the mode was set
    std::array<char, 16384> up_;
    std::array<char, 16384> down_;
};

task<> tcp_gate::session::run() {
    const auto what = gate_.mode_.what;
    if (what == kind::hang) co_await swallow();
    if (what == kind::answer) co_await answer_by_ourselves(false);
    if (what == kind::hang || what == kind::answer) co_return end(false);
    const auto [error] = co_await target_.async_connect(endpoint_of(gate_.target_), io::as_values);
    if (error) co_return end(true);
    pumps_.spawn(pump_up());
    pumps_.spawn(pump_down());
    if (!co_await pumps_.ended()) co_await pumps_.close();
    end(false);
}

void tcp_gate::session::end(bool with_reset) {
    error_code ignored;
    if (with_reset) {
        client_.set_option(asio::socket_base::linger{true, 0}, ignored);
    } else {
        client_.shutdown(socket_type::shutdown_both, ignored);
    }
    client_.close(ignored);
    target_.close(ignored);
}

std::uint64_t tcp_gate::session::answered() {
    if (generation_ != gate_.generation_) {
        generation_ = gate_.generation_;
        answered_ = 0;
    }
    return answered_;
}

task<> tcp_gate::session::pump_up() {
    for (;;) {
        const auto [error, size] =
            co_await client_.async_read_some(asio::buffer(up_), io::as_values);
        if (error) break;
        if (gate_.mode_.what == kind::hang) continue;
        if (gate_.mode_.what == kind::answer) {
            co_await answer_by_ourselves(true);
            co_return end(false);
        }
        gate_.counts_.to_target += size;
        const auto [failed, sent] =
            co_await asio::async_write(target_, asio::buffer(up_, size), io::as_values);
        if (failed) break;
    }
    error_code ignored;
    target_.shutdown(socket_type::shutdown_send, ignored);
}

task<> tcp_gate::session::pump_down() {
    for (;;) {
        const auto [error, size] =
            co_await target_.async_read_some(asio::buffer(down_), io::as_values);
        if (error) break;
        if (co_await answer(std::string{down_.data(), size}) == verdict::stop) co_return;
    }
    error_code ignored;
    client_.shutdown(socket_type::shutdown_send, ignored);
}

task<tcp_gate::session::verdict> tcp_gate::session::answer(std::string piece) {
    while (gate_.mode_.what == kind::hang) {
        if (!co_await gate_.changed_.wait()) co_return verdict::stop;
    }
    const auto mode = gate_.mode_;
    switch (mode.what) {
        case kind::delay:
            if (!co_await gate_.loop_.sleep_for(mode.wait)) co_return verdict::stop;
            co_return co_await forward(piece);
        case kind::cut:
            co_return co_await cut_short(piece, false);
        case kind::reset:
            co_return co_await cut_short(piece, true);
        case kind::half_close: {
            error_code ignored;
            client_.shutdown(socket_type::shutdown_send, ignored);
            co_return verdict::stop;
        }
        case kind::throttle:
            co_return co_await throttled(piece);
        case kind::corrupt: {
            const auto before = answered();
            if (mode.bytes >= before && mode.bytes - before < piece.size()) {
                piece[mode.bytes - before] = static_cast<char>(piece[mode.bytes - before] ^ 0x01);
            }
            co_return co_await forward(piece);
        }
        case kind::refuse:
            co_return end(true), verdict::stop;
        default:
            co_return co_await forward(piece);
    }
}

task<tcp_gate::session::verdict> tcp_gate::session::forward(std::string_view piece) {
    (void)answered();
    const auto [error, size] =
        co_await asio::async_write(client_, asio::buffer(piece), io::as_values);
    answered_ += size;
    gate_.counts_.to_client += size;
    co_return error ? verdict::stop : verdict::go_on;
}

task<tcp_gate::session::verdict> tcp_gate::session::cut_short(std::string_view piece,
                                                              bool with_reset) {
    const auto before = answered();
    const auto left = gate_.mode_.bytes > before ? gate_.mode_.bytes - before : 0;
    if (piece.size() < left) co_return co_await forward(piece);
    (void)co_await forward(piece.substr(0, left));
    // A reset throws away what the client has not read yet: give it a moment.
    if (with_reset && left > 0) (void)co_await gate_.loop_.sleep_for(milliseconds{50});
    end(with_reset);
    co_return verdict::stop;
}

task<tcp_gate::session::verdict> tcp_gate::session::throttled(std::string_view piece) {
    constexpr milliseconds tick{20};
    while (!piece.empty()) {
        const auto share = std::max<std::uint64_t>(1, gate_.mode_.bytes / 50);
        const auto part = piece.substr(0, share);
        piece.remove_prefix(part.size());
        if (co_await forward(part) == verdict::stop) co_return verdict::stop;
        if (gate_.mode_.what != kind::throttle) break;
        if (!co_await gate_.loop_.sleep_for(tick)) co_return verdict::stop;
    }
    co_return piece.empty() ? verdict::go_on : co_await forward(piece);
}

task<> tcp_gate::session::answer_by_ourselves(bool head_seen) {
    std::string seen;
    while (!head_seen && seen.find("\r\n\r\n") == std::string::npos && seen.size() < up_.size()) {
        const auto [error, size] =
            co_await client_.async_read_some(asio::buffer(up_), io::as_values);
        if (error) co_return;
        seen.append(up_.data(), size);
    }
    const auto text = canned_answer(gate_.mode_.status);
    const auto [error, size] =
        co_await asio::async_write(client_, asio::buffer(text), io::as_values);
    gate_.counts_.to_client += size;
    error_code ignored;
    client_.shutdown(socket_type::shutdown_send, ignored);
    co_await swallow();
}

// Reads and forgets until the client leaves.
task<> tcp_gate::session::swallow() {
    for (;;) {
        const auto [error, size] =
            co_await client_.async_read_some(asio::buffer(up_), io::as_values);
        if (error) co_return;
    }
}

tcp_gate::tcp_gate(io::system_loop& loop, gate_address listen_at, gate_address target)
    : loop_{loop},
      listen_{std::move(listen_at)},
      target_{std::move(target)},
      accepting_{loop},
      sessions_{loop} {
    listen();
    accepting_.spawn(accept_all());
}

tcp_gate::~tcp_gate() = default;

void tcp_gate::listen() {
    auto made = std::make_unique<acceptor>(loop_.context());
    const auto at = endpoint_of(listen_);
    made->open(at.protocol());
    made->set_option(acceptor::reuse_address{true});
    made->bind(at);
    made->listen();
    listen_.port = made->local_endpoint().port();
    acceptor_ = std::move(made);
}

void tcp_gate::set(gate_mode mode) {
    mode_ = mode;
    ++generation_;
    if (mode.what == gate_mode::kind::refuse) {
        acceptor_.reset();  // the accepting coroutine notices and waits for the next mode
        const auto open = open_;
        for (auto* each : open) each->end(true);
    } else if (acceptor_ == nullptr) {
        listen();
    }
    changed_.notify_all();
}

gate_counters tcp_gate::counted() const noexcept {
    auto out = counts_;
    out.open = open_.size();
    return out;
}

namespace {

template <class Session>
task<> serve(std::unique_ptr<Session> session) {
    co_await session->run();
}

}  // namespace

task<> tcp_gate::accept_all() {
    for (;;) {
        while (acceptor_ == nullptr) {
            if (!co_await changed_.wait()) co_return;
        }
        socket_type client{loop_.context()};
        const auto [error] = co_await acceptor_->async_accept(client, io::as_values);
        if (co_await io::was_cancelled()) co_return;
        if (error) continue;
        ++counts_.connections;
        sessions_.spawn(serve(std::make_unique<session>(*this, std::move(client))));
    }
}

task<> tcp_gate::stop() {
    co_await accepting_.close();
    acceptor_.reset();
    co_await sessions_.close();
}

}  // namespace thole::localnet
