#include "image/compress.hpp"

namespace thole::image {

std::vector<std::uint8_t> compress(file_view file, const facts& seen) {
    if (seen.frames != 1 || std::uint64_t{seen.width} * seen.height > most_pixels) return {};
    auto made = seen.type == "png"    ? compress_png(file)
                : seen.type == "jpeg" ? compress_jpeg(file)
                                      : std::vector<std::uint8_t>{};
    if (made.size() >= file.size()) made.clear();
    return made;
}

}  // namespace thole::image
