#include "ipfs/gateway_http.hpp"

#include <stdexcept>

#include "io/problem.hpp"

namespace thole::ipfs {
namespace {

constexpr std::uint64_t sent_whole = 1024 * 1024;
constexpr duration first_pause = std::chrono::milliseconds{10};
constexpr duration longest_pause = std::chrono::milliseconds{200};
constexpr duration longest_wait = std::chrono::seconds{10};

// The server's contract: what a producer throws cuts the connection.
struct cut_short : std::runtime_error {
    using runtime_error::runtime_error;
};

// A pool that is full for an instant is asked again: what is under way is not cut for that.
task<result<bytes>> next_part(sql::blocking_pool& pool, io::loop& loop, gateway_body& body) {
    const auto until = loop.now() + longest_wait;
    for (duration pause = first_pause;; pause = std::min(2 * pause, longest_pause)) {
        auto read = [&body] { return body.next(); };
        auto part = co_await pool.run(read);
        const bool full = !part && part.error().kind() == fault_kind::rejected;
        if (!full || loop.now() >= until) co_return part;
        if (auto slept = co_await loop.sleep_for(pause); !slept) co_return fail(slept.error());
    }
}

task<> send_parts(sql::blocking_pool& pool, io::loop& loop, std::shared_ptr<gateway_body> body,
                  io::body_writer& out) {
    for (;;) {
        const auto part = co_await next_part(pool, loop, *body);
        if (!part) throw cut_short{std::string{part.error().code()}};
        if (part->empty()) co_return;
        if (auto sent = co_await out.write(std::string{as_text(*part)}); !sent) co_return;
    }
}

// Opens the content, and reads a short body to its end.
result<std::shared_ptr<gateway_answer>> open_answer(content_store& store,
                                                    const gateway_request& request) {
    auto out = std::make_shared<gateway_answer>(answer_gateway(store, request));
    if (!out->body || out->length.value_or(UINT64_MAX) > sent_whole || request.method == "HEAD") {
        return out;
    }
    for (;;) {
        const auto part = out->body->next();
        if (!part) return std::unexpected(part.error());
        if (part->empty()) break;
        out->text += as_text(*part);
    }
    out->body.reset();
    return out;
}

}  // namespace

task<io::server_response> gateway_http::answer(io::server_request request) {
    gateway_request asked{std::move(request.method), std::move(request.path),
                          std::move(request.query), std::move(request.headers)};
    auto open = [this, &asked] { return open_answer(store_, asked); };
    auto opened = co_await pool_.run(open);
    if (!opened) {
        const bool full = opened.error().kind() == fault_kind::rejected;
        co_return io::problem(full ? 503 : 500, opened.error().code(), opened.error().meaning());
    }
    auto& answered = **opened;
    io::server_response out;
    out.status = answered.status;
    out.headers = std::move(answered.headers);
    out.body = std::move(answered.text);
    if (std::shared_ptr<gateway_body> body{std::move(answered.body)}) {
        out.length = answered.length;
        // No coroutine itself: what it captures is handed to one.
        out.producer = [&pool = pool_, &loop = loop_, body](io::body_writer& to) {
            return send_parts(pool, loop, body, to);
        };
    }
    co_return out;
}

}  // namespace thole::ipfs
