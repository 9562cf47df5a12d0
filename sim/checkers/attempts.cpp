#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// An attempt is spent by a fault of the outside, never by a local refusal or by a caller who gave
// up; and never more of them than the policy has between two progresses.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "attempts_are_true"; }

    void committed(const commit_seen& seen, const known_operation& op) override {
        for (const auto& e : seen.events) {
            if (e.type == saga::event_type::cancel_requested) cancelled_.insert(op.row);
            if (e.type != saga::event_type::step_failed) continue;
            const auto fault = json::read<saga::stored_fault>(e.fault);
            const bool refused =
                fault &&
                (fault->code == "policy.breaker_open" || fault->code == "policy.no_endpoint" ||
                 fault->code == "policy.rate_limited" || fault->code == "policy.bulkhead_full");
            // Who is cancelled does not wait for the refusal to pass: his step ends with it.
            if (refused && !cancelled_.contains(op.row)) {
                offend(op.key + ": a local refusal spent an attempt of " + e.step);
            }
            const auto gave_up = fault && fault->code == "policy.cancelled";
            if (gave_up && !seen.op.now.backward && !seen.op.now.cancelling) {
                offend(op.key + ": a cancel was counted as a failure of " + e.step);
            }
            const auto index = world_.steps.index_of(e.step);
            const auto& policy = world_.steps.at(index).policy;
            if (e.attempt > std::max(policy.attempts, policy.rate_limited_attempts)) {
                offend(op.key + ": attempt " + std::to_string(e.attempt) + " of " + e.step);
            }
        }
    }

  private:
    std::set<std::int64_t> cancelled_;
};

}  // namespace

std::unique_ptr<checker> attempts_are_true(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
