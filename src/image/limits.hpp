#pragma once

// What an image may cost at most, and what is told of one. The words that daemon and worker share;
// values only.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace thole::image {

struct limits {
    std::uint64_t bytes = 50 << 20;          // of the file
    std::uint64_t pixels = 40'000'000;       // of one frame
    std::uint32_t frames = 500;              // of an animation
    std::uint32_t cpu_seconds = 10;          // of processor time, for everything
    static constexpr std::uint64_t all = 8;  // × pixels, of all frames together
};

struct facts {
    std::string_view type;  // "png", "jpeg", "gif", "webp"
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint32_t frames = 1;
};

// Why an image is not taken: the rule is one of type, malformed, bytes, pixels, frames, memory.
struct refusal {
    std::string_view rule;
    std::string detail;
};

using verdict = std::expected<facts, refusal>;

// How the worker ends.
inline constexpr int exit_taken = 0;
inline constexpr int exit_usage = 2;
inline constexpr int exit_refused = 3;
inline constexpr int exit_unconfined = 4;  // this system gives it no sandbox, so it read nothing
inline constexpr int exit_broken = 5;      // the image could not be read, or the answer not written

}  // namespace thole::image
