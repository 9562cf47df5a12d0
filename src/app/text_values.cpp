#include "app/text_values.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <fstream>
#include <iterator>

#include "base/time_text.hpp"
#include "nft/codes.hpp"

namespace thole::app {
namespace {

constexpr std::size_t longest_secret = 64 << 10;

std::string_view kind_text(reference_kind kind) {
    switch (kind) {
        case reference_kind::file:
            return "file";
        case reference_kind::env:
            return "env";
        case reference_kind::credential:
            return "credential";
    }
    return "file";
}

std::unexpected<fault> unreadable(const std::string& path, std::string_view why) {
    return fail(nft::codes::secret_unreadable, fmt::format("{}: {}", path, why));
}

// systemd keeps credentials in a folder of the service's own, readable by its user only, with
// modes that may show an ACL mask as group bits; so their mode is not judged.
result<secret<std::string>> read_file(const std::string& path, bool judge_mode) {
    struct stat about{};
    if (::stat(path.c_str(), &about) != 0)
        return unreadable(path, "does not exist or is not readable");
    if (!S_ISREG(about.st_mode)) return unreadable(path, "is not a regular file");
    if (judge_mode && (about.st_mode & 077) != 0) {
        return fail(
            nft::codes::secret_open_mode,
            fmt::format("{} has mode {:04o}; 0600 or 0400 is needed", path, about.st_mode & 07777));
    }
    if (about.st_size > static_cast<off_t>(longest_secret))
        return unreadable(path, "is over 64 KiB");
    std::ifstream in{path, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (!in.good() && !in.eof()) return unreadable(path, "cannot be read");
    return secret<std::string>{std::move(text)};
}

}  // namespace

std::string time_span::text() const {
    return duration_text(value);
}

std::optional<time_span> time_span::parse(std::string_view text) {
    const auto parsed = parse_duration(text);
    if (!parsed) return std::nullopt;
    return time_span{*parsed};
}

duration call_rate::per() const noexcept {
    if (unit == 'h') return std::chrono::hours{1};
    return unit == 'm' ? duration{std::chrono::minutes{1}} : duration{std::chrono::seconds{1}};
}

std::string call_rate::text() const {
    return fmt::format("{}/{}", calls, unit);
}

std::optional<call_rate> call_rate::parse(std::string_view text) {
    constexpr std::uint32_t most = 1'000'000;
    call_rate out;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out.calls);
    if (error != std::errc{} || end - stop != 2 || stop[0] != '/') return std::nullopt;
    out.unit = stop[1];
    const bool known = out.unit == 's' || out.unit == 'm' || out.unit == 'h';
    if (!known || out.calls < 1 || out.calls > most) return std::nullopt;
    return out;
}

std::string reference::text() const {
    return fmt::format("{}:{}", kind_text(kind), name);
}

std::optional<reference> reference::parse(std::string_view text) {
    for (const auto kind :
         {reference_kind::file, reference_kind::env, reference_kind::credential}) {
        const auto prefix = kind_text(kind);
        if (text.size() <= prefix.size() + 1 || !text.starts_with(prefix)) continue;
        if (text[prefix.size()] != ':') continue;
        const auto rest = text.substr(prefix.size() + 1);
        // A credential's name is one path component.
        if (kind == reference_kind::credential && rest.find('/') != std::string_view::npos)
            continue;
        return reference{kind, std::string{rest}};
    }
    return std::nullopt;
}

result<secret<std::string>> read_secret(const reference& from, const environment& env) {
    switch (from.kind) {
        case reference_kind::file:
            return read_file(from.name, true);
        case reference_kind::env: {
            const auto found = env.find(from.name);
            if (found == env.end() || found->second.empty()) {
                return unreadable("environment variable " + from.name, "is not set");
            }
            return secret<std::string>{found->second};
        }
        case reference_kind::credential: {
            const auto folder = env.find("CREDENTIALS_DIRECTORY");
            if (folder == env.end()) {
                return unreadable("credential " + from.name, "CREDENTIALS_DIRECTORY is not set");
            }
            return read_file(folder->second + "/" + from.name, false);
        }
    }
    return unreadable(from.name, "is of an unknown kind");
}

}  // namespace thole::app
