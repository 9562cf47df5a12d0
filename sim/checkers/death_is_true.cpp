#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// Bytes are given up only when the ledger itself says that they can never land (again): their
// blockhash is past its life at finalized and they are nowhere, or they ended in an error for good.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "death_is_true"; }
    bool judges(std::string_view kind) const override {
        return kind == "mint" || kind == "mend" || kind == "top_up";
    }

    void committed(const commit_seen& seen, const known_operation& op) override {
        if (seen.prepared != nullptr && op.generations.size() > 1) {
            const auto& before = op.generations[op.generations.size() - 2];
            if (!before.abandoned) {
                offend(op.key + ": signed again while " + before.signature + " was undecided");
            }
        }
        for (const auto& e : seen.events) {
            const bool told = e.type == saga::event_type::resolved &&
                              e.data.find("\"verdict\":\"dead\"") != std::string::npos;
            const bool given_up = told || e.type == saga::event_type::proved_dead;
            if (given_up && !op.generations.empty()) judge(op);
        }
    }

  private:
    void judge(const known_operation& op) {
        const auto& given_up = op.generations.back();
        const auto& chain = world_.chain;
        const auto& final = chain.view(model::commitment::finalized, 0);
        if (const auto* landed = chain.find(given_up.signature)) {
            if (landed->error.is_null()) offend(op.key + ": given up, and it has landed");
            if (landed->slot > final.slot) offend(op.key + ": its error is not final");
        } else if (final.height <= given_up.last_valid_height) {
            offend(op.key + ": given up while it could still land");
        }
    }
};

}  // namespace

std::unique_ptr<checker> death_is_true(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
