// Random sagas and random histories: whatever happens, in whatever order, certain things hold.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/codes.hpp"
#include "engine/decide.hpp"
#include "engine/fold.hpp"
#include "engine/transitions.hpp"
#include "thole/codes.hpp"

#include <deque>
#include <set>

namespace thole::saga {
namespace {

using namespace std::chrono_literals;

bool may_be_member(const step_plan& step) {
    return step.shape != step_shape::prepared && !step.locks;
}

plan any_plan() {
    plan p;
    p.kind = "k";
    const int size = *rc::gen::inRange(1, 7);
    const int pivot = *rc::gen::inRange(-1, size);
    const int lock = *rc::gen::inRange(-1, size);
    for (int i = 0; i < size; ++i) {
        auto& step = p.steps.emplace_back();
        step.name = "s" + std::to_string(i);
        step.shape = i == pivot ? step_shape::prepared
                                : *rc::gen::element(step_shape::idempotent, step_shape::prepared,
                                                    step_shape::probed);
        step.pivot = i == pivot;
        step.has_undo =
            *rc::gen::arbitrary<bool>() || (step.shape == step_shape::prepared && i != pivot);
        step.locks = i == lock;
        step.skippable = i != pivot && i != lock && *rc::gen::arbitrary<bool>();
        if (i > 0 && may_be_member(step) && may_be_member(p.at(i - 1))) {
            step.beside = *rc::gen::inRange(0, 3) > 0;
        }
        if (*rc::gen::inRange(0, 4) == 0) step.at_most = 1;
        if (*rc::gen::arbitrary<bool>()) step.shows = "P" + std::to_string(i);
        step.policy.attempts = *rc::gen::inRange(1, 5);
        step.policy.generations = *rc::gen::inRange(1, 4);
        step.policy.on_exhausted = *rc::gen::element(exhausted::park, exhausted::compensate);
    }
    return p;
}

thole::fault any_fault() {
    static const fault_code* const list[] = {
        &codes::net_timeout,     &codes::http_rate_limited, &codes::net_connection_refused,
        &codes::db_conflict,     &codes::http_client_error, &codes::policy_breaker_open,
        &codes::policy_cancelled};
    thole::fault f{*list[*rc::gen::inRange<std::size_t>(0, std::size(list))]};
    if (*rc::gen::arbitrary<bool>()) f.with_effect(fault_effect::unknown);
    if (*rc::gen::inRange(0, 3) == 0) f.with_retry_after(1ms * *rc::gen::inRange(0, 100'000'000));
    return f;
}

const uuid a_child = *uuid::parse("018f4e5a-0000-7000-8000-000000000001");

// What the world makes of the effect that is under way.
input any_end_of(effect_kind kind) {
    const int choice = *rc::gen::inRange(0, 12);
    switch (kind) {
        case effect_kind::settle:
            if (choice < 4) return has_landed{"out"};
            if (choice < 6) return is_pending{1s};
            if (choice < 8) return is_uncertain{1s, "?"};
            if (choice == 8) return must_park{"unreadable", {}};
            return is_dead{"proof", choice != 9, *rc::gen::element(duration{0}, duration{5s}), "r"};
        case effect_kind::probe:
            if (choice < 4) return did_complete{"out"};
            if (choice < 8) return did_not_happen_after_all{};
            return did_fail{any_fault()};
        default:
            if (choice < 7) return did_complete{"out"};
            if (choice < 9) return did_fail{any_fault()};
            if (choice == 9 && *rc::gen::arbitrary<bool>()) {
                return must_await{a_child, *rc::gen::element(duration::max(), duration{1h})};
            }
            if (choice == 9) return must_wait{1s, *rc::gen::element<std::string>("a", "b")};
            if (choice == 10) return must_park{"look", {}};
            return must_compensate{"no", {}};
    }
}

// One operation under a driver that keeps the books a journal and an executor would keep.
class history {
  public:
    history(plan plan_of, bool locked) : p{std::move(plan_of)}, has_lock{locked} {
        plans.push_back(p);
        s = initial_state(p, locked, now, now, "{}", told);
    }

