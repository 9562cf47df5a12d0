#include "thole/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace thole {

void assertion_failed(const char* expression, const char* text, const char* file,
                      int line) noexcept {
    std::fprintf(stderr, "thole: invariant broken: %s (%s) at %s:%d\n", text, expression, file,
                 line);
    std::abort();
}

}  // namespace thole
