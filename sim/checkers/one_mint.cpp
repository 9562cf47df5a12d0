#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/token_accounts.hpp"

namespace thole::sim {

namespace {

// One client, one token: whatever was signed how often and by which life.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "one_mint"; }

    void at_rest() override {
        const auto& chain = world_.chain;
        std::map<std::string, int> tokens;
        for (const auto& key :
             chain.accounts().owned_by(solana::token_2022_program, chain.slot())) {
            const auto mint = solana::decode_mint(chain.accounts().at(key, chain.slot())->data);
            if (!mint || !mint->metadata) continue;
            tokens[mint->metadata->fields.name] += 1;
        }
        for (const auto& [name, count] : tokens) {
            if (count > 1) offend(name + " was minted " + std::to_string(count) + " times");
        }
        for (const auto& [row, op] : court_.operations()) {
            std::size_t successes = 0;
            for (const auto& each : op.generations) {
                const auto* landed = chain.find(each.signature);
                successes += landed != nullptr && landed->error.is_null() ? 1 : 0;
            }
            if (successes > 1) offend(op.key + ": two of its transactions took effect");
            if (op.now.ending == saga::op_ending::rolled_back && successes > 0) {
                offend(op.key + ": rolled back, and its token is there");
            }
        }
    }
};

}  // namespace

std::unique_ptr<checker> one_mint(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