    // Of a group: the call of that step ends so.
    void end_member(int step, const input& end) {
        evidence ev;
        ev.of_probe = beside.at(step) == effect_kind::probe;
        ev.member = step;
        beside.erase(step);
        ev.others = static_cast<int>(beside.size());
        apply(end, std::move(ev));
    }
    // Of a group: what is due begins; of those that need a place, some.
    void begin_members() {
        may_begin what;
        for (std::size_t i = 0; i < s.members.size(); ++i) {
            const int step = s.step + static_cast<int>(i);
            const auto& m = s.members[i];
            if (m.stand != member_stand::waits || beside.contains(step) || m.due > now) continue;
            if (p.at(step).at_most > 0 && *rc::gen::inRange(0, 3) == 0) continue;
            what.steps.push_back(step);
        }
        evidence ev;
        ev.others = static_cast<int>(beside.size());
        apply(what, std::move(ev));
    }
    [[nodiscard]] bool in_group() const { return doing == effect_kind::members; }

    void apply(const input& in, evidence ev = {}) {
        const auto before = s;
        const auto* back = std::get_if<reopen_command>(&in);
        if (back != nullptr && back->step >= p.size()) return;  // the engine asks for names
        auto d = decide(s, p, in, std::move(ev), now, chance);
        check_step(before, d);
        if (d.changed) {
            s = d.after;
            if (s.state == op_state::running && s.lock == lock_state::wanted) grant_or_block(d);
            told.insert(told.end(), d.events.begin(), d.events.end());
        }
        for (const auto& each : d.calls) {
            RC_ASSERT(!beside.contains(each.step));
            beside.emplace(each.step, each.kind);
        }
        if (d.next.kind != effect_kind::keep) doing = d.next.kind;
        if (s.state != op_state::running) doing = effect_kind::none, beside.clear();
        if (!in_group()) RC_ASSERT(beside.empty());
        if (doing == effect_kind::undo && !before.backward) begun_back = s.step;
        note_begun();
    }
    void claim() {
        std::vector<event> events;
        if (s.lock == lock_state::wanted) s.lock = lock_state::held;
        const bool interrupted = begin_claim(s, 1, now, events);
        told.insert(told.end(), events.begin(), events.end());
        apply(was_claimed{interrupted});
    }
    // The process dies and comes back.
    void crash() {
        std::vector<event> events;
        recover(s, now, events);
        told.insert(told.end(), events.begin(), events.end());
        doing = effect_kind::none;
        beside.clear();
    }
    // Its key lets it begin later.
    void paced() {
        std::vector<event> events;
        pace(s, now + 1s, now, events);
        told.insert(told.end(), events.begin(), events.end());
    }
    void promoted() {
        std::vector<event> events;
        promote(s, now, events);
        told.insert(told.end(), events.begin(), events.end());
    }

    void child_ends() {
        std::vector<event> events;
        wake(s, now, events);
        told.insert(told.end(), events.begin(), events.end());
    }

    // To a version that begins as it has begun, or sometimes does not.
    void migrate() {
        auto to = any_plan();
        to.version = static_cast<int>(plans.size()) + 1;
        std::map<std::string, std::string> renamed;
        const int so_far = s.started ? p.group_of(s.step).last + 1 : s.step;
        const auto begun = static_cast<std::size_t>(so_far);
        if (*rc::gen::inRange(0, 4) > 0) {
            to.steps.resize(std::max(to.steps.size(), begun));
            for (std::size_t i = 0; i < to.steps.size(); ++i) {
                auto& step = to.steps[i];
                if (i < begun) step = p.steps[i];
                if (i >= begun) step.pivot = step.locks = false;
                if (i >= begun && step.shape == step_shape::prepared) step.has_undo = true;
                const bool joins =
                    i > begun && may_be_member(step) && may_be_member(to.steps[i - 1]);
                if (i >= begun && !joins) step.beside = false;
                const auto name = (to.version % 2 == 0 ? "r" : "s") + std::to_string(i);
                if (i < begun) renamed[step.name] = name;
                step.name = name;
            }
        }
        plans.push_back(std::move(to));
        const auto& there = plans.back();
        apply(migrate_command{"p", "r", &there, renamed});
        if (s.version == there.version) p = there;
    }
    // A step's place in all versions that it has had a name in.
    static int index_of(const std::string& name) { return std::stoi(name.substr(1)); }

