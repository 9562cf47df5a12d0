#pragma once

// Who calls, and whether they may.
//
// Over the unix socket the kernel says who the peer is: root or this daemon's own user may do
// everything. Over TCP a bearer token says it; only reading from this machine needs none (unless a
// proxy stands before the port, because then every peer looks local).
//
//   api::authority authority{{.own_uid = geteuid(), .tokens = tokens}};
//   auto actor = authority.admit(request, api::access::submit);
//   if (!actor) co_return std::move(actor.error());     // 401 or 403, problem+json
//
// Tokens are kept and compared as SHA-256, in constant time. A TCP request whose Host is a foreign
// name is refused, so that a web page cannot reach the daemon by rebinding its own name to
// 127.0.0.1. Threads: immutable.

#include <array>
#include <expected>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "io/server_message.hpp"
#include "thole/fault.hpp"

namespace thole::api {

enum class access : std::uint8_t {
    open,     // anybody who reaches the port: probes
    read,     // look at operations, content and state
    submit,   // hand in content and work
    operate,  // cancel, retry, close
};

struct token {
    std::string name;
    sha256_digest hash{};
    bool read = false;
    bool submit = false;
    bool operate = false;
};

struct authority_settings {
    std::uint32_t own_uid = 0;
    bool behind_proxy = false;
    std::vector<token> tokens;
};

struct actor {
    std::string name;  // "uid:0", "token:ci", "anonymous": stands in events and audits
};

class authority {
  public:
    explicit authority(authority_settings settings) : settings_{std::move(settings)} {}
    [[nodiscard]] std::expected<actor, io::server_response> admit(const io::request_head&,
                                                                  access needed) const;

  private:
    [[nodiscard]] const token* find(std::string_view text) const;
    [[nodiscard]] std::expected<actor, io::server_response> admit_token(std::string_view header,
                                                                        access needed) const;
    authority_settings settings_;
};

}  // namespace thole::api
