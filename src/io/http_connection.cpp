// The one place that includes Beast: its parser, and nothing else of it.

#include "io/http_connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <cstring>

#include "io/cancellation.hpp"
#include "io/problem.hpp"
#include "io/request_target.hpp"
#include "io/response_text.hpp"
#include "thole/assert.hpp"
#include "thole/codes.hpp"

namespace thole::io {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using error_code = boost::system::error_code;

constexpr std::size_t read_bytes = 16 * 1024;
constexpr std::size_t write_bytes = 256 * 1024;
// What a peer may still send after we have answered, before its connection is cut.
constexpr std::size_t linger_bytes = 1024 * 1024;
constexpr auto linger_time = std::chrono::seconds{2};

http_peer peer_of(const server_socket& socket) {
    http_peer out;
    const int fd = const_cast<server_socket&>(socket).native_handle();
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&raw), &size) != 0) return out;
    if (raw.ss_family == AF_UNIX) {
        ucred credentials{};
        socklen_t length = sizeof credentials;
        if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0) {
            out.uid = credentials.uid;
        }
        return out;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    asio::ip::address address;
    if (raw.ss_family == AF_INET) {
        asio::ip::address_v4::bytes_type octets;
        std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in&>(raw).sin_addr, 4);
        address = asio::ip::address_v4{octets};
    } else {
        asio::ip::address_v6::bytes_type octets;
        std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in6&>(raw).sin6_addr, 16);
        address = asio::ip::address_v6{octets};
    }
    out.address = address.to_string();
    return out;
}

class connection final : public stoppable, private body_writer {
  public:
    connection(http_server::core& server, server_socket socket)
        : server_{server},
          socket_{std::move(socket)},
          peer_{peer_of(socket_)},
          watchdog_{server.owner, cut{this}} {
        place_ = server_.open.insert(server_.open.end(), this);
    }
    ~connection() { server_.open.erase(place_); }

    task<> run();
    void stop_when_idle() override {
        if (idle_) cancel_io();
    }

  private:
    using parser_type = http::request_parser<http::buffer_body>;
    enum class after : std::uint8_t { keep, close, linger };
    struct cut {
        connection* self;
        void operator()() const {
            self->timed_out_ = true;
            self->cancel_io();
        }
    };

    void cancel_io() {
        error_code ignored;
        socket_.cancel(ignored);
    }
    void watch(duration d) { watchdog_.start(saturating_add(server_.owner.now(), d)); }

    task<bool> wait_for_first_byte();
    task<after> serve_one();
    task<after> answer_read_error(error_code error);
    task<after> answer_malformed(int status, std::string_view code, std::string_view detail);
    [[nodiscard]] std::optional<std::string> take_head(const parser_type& parser,
                                                       server_request& request) const;
    task<result<>> read_body(parser_type& parser, const body_plan& plan, server_request& request);
    [[nodiscard]] result<> take_piece(bytes_view piece, const body_plan& plan,
                                      server_request& request);
    task<after> answer_body_fault(fault seen);
    task<server_response> ask_handler(server_request request);
    task<after> respond(server_response response, bool keep_alive);
    task<result<>> send_file(file_body file);
    task<result<>> run_producer(body_producer producer);
    task<> produce(body_producer& producer, scope& watching);
    task<> notice_disconnect(scope& producing);
    // In one write where possible: the first part alone may be short, the second long.
    task<result<>> send(std::string_view first, std::string_view second = {},
                        std::string_view last = {});
    task<> linger();

    task<result<>> write(std::string piece) override;
    task<result<>> write_shared(std::shared_ptr<const std::string> piece) override;
    task<result<>> write_piece(std::string_view piece);

    http_server::core& server_;
    server_socket socket_;
    http_peer peer_;
    std::list<stoppable*>::iterator place_;
    boost::beast::flat_buffer buffer_;  // holds pipelined requests between two of them
    timer<cut> watchdog_;
    bool timed_out_ = false;
    bool idle_ = false;
    unsigned version_ = 11;
    bool head_only_ = false;
    bool chunked_ = false;
    bool write_failed_ = false;
    std::optional<std::uint64_t> left_;  // to be written of a body whose length was said
};

