#pragma once

// Operation ids: UUIDv7 (RFC 9562), so that they sort by creation time, in canonical text.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/entropy.hpp"
#include "thole/time.hpp"

namespace thole {

class uuid {
  public:
    constexpr uuid() noexcept = default;
    constexpr explicit uuid(std::array<std::uint8_t, 16> raw) noexcept : raw_{raw} {}

    // Version 7: 48 bits of milliseconds, 74 bits from the entropy source.
    [[nodiscard]] static uuid v7(store_time now, entropy& source);
    // Canonical text only: 8-4-4-4-12 lower-case hexadecimal digits.
    [[nodiscard]] static std::optional<uuid> parse(std::string_view text);

    [[nodiscard]] const std::array<std::uint8_t, 16>& raw() const noexcept { return raw_; }
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string short_text() const;  // the last 8 digits, for people

    friend auto operator<=>(const uuid&, const uuid&) noexcept = default;

  private:
    std::array<std::uint8_t, 16> raw_{};
};

}  // namespace thole
