#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// A step is completed once, and in the order of the plan.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "step_once"; }

    void committed(const commit_seen& seen, const known_operation& op) override {
        for (const auto& e : seen.events) {
            if (e.type != saga::event_type::step_completed) continue;
            if (op.completed.at(e.step) > 1)
                offend(op.key + ": " + e.step + " was completed twice");
            const auto index = static_cast<std::size_t>(world_.steps.index_of(e.step));
            if (op.completed.size() != index + 1) offend(op.key + ": " + e.step + " out of order");
        }
    }
};

}  // namespace

std::unique_ptr<checker> step_once(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
