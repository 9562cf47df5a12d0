#pragma once

// THOLE_ASSERT(condition, "what must hold"): a broken invariant is a bug in this code, never a
// condition of the environment (those are `fault` values). It is checked in release builds too:
// a process that no longer knows its own state must stop before it writes that state down.

namespace thole {

// Prints expression, text and place to standard error, then aborts. Never returns.
[[noreturn]] void assertion_failed(const char* expression, const char* text, const char* file,
                                   int line) noexcept;

}  // namespace thole

#define THOLE_ASSERT(condition, text) \
    (static_cast<bool>(condition)     \
         ? static_cast<void>(0)       \
         : ::thole::assertion_failed(#condition, text, __FILE__, __LINE__))
