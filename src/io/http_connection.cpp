#include "io/http_connection.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cstring>

#include "io/problem.hpp"
#include "thole/codes.hpp"

namespace thole::io {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr std::uint64_t default_body_limit = 64 * 1024;

using request_parser = http::request_parser<http::string_body>;
using socket_type = asio::generic::stream_protocol::socket;

std::optional<std::uint32_t> uid_of_peer(socket_type& socket) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        return std::nullopt;
    }
    return credentials.uid;
}

// HEAD has the header of GET and no body.
bool body_allowed(const std::string& method, int status) {
    return method != "HEAD" && status != 204 && status != 304 && status >= 200;
}

}  // namespace

struct http_connection::impl {
    impl(loop& b, const server_options& o, const http_server::handler& h, const bool& s,
         socket_type k, bool local)
        : base{b}, options{o}, handle{h}, stopping{s}, socket{std::move(k)}, is_local{local} {}

    loop& base;
    const server_options& options;
    const http_server::handler& handle;
    const bool& stopping;
    socket_type socket;
    bool is_local;
    boost::beast::flat_buffer buffer;
    bool idle = true;  // between requests
    std::optional<time_point> late_at;

    void allow(duration d) { late_at = saturating_add(base.now(), d); }
    void allow_body(std::uint64_t bytes) {
        allow(options.header_timeout + std::chrono::seconds{bytes / options.body_bytes_per_second});
    }

    task<bool> read_body(request_parser& parser, const std::string& path);
    task<bool> write(server_response response, const std::string& method, bool keep_alive);
    task<bool> write_stream(server_response& response);
    task<std::optional<server_request>> next();
    task<> refuse(int status, std::string_view code, std::string detail);
    [[nodiscard]] server_request to_request(request_parser& parser, target_parts target);
};

http_connection::http_connection(loop& base, const server_options& options,
                                 const http_server::handler& handle, const bool& stopping,
                                 socket_type socket, bool is_local)
    : impl_{std::make_unique<impl>(base, options, handle, stopping, std::move(socket), is_local)} {}

http_connection::~http_connection() = default;

void http_connection::close() {
    boost::system::error_code ignored;
    impl_->socket.close(ignored);
}

void http_connection::close_if_idle() {
    if (impl_->idle) close();
}

void http_connection::close_if_late(time_point now) {
    if (impl_->late_at && now >= *impl_->late_at) close();
}

task<> http_connection::impl::refuse(int status, std::string_view code, std::string detail) {
    (void)co_await write(problem(status, code, std::move(detail)), "GET", false);
    // Let the answer arrive before the unread rest of the request provokes a reset.
    boost::system::error_code ignored;
    socket.shutdown(socket_type::shutdown_send, ignored);
    allow(std::chrono::seconds{1});
    std::array<char, 4096> rest{};
    for (;;) {
        auto [error, n] = co_await socket.async_read_some(asio::buffer(rest), no_throw);
        if (error || n == 0) co_return;
    }
}

task<bool> http_connection::impl::read_body(request_parser& parser, const std::string& path) {
    const std::string method{parser.get().method_string()};
    const auto limit = options.body_limit ? options.body_limit(method, path) : default_body_limit;
    const auto announced = parser.content_length();
    if (announced && *announced > limit) {
        co_await refuse(413, "http.body_too_large",
                        "The body may have at most " + std::to_string(limit) + " bytes.");
        co_return false;
    }
    parser.body_limit(limit);
    allow_body(announced ? *announced : limit);
    if (parser.get()[http::field::expect] == "100-continue") {
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        auto [error, n] = co_await asio::async_write(socket, asio::buffer(go_on), no_throw);
        if (error) co_return false;
    }
    auto [error, n] = co_await http::async_read(socket, buffer, parser, no_throw);
    if (error == http::error::body_limit) {
        co_await refuse(413, "http.body_too_large",
                        "The body may have at most " + std::to_string(limit) + " bytes.");
    }
    co_return !error;
}

server_request http_connection::impl::to_request(request_parser& parser, target_parts target) {
    auto message = parser.release();
    server_request out;
    out.method = std::string{message.method_string()};
    out.path = std::move(target.path);
    out.query = std::move(target.query);
    for (const auto& field : message) {
        out.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
    }
    out.body = std::move(message.body());
    if (is_local) {
        out.peer_uid = uid_of_peer(socket);
    } else {
        boost::system::error_code gone;
        const auto peer = socket.remote_endpoint(gone);
        if (!gone) {
            asio::ip::tcp::endpoint tcp;
            tcp.resize(peer.size());
            std::memcpy(tcp.data(), peer.data(), peer.size());
            out.peer_address = tcp.address().to_string();
        }
    }
    return out;
}

