#include "solana/death.hpp"

#include <set>

#include "thole/assert.hpp"

namespace thole::solana {

namespace {
// Of a transaction; each of them takes a slot at least, whatever a node says of heights.
constexpr std::uint64_t blocks_of_life = 150;
}  // namespace

const char* flaw_of(const mortal& m, const death_witness& w) noexcept {
    if (w.height_slot < m.blockhash_slot || w.height_slot - m.blockhash_slot < blocks_of_life)
        return "its height is from a slot at which it can still land";
    if (w.status_slot < w.height_slot) return "its status is older than its height";
    if (!w.mint_absent) return "the mint account exists";
    if (w.account_slot < w.height_slot) return "its account is older than its height";
    if (w.blockhash_slot < w.height_slot) return "its blockhash is older than its height";
    if (!w.blockhash_expired) return "its blockhash still counts";
    if (w.first_available_block > m.blockhash_slot)
        return "it no longer holds the blocks in question";
    return nullptr;
}

namespace {

// What the witnesses past its life say, counted by provider.
struct tally {
    std::set<name> absent;  // complete proofs of death
    std::set<name> existing;
    bool past = false;
    std::string flaw;
};

tally count(const mortal& m, std::span<const death_witness> witnesses) {
    tally out;
    for (const auto& w : witnesses) {
        if (w.finalized_height <= m.last_valid_block_height) continue;
        out.past = true;
        const auto* why = flaw_of(m, w);
        if (!w.mint_absent) out.existing.insert(w.provider);
        if (why == nullptr) {
            out.absent.insert(w.provider);
        } else {
            out.flaw = std::string{w.endpoint.view()} + ": " + why;
        }
    }
    return out;
}

}  // namespace

death_judgement judge_death(const mortal& m, std::span<const death_witness> witnesses,
                            int required) {
    THOLE_ASSERT(required >= 1, "a death needs a witness");
    for (const auto& w : witnesses) {
        if (w.status) {
            return {death_verdict::alive, std::string{w.endpoint.view()} + " has seen it", 1};
        }
    }
    const auto seen = count(m, witnesses);
    if (!seen.past) {
        return {death_verdict::not_yet, "the finalized height is not past its life", 0};
    }
    const auto absent = static_cast<int>(seen.absent.size());
    const auto existing = static_cast<int>(seen.existing.size());
    // An account that exists contradicts every null: only our own signature can have made it.
    if (existing > 0 && absent > 0) {
        return {death_verdict::uncertain, "providers disagree whether the mint exists", 0};
    }
    if (existing >= required) {
        return {death_verdict::exists, "the mint account exists", existing};
    }
    if (absent >= required) {
        return {death_verdict::dead, std::to_string(absent) + " provider(s) agree", absent};
    }
    if (!seen.flaw.empty()) return {death_verdict::uncertain, seen.flaw, absent};
    return {death_verdict::uncertain,
            std::to_string(absent) + " of " + std::to_string(required) + " providers agree",
            absent};
}

}  // namespace thole::solana