task<> connection::run() {
    auto next = after::keep;
    while (next == after::keep) {
        if (!co_await wait_for_first_byte()) break;
        next = co_await serve_one();
        if (co_await was_cancelled()) break;
    }
    if (timed_out_) ++server_.counts.timeouts;
    if (next == after::linger && !co_await was_cancelled()) co_await linger();
    watchdog_.stop();
    error_code ignored;
    socket_.shutdown(server_socket::shutdown_both, ignored);
    socket_.close(ignored);
}

task<bool> connection::wait_for_first_byte() {
    if (buffer_.size() > 0) co_return true;
    if (server_.stopping) co_return false;
    watch(server_.options.idle_timeout);
    idle_ = true;
    const auto [error, size] =
        co_await socket_.async_read_some(buffer_.prepare(read_bytes), as_values);
    idle_ = false;
    if (error) {
        timed_out_ = false;  // an idle connection that ends is no fault of anybody
        co_return false;
    }
    buffer_.commit(size);
    co_return true;
}

task<connection::after> connection::serve_one() {
    parser_type parser;
    parser.header_limit(static_cast<std::uint32_t>(server_.options.max_header_bytes));
    parser.body_limit(boost::none);  // ours, by the plan
    watch(server_.options.header_timeout);
    const auto [error, size] =
        co_await http::async_read_header(socket_, buffer_, parser, as_values);
    if (error) co_return co_await answer_read_error(error);
    server_request request;
    version_ = parser.get().version();
    if (const auto wrong = take_head(parser, request)) {
        co_return co_await answer_malformed(400, "request.malformed", *wrong);
    }
    head_only_ = request.method == "HEAD";
    ++server_.counts.requests;
    auto plan = server_.planner ? server_.planner(request) : body_plan{};
    if (plan.refusal) {
        plan.refusal->close = plan.refusal->close || !parser.is_done();
        co_return co_await respond(std::move(*plan.refusal), parser.keep_alive());
    }
    if (const auto length = parser.content_length(); length && *length > plan.max_bytes) {
        co_return co_await answer_body_fault(fault{codes::http_too_large});
    }
    if (!parser.is_done()) {
        if (request.header("Expect") == "100-continue" && version_ == 11) {
            if (!co_await send("HTTP/1.1 100 Continue\r\n\r\n")) co_return after::close;
        }
        const auto read = co_await read_body(parser, plan, request);
        if (!read) co_return co_await answer_body_fault(read.error());
    }
    watchdog_.stop();  // the handler has its own deadlines
    request.sink = plan.sink;
    auto response = co_await ask_handler(std::move(request));
    co_return co_await respond(std::move(response), parser.keep_alive());
}

std::optional<std::string> connection::take_head(const parser_type& parser,
                                                 server_request& request) const {
    const auto& head = parser.get();
    request.method = head.method_string();
    request.target = head.target();
    request.peer = peer_;
    for (const auto& field : head) {
        request.headers.emplace_back(field.name_string(), field.value());
    }
    const auto hosts = count_headers(request.headers, "Host");
    if (hosts > 1 || (hosts == 0 && head.version() == 11)) return "exactly one Host header";
    return split_target(request);
}

task<connection::after> connection::answer_read_error(error_code error) {
    if (timed_out_) {
        co_return co_await answer_malformed(408, "request.timeout", "the head took too long");
    }
    if (error == http::error::header_limit) {
        co_return co_await answer_malformed(431, "request.header_too_large",
                                            "the head is larger than the limit");
    }
    const bool is_syntax =
        error.category() == http::make_error_code(http::error::bad_method).category();
    const bool is_end =
        error == http::error::end_of_stream || error == http::error::partial_message;
    if (!is_syntax || is_end) co_return after::close;
    co_return co_await answer_malformed(400, "request.malformed", error.message());
}

task<connection::after> connection::answer_malformed(int status, std::string_view code,
                                                     std::string_view detail) {
    if (co_await was_cancelled()) co_return after::close;
    ++server_.counts.malformed;
    head_only_ = false;
    auto answer = problem(status, code, detail);
    answer.close = true;
    co_return co_await respond(std::move(answer), false);
}

