#include "ipfs/uri.hpp"

#include <algorithm>

#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

constexpr std::size_t max_uri = 2048;

// Whether `text` starts with the lower-case `prefix`, in any case.
bool starts_with_nocase(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() &&
           std::ranges::equal(text.substr(0, prefix.size()), prefix, [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
           });
}

result<content_uri> content_at(std::string_view cid_and_path, std::string gateway) {
    const auto slash = std::min(cid_and_path.find('/'), cid_and_path.size());
    const auto id = cid::parse(cid_and_path.substr(0, slash));
    if (!id) return std::unexpected(id.error());
    std::string path{cid_and_path.substr(slash)};
    if (path == "/") path.clear();
    return content_uri{*id, std::move(path), std::move(gateway)};
}

result<content_uri> parse_gateway(std::string_view uri, std::size_t scheme_size) {
    const auto authority_end = std::min(uri.find('/', scheme_size), uri.size());
    const auto host = uri.substr(scheme_size, authority_end - scheme_size);
    if (host.empty() || host.find('@') != host.npos) return fail(codes::bad_uri, "no plain host");
    const auto path = uri.substr(authority_end);
    if (const auto at = path.find("/ipfs/"); at != path.npos) {
        return content_at(path.substr(at + 6), std::string{uri.substr(0, authority_end + at)});
    }
    if (const auto at = host.find(".ipfs."); at != host.npos) {
        std::string cid_and_path{host.substr(0, at)};
        cid_and_path += path;
        std::string gateway{uri.substr(0, scheme_size)};
        gateway += host.substr(at + 6);
        return content_at(cid_and_path, std::move(gateway));
    }
    return fail(codes::bad_uri, "the URL has no /ipfs/CID");
}

}  // namespace

result<content_uri> parse_uri(std::string_view uri) {
    if (uri.size() > max_uri) return fail(codes::bad_uri, "longer than 2048 characters");
    const bool visible = std::ranges::all_of(uri, [](char c) { return c > ' ' && c < 0x7F; });
    if (!visible) return fail(codes::bad_uri, "characters outside printable ASCII");
    uri = uri.substr(0, std::min(uri.find_first_of("?#"), uri.size()));
    if (starts_with_nocase(uri, "ipfs://")) {
        uri.remove_prefix(7);
        if (uri.starts_with("ipfs/")) uri.remove_prefix(5);
        return content_at(uri, {});
    }
    if (starts_with_nocase(uri, "https://")) return parse_gateway(uri, 8);
    if (starts_with_nocase(uri, "http://")) return parse_gateway(uri, 7);
    return fail(codes::bad_uri, "neither ipfs:// nor http(s)://");
}

std::string to_uri(const cid& id, std::string_view prefix) {
    std::string out{prefix};
    out += id.text();
    return out;
}

}  // namespace thole::ipfs
