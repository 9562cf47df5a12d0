#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// The fence of an operation never falls, and only a claim raises it: a write that is based on an
// older claim than the newest is refused by the journal.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "fence_holds"; }
    bool judges(std::string_view) const override { return true; }

    void committed(const commit_seen& seen, const known_operation& op) override {
        auto& fence = fences_[op.row];
        if (seen.op.now.fence < fence) offend(op.key + ": written with an old fence");
        fence = std::max(fence, seen.op.now.fence);
    }

  private:
    std::map<std::int64_t, std::uint64_t> fences_;
};

}  // namespace

std::unique_ptr<checker> fence_holds(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
