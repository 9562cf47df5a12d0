#pragma once

// The moves of an operation that a journal makes by itself, inside its own transaction: claim,
// lock, promotion, recovery. Pure, and the same for every journal; the other moves are decide()'s.

#include "engine/operation.hpp"
#include "engine/plan.hpp"

namespace thole::saga {

// Adds an event to the operation: numbers it and dates it.
inline event& append(operation_state& s, std::vector<event>& to, event_type type, store_time now) {
    s.updated_at = now;
    auto& e = to.emplace_back();
    e.seq = ++s.seq;
    e.at = now;
    e.type = type;
    return e;
}

// The group that begins with that step, as it is before anything of it is begun; empty when the
// step stands alone.
[[nodiscard]] std::vector<member_state> group_at(const plan& p, int step, store_time due);

// Of an operation in a group: what its foremost unfinished step waits for, or has run into, is what
// the operation shows.
void sum_up(operation_state& s);

// ready → running. True: an earlier attempt of the current step may be open (a probed step must
// be asked what became of it). Precondition: ready, and no lock is wanted that is not granted.
[[nodiscard]] bool begin_claim(operation_state& s, std::uint64_t owner, store_time now,
                               std::vector<event>& events);

// Its lock is held by another: running or ready → blocked, the step not begun.
void block(operation_state& s, const std::string& lock, store_time now, std::vector<event>& events);

// The lock is its own now: blocked → ready.
void promote(operation_state& s, store_time now, std::vector<event>& events);

// Whether it is to begin, by this claim, the step for which it has taken its lock or is to take it.
// (Also one that a person has moved on, over that step, to the one after it.)
[[nodiscard]] bool begins_with_key(const operation_state& s);

// The lock is its own, and the key's rate lets it begin then: running or ready → ready, the step
// not begun.
void pace(operation_state& s, store_time until, store_time now, std::vector<event>& events);

// The child that it waits for has ended: it is due now. Precondition: ready, and it awaits one.
void wake(operation_state& s, store_time now, std::vector<event>& events);

// Nobody here can work on it: parked for a person, with that fault as the reason.
void park_for(operation_state& s, const thole::fault& why, store_time now,
              std::vector<event>& events);

// Its node is gone: running → ready, at once; the fence shuts the old owner out.
void recover(operation_state& s, store_time now, std::vector<event>& events);

}  // namespace thole::saga
