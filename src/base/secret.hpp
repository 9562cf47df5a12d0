#pragma once

// A value that must not appear in any output: it has no formatter, no operator<<, no conversion.
// Reading it takes a call that is easy to find: reveal().

#include <utility>

namespace thole {

template <class T>
class secret {
  public:
    secret() = default;
    explicit secret(T value) : value_{std::move(value)} {}
    [[nodiscard]] const T& reveal() const noexcept { return value_; }

  private:
    T value_{};
};

}  // namespace thole
