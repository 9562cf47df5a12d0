#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "image/decode.hpp"

namespace thole::image {
namespace {

struct closer {
    void operator()(WebPDemuxer* d) const { WebPDemuxDelete(d); }
    void operator()(WebPAnimDecoder* d) const { WebPAnimDecoderDelete(d); }
    void operator()(std::uint8_t* pixels) const { WebPFree(pixels); }
};

verdict decode_still(file_view file, facts told) {
    int width = 0;
    int height = 0;
    const std::unique_ptr<std::uint8_t, closer> pixels{
        WebPDecodeRGBA(file.data(), file.size(), &width, &height)};
    if (!pixels) return malformed("WebP: its pixels are not whole");
    return told;
}

verdict decode_animation(file_view file, facts told) {
    WebPAnimDecoderOptions options;
    if (WebPAnimDecoderOptionsInit(&options) == 0) return malformed("WebP: another library");
    const WebPData data{file.data(), file.size()};
    const std::unique_ptr<WebPAnimDecoder, closer> frames{WebPAnimDecoderNew(&data, &options)};
    if (!frames) return malformed("WebP: its animation does not begin");
    for (std::uint32_t i = 0; i < told.frames; ++i) {
        std::uint8_t* canvas = nullptr;
        int at = 0;
        if (WebPAnimDecoderGetNext(frames.get(), &canvas, &at) == 0) {
            return malformed("WebP: frame " + std::to_string(i + 1) + " is not whole");
        }
    }
    return told;
}

}  // namespace

verdict decode_webp(file_view file, const limits& most) {
    WebPBitstreamFeatures seen;
    if (WebPGetFeatures(file.data(), file.size(), &seen) != VP8_STATUS_OK) {
        return malformed("WebP: its header is not whole");
    }
    facts told{"webp", static_cast<std::uint32_t>(seen.width),
               static_cast<std::uint32_t>(seen.height), 1};
    if (auto broken = broken_rule(told, most)) return std::unexpected{*std::move(broken)};
    if (seen.has_animation == 0) return decode_still(file, told);
    const WebPData data{file.data(), file.size()};
    const std::unique_ptr<WebPDemuxer, closer> parts{WebPDemux(&data)};
    if (!parts) return malformed("WebP: its chunks are not whole");
    told.frames = WebPDemuxGetI(parts.get(), WEBP_FF_FRAME_COUNT);
    if (told.frames == 0) return malformed("WebP: it has no frame");
    if (auto broken = broken_rule(told, most)) return std::unexpected{*std::move(broken)};
    return decode_animation(file, told);
}

}  // namespace thole::image
