#pragma once

// The fingerprint of a run: a hash over everything that left a process or was journaled, and when.
// Same seed, same hash, on any machine. With a sink the same lines can be read.

#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>

#include "thole/time.hpp"

namespace thole::sim {

class trace {
  public:
    using sink = std::function<void(duration age, std::string_view line)>;

    void read_by(sink s) { sink_ = std::move(s); }

    void add(duration age, std::string_view what, std::uint64_t number, std::string_view text) {
        mix(static_cast<std::uint64_t>(age.count()));
        mix(what);
        mix(number);
        mix(text);
        if (sink_) sink_(age, fmt::format("{} {} {}", what, number, text.substr(0, 400)));
    }
    [[nodiscard]] std::uint64_t hash() const noexcept { return state_; }

  private:
    // A multiply-fold a word: not for secrets, and fast enough for every byte of every request.
    void mix(std::uint64_t word) noexcept {
        __extension__ using wide = unsigned __int128;
        const auto product = static_cast<wide>(state_ ^ word) * 0x9E3779B97F4A7C15U;
        state_ = static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product) ^
                 0xD1B54A32D192ED03U;
    }
    void mix(std::string_view text) noexcept {
        mix(text.size());
        for (; text.size() >= 8; text.remove_prefix(8)) {
            std::uint64_t word = 0;
            for (int i = 0; i < 8; ++i) {
                word |= static_cast<std::uint64_t>(
                            static_cast<unsigned char>(text[static_cast<std::size_t>(i)]))
                        << (8 * i);
            }
            mix(word);
        }
        std::uint64_t rest = 0;
        for (const char c : text) rest = rest << 8 | static_cast<unsigned char>(c);
        mix(rest);
    }

    std::uint64_t state_ = 0x243F6A8885A308D3U;
    sink sink_;
};

}  // namespace thole::sim
