#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// What was answered to a client is in the journal for good, and has ended.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "nothing_is_lost"; }

    void accepted(int client, const uuid& id, bool) override { told_[client] = id; }
    void at_rest() override {
        for (const auto& [client, id] : told_) {
            const auto found = world_.journal().load(id);
            if (!found || !*found) {
                offend(world::key_of(client) + " was accepted as " + id.text() + " and is gone");
            } else if ((*found)->op.now.state != saga::op_state::terminal) {
                offend(id.text() + " has not ended");
            }
        }
    }

  private:
    std::map<int, uuid> told_;
};

}  // namespace

std::unique_ptr<checker> nothing_is_lost(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
