#pragma once

// Counts what the program takes from the heap. Include it in exactly one source of a test or
// benchmark: it replaces operator new.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

// ThreadSanitizer brings its own operator new.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THOLE_COUNTS_NO_ALLOCATIONS
#endif
#endif

namespace thole::testing {

inline std::atomic<std::uint64_t> allocation_count{0};

// Since the program began; always 0 where nothing counts them.
inline std::uint64_t allocations() noexcept {
    return allocation_count.load(std::memory_order_relaxed);
}

}  // namespace thole::testing

#ifndef THOLE_COUNTS_NO_ALLOCATIONS

// g++ 12 sees the library's inlined new beside this delete and takes them for strangers.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

void* operator new(std::size_t size) {
    thole::testing::allocation_count.fetch_add(1, std::memory_order_relaxed);
    if (auto* const p = std::malloc(size)) return p;
    throw std::bad_alloc{};
}
void* operator new(std::size_t size, std::align_val_t align) {
    thole::testing::allocation_count.fetch_add(1, std::memory_order_relaxed);
    const auto step = static_cast<std::size_t>(align);
    if (auto* const p = std::aligned_alloc(step, (size + step - 1) / step * step)) return p;
    throw std::bad_alloc{};
}
void operator delete(void* p) noexcept {
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
    std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
    std::free(p);
}

#endif
