#include "cycle_clock.hpp"

#include <atomic>

#include "thole/clock.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace thole::detail {

bool cycle_anchor::anchor(std::uint64_t cycles, std::int64_t ns) noexcept {
    __extension__ using wide = unsigned __int128;
    if (base_ns_ == 0 || cycles <= base_cycles_ || ns <= base_ns_) {
        // The first pair, or a counter that went backward: begin anew.
        const bool backward = base_ns_ != 0 && cycles < base_cycles_;
        base_cycles_ = cycles;
        base_ns_ = ns;
        horizon_ = 0;
        scale_ = 0;
        return !backward;
    }
    if (ns - base_ns_ < shortest_base_ns) return true;
    bool agrees = true;
    if (scale_ != 0) {
        const auto gone = static_cast<wide>(cycles - cycles_) * scale_ >> scale_bits;
        const auto told = static_cast<wide>(ns - ns_);
        const auto apart = gone > told ? gone - told : told - gone;
        // Over a long rest the scale's own error adds up: up to 1 part in 10 000.
        agrees = apart <= static_cast<wide>(most_apart_ns) + told / 10'000;
    }
    const auto span_ns = static_cast<wide>(ns - base_ns_);
    scale_ = static_cast<std::uint64_t>((span_ns << scale_bits) / (cycles - base_cycles_));
    horizon_ =
        static_cast<std::uint64_t>(static_cast<wide>(cycles - base_cycles_) * serves_ns / span_ns);
    cycles_ = cycles;
    ns_ = ns;
    if (ns - base_ns_ > longest_base_ns) {
        base_cycles_ = cycles;
        base_ns_ = ns;
    }
    return agrees;
}

#if defined(__x86_64__)

namespace {

// CPUID 8000_0007h, EDX bit 8: the counter runs at one rate in all power states (Intel SDM 18.17,
// AMD APM 3, E.4.7).
bool claims_invariance() noexcept {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & (1U << 8)) != 0;
}

enum class trust : int { unknown, yes, no };
constinit std::atomic<trust> trusted{trust::unknown};
constinit thread_local cycle_anchor anchor_of_thread;

// Between the two counter readings lies the kernel's; when the thread was put aside in between the
// pair says nothing and the next call tries again.
constexpr std::uint64_t longest_bracket = 20'000;

time_point re_anchor() noexcept {
    if (trusted.load(std::memory_order_relaxed) == trust::unknown) {
        trusted.store(claims_invariance() ? trust::yes : trust::no, std::memory_order_relaxed);
    }
    const auto before = __rdtsc();
    const auto now = system_clock{}.now();
    const auto after = __rdtsc();
    if (after - before < longest_bracket || after < before) {
        if (!anchor_of_thread.anchor(before + (after - before) / 2,
                                     now.time_since_epoch().count())) {
            trusted.store(trust::no, std::memory_order_relaxed);
        }
    }
    return now;
}

}  // namespace

time_point cycle_now() noexcept {
    if (trusted.load(std::memory_order_relaxed) == trust::no) [[unlikely]] {
        return system_clock{}.now();
    }
    const auto cycles = __rdtsc();
    const auto& anchor = anchor_of_thread;
    if (anchor.serves(cycles)) [[likely]]
        return time_point{duration{anchor.predict(cycles)}};
    return re_anchor();
}

bool cycles_trusted() noexcept {
    return trusted.load(std::memory_order_relaxed) != trust::no;
}

#else

time_point cycle_now() noexcept {
    return system_clock{}.now();
}
bool cycles_trusted() noexcept {
    return false;
}

#endif

}  // namespace thole::detail
