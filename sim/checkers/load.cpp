#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// What is asked of others stays within what the journal accounts for: so many calls for each time
// that somebody began a step, and rebroadcasts no denser than 0.5 s growing to 4 s.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "load_within_budget"; }
    bool judges(std::string_view) const override { return true; }

    void committed(const commit_seen& seen, const known_operation& op) override {
        auto& fence = fences_[op.row];
        if (seen.op.now.fence > fence) ++begun_;
        fence = seen.op.now.fence;
        for (const auto& e : seen.events) {
            if (e.type == saga::event_type::step_completed) ++begun_;
            if (e.type == saga::event_type::undone) ++begun_;
        }
        if (!seen.op.now.live && !op.generations.empty()) check_sends(op);
    }
    void at_rest() override {
        const auto& is = court_.counted();
        // Two contents on two nodes, once for each time that an operation was worked on.
        check("uploads", is.uploads, 4 * begun_);
        // A reconciliation's own pace is another checker's (pace.cpp).
        if (!world_.today.reconciles()) check("fetches", is.fetches, 8 * begun_);
        const auto polls =
            static_cast<std::uint64_t>(world_.age() / std::chrono::milliseconds{500});
        const auto batches = 1 + court_.operations().size() / 256;
        const auto daemons = static_cast<std::uint64_t>(world_.today.surroundings.daemons);
        check("status reads", is.statuses, 3 * (polls + 1) * batches * 2 * daemons);
    }

  private:
    void check(std::string_view what, std::uint64_t is, std::uint64_t most) {
        if (is <= most) return;
        offend(std::string{what} + ": " + std::to_string(is) + " of " + std::to_string(most));
    }
    void check_sends(const known_operation& op) {
        const auto& last = op.generations.back();
        const auto seconds =
            static_cast<std::uint64_t>((world_.age() - last.since) / std::chrono::seconds{1});
        // Each time that somebody takes it up he begins with the short pauses again.
        const auto lives = static_cast<std::uint64_t>(world_.lives + op.resumed);
        const auto endpoints = world_.rpc_nodes.size();
        const auto most = endpoints * (8 * lives + 1 + seconds / 4);
        if (last.sends > most) {
            offend(op.key + ": sent " + std::to_string(last.sends) + " times in " +
                   std::to_string(seconds) + " s");
        }
    }

    std::uint64_t begun_ = 0;  // claims, and steps that followed within one
    std::map<std::int64_t, std::uint64_t> fences_;
};

}  // namespace

std::unique_ptr<checker> load_within_budget(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
