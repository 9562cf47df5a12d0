#pragma once

// Values that stand in the configuration as text.
//
//   time_span  "30s", "1m30s"; a bare number is refused, its unit would be a guess
//   call_rate  "10/s", "600/m", "5000/h": calls in a second, a minute, an hour
//   reference  where a secret is, never the secret itself:
//              "file:/etc/thole/wallet.json", "env:NAME", "credential:NAME" (systemd)

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "thole/result.hpp"

namespace thole::app {

struct time_span {
    duration value{};

    constexpr time_span() = default;
    template <class Rep, class Period>
    constexpr time_span(std::chrono::duration<Rep, Period> d) : value{d} {}

    [[nodiscard]] std::string text() const;
    [[nodiscard]] static std::optional<time_span> parse(std::string_view);
    friend auto operator<=>(const time_span&, const time_span&) = default;
};

struct call_rate {
    std::uint32_t calls = 1;  // 1…1 000 000
    char unit = 's';          // s, m or h

    // How long that many calls take at least.
    [[nodiscard]] duration per() const noexcept;
    [[nodiscard]] std::string text() const;
    [[nodiscard]] static std::optional<call_rate> parse(std::string_view);
    friend bool operator==(const call_rate&, const call_rate&) = default;
};

enum class reference_kind : std::uint8_t { file, env, credential };

struct reference {
    reference_kind kind = reference_kind::file;
    std::string name;

    [[nodiscard]] std::string text() const;
    [[nodiscard]] static std::optional<reference> parse(std::string_view);
    friend bool operator==(const reference&, const reference&) = default;
};

// The environment as a value, so that tests have their own.
using environment = std::map<std::string, std::string, std::less<>>;

// What the reference names, at most 64 KiB. A file must be a regular file with mode 0600 or 0400
// (or their like without any right for group and others), else nft::codes::secret_open_mode.
[[nodiscard]] result<secret<std::string>> read_secret(const reference&, const environment&);

}  // namespace thole::app
