#include <algorithm>

#include "engine/fold.hpp"
#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// The events of an operation alone lead to its row.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "events_fold"; }
    bool judges(std::string_view) const override { return true; }

    void committed(const commit_seen& seen, const known_operation& op) override {
        auto& last = last_[op.row];
        for (const auto& e : seen.events) {
            if (e.seq != last + 1) {
                offend(op.key + ": event " + std::to_string(e.seq) + " after " +
                       std::to_string(last));
            }
            last = e.seq;
        }
        if (seen.op.now.seq != last)
            offend(op.key + ": the row counts other events than there are");
    }
    void at_rest() override {
        auto& journal = world_.journal();
        for (const auto& [row, op] : court_.operations()) {
            const auto events = journal.events(row, 0, 1'000'000);
            const auto stored = journal.load(op.id);
            if (!events || !stored || !*stored) continue;  // another checker's
            const auto& is = (*stored)->op;
            const auto* steps = world_.plan_of(is.who.kind, is.who.version);
            if (steps == nullptr) continue;  // an act's: the engine's own
            auto other = [this, &is](int version) { return world_.plan_of(is.who.kind, version); };
            saga::story told{*steps, !is.who.lock_key.empty(), std::move(other)};
            const auto flawed =
                std::ranges::find_if(*events, [&](const auto& e) { return !told.tell(e); });
            if (flawed != events->end()) {
                offend(op.key + ": event " + std::to_string(flawed->seq) + ": " + told.flaw());
            } else if (const auto wrong = difference(told.finish(), is.now); !wrong.empty()) {
                offend(op.key + ": " + wrong);
            }
        }
    }

  private:
    std::map<std::int64_t, std::int64_t> last_;
};

}  // namespace

std::unique_ptr<checker> events_fold(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
