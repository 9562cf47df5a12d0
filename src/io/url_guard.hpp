#pragma once

// Which addresses a call may reach (SSRF): a URL that a stranger supplied must not lead into the
// operator's own network.
//
//   url_guard guard{url_guard::reach::public_only};
//   auto ok = guard.check(host, addresses);      // or codes::net_address_forbidden
//
// The guard judges addresses, not names, after they were resolved and before they are connected
// to; the transport connects to exactly those, so a second resolution cannot slip one in. What an
// operator configured ("localhost", a gateway in the same rack) goes through a transport without
// a guard. A value. Threads: any.

#include <boost/asio/ip/address.hpp>
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
    explicit url_guard(reach r) : reach_{r} {}

    // All addresses must be permitted: a name with one forbidden address is a rebinding attempt.
    [[nodiscard]] result<> check(std::string_view host,
                                 const std::vector<boost::asio::ip::address>& addresses) const;

  private:
    reach reach_ = reach::anywhere;
};

}  // namespace thole::io
