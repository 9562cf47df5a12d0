#pragma once

// What a call does to the other side. It decides what may be repeated or sent twice:
//
//   read        changes nothing: retried and hedged freely
//   idempotent  twice is once (a key, a version, a hash): retried and hedged
//   once        twice is twice: never hedged, and not repeated when its effect is unknown

#include <cstdint>
#include <string_view>

namespace thole {

enum class call_effect : std::uint8_t { read, idempotent, once };

[[nodiscard]] constexpr std::string_view to_string(call_effect e) noexcept {
    return e == call_effect::read ? "read" : e == call_effect::idempotent ? "idempotent" : "once";
}

}  // namespace thole
