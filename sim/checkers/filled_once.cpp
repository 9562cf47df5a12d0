#include "nft/top_up.hpp"
#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// The treasury loses what top-ups say they moved: each once, and together no more than the cap of a
// day, which no run outlasts.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "filled_once"; }
    bool judges(std::string_view kind) const override { return kind == nft::top_up_kind; }

    void committed(const commit_seen& seen, const known_operation& op) override {
        if (seen.op.now.ending != saga::op_ending::completed) return;
        court_.probes.hit(order_probe::filled);
        const auto* there = op.generations.empty() ? nullptr : landed(op.generations.back());
        const auto& final = world_.chain.view(model::commitment::finalized, 0);
        if (there == nullptr || there->slot > final.slot) offend(op.key + ": nothing was moved");
    }
    void at_rest() override {
        if (!world_.has_treasury()) return;
        const auto& today = world_.today.surroundings;
        std::uint64_t moved = 0;
        std::uint64_t paid = 0;  // transactions
        for (const auto& [row, op] : court_.operations()) {
            if (op.kind != nft::top_up_kind) continue;
            if (op.generations.size() > 1) offend(op.key + ": it was signed twice");
            bool took_effect = false;
            for (const auto& each : op.generations) {
                paid += world_.chain.find(each.signature) != nullptr ? 1 : 0;
                took_effect = took_effect || landed(each) != nullptr;
            }
            moved += took_effect ? today.top_up : 0;
            const bool says_so = op.now.ending == saga::op_ending::completed;
            if (took_effect != says_so && !ended_by_person(op)) {
                offend(op.key + (took_effect ? ": it took effect, and says it did not"
                                             : ": it took no effect, and says it did"));
            }
        }
        if (moved > today.daily_cap) offend(std::to_string(moved) + " lamports were moved");
        const auto& chain = world_.chain;
        const auto left = chain.accounts().at(world_.treasury.address(), chain.slot())->lamports;
        const auto lost = today.treasury - left;
        if (lost < moved || lost - moved > paid * highest_fee) {
            offend("the treasury lost " + std::to_string(lost) + ", of which top-ups tell " +
                   std::to_string(moved));
        }
    }

  private:
    static constexpr std::uint64_t highest_fee = 1'000'000;

    const model::landed_transaction* landed(const known_generation& what) const {
        const auto* found = world_.chain.find(what.signature);
        return found != nullptr && found->error.is_null() ? found : nullptr;
    }
};

}  // namespace

std::unique_ptr<checker> filled_once(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
