#include "nft/mend.hpp"
#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// A child ends before its parent does, unless a person ended that one. A second look comes after
// its mint, and what mends the chain may take longer than the run that began it.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "children_first"; }
    bool judges(std::string_view) const override { return true; }

    void committed(const commit_seen& seen, const known_operation& op) override {
        const bool awaited = op.kind != nft::recheck_kind && op.kind != nft::mend_kind;
        if (op.parent && awaited) children_[*op.parent].insert(op.row);
        const auto ending = seen.op.now.ending;
        const bool by_itself =
            ending == saga::op_ending::completed || ending == saga::op_ending::rolled_back;
        const auto found = children_.find(op.id);
        if (!by_itself || found == children_.end()) return;
        for (const auto row : found->second) {
            const auto* child = court_.find(row);
            if (child->now.state == saga::op_state::terminal) continue;
            offend(op.key + " has ended before its child " + child->key);
        }
    }

  private:
    std::map<uuid, std::set<std::int64_t>> children_;
};

}  // namespace

std::unique_ptr<checker> children_first(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
