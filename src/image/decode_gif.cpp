#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "image/decode.hpp"

namespace thole::image {
namespace {

int read_some(GifFileType* gif, GifByteType* to, int size) {
    auto& left = *static_cast<file_view*>(gif->UserData);
    const auto taken = std::min(left.size(), static_cast<std::size_t>(size));
    std::memcpy(to, left.data(), taken);
    left = left.subspan(taken);
    return static_cast<int>(taken);
}

struct closer {
    void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using gif_file = std::unique_ptr<GifFileType, closer>;

std::unexpected<refusal> trouble_of(const GifFileType& gif) {
    const auto* text = GifErrorString(gif.Error);
    return malformed(std::string{"GIF: "} + (text == nullptr ? "it is not whole" : text));
}

// Every line of one frame. Frames differ in size, so their pixels are counted as they come.
verdict decode_frame(GifFileType& gif, facts told, std::uint64_t& pixels, const limits& most) {
    if (DGifGetImageDesc(&gif) == GIF_ERROR) return trouble_of(gif);
    const auto width = static_cast<std::uint32_t>(gif.Image.Width);
    const auto height = static_cast<std::uint32_t>(gif.Image.Height);
    ++told.frames;
    const facts frame{told.type, width, height, 1};
    if (auto broken = broken_rule(frame, most)) return std::unexpected{*std::move(broken)};
    pixels += std::uint64_t{width} * height;
    if (told.frames > most.frames) {
        return std::unexpected{
            refusal{"frames", "more than " + std::to_string(most.frames) + " frames"}};
    }
    if (pixels > most.pixels * limits::all) {
        return std::unexpected{refusal{"pixels", "too many pixels in all frames"}};
    }
    std::vector<GifPixelType> line(width);
    for (std::uint32_t y = 0; y < height; ++y) {
        if (DGifGetLine(&gif, line.data(), static_cast<int>(width)) == GIF_ERROR) {
            return trouble_of(gif);
        }
    }
    return told;
}

bool skip_extension(GifFileType& gif) {
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(&gif, &code, &block) == GIF_ERROR) return false;
    while (block != nullptr) {
        if (DGifGetExtensionNext(&gif, &block) == GIF_ERROR) return false;
    }
    return true;
}

}  // namespace

verdict decode_gif(file_view file, const limits& most) {
    int error = 0;
    const gif_file gif{DGifOpen(&file, read_some, &error)};
    if (!gif) return malformed("GIF: its header is not whole");
    facts told{"gif", static_cast<std::uint32_t>(gif->SWidth),
               static_cast<std::uint32_t>(gif->SHeight), 0};
    if (auto broken = broken_rule({told.type, told.width, told.height, 1}, most)) {
        return std::unexpected{*std::move(broken)};
    }
    std::uint64_t pixels = 0;
    for (;;) {
        auto record = UNDEFINED_RECORD_TYPE;
        if (DGifGetRecordType(gif.get(), &record) == GIF_ERROR) return trouble_of(*gif);
        if (record == TERMINATE_RECORD_TYPE) break;
        if (record == IMAGE_DESC_RECORD_TYPE) {
            auto frame = decode_frame(*gif, told, pixels, most);
            if (!frame) return frame;
            told = *frame;
        } else if (!skip_extension(*gif)) {
            return trouble_of(*gif);
        }
    }
    if (told.frames == 0) return malformed("GIF: it has no frame");
    return told;
}

}  // namespace thole::image
