// Any bytes: a verdict, and no other end.

#include "image/decode.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static_cast<void>(thole::image::decode({data, size}, {.pixels = 1 << 16, .frames = 20}));
    return 0;
}
