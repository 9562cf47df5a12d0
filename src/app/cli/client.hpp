#pragma once

// The command line's one way to the daemon: blocking HTTP over its unix socket, or over TCP with a
// token.
//
//   client daemon{{.socket = "/var/lib/thole/thole.sock"}};
//   auto answer = daemon.call({.method = "GET", .path = "/livez"});
//   if (!answer) return say_unreachable(answer.error());
//
// One thread. A call ends at its time limit. Errors are texts for a person: nobody decides on them
// but for "the daemon did not answer".

#include <chrono>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/secret.hpp"

namespace thole::app {

struct client_settings {
    std::string socket;  // used when url is empty
    std::string url;     // "http://127.0.0.1:8420" or https
    std::optional<secret<std::string>> token;
};

struct client_call {
    std::string method = "GET";
    std::string path;
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};
    std::chrono::milliseconds timeout = std::chrono::seconds{30};
};

struct client_answer {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
};

class client {
  public:
    explicit client(client_settings settings);
    ~client();
    client(client&&) noexcept;

    [[nodiscard]] std::expected<client_answer, std::string> call(const client_call&);
    // Where it talks to, for messages.
    [[nodiscard]] std::string where() const;

  private:
    client_settings settings_;
    struct handle;
    std::unique_ptr<handle> handle_;
};

// For paths and queries: everything but unreserved characters as %XX.
[[nodiscard]] std::string percent_encoded(std::string_view);

}  // namespace thole::app
