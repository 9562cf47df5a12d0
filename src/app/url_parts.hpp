#pragma once

// What the configuration needs to know of a URL, and how one may be shown.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace thole::app {

struct url_parts {
    std::string scheme;
    std::string host;  // without brackets
    std::uint16_t port = 0;
};

// Absolute http or https URLs with a host; anything else is nullopt.
[[nodiscard]] std::optional<url_parts> parse_http_url(std::string_view url);

// Who runs it when nobody says so: the last two labels of the host name ("rpc.example.org" →
// "example.org"), or the whole address when it is one.
[[nodiscard]] std::string provider_of(std::string_view host);

// The URL for people: user information, query and path segments that look like keys are "***".
[[nodiscard]] std::string shown_url(std::string_view url);

struct listen_address {
    std::string host;
    std::uint16_t port = 0;
    bool loopback = false;
};
// "127.0.0.1:8420", "[::1]:0"; addresses only, names are not resolved.
[[nodiscard]] std::optional<listen_address> parse_listen(std::string_view);

}  // namespace thole::app
