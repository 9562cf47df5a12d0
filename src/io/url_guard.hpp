#pragma once

// Which addresses a call may reach (SSRF): a URL that a stranger supplied must not lead into the
// operator's own network.
//
//   url_guard guard{url_guard::reach::public_only};
//   auto ok = guard.check(host, addresses);      // or codes::net_address_forbidden
//
// The guard judges addresses, not names, after they were resolved and before they are connected
// to; the transport connects to exactly those, so a second resolution cannot slip one in. Names
// in allowed_hosts (configuration: "localhost", a gateway in the same rack) pass unjudged.
// A value. Threads: any.

#include <boost/asio/ip/address.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "thole/result.hpp"

namespace thole::io {

enum class address_class : std::uint8_t {
    global,       // reachable on the internet
    loopback,     // 127/8, ::1
    private_use,  // RFC 1918, RFC 6598, fc00::/7
    link_local,   // 169.254/16 (cloud metadata!), fe80::/10
    special,      // unspecified, multicast, reserved, documentation, benchmarking
};

// IPv4 inside IPv6 (mapped, NAT64, 6to4) is judged as the IPv4 address it leads to.
[[nodiscard]] address_class classify(const boost::asio::ip::address&);
[[nodiscard]] std::string_view to_string(address_class) noexcept;

class url_guard {
  public:
    enum class reach : std::uint8_t { anywhere, public_only };

    url_guard() = default;  // anywhere
    explicit url_guard(reach r, std::set<std::string, std::less<>> allowed_hosts = {})
        : reach_{r}, allowed_hosts_{std::move(allowed_hosts)} {}

    // All addresses must be permitted: a name with one forbidden address is a rebinding attempt.
    [[nodiscard]] result<> check(std::string_view host,
                                 const std::vector<boost::asio::ip::address>& addresses) const;

  private:
    reach reach_ = reach::anywhere;
    std::set<std::string, std::less<>> allowed_hosts_;
};

}  // namespace thole::io
