// Compiled into each executable whose allocator is mimalloc (cmake/thole.cmake).
//
// A loop's work comes in bursts of some milliseconds. Memory that is free for 25 ms goes back to
// the system by default, which tells every other processor so, and is faulted in again by the next
// burst: with 64 mints at once, a call for two of three mints. After a second it is not needed
// soon, and one of seven makes such a call.

#include <mimalloc.h>

namespace {

#if MI_MALLOC_VERSION < 210
constexpr auto delay = mi_option_decommit_delay;
#else
constexpr auto delay = mi_option_purge_delay;
#endif

[[maybe_unused]] const bool is_set = [] {
    mi_option_set(delay, 1000);  // milliseconds
    return true;
}();

}  // namespace
