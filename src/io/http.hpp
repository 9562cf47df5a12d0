#pragma once

// One HTTP exchange as a value, and the seam that carries it out.
//
// A transport makes exactly one attempt: retry, failover and breakers live above it. It maps every
// failure to a `fault` whose effect says whether a byte of the request had left:
//
//   io::http_request request;
//   request.method = "POST";
//   request.url = endpoint_url;
//   request.body = body;
//   request.effect = io::effect_class::idempotent;
//   request.until = deadline::after(loop.now(), 5s);
//   auto answer = co_await transport.send(std::move(request));   // result<http_response>
//
// Every status is a response, not a fault (see http_fault() for the usual mapping). Cancellation of
// the awaiting coroutine stops the transfer and closes its connection.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "io/task.hpp"
#include "thole/deadline.hpp"

namespace thole::io {

enum class effect_class : std::uint8_t {
    read,        // may be repeated freely
    idempotent,  // repeating it has the same effect
    once,        // must not be repeated by the transport: a fresh connection is used
};

using http_headers = std::vector<std::pair<std::string, std::string>>;

struct http_request {
    std::string method = "GET";
    std::string url;  // absolute, http or https
    http_headers headers;
    std::string body;
    effect_class effect = effect_class::read;
    deadline until;                              // must not be never()
    std::uint64_t max_response_bytes = 1 << 20;  // more is http.too_large
    // When set, body bytes go here as they arrive (bounded by max_response_bytes) and
    // http_response::body stays empty; answering false ends the transfer with a cancelled fault.
    std::move_only_function<bool(bytes_view)> on_body;
    name dependency;
    name endpoint;
};

// Durations from the start of the request; zero for a phase that did not happen.
struct http_timings {
    duration resolved{}, connected{}, secured{}, sent{}, first_byte{}, total{};
};

struct http_response {
    int status = 0;
    int version = 11;  // 10, 11 or 20
    http_headers headers;
    std::string body;
    http_timings timings;

    // The first header of that name (ASCII case-insensitive), or "".
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
};

class http_transport {
  public:
    virtual ~http_transport() = default;
    [[nodiscard]] virtual task<result<http_response>> send(http_request request) = 0;
};

// 2xx → the response; anything else → the fault of SPEC F2 for that status, with Retry-After
// (seconds or HTTP date, relative to wall_now) and the first 200 bytes of the body as detail.
[[nodiscard]] result<http_response> expect_success(http_response response, name dependency,
                                                   name endpoint, wall_time wall_now);

}  // namespace thole::io
