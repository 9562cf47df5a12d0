#include "base/entropy.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "thole/assert.hpp"

namespace thole {

void system_entropy::fill(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const auto got = ::getrandom(out.data(), out.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        THOLE_ASSERT(got > 0, "the kernel's random generator must answer");
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

void seeded_entropy::fill(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        auto word = chance_.next();
        const auto count = std::min<std::size_t>(out.size(), sizeof word);
        for (auto& byte : out.first(count)) {
            byte = static_cast<std::uint8_t>(word);
            word >>= 8;
        }
        out = out.subspan(count);
    }
}

}  // namespace thole