task<result<>> connection::read_body(parser_type& parser, const body_plan& plan,
                                     server_request& request) {
    const auto& limits = server_.options;
    const auto started = server_.owner.now();
    std::array<char, read_bytes> piece;
    while (!parser.is_done()) {
        const auto earned = std::chrono::seconds{request.body_bytes / limits.min_body_rate};
        watchdog_.start(saturating_add(started, saturating_add(limits.body_grace, earned)));
        auto& body = parser.get().body();
        body.data = piece.data();
        body.size = piece.size();
        auto [error, size] = co_await http::async_read_some(socket_, buffer_, parser, as_values);
        if (error && error != http::error::need_buffer) {
            co_return fail(timed_out_ ? codes::net_timeout : codes::net_reset, error.message());
        }
        const auto got = piece.size() - body.size;
        if (got == 0) continue;
        auto taken = take_piece(as_bytes({piece.data(), got}), plan, request);
        if (!taken) co_return taken;
    }
    co_return result<>{};
}

result<> connection::take_piece(bytes_view piece, const body_plan& plan, server_request& request) {
    request.body_bytes += piece.size();
    if (request.body_bytes > plan.max_bytes) return fail(codes::http_too_large);
    if (plan.sink) return plan.sink->write(piece);
    request.body += as_text(piece);
    return {};
}

task<connection::after> connection::answer_body_fault(fault seen) {
    if (seen.is(codes::http_too_large)) {
        co_return co_await answer_malformed(413, "request.body_too_large",
                                            "the body is larger than this resource takes");
    }
    if (seen.is(codes::net_timeout)) {
        co_return co_await answer_malformed(408, "request.timeout", "the body came too slowly");
    }
    if (seen.is(codes::net_reset)) co_return after::close;
    const bool full = seen.is(codes::db_disk_full);
    auto answer = problem(full ? 507 : 500, seen.code(),
                          full ? "there is no space for this body" : "the body could not be kept");
    answer.close = true;
    co_return co_await respond(std::move(answer), false);
}

task<server_response> connection::ask_handler(server_request request) {
    try {
        co_return co_await server_.handler(std::move(request));
    } catch (const std::exception&) {
        // The one place where an exception of the code above is an answer and not the end of the
        // process: memory that ran out for one request need not stop the others.
        ++server_.counts.failed;
    }
    auto answer = problem(500, "server.internal", "the request failed inside the server");
    answer.close = true;
    co_return answer;
}

task<connection::after> connection::respond(server_response response, bool keep_alive) {
    if (co_await was_cancelled()) co_return after::close;
    const bool bodiless = response.status == 204 || response.status == 304;
    const bool endless = response.producer && !response.length;
    const bool keep = keep_alive && !response.close && !server_.stopping &&
                      (!endless || version_ == 11 || head_only_);
    response_framing framing;
    framing.version = version_;
    framing.keep_alive = keep;
    chunked_ = endless && version_ == 11;
    left_ = response.producer ? response.length : std::nullopt;
    framing.chunked = chunked_ && !bodiless;
    if (response.producer && !bodiless) {
        framing.length = response.length;
    } else if (!bodiless) {
        framing.length = response.file ? response.file->length : response.body.size();
    }
    const auto head =
        response_head(response.status, response.headers, framing, server_.owner.wall_now());
    result<> sent;
    if (head_only_ || bodiless) {
        sent = co_await send(head);
    } else if (response.producer) {
        sent = co_await send(head);
        if (sent) sent = co_await run_producer(std::move(response.producer));
    } else if (response.file) {
        sent = co_await send(head);
        if (sent) sent = co_await send_file(std::move(*response.file));
    } else {
        sent = co_await send(head, response.body);
    }
    watchdog_.stop();
    if (!sent) co_return after::close;
    co_return keep ? after::keep : after::linger;
}

