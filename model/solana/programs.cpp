#include "model/solana/programs.hpp"

#include "solana/codec/address.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/wire.hpp"

namespace thole::model {

namespace {

using solana::public_key;
using solana::reader;

constexpr std::uint64_t lamports_per_byte_for_two_years = 3480 * 2;
constexpr std::uint64_t account_overhead_bytes = 128;

outcome transfer_lamports(scratch& state, const public_key& from, const public_key& to,
                          std::uint64_t lamports) {
    if (state[from].lamports < lamports) return custom(1);  // ResultWithNegativeLamports
    state[from].lamports -= lamports;
    state[to].lamports += lamports;
    return {};
}

struct seeded {
    public_key base;
    std::string seed;
};

// The derived address must be the one named, and its base must have signed.
outcome check_seeded(const call& c, const public_key& named, const seeded& from,
                     const public_key& owner) {
    const auto derived = solana::create_with_seed(from.base, from.seed, owner);
    if (!derived || *derived != named) return custom(5);  // AddressWithSeedMismatch
    if (!c.signed_by(from.base)) return instruction_error{"MissingRequiredSignature"};
    return {};
}

outcome create_with_seed(scratch& state, const call& c, reader& in) {
    seeded from;
    from.base = in.key();
    from.seed = in.long_text();
    const auto lamports = in.u64();
    const auto space = in.u64();
    const auto owner = in.key();
    if (!in.finished()) return instruction_error{"InvalidInstructionData"};
    if (c.accounts.size() < 2) return instruction_error{"NotEnoughAccountKeys"};
    if (auto wrong = check_seeded(c, c.accounts[1], from, owner)) return wrong;
    if (state[c.accounts[1]].lamports > 0) return custom(0);  // AccountAlreadyInUse
    if (!c.signed_by(c.accounts[0])) return instruction_error{"MissingRequiredSignature"};
    if (auto wrong = transfer_lamports(state, c.accounts[0], c.accounts[1], lamports)) return wrong;
    state[c.accounts[1]].data.assign(space, 0);
    state[c.accounts[1]].owner = owner;
    return {};
}

outcome allocate_or_assign_with_seed(scratch& state, const call& c, reader& in, bool allocate) {
    seeded from;
    from.base = in.key();
    from.seed = in.long_text();
    const auto space = allocate ? in.u64() : 0;
    const auto owner = in.key();
    if (!in.finished() || c.accounts.empty()) return instruction_error{"InvalidInstructionData"};
    if (auto wrong = check_seeded(c, c.accounts[0], from, owner)) return wrong;
    auto& target = state[c.accounts[0]];
    // AllocateWithSeed assigns too; assigning what is assigned already is no error.
    if (!allocate && target.owner == owner) return {};
    if (!target.owner.is_zero() || (allocate && !target.data.empty())) return custom(0);
    if (allocate) target.data.assign(space, 0);
    target.owner = owner;
    return {};
}

}  // namespace

instruction_error custom(std::uint32_t code) {
    return boost::json::object{{"Custom", code}};
}

std::uint64_t rent_exempt(std::uint64_t space) noexcept {
    return (space + account_overhead_bytes) * lamports_per_byte_for_two_years;
}

account& scratch::operator[](const public_key& key) {
    const auto known = touched_.find(key);
    if (known != touched_.end()) return known->second;
    const auto* stored = store_.at(key, slot_);
    return touched_.emplace(key, stored != nullptr ? *stored : account{}).first->second;
}

outcome run_system(scratch& state, const call& c) {
    reader in{c.data};
    switch (in.u32()) {
        case 2: {
            const auto lamports = in.u64();
            if (!in.finished() || c.accounts.size() < 2) {
                return instruction_error{"InvalidInstructionData"};
            }
            if (!c.signed_by(c.accounts[0])) return instruction_error{"MissingRequiredSignature"};
            return transfer_lamports(state, c.accounts[0], c.accounts[1], lamports);
        }
        case 3:
            return create_with_seed(state, c, in);
        case 9:
            return allocate_or_assign_with_seed(state, c, in, true);
        case 10:
            return allocate_or_assign_with_seed(state, c, in, false);
        default:
            return instruction_error{"InvalidInstructionData"};
    }
}

outcome run_instruction(scratch& state, const call& c) {
    if (c.program == solana::system_program) return run_system(state, c);
    const bool of_tokens =
        c.program == solana::token_program || c.program == solana::token_2022_program;
    if (of_tokens) return run_token(state, c);
    if (c.program == solana::associated_token_program) return run_associated_token(state, c);
    if (c.program == solana::metaplex_program) return run_metaplex(state, c);
    if (c.program == solana::compute_budget_program) return {};
    if (c.program == solana::memo_program) return {};
    return instruction_error{"UnsupportedProgramId"};
}

}  // namespace thole::model
