#include "api/auth.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <boost/asio/ip/address.hpp>

#include "api/codes.hpp"
#include "api/reply.hpp"

namespace thole::api {
namespace {

bool is_address(std::string_view host) {
    boost::system::error_code error;
    boost::asio::ip::make_address(std::string{host}, error);
    return !error;
}

// The host of a Host header without its port.
std::string_view host_of(std::string_view header) {
    if (header.starts_with('[')) {
        const auto end = header.find(']');
        return end == std::string_view::npos ? std::string_view{} : header.substr(1, end - 1);
    }
    return header.substr(0, header.find(':'));
}

bool is_own_name(std::string_view header) {
    const auto host = host_of(header);
    return host == "localhost" || is_address(host);
}

bool is_loopback(const std::string& address) {
    boost::system::error_code error;
    const auto parsed = boost::asio::ip::make_address(address, error);
    if (error) return false;
    if (parsed.is_v6() && parsed.to_v6().is_v4_mapped()) {
        return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, parsed.to_v6())
            .is_loopback();
    }
    return parsed.is_loopback();
}

io::server_response challenge(const fault_code& code) {
    auto out = refuse(401, code);
    out.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"thole\"");
    return out;
}

bool allows(const token& t, access needed) {
    switch (needed) {
        case access::open:
            return true;
        case access::read:
            return t.read;
        case access::submit:
            return t.submit;
        case access::operate:
            return t.operate;
    }
    return false;
}

}  // namespace

const token* authority::find(std::string_view text) const {
    const auto hash = sha256(as_bytes(text));
    const token* found = nullptr;
    // Always through the whole list: the time does not tell which one was close.
    for (const auto& each : settings_.tokens) {
        if (CRYPTO_memcmp(hash.data(), each.hash.data(), hash.size()) == 0) found = &each;
    }
    return found;
}

std::expected<actor, io::server_response> authority::admit_token(std::string_view header,
                                                                 access needed) const {
    constexpr std::string_view scheme = "Bearer ";
    if (!header.starts_with(scheme)) return std::unexpected{challenge(codes::api_token_required)};
    const auto* known = find(header.substr(scheme.size()));
    if (known == nullptr) return std::unexpected{challenge(codes::api_token_invalid)};
    if (!allows(*known, needed)) return std::unexpected{refuse(403, codes::api_forbidden)};
    return actor{"token:" + known->name};
}

std::expected<actor, io::server_response> authority::admit(const io::request_head& request,
                                                           access needed) const {
    if (request.peer.uid) {
        if (*request.peer.uid != 0 && *request.peer.uid != settings_.own_uid) {
            return std::unexpected{refuse(403, codes::api_forbidden)};
        }
        return actor{fmt::format("uid:{}", *request.peer.uid)};
    }
    if (!settings_.behind_proxy && !is_own_name(request.header("Host"))) {
        return std::unexpected{refuse(403, codes::api_foreign_host)};
    }
    if (needed == access::open) return actor{"anonymous"};
    const bool local = !settings_.behind_proxy && is_loopback(request.peer.address);
    const bool free = needed == access::read && local;
    // A token that is sent is judged even where none is needed: a wrong one is a mistake to tell.
    // One that is known takes nothing away from what everybody may do here.
    if (const auto header = request.header("Authorization"); !header.empty()) {
        return admit_token(header, free ? access::open : needed);
    }
    if (free) return actor{"anonymous"};
    return std::unexpected{challenge(codes::api_token_required)};
}

}  // namespace thole::api
