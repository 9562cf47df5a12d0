#pragma once

// Looks at an image in a process of its own (thole-image-worker), which has no keys, no network, no
// files and little memory: what a stranger made is decoded there and nowhere else.
//
//   image::worker look{{.program = "/usr/bin/thole-image-worker"}, clock};
//   const auto seen = look.at(descriptor);     // result<report>: type, width, height, frames
//
// The process has the descriptor as its standard input, an empty environment and one pipe back; it
// is killed when it takes longer than `patience`. Limits are its arguments (limits.hpp).
//
// Blocks until the process has ended: for a thread of a pool. Threads: any. Errors: image.refused
// with the rule that is broken; image.worker_failed for everything that says nothing about the
// image, "too busy to answer in time" included.

#include <boost/describe.hpp>

#include "image/codes.hpp"
#include "image/limits.hpp"
#include "thole/clock.hpp"
#include "thole/result.hpp"

namespace thole::image {

// What the process writes: either what it saw or what it refuses.
struct report {
    int v = 1;
    std::string type;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint32_t frames = 0;
    std::uint64_t bytes = 0;
    std::uint64_t written = 0;
    std::string refused;
    std::string detail;
    std::string smaller{};  // what follows the line: the same picture in fewer bytes, or nothing
};
BOOST_DESCRIBE_STRUCT(report, (), (v, type, width, height, frames, bytes, written, refused, detail))

struct worker_options {
    std::string program;
    limits most{};
    bool compress = false;
    duration patience = std::chrono::seconds{30};  // by the clock; processor time is in `most`
};

class worker {
  public:
    worker(worker_options options, const clock& time)
        : options_{std::move(options)}, clock_{time} {}

    // The descriptor is read from where it stands.
    [[nodiscard]] result<report> at(int descriptor) const;
    [[nodiscard]] const worker_options& options() const noexcept { return options_; }

  private:
    struct child;
    [[nodiscard]] result<child> start(int descriptor) const;
    [[nodiscard]] result<std::string> listen(child&) const;

    worker_options options_;
    const clock& clock_;
};

// The program that stands beside the running binary; "" when there is none.
[[nodiscard]] std::string worker_beside_binary();

}  // namespace thole::image
