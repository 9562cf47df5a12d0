#pragma once

// The name of a dependency or an endpoint, interned: one pointer, compared by address.
//
// Names come from configuration (tens, not millions) and travel inside every fault and event, so
// copying a string each time would be the dearest part of a rejection.
//
//   thole::name rpc{"solana"};
//   rpc == thole::name{"solana"};                // true, one pointer comparison
//
// Names live for the whole process; do not intern what a client sends. Threads: any.

#include <functional>
#include <string>
#include <string_view>

namespace thole {

class name {
  public:
    // The empty name: "not said".
    constexpr name() noexcept = default;
    // Interns; takes a lock, so do it at construction time and keep the value.
    explicit name(std::string_view text);

    [[nodiscard]] std::string_view view() const noexcept {
        return text_ == nullptr ? std::string_view{} : std::string_view{*text_};
    }
    [[nodiscard]] bool empty() const noexcept { return text_ == nullptr; }

    friend bool operator==(name, name) noexcept = default;
    // By text, so that ordered containers iterate the same way in every run.
    friend bool operator<(name a, name b) noexcept { return a.view() < b.view(); }

  private:
    const std::string* text_ = nullptr;
};

}  // namespace thole
