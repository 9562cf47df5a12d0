#include "app/image_parts.hpp"

#include "app/start_error.hpp"

namespace thole::app {
namespace {

std::optional<image::worker> image_worker_of(const config& c, const clock& time, ops::log& log) {
    const auto& i = c.images;
    if (i.check == image_use::off) return std::nullopt;
    image::worker_options how{.program = image::worker_beside_binary()};
    if (how.program.empty()) {
        if (i.check == image_use::required) {
            throw start_error{"images.check",
                              fault{image::codes::worker_failed}.with_detail(
                                  "there is no thole-image-worker beside this program")};
        }
        log.write(ops::log_severity::info, "images_unchecked",
                  {{"reason", "no thole-image-worker beside this program"}});
        return std::nullopt;
    }
    how.most = {.bytes = api::content_limit,
                .pixels = i.max_pixels,
                .frames = i.max_frames,
                .cpu_seconds = static_cast<std::uint32_t>(
                    std::chrono::ceil<std::chrono::seconds>(i.cpu_time.value).count())};
    how.compress = i.compress;
    how.patience = 3 * i.cpu_time.value;
    return image::worker{std::move(how), time};
}

}  // namespace

image_parts::image_parts(const config& c, io::loop& front, ops::log& log)
    : look_{image_worker_of(c, front, log)},
      pool_{front, {.threads = look_ ? c.images.at_once : 1U}} {}

}  // namespace thole::app
