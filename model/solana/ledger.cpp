#include "model/solana/ledger.hpp"

#include <algorithm>

#include "solana/codec/programs.hpp"
#include "solana/codec/system.hpp"
#include "solana/codec/wire.hpp"

namespace thole::model {

namespace {

constexpr slot_t first_slot = 1000;
constexpr std::uint64_t first_height =
    800;  // never equal to the slot: they are not interchangeable
constexpr std::uint32_t default_units = 200'000;
constexpr std::uint64_t units_per_instruction = 9'000;

struct budget {
    std::uint32_t limit = default_units;
    std::uint64_t price = 0;
};

budget budget_of(const solana::message& m) {
    budget out;
    for (const auto& instruction : m.instructions) {
        if (m.keys[instruction.program] != solana::compute_budget_program) continue;
        solana::reader in{instruction.data};
        const auto op = in.u8();
        if (op == 2) out.limit = in.u32();
        if (op == 3) out.price = in.u64();
    }
    return out;
}

}  // namespace

std::uint64_t fee_of(const solana::message& m) {
    const auto bid = budget_of(m);
    return solana::transaction_fee(m.required_signatures, bid.limit, bid.price);
}

ledger::ledger(ledger_options options) : options_{options}, chance_{options.seed} {
    append_block();
}

void ledger::append_block() {
    block next;
    next.slot = blocks_.empty() ? first_slot : blocks_.back().slot + 1;
    next.height = blocks_.empty() ? first_height : blocks_.back().height + 1;
    for (auto& byte : next.hash.raw) byte = static_cast<std::uint8_t>(chance_.below(256));
    by_hash_.emplace(next.hash, blocks_.size());
    blocks_.push_back(next);
}

void ledger::advance(slot_t slots) {
    for (slot_t i = 0; i < slots; ++i) append_block();
}

void ledger::fund(const solana::public_key& key, std::uint64_t lamports) {
    const auto* known = accounts_.at(key, slot());
    auto next = known != nullptr ? *known : account{};
    next.lamports += lamports;
    accounts_.write(key, std::move(next), slot());
}

const block& ledger::view(commitment level, slot_t lag) const {
    const slot_t depth = level == commitment::finalized   ? options_.final_slots
                         : level == commitment::confirmed ? options_.confirm_slots
                                                          : 0;
    const auto back = std::min<slot_t>(lag + depth, blocks_.size() - 1);
    const auto& found = blocks_[blocks_.size() - 1 - back];
    if (level != commitment::finalized || found.slot <= root_) return found;
    return blocks_[root_ - blocks_.front().slot];
}

ledger ledger::fork(std::uint64_t seed) const {
    auto out = *this;
    out.chance_ = rng{seed};
    out.root_ = view(commitment::finalized, 0).slot;
    return out;
}

bool ledger::blockhash_valid(const solana::blockhash& hash, const block& view) const {
    const auto known = by_hash_.find(hash);
    if (known == by_hash_.end()) return false;
    const auto& made = blocks_[known->second];
    return made.slot <= view.slot && view.height - made.height <= options_.blockhash_age;
}

boost::json::value ledger::run(const solana::transaction& tx, scratch& state) const {
    const auto& m = tx.message;
    std::set<solana::public_key> signers;
    for (std::size_t i = 0; i < m.required_signatures; ++i) signers.insert(m.keys[i]);
    const auto limit = budget_of(m).limit;
    std::uint64_t used = 0;
    for (std::size_t i = 0; i < m.instructions.size(); ++i) {
        const auto& compiled = m.instructions[i];
        call c{m.keys[compiled.program], {}, compiled.data, &signers};
        for (const auto index : compiled.accounts) c.accounts.push_back(m.keys[index]);
        used += units_per_instruction;
        auto wrong =
            used > limit ? outcome{"ComputationalBudgetExceeded"} : run_instruction(state, c);
        if (wrong) {
            return boost::json::object{{"InstructionError", boost::json::array{i, *wrong}}};
        }
    }
    for (std::size_t i = 0; i < m.keys.size(); ++i) {
        const auto& held = state[m.keys[i]];
        if (held.lamports > 0 && held.lamports < rent_exempt(held.data.size())) {
            return boost::json::object{
                {"InsufficientFundsForRent", boost::json::object{{"account_index", i}}}};
        }
    }
    return nullptr;
}

simulation ledger::simulate(const solana::transaction& tx) const {
    scratch state{accounts_, slot()};
    auto& payer = state[tx.message.keys.front()];
    simulation out;
    if (payer.lamports == 0) {
        out.error = "AccountNotFound";
    } else if (payer.lamports < fee_of(tx.message)) {
        out.error = "InsufficientFundsForFee";
    } else {
        payer.lamports -= fee_of(tx.message);
        out.error = run(tx, state);
        out.units = units_per_instruction * tx.message.instructions.size();
    }
    return out;
}

sent_transaction as_sent(solana::transaction tx) {
    auto signature = tx.id().text();
    const bool signed_well = solana::signatures_hold(tx);
    return {std::move(tx), std::move(signature), signed_well};
}

sent_transaction ledger::read_sent(solana::transaction tx) const {
    const auto& m = tx.message;
    const bool alone = m.required_signatures == 1 && tx.signatures.size() == 1;
    if (!alone || known_signer_ == nullptr || m.keys.front() != known_signer_->address()) {
        return as_sent(std::move(tx));
    }
    auto signature = tx.id().text();
    const bool signed_well = known_signer_->sign(serialize(m)) == tx.signatures.front();
    return {std::move(tx), std::move(signature), signed_well};
}

const sent_transaction* ledger::sent(std::string_view base64) const {
    const auto found = sent_.find(base64);
    return found == sent_.end() ? nullptr : &found->second;
}

const sent_transaction& ledger::keep_sent(std::string_view base64, solana::transaction tx) {
    return sent_.emplace(base64, read_sent(std::move(tx))).first->second;
}

void ledger::submit(const sent_transaction& sent) {
    const auto& [tx, signature, signed_well] = sent;
    if (landed_.contains(signature)) return;
    if (!blockhash_valid(tx.message.blockhash, blocks_.back())) return;
    if (!signed_well) return;
    const auto& payer = tx.message.keys.front();
    const auto fee = fee_of(tx.message);
    scratch state{accounts_, slot()};
    if (state[payer].lamports < fee) return;
    state[payer].lamports -= fee;
    landed_transaction record{slot(), run(tx, state), signature};
    if (record.error.is_null()) {
        for (const auto& [key, value] : state.touched()) {
            const auto* before = accounts_.at(key, slot());
            if (before != nullptr ? *before == value : value == account{}) continue;
            accounts_.write(key, value, slot());
        }
    } else {
        auto charged = *accounts_.at(payer, slot());
        charged.lamports -= fee;
        accounts_.write(payer, std::move(charged), slot());
    }
    landed_.emplace(signature, std::move(record));
}

const landed_transaction* ledger::find(const std::string& signature) const {
    const auto known = landed_.find(signature);
    return known == landed_.end() ? nullptr : &known->second;
}

}  // namespace thole::model
