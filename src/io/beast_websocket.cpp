#include "io/beast_websocket.hpp"

#include <openssl/ssl.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/url/parse.hpp>

#include "io/cancellation.hpp"
#include "io/with_deadline.hpp"

namespace thole::io {
namespace {

namespace net = boost::asio;
namespace ws = boost::beast::websocket;
using tcp = net::ip::tcp;
using error_code = boost::system::error_code;

constexpr std::size_t most_bytes = 1 << 20;
constexpr duration longest_handshake = std::chrono::seconds{30};

fault fault_of(const error_code& error, const fault_code& usual) {
    const bool gone = error == net::error::connection_reset || error == net::error::eof ||
                      error == net::ssl::error::stream_truncated || error == ws::error::closed;
    const auto& code = error == net::error::connection_refused ? codes::net_connection_refused
                       : error == boost::beast::error::timeout ? codes::net_timeout
                       : gone                                  ? codes::net_reset
                                                               : usual;
    return fault{code}.with_detail(error.message());
}

// How a call ended.
task<result<>> judged(error_code error, const fault_code& usual) {
    if (co_await was_cancelled()) co_return fail(cancelled_fault());
    if (error) co_return fail(fault_of(error, usual));
    co_return result<>{};
}

template <class Stream>
class beast_websocket final : public websocket {
  public:
    template <class... Lower>
    explicit beast_websocket(Lower&&... lower) : stream_{std::forward<Lower>(lower)...} {}

    [[nodiscard]] auto& lower() { return stream_.next_layer(); }

    task<result<>> shake_hands(std::string host, std::string target, duration silence) {
        // A ping goes out at half of it.
        stream_.set_option(ws::stream_base::timeout{longest_handshake, silence, true});
        stream_.read_message_max(most_bytes);
        const auto [error] = co_await stream_.async_handshake(host, target, as_values);
        co_return co_await judged(error, codes::net_unclassified);
    }
    task<result<>> send(std::string text) override {
        const auto [error, size] = co_await stream_.async_write(net::buffer(text), as_values);
        co_return co_await judged(error, codes::net_unclassified);
    }
    task<result<std::string>> receive() override {
        boost::beast::flat_buffer buffer;
        const auto [error, size] = co_await stream_.async_read(buffer, as_values);
        const auto good = co_await judged(error, codes::net_unclassified);
        if (!good) co_return fail(good.error());
        co_return boost::beast::buffers_to_string(buffer.data());
    }
    void cut() override {
        error_code ignored;
        boost::beast::get_lowest_layer(stream_).close(ignored);
    }

  private:
    ws::stream<Stream> stream_;
};

struct place {
    bool secure = false;
    std::string host;
    std::string port;
    std::string target;
    // As the Host header has it: without the port where it is the usual one.
    [[nodiscard]] std::string authority() const {
        const bool usual = port == (secure ? "443" : "80");
        return usual ? host : host + ":" + port;
    }
};

std::optional<place> place_of(const std::string& url) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || (parsed->scheme() != "ws" && parsed->scheme() != "wss")) return std::nullopt;
    place out;
    out.secure = parsed->scheme() == "wss";
    out.host = parsed->host_address();
    out.port = parsed->has_port() ? std::string{parsed->port()} : out.secure ? "443" : "80";
    out.target = parsed->encoded_target();
    if (out.target.empty() || out.target.front() != '/') out.target.insert(0, 1, '/');
    if (out.host.empty()) return std::nullopt;
    return out;
}

task<result<>> connect(tcp::socket& socket, const addresses& all, std::uint16_t port) {
    result<> last = fail(codes::net_unreachable);
    for (const auto& address : all) {
        error_code ignored;
        socket.close(ignored);
        const auto [error] = co_await socket.async_connect({address, port}, as_values);
        last = co_await judged(error, codes::net_unreachable);
        if (last || last.error().kind() == fault_kind::cancelled) co_return last;
    }
    co_return last;
}

}  // namespace

struct beast_dialer::tls {
    net::ssl::context context{net::ssl::context::tls_client};
};

beast_dialer::beast_dialer(system_loop& loop, resolver& names, duration silence)
    : loop_{loop}, names_{names}, silence_{silence}, tls_{std::make_unique<tls>()} {
    tls_->context.set_default_verify_paths();
    tls_->context.set_verify_mode(net::ssl::verify_peer);
}
beast_dialer::~beast_dialer() = default;

void beast_dialer::trust(const std::string& certificate) {
    tls_->context.add_certificate_authority(net::buffer(certificate));
}

task<result<std::unique_ptr<websocket>>> beast_dialer::open(std::string url, deadline until) {
    co_return co_await with_deadline(loop_, until, open_now(std::move(url), until));
}

task<result<std::unique_ptr<websocket>>> beast_dialer::open_now(std::string url, deadline until) {
    const auto where = place_of(url);
    if (!where) co_return fail(codes::net_unclassified, "not a ws or wss URL");
    const auto found = co_await names_.resolve(where->host, until);
    if (!found) co_return fail(found.error());
    tcp::socket socket{loop_.executor()};
    const auto port = static_cast<std::uint16_t>(std::stoul(where->port));
    if (const auto ok = co_await connect(socket, *found, port); !ok) co_return fail(ok.error());
    error_code ignored;
    socket.set_option(tcp::no_delay{true}, ignored);
    if (!where->secure) {
        auto out = std::make_unique<beast_websocket<tcp::socket>>(std::move(socket));
        const auto ok = co_await out->shake_hands(where->authority(), where->target, silence_);
        if (!ok) co_return fail(ok.error());
        co_return out;
    }
    using secure_stream = net::ssl::stream<tcp::socket>;
    auto out = std::make_unique<beast_websocket<secure_stream>>(std::move(socket), tls_->context);
    auto& secure = out->lower();
    SSL_set_tlsext_host_name(secure.native_handle(), where->host.c_str());
    secure.set_verify_callback(net::ssl::host_name_verification{where->host});
    const auto [error] = co_await secure.async_handshake(net::ssl::stream_base::client, as_values);
    if (const auto ok = co_await judged(error, codes::net_tls); !ok) co_return fail(ok.error());
    const auto ok = co_await out->shake_hands(where->authority(), where->target, silence_);
    if (!ok) co_return fail(ok.error());
    co_return out;
}

}  // namespace thole::io
