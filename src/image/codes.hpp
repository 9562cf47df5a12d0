#pragma once

// The fault codes of looking at images.

#include <array>

#include "thole/fault.hpp"

namespace thole::image {

namespace codes {

inline constexpr fault_code refused{
    "image.refused", fault_kind::permanent, fault_scope::request,
    "The image was decoded, and it is not whole, not what its first bytes say, or larger than the "
    "limits of [images] in bytes, pixels, frames or in the work that decoding it takes."};
inline constexpr fault_code worker_failed{
    "image.worker_failed", fault_kind::transient, fault_scope::dependency,
    "The process that decodes images did not start, died or gave no answer in time. Nothing was "
    "stored; it is tried again. Try \"thole image-worker <IMAGE\" by hand to see why."};

}  // namespace codes

inline constexpr std::array image_codes{&codes::refused, &codes::worker_failed};

}  // namespace thole::image
