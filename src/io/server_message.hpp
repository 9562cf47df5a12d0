#pragma once

// What an HTTP handler is given and what it answers.
//
//   task<server_response> handle(server_request request) {
//       if (request.path != "/livez") co_return problem(404, "request.not_found", "no such page");
//       co_return server_response{.body = "ok"};
//   }
//
// Values, except for what streams: a body_sink takes a request's body while it arrives, a producer
// makes a response's body while it is sent.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "io/http.hpp"

namespace thole::io {

struct http_peer {
    std::optional<std::uint32_t> uid;  // of a unix socket's other end
    std::string address;               // IP address of a TCP one
};

struct request_head {
    std::string method;
    std::string target;                        // as sent
    std::string path;                          // without query, not decoded; see path_segments
    std::map<std::string, std::string> query;  // decoded; a name given twice is refused
    http_headers headers;
    http_peer peer;

    // The first header of that name (ASCII case-insensitive), or "".
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
};

// "/a/b%2Fc/" → {"a", "b/c", ""}; nothing for a path that is not well encoded.
[[nodiscard]] std::optional<std::vector<std::string>> path_segments(std::string_view path);

// Takes a body piece by piece on the loop's thread. A fault ends the request with 507 when it is
// about space (codes::db_disk_full), else with 500.
class body_sink {
  public:
    virtual ~body_sink() = default;
    [[nodiscard]] virtual result<> write(bytes_view piece) = 0;
};

struct server_request : request_head {
    std::string body;  // empty when a sink took it
    std::uint64_t body_bytes = 0;
    std::shared_ptr<body_sink> sink;  // the plan's
};

// An open file, closed with the last copy.
class file_body {
  public:
    // Nothing when it cannot be opened or is no regular file.
    [[nodiscard]] static std::optional<file_body> open(const std::string& path);
    [[nodiscard]] int descriptor() const noexcept { return *descriptor_; }

    std::uint64_t offset = 0;
    std::uint64_t length = 0;

  private:
    std::shared_ptr<const int> descriptor_;
};

// The way out for a producer. A fault means that the client is gone or too slow: end.
class body_writer {
  public:
    [[nodiscard]] virtual task<result<>> write(std::string piece) = 0;
    // The same bytes to many clients without a copy each.
    [[nodiscard]] virtual task<result<>> write_shared(std::shared_ptr<const std::string> piece) = 0;

  protected:
    ~body_writer() = default;
};

// Cancelled when the client goes away or the server stops.
using body_producer = std::move_only_function<task<>(body_writer&)>;

struct server_response {
    int status = 200;
    http_headers headers;  // Content-Length, Connection and Date are the server's business
    std::string body;
    std::optional<file_body> file;          // instead of body
    body_producer producer;                 // instead of body
    std::optional<std::uint64_t> length{};  // of what the producer writes, where it is known
    bool close = false;                     // end the connection after this answer
};

// What becomes of a request's body, decided when only its head is known.
struct body_plan {
    std::uint64_t max_bytes = 64 * 1024;     // more is 413
    std::shared_ptr<body_sink> sink;         // null: into server_request::body
    std::optional<server_response> refusal;  // answered at once, the body is not read
};

}  // namespace thole::io
