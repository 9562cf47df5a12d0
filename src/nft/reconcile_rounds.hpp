#pragma once

// Reconciles now and then, one run at a time, and sees to it that the content of each record is
// looked at often enough.
//
//   nft::reconcile_rounds rounds{{.work = engine, .loop = loop, .now = …}, {.interval = 1h}};
//   background.spawn(rounds.run());
//
// Chain and records are compared whole each time. Content costs some questions a record, so each
// run takes those whose turn has come: the records stand on a ring, which a hand goes around once
// in `content_within`, and a run looks at what the hand passed since the last run that was
// completed. Where that one stopped is in the journal, so a restart leaves nothing out and begins
// nothing anew. Threads: the core loop's. Cancellation ends it.

#include "nft/reconciler.hpp"

namespace thole::nft {

struct reconcile_schedule {
    duration interval = std::chrono::hours{1};  // between two runs; > 0
    bool content = true;
    duration content_within = std::chrono::hours{24};  // 0: all of it in each run
};

class reconcile_rounds {
  public:
    struct surroundings {
        saga::engine& work;
        io::loop& loop;
        std::function<store_time()> now;  // the journal's
        std::uint64_t seed = 1;
        std::function<void(const fault&)> on_fault{};  // a run could not be begun
    };
    reconcile_rounds(surroundings from, reconcile_schedule s)
        : from_{std::move(from)}, schedule_{s} {}
    [[nodiscard]] task<> run();

  private:
    struct stop {
        store_time at;
        std::uint32_t place = 0;
    };
    [[nodiscard]] task<> round(std::uint64_t number);
    [[nodiscard]] task<std::optional<stop>> last_in_journal();
    [[nodiscard]] content_slice slice_until(store_time now) const;

    surroundings from_;
    reconcile_schedule schedule_;
    std::optional<stop> last_;
};

// Where the hand is at that time.
[[nodiscard]] std::uint32_t place_of(store_time now, duration once_around);

}  // namespace thole::nft
