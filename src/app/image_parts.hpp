#pragma once

// Who looks at uploads: the program beside this one, within the limits of [images]. Threads: the
// front loop's.

#include <optional>

#include "api/content.hpp"
#include "app/config.hpp"
#include "ops/log.hpp"

namespace thole::app {

class image_parts {
  public:
    // Without a worker when images are not to be looked at, or there is no such program, which the
    // log is told. Throws start_error when there must be one.
    image_parts(const config&, io::loop& front, ops::log&);

    // Valid as long as this.
    [[nodiscard]] api::image_check check() noexcept { return {look_ ? &*look_ : nullptr, &pool_}; }

  private:
    std::optional<image::worker> look_;
    sql::blocking_pool pool_;  // each thread waits for one process
};

}  // namespace thole::app