// The next request, or nothing when the connection is at its end.
task<std::optional<server_request>> http_connection::impl::next() {
    request_parser parser;
    parser.header_limit(options.header_bytes);
    parser.body_limit(boost::none);
    idle = buffer.size() == 0;
    if (idle) {
        allow(options.idle_timeout);
        // Wait for the first byte under the idle limit; the header limit starts with it.
        auto [error] = co_await socket.async_wait(socket_type::wait_read, no_throw);
        if (error) co_return std::nullopt;
    }
    idle = false;
    allow(options.header_timeout);
    auto [error, n] = co_await http::async_read_header(socket, buffer, parser, no_throw);
    if (error == http::error::header_limit) {
        co_await refuse(431, "http.header_too_large", "The header is too large.");
    } else if (error &&
               error.category() == http::make_error_code(http::error::bad_method).category() &&
               error != http::error::end_of_stream && error != http::error::partial_message) {
        co_await refuse(400, "http.malformed_request",
                        "This is not HTTP: " + error.message() + ".");
    }
    if (error) co_return std::nullopt;
    auto target = parse_target(std::string_view{parser.get().target()});
    if (!target) {
        co_await refuse(400, "http.bad_target",
                        "The target is not an absolute, well-escaped path.");
        co_return std::nullopt;
    }
    if (!co_await read_body(parser, target->path)) co_return std::nullopt;
    late_at.reset();
    const bool keep = parser.get().keep_alive();
    auto request = to_request(parser, *std::move(target));
    if (!keep) request.headers.emplace_back("Connection", "close");
    co_return request;
}

task<bool> http_connection::impl::write_stream(server_response& response) {
    for (;;) {
        late_at.reset();
        auto part = co_await response.stream();
        if (!part) co_return false;
        if (part->empty()) break;
        allow_body(part->size());
        if (response.stream_length) {
            auto [error, n] = co_await asio::async_write(socket, asio::buffer(*part), no_throw);
            if (error) co_return false;
        } else {
            const auto chunk = http::make_chunk(asio::buffer(*part));
            auto [error, n] = co_await asio::async_write(socket, chunk, no_throw);
            if (error) co_return false;
        }
    }
    if (response.stream_length) co_return true;
    const auto last = http::make_chunk_last();
    auto [error, n] = co_await asio::async_write(socket, last, no_throw);
    co_return !error;
}

task<bool> http_connection::impl::write(server_response response, const std::string& method,
                                        bool keep_alive) {
    http::response<http::string_body> message;
    message.result(static_cast<unsigned>(response.status));
    message.version(11);
    message.keep_alive(keep_alive);
    for (const auto& [name, value] : response.headers) message.insert(name, value);
    const bool with_body = body_allowed(method, response.status);
    if (response.stream && with_body) {
        if (response.stream_length) {
            message.content_length(*response.stream_length);
        } else {
            message.chunked(true);
        }
        http::response_serializer<http::string_body> header{message};
        auto [error, n] = co_await http::async_write_header(socket, header, no_throw);
        if (error) co_return false;
        co_return co_await write_stream(response);
    }
    const auto length = response.stream_length.value_or(response.body.size());
    if (response.status != 204 && response.status != 304) message.content_length(length);
    if (with_body) message.body() = std::move(response.body);
    allow_body(message.body().size());
    http::response_serializer<http::string_body> serializer{message};
    if (!with_body) {
        auto [error, n] = co_await http::async_write_header(socket, serializer, no_throw);
        co_return !error;
    }
    auto [error, n] = co_await http::async_write(socket, serializer, no_throw);
    co_return !error;
}

task<> http_connection::run() {
    auto& self = *impl_;
    for (;;) {
        auto request = co_await self.next();
        if (!request) break;
        const auto method = request->method;
        const bool keep = request->header("Connection") != "close" && !self.stopping;
        auto response = co_await self.handle(*std::move(request));
        const bool still = keep && !self.stopping;
        if (!co_await self.write(std::move(response), method, still) || !still) break;
    }
    boost::system::error_code ignored;
    self.socket.shutdown(socket_type::shutdown_both, ignored);
    self.socket.close(ignored);
}

}  // namespace thole::io
