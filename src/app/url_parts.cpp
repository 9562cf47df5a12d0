#include "app/url_parts.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace thole::app {
namespace {

// Keys in paths are long runs of letters and digits; names of resources are not.
bool looks_like_key(std::string_view segment) {
    return segment.size() >= 20;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

}  // namespace

std::optional<url_parts> parse_http_url(std::string_view text) {
    const auto parsed = boost::urls::parse_uri(text);
    if (!parsed) return std::nullopt;
    const std::string scheme{parsed->scheme()};
    if ((scheme != "http" && scheme != "https") || parsed->host().empty()) return std::nullopt;
    url_parts out;
    out.scheme = scheme;
    out.host = parsed->host_address();
    out.port = scheme == "https" ? 443 : 80;
    if (parsed->has_port()) {
        const auto port = read_port(parsed->port());
        if (!port || *port == 0) return std::nullopt;
        out.port = *port;
    }
    return out;
}

std::string provider_of(std::string_view host) {
    boost::system::error_code not_address;
    boost::asio::ip::make_address(std::string{host}, not_address);
    if (!not_address) return std::string{host};
    const auto last = host.rfind('.');
    if (last == std::string_view::npos || last == 0) return std::string{host};
    const auto before = host.rfind('.', last - 1);
    return std::string{before == std::string_view::npos ? host : host.substr(before + 1)};
}

std::string shown_url(std::string_view text) {
    const auto parsed = boost::urls::parse_uri(text);
    if (!parsed) return "***";
    boost::urls::url shown{*parsed};
    if (shown.has_userinfo()) shown.set_userinfo("***");
    if (shown.has_query()) shown.set_query("***");
    shown.remove_fragment();
    for (auto segment : shown.segments()) {
        const std::string plain{segment};
        if (!looks_like_key(plain)) continue;
        // set_path keeps the other segments as they are written.
        std::string path{shown.encoded_path()};
        const auto at = path.find(plain);
        if (at == std::string::npos) return "***";
        path.replace(at, plain.size(), "***");
        shown.set_encoded_path(path);
        return shown_url(std::string_view{shown.buffer().data(), shown.buffer().size()});
    }
    return std::string{shown.buffer().data(), shown.buffer().size()};
}

std::optional<listen_address> parse_listen(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto host = text.substr(0, colon);
    const auto port = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(std::string{host}, error);
    if (error) return std::nullopt;
    const auto number = read_port(port);
    if (!number) return std::nullopt;
    return listen_address{std::string{host}, *number, address.is_loopback()};
}

}  // namespace thole::app
