#pragma once

// Who asks for a reconciliation of everything when all has come to rest, and again until one finds
// nothing more that could be put right.
//
//   auditor audit{where};
//   if (!audit.is_content()) audit.begin(age);                    // the next one, in a while
//   audit.step(process, age);                                     // asks until he is answered
//
// Single-owner, on the loops of the processes of the moment.

#include "sim/process.hpp"

namespace thole::sim {

class auditor {
  public:
    explicit auditor(world& where) : world_{where} {}

    [[nodiscard]] bool has_begun() const noexcept { return number_ > 0; }
    // Between the wish and the answer that it is accepted.
    [[nodiscard]] bool is_asking() const noexcept { return number_ > 0 && !accepted_; }
    // The last one is completed, put nothing right, and nobody has acted since it began.
    [[nodiscard]] bool is_content() const;
    void begin(duration age);
    void somebody_acted() noexcept { acted_ = true; }
    [[nodiscard]] std::optional<duration> next() const;
    void step(process* at, duration age);

  private:
    task<> ask(process& p, int number);

    world& world_;
    int number_ = 0;
    bool accepted_ = false;
    bool acted_ = false;
    duration ask_at_{};
};

}  // namespace thole::sim