task<result<>> connection::send_file(file_body file) {
    const auto block = std::make_unique<std::array<char, write_bytes>>();
    while (file.length > 0) {
        const auto want = std::min<std::uint64_t>(file.length, block->size());
        const auto got =
            ::pread(file.descriptor(), block->data(), want, static_cast<off_t>(file.offset));
        // A file that became shorter: the length was promised, so only cutting tells the client.
        if (got <= 0) co_return fail(codes::net_reset, "the file ended early");
        const std::string_view piece{block->data(), static_cast<std::size_t>(got)};
        if (auto sent = co_await send(piece); !sent) co_return sent;
        file.offset += static_cast<std::uint64_t>(got);
        file.length -= static_cast<std::uint64_t>(got);
    }
    co_return result<>{};
}

// The producer may wait for minutes between two pieces; somebody has to notice meanwhile that the
// client has gone.
task<result<>> connection::run_producer(body_producer producer) {
    write_failed_ = false;
    watchdog_.stop();
    scope producing{server_.owner};
    scope watching{server_.owner};
    producing.spawn(produce(producer, watching));
    watching.spawn(notice_disconnect(producing));
    if (!co_await producing.ended()) {  // the server stops
        producing.cancel();
        co_await producing.drained();
        write_failed_ = true;
    }
    watching.cancel();
    co_await watching.drained();
    if (write_failed_ || left_.value_or(0) > 0) co_return fail(codes::net_reset);
    if (chunked_) co_return co_await send("0\r\n\r\n");
    co_return result<>{};
}

task<> connection::produce(body_producer& producer, scope& watching) {
    try {
        co_await producer(*this);
    } catch (const std::exception&) {
        ++server_.counts.failed;
        write_failed_ = true;  // the answer is incomplete: cut it
    }
    watching.cancel();
}

task<> connection::notice_disconnect(scope& producing) {
    while (buffer_.size() < server_.options.max_header_bytes) {
        const auto [error, size] =
            co_await socket_.async_read_some(buffer_.prepare(read_bytes), as_values);
        if (co_await was_cancelled()) {
            buffer_.commit(size);
            co_return;
        }
        if (error) {
            write_failed_ = true;
            producing.cancel();
            co_return;
        }
        buffer_.commit(size);
    }
}

task<result<>> connection::write(std::string piece) {
    co_return co_await write_piece(piece);
}

task<result<>> connection::write_shared(std::shared_ptr<const std::string> piece) {
    co_return co_await write_piece(*piece);
}

task<result<>> connection::write_piece(std::string_view piece) {
    if (write_failed_ || co_await was_cancelled()) co_return fail(cancelled_fault());
    if (piece.empty()) co_return result<>{};  // an empty chunk would end the body
    if (left_) {
        THOLE_ASSERT(piece.size() <= *left_, "a producer writes what it said");
        *left_ -= piece.size();
    }
    result<> sent;
    if (chunked_) {
        std::array<char, 20> size;
        const auto length = std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
        const std::string_view prefix{size.data(), static_cast<std::size_t>(length)};
        sent = co_await send(prefix, piece, "\r\n");
    } else {
        sent = co_await send(piece);
    }
    watchdog_.stop();
    if (!sent) write_failed_ = true;
    co_return sent;
}

task<result<>> connection::send(std::string_view first, std::string_view second,
                                std::string_view last) {
    do {
        const auto part = second.substr(0, write_bytes);
        second.remove_prefix(part.size());
        watch(server_.options.write_timeout);
        const std::array buffers{asio::buffer(first), asio::buffer(part),
                                 asio::buffer(second.empty() ? last : std::string_view{})};
        const auto [error, size] = co_await asio::async_write(socket_, buffers, as_values);
        if (error) co_return fail(timed_out_ ? codes::net_timeout : codes::net_reset);
        first = {};
    } while (!second.empty());
    co_return result<>{};
}

// Closing a socket with unread input resets the connection, and the reset may overtake the answer:
// so the peer is read out for a moment.
task<> connection::linger() {
    error_code ignored;
    socket_.shutdown(server_socket::shutdown_send, ignored);
    watch(linger_time);
    std::array<char, read_bytes> piece;
    for (std::size_t total = 0; total < linger_bytes;) {
        const auto [error, size] = co_await socket_.async_read_some(asio::buffer(piece), as_values);
        if (error) co_return;
        total += size;
    }
}

}  // namespace

task<> serve_connection(http_server::core& server, server_socket socket) {
    connection each{server, std::move(socket)};
    co_await each.run();
}

}  // namespace thole::io