    std::deque<plan> plans;
    plan p;
    bool has_lock;
    store_time now{1'000'000s};
    rng chance{*rc::gen::arbitrary<std::uint64_t>()};
    operation_state s;
    std::vector<event> told;
    effect_kind doing = effect_kind::none;
    std::vector<int> undone;
    int begun_back = -1;
    std::map<int, effect_kind> beside;  // calls of the group's steps that are under way
    std::set<int> begun;                // steps that were ever begun
    bool undecided = false;  // a journaled generation of the pivot without proof of death

  private:
    void grant_or_block(decision& d) {
        if (*rc::gen::inRange(0, 3) == 0) {
            block(s, "l", now, d.events);
        } else {
            s.lock = lock_state::held;
        }
    }
    void note_begun() {
        if (s.backward) return;
        for (int i = 0; i < p.size(); ++i) {
            if (was_begun(s, p, i)) begun.insert(i);
        }
    }
    void check_step(const operation_state& before, const decision& d) {
        const auto& after = d.after;
        // Numbers are without gaps.
        RC_ASSERT(after.seq == before.seq + std::ssize(d.events));
        if (d.refused != nullptr) RC_ASSERT(!d.changed);
        if (!d.changed) RC_ASSERT(after.seq == before.seq);
        // Terminal is terminal, and nothing that may still land is forgotten.
        if (before.state == op_state::terminal) RC_ASSERT(!d.changed);
        if (after.state == op_state::terminal) {
            const bool decided = std::ranges::any_of(d.events, [](const event& e) {
                return e.type == event_type::step_completed || e.type == event_type::proved_dead ||
                       e.type == event_type::resolved;
            });
            RC_ASSERT(!after.live && (!before.live || decided));
        }
        // An accepted act of a person is told with its actor.
        if (before.state == op_state::parked && !d.events.empty()) {
            RC_ASSERT(d.events.front().actor == "p" ||
                      (d.events.back().type == event_type::ended && d.events.back().actor == "p"));
        }
        // Only a running operation has something to do.
        if (after.state != op_state::running) {
            RC_ASSERT(d.next.kind == effect_kind::none || d.next.kind == effect_kind::keep);
        }
        if (after.state == op_state::ready && !after.lane.empty()) {
            const auto& follows = plans.at(static_cast<std::size_t>(after.version - 1));
            RC_ASSERT(follows.at(follows.index_of(after.lane)).at_most > 0);
        }
        // Who waits without a time waits for a child that will say when.
        if (after.state == op_state::ready && after.due_at == never_due) RC_ASSERT(after.awaits);
        // An attempt counts only when it ended in a fault.
        const bool failed = std::ranges::any_of(d.events, [](const event& e) {
            return e.type == event_type::step_failed || e.type == event_type::undo_failed;
        });
        if (after.step == before.step && after.backward == before.backward && !failed) {
            RC_ASSERT(after.attempt <= std::max(before.attempt, 1));
        }
        for (const auto& e : d.events) check_event(before, e);
        if (d.prepared) {
            const auto& step = p.at(d.prepared->step);
            RC_ASSERT(!before.live);
            RC_ASSERT(d.prepared->generation == before.generation + 1);
            if (step.pivot) {
                RC_ASSERT(!undecided);
                undecided = true;
            }
        }
    }
    void check_event(const operation_state& before, const event& e) {
        switch (e.type) {
            case event_type::proved_dead:
                if (p.at(before.step).pivot) undecided = false;
                break;
            case event_type::resolved:
                RC_ASSERT(before.live);
                if (p.at(before.step).pivot && e.data.find("\"dead\"") != std::string::npos) {
                    undecided = false;
                }
                break;
            case event_type::skipped:
                RC_ASSERT(!before.live && !before.backward && p.at(p.index_of(e.step)).skippable);
                break;
            case event_type::given_up:
                // A skippable one keeps the others' work.
                RC_ASSERT(!p.at(p.index_of(e.step)).skippable ||
                          e.data.find("\"undo\"") == std::string::npos);
                break;
            case event_type::reopened:
                RC_ASSERT(!before.live && !before.backward);
                for (int i = p.index_of(e.step); i < p.size(); ++i) {
                    if (!was_begun(before, p, i)) continue;
                    RC_ASSERT(p.at(i).shape == step_shape::idempotent);
                    if (i > p.index_of(e.step)) RC_ASSERT(!p.at(i).has_undo);
                }
                break;
            case event_type::edited:
                RC_ASSERT(!undecided && !before.live && !before.backward);
                for (int i = 0; i < p.size(); ++i) {
                    if (!was_begun(before, p, i)) continue;
                    RC_ASSERT(p.at(i).shape == step_shape::idempotent && !p.at(i).has_undo);
                }
                break;
            case event_type::compensating:
                // Nothing is undone while something may have landed, or is still under way.
                RC_ASSERT(!undecided && beside.empty());
                RC_ASSERT(!before.backward);
                break;
            case event_type::undone:
                if (!undone.empty()) RC_ASSERT(before.step < undone.back());
                RC_ASSERT(begun.contains(before.step));
                RC_ASSERT(p.at(before.step).has_undo);
                undone.push_back(before.step);
                break;
            default:
                break;
        }
    }
};

input any_command() {
    switch (*rc::gen::inRange(0, 12)) {
        case 11:
            return edit_command{"p", "r", "{}", "{}"};
        case 8:
            return skip_command{"p", "r", "given"};
        case 9:
            return reopen_command{"p", "r", *rc::gen::inRange(0, 6)};
        case 10:
            return prioritise_command{
                "p", "r", *rc::gen::element(operation_priority::high, operation_priority::low)};
        case 0:
            return cancel_command{"p", "r"};
        case 4:
            return resolve_command{"p", "r", true, "sig", "out"};
        case 5:
            return resolve_command{"p", "r", false, "ticket"};
        case 6:
            return pause_command{"p", "r"};
        case 7:
            return resume_command{"p", "r"};
        case 1:
            return retry_command{"p", "r"};
        case 2:
            return close_command{"p", "r"};
        default:
            return fail_command{"p", "r"};
    }
}

void end_of_a_call(history& h) {
    if (h.in_group()) {
        const bool more = h.beside.empty() || *rc::gen::inRange(0, 3) == 0;
        if (more) return h.begin_members();
        auto which = h.beside.begin();
        std::advance(which, *rc::gen::inRange<int>(0, static_cast<int>(h.beside.size())));
        return h.end_member(which->first, any_end_of(which->second));
    }
    evidence ev;
    ev.of_probe = h.doing == effect_kind::probe;
    return h.apply(any_end_of(h.doing), std::move(ev));
}

// A step of the group that is not done yet.
input any_skip(const history& h) {
    skip_command out{"p", "r", "given"};
    const auto size = static_cast<int>(h.s.members.size());
    if (size > 0 && !h.s.backward) out.step = h.s.step + *rc::gen::inRange(0, size);
    return out;
}

// One move of the world: the call ends, the process dies, a person acts, time passes.
void any_move(history& h) {
    const int dice = *rc::gen::inRange(0, 21);
    if (dice == 20 && h.s.state != op_state::terminal) return h.migrate();
    if (dice == 0) return h.apply(any_command());
    if (dice == 19 && h.s.state != op_state::terminal) return h.apply(any_skip(h));
    switch (h.s.state) {
        case op_state::ready:
            if (h.s.awaits && (dice < 10 || h.s.due_at == never_due)) return h.child_ends();
            h.now = std::max(h.now, h.s.due_at);
            if (dice < 7 && begins_with_key(h.s)) return h.paced();
            return h.claim();
        case op_state::running:
            if (dice == 1) return h.crash();
            if (dice == 2 && !h.in_group()) return h.apply(is_released{});
            if (dice == 2 && !h.beside.empty()) {
                return h.end_member(h.beside.begin()->first, is_released{});
            }
            if (dice == 3) return h.apply(shows_progress{*rc::gen::element<std::string>("X", "Y")});
            if (dice == 4) h.now += 1min;  // of a group: another may be due
            return end_of_a_call(h);
        case op_state::blocked:
            return h.promoted();
        case op_state::parked:
            if (dice < 10) return h.apply(retry_command{"p", "r"});
            if (dice < 13) return h.apply(any_skip(h));
            return h.apply(any_command());
        case op_state::terminal:
            return h.apply(any_command());
    }
}

// proves: E1, E3
RC_GTEST_PROP(decide_property, holds_its_invariants_in_every_history, ()) {
    history h{any_plan(), *rc::gen::arbitrary<bool>()};
    const int moves = *rc::gen::inRange(1, 120);
    for (int i = 0; i < moves; ++i) any_move(h);

    // The events tell the row's story.
    const auto version = [&h](int v) { return &h.plans.at(static_cast<std::size_t>(v - 1)); };
    const auto told = fold(h.told, h.plans.front(), h.has_lock, version);
    if (const auto wrong = difference(told, h.s); !wrong.empty()) {
        std::string story;
        for (const auto& e : h.told) {
            story += std::string{to_string(e.type)} + " " + e.step + " " + e.data + "\n";
        }
        RC_FAIL(wrong + "\n" + story);
    }
    // No step completes twice, and they complete in order, but for those side by side.
    std::set<int> done;
    for (const auto& e : h.told) {
        const int index = e.step.empty() ? -1 : history::index_of(e.step);
        const bool back = e.type == event_type::reopened || e.type == event_type::edited;
        if (back) done.erase(done.lower_bound(index), done.end());
        if (e.type != event_type::step_completed) continue;
        RC_ASSERT(done.insert(index).second);
        for (int i = 0; i < h.p.group_of(index).first; ++i) RC_ASSERT(done.contains(i));
    }
    if (h.s.ending == op_ending::completed) RC_ASSERT(std::ssize(done) == h.p.size());
    if (h.s.ending == op_ending::rolled_back) {
        RC_ASSERT(!h.undecided);
        // Every begun step that can be undone was.
        std::vector<int> expected;
        for (const int i : h.begun) {
            if (h.p.at(i).has_undo) expected.insert(expected.begin(), i);
        }
        RC_ASSERT(h.undone == expected);
    }
    if (h.s.state == op_state::terminal) RC_ASSERT(h.s.lock == lock_state::none);
}

// proves: E1
RC_GTEST_PROP(decide_property, ends_or_parks_when_the_world_keeps_answering, ()) {
    history h{any_plan(), *rc::gen::arbitrary<bool>()};
    for (int i = 0; i < 2000; ++i) {
        if (h.s.state == op_state::terminal || h.s.state == op_state::parked) return;
        if (h.s.state == op_state::ready) {
            if (h.s.awaits) h.child_ends();
            h.now = std::max(h.now, h.s.due_at);
            h.claim();
        } else if (h.s.state == op_state::blocked) {
            h.promoted();
        } else {
            end_of_a_call(h);
        }
    }
    RC_FAIL("neither ended nor parked after 2000 moves");
}

// proves: E1
RC_GTEST_PROP(decide_property, a_probed_step_is_never_run_again_without_asking, ()) {
    auto p = any_plan();
    const int at = *rc::gen::inRange(0, p.size());
    p.steps[static_cast<std::size_t>(at)].shape = step_shape::probed;
    p.steps[static_cast<std::size_t>(at)].pivot = false;
    for (auto& step : p.steps) step.beside = false;
    history h{p, false};
    bool may_have_happened = false;
    bool asked = false;
    for (int i = 0; i < 100; ++i) {
        // A version to which it was moved before it had begun may do otherwise.
        const bool probed = at < h.p.size() && h.p.at(at).shape == step_shape::probed;
        const bool here =
            probed && !h.s.backward && h.s.step == at && h.s.state == op_state::running;
        if (here && h.doing == effect_kind::run) RC_ASSERT(!may_have_happened || asked);
        if (here && h.doing == effect_kind::probe) asked = true;
        const auto doing = h.doing;
        if (h.s.state != op_state::running || h.in_group()) {  // of the version it was moved to
            any_move(h);
            continue;
        }
        if (*rc::gen::inRange(0, 6) == 0) {
            if (here && doing == effect_kind::run) may_have_happened = true, asked = false;
            h.crash();
            continue;
        }
        const auto end = any_end_of(doing);
        if (here && doing == effect_kind::run) {
            const auto* failed = std::get_if<did_fail>(&end);
            const bool surely_not =
                std::holds_alternative<must_wait>(end) || std::holds_alternative<must_await>(end) ||
                (failed != nullptr && failed->cause.effect() == fault_effect::none &&
                 failed->cause.kind() != fault_kind::cancelled);
            may_have_happened = !surely_not;
            asked = false;
        }
        evidence ev;
        ev.of_probe = doing == effect_kind::probe;
        h.apply(end, std::move(ev));
    }
}

// proves: E1
RC_GTEST_PROP(decide_property, a_probed_step_of_a_group_is_never_run_again_without_asking, ()) {
    plan p;
    p.kind = "k";
    const int size = *rc::gen::inRange(2, 5);
    for (int i = 0; i < size; ++i) {
        auto& step = p.steps.emplace_back();
        step.name = "s" + std::to_string(i);
        step.shape = step_shape::probed;
        step.beside = i > 0;
        step.policy.attempts = 50;
    }
    history h{p, false};
    std::set<int> in_doubt;  // may have had their effect, and were not asked since
    for (int i = 0; i < 100 && h.s.state != op_state::terminal; ++i) {
        if (h.s.state != op_state::running || !h.in_group()) {
            any_move(h);
        } else if (*rc::gen::inRange(0, 6) == 0) {
            for (const auto& [step, kind] : h.beside) in_doubt.insert(step);
            h.crash();
        } else if (h.beside.empty()) {
            h.now += 1h;
            h.begin_members();
            for (const auto& [step, kind] : h.beside) {
                // A version that it was moved to may go on with steps that may be repeated.
                const bool repeats = h.p.at(step).shape == step_shape::idempotent;
                RC_ASSERT(repeats || kind == effect_kind::probe || !in_doubt.contains(step));
            }
        } else {
            const auto [step, kind] = *h.beside.begin();
            const auto end = any_end_of(kind);
            const auto* failed = std::get_if<did_fail>(&end);
            const bool told = std::holds_alternative<did_complete>(end) ||
                              std::holds_alternative<did_not_happen_after_all>(end);
            if (told) in_doubt.erase(step);
            if (kind == effect_kind::run && !told && failed != nullptr &&
                (failed->cause.effect() == fault_effect::unknown ||
                 failed->cause.kind() == fault_kind::cancelled)) {
                in_doubt.insert(step);
            }
            h.end_member(step, end);
        }
    }
}

}  // namespace
}  // namespace thole::saga
