#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// Whoever asks again with the same key gets the same operation, also after a crash.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "one_key_one_operation"; }
    bool judges(std::string_view) const override { return true; }

    void accepted(int client, const uuid& id, bool) override {
        const auto [known, fresh] = told_.emplace(client, id);
        if (!fresh && known->second != id) {
            offend(world::key_of(client) + " is " + known->second.text() + " and " + id.text());
        }
    }
    void committed(const commit_seen&, const known_operation& op) override {
        if (op.client < 0) return;
        const auto [known, fresh] = rows_.emplace(op.client, op.row);
        if (!fresh && known->second != op.row) {
            offend(world::key_of(op.client) + " has two operations");
            known->second = op.row;
        }
    }

  private:
    std::map<int, uuid> told_;
    std::map<int, std::int64_t> rows_;
};

}  // namespace

std::unique_ptr<checker> one_key_one_operation(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
