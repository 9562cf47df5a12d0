#pragma once

// One decision in the making. Internal to decide():
//
//   decide.cpp          entry, forward moves, generations
//   decide_faults.cpp   waiting, failing, giving up
//   decide_back.cpp     compensation, endings
//   decide_group.cpp    steps side by side
//   decide_acts.cpp     what people ask

#include "engine/codes.hpp"
#include "engine/decide.hpp"
#include "engine/transitions.hpp"

namespace thole::saga {

// A wait shorter than this is a busy loop.
inline constexpr duration shortest_wait = std::chrono::milliseconds{100};

class turn {
  public:
    turn(const operation_state& from, const plan& p, evidence ev, store_time now, rng& chance)
        : plan_{p},
          evidence_{std::move(ev)},
          others_{evidence_.others},
          ended_{evidence_.member},
          now_{now},
          chance_{chance} {
        out_.after = from;
    }
    decision take() &&;

    void operator()(const was_claimed&);
    void operator()(const did_complete&);
    void operator()(const did_fail&);
    void operator()(const must_wait&);
    void operator()(const must_await&);
    void operator()(const must_park&);
    void operator()(const must_compensate&);
    void operator()(const has_landed&);
    void operator()(const is_pending&);
    void operator()(const is_dead&);
    void operator()(const is_uncertain&);
    void operator()(const did_not_happen_after_all&);
    void operator()(const shows_progress&);
    void operator()(const is_released&);
    void operator()(const may_begin&);
    void operator()(const cancel_command&);
    void operator()(const retry_command&);
    void operator()(const close_command& c) { end_by_person(op_ending::closed, c.actor, c.reason); }
    void operator()(const fail_command& c) { end_by_person(op_ending::failed, c.actor, c.reason); }
    void operator()(const resolve_command&);
    void operator()(const pause_command&);
    void operator()(const resume_command&);
    void operator()(const skip_command&);
    void operator()(const reopen_command&);
    void operator()(const edit_command&);
    void operator()(const migrate_command&);
    void operator()(const prioritise_command&);

    void park_if_history_is_full(const operation_state& before);

    // From here to look_away() the operation stands as if that step of its group were alone: what
    // would move the operation moves the step.
    void look_at(int member);
    void look_away();
    // What the end of a member's call means for the operation.
    void settle_group();

  private:
    operation_state& now() { return out_.after; }
    [[nodiscard]] const step_plan& step() const { return plan_.at(out_.after.step); }
    [[nodiscard]] standing standing_now() const;
    [[nodiscard]] bool has_step() const { return out_.after.step < plan_.size(); }

    event& write(event_type type);
    // A person's act; its event is completed by take().
    void write_act(event_type type, const std::string& actor, event_data data);
    void add_evidence(event& e, event_data data);
    void refuse(const fault_code& code) {
        out_.refused = &code;
        out_.next.kind = effect_kind::keep;
    }

    [[nodiscard]] bool in_group() const {
        return !out_.after.members.empty() && !out_.after.backward;
    }
    [[nodiscard]] member_state& member(int step) {
        const int first = plan_.group_of(step).first;
        return out_.after.members.at(static_cast<std::size_t>(step - first));
    }
    void arrive_at_group(bool worked_on);
    void begin_member(int step);
    void give_up_member(member_stand how, std::string reason, std::string fault);
    [[nodiscard]] bool given_up() const;
    void retry_group(bool fresh);
    // It is sent back to that step, which may be the first of a group.
    void reset_members(int to);
    [[nodiscard]] std::string lane() const;

    void complete_step(std::string output, std::string_view shown);
    void enter(int index);
    void journal_generation(std::string bytes);
    void begin_compensation(std::string cause, std::string fault);
    void undo_next(int from);
    bool turns_back();
    void reschedule(store_time due);
    void defer(duration wait, std::string reason, std::string fault,
               std::optional<uuid> child = {});
    void defer_for(const thole::fault& f);
    void spend_attempt(const thole::fault& f);
    void give_up(const thole::fault& f, const fault_code& why);
    void park(std::string reason, std::string fault);
    bool history_is_full();
    // The code for why it cannot be sent back to that step; nullptr: it can.
    [[nodiscard]] const fault_code* cannot_reopen(int step) const;
    [[nodiscard]] const fault_code* cannot_edit() const;
    // The act that was just written sends it there.
    void send_back(int step);
    void end(op_ending ending, std::string cause);
    void end_by_person(op_ending ending, const std::string& actor, const std::string& reason);
    [[nodiscard]] std::optional<duration> next_delay(const thole::fault& f);

    const plan& plan_;
    const plan* follows_ = &plan_;  // from here on: another one after a migration
    evidence evidence_;
    int others_;
    int ended_;                  // the step whose call has ended
    std::optional<int> member_;  // that is looked at
    store_time now_;
    rng& chance_;
    decision out_;
    struct act {
        std::size_t index;
        event_data data;
    };
    std::optional<act> act_;
};

}  // namespace thole::saga
