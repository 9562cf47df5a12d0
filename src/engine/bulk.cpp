// What people ask of many operations at once.

#include <fmt/format.h>

#include "engine/act_saga.hpp"
#include "engine/codes.hpp"
#include "engine/engine_core.hpp"
#include "engine/migration.hpp"
#include "io/scope.hpp"

namespace thole::saga {

namespace {

// So many at a time: enough for a shared commit, few enough to leave the loop to others.
constexpr std::size_t at_once = 64;

// The one that is named; else the current one, of a group the first that is not done. -1: it is not
// under way.
int step_to_skip(const plan& steps, const operation_state& s, std::string_view named) {
    if (s.members.empty() || s.backward) {
        return named.empty() || named == s.step_name ? s.step : -1;
    }
    const auto group = steps.group_of(s.step);
    for (int i = group.first; i <= group.last; ++i) {
        const auto& m = s.members[static_cast<std::size_t>(i - group.first)];
        const bool fits = named.empty() ? m.stand != member_stand::done : m.step == named;
        if (fits) return i;
    }
    return -1;
}

result<input> skipping(const engine_core::live_ptr& op, const std::string& actor,
                       const std::string& reason, const act_details& more) {
    const auto& s = op->state();
    if (op->saga == nullptr) return thole::fail(codes::engine_unknown_definition);
    skip_command out{actor, reason, {}};
    if (s.state == op_state::terminal) return out;  // refused as such
    out.step = step_to_skip(op->saga->steps(), s, more.step);
    if (out.step < 0) {
        return thole::fail(codes::operation_step_not_begun, "it stands at \"" + s.step_name + "\"");
    }
    auto given = op->saga->at(out.step).read_output(more.output);
    if (!given) return thole::fail(codes::operation_bad_output, std::move(given).error());
    out.output = std::move(*given);
    return out;
}

// RFC 7396: members of the patch replace, null removes, objects go on inside.
void merge(boost::json::value& target, const boost::json::value& patch) {
    const auto* changes = patch.if_object();
    if (changes == nullptr) {
        target = patch;
        return;
    }
    if (!target.is_object()) target.emplace_object();
    for (const auto& [key, each] : *changes) {
        if (each.is_null()) {
            target.as_object().erase(key);
        } else {
            merge(target.as_object()[key], each);
        }
    }
}

result<input> editing(const engine_core::live_ptr& op, const std::string& actor,
                      const std::string& reason, const act_details& more) {
    edit_command out{actor, reason, {}, more.patch};
    if (op->state().state == op_state::terminal) return out;  // refused as such
    if (op->saga == nullptr) return thole::fail(codes::engine_unknown_definition);
    const auto& saga = *op->saga;
    if (!saga.editable()) return thole::fail(codes::operation_not_editable, op->who().kind);
    if (const auto& why = op->what.sealed) return thole::fail(*why);
    const auto patch = json::parse(more.patch);
    auto changed = json::parse(op->what.input);
    if (!patch) return thole::fail(codes::engine_bad_input, text_of(patch.error()));
    THOLE_ASSERT(changed.has_value(), "a journaled input reads back");
    merge(*changed, *patch);
    auto after = saga.normalise(json::write(*changed));
    if (!after) return thole::fail(codes::engine_bad_input, text_of(after.error()));
    if (saga.lock_key(*after) != saga.lock_key(op->what.input)) {
        return thole::fail(codes::engine_bad_input, "it would need another lock");
    }
    if (auto why = saga.why_not_edit(op->what.input, *after)) {
        return thole::fail(codes::engine_bad_input, std::move(*why));
    }
    out.input = std::move(*after);
    return out;
}

result<input> migrating(const definitions& known, const engine_core::live_ptr& op,
                        const std::string& actor, const std::string& reason,
                        const act_details& more) {
    const auto& who = op->who();
    const auto& s = op->state();
    const auto* to = more.version ? known.find(who.kind, *more.version) : known.newest(who.kind);
    if (to == nullptr) return thole::fail(codes::engine_unknown_definition, who.kind);
    migrate_command out{actor, reason, &to->steps()};
    if (s.state == op_state::terminal) return out;  // refused as such
    if (op->saga == nullptr) return thole::fail(codes::engine_unknown_definition);
    const auto refuse = [](std::string why) {
        return thole::fail(codes::operation_not_migratable, std::move(why));
    };
    const auto* names = to->names_from(s.version);
    if (names == nullptr) {
        return refuse(fmt::format("version {} does not say how operations of version {} go on",
                                  to->version(), s.version));
    }
    if (auto why = why_not_migrate(s, op->saga->steps(), to->steps(), *names); !why.empty()) {
        return refuse(std::move(why));
    }
    if (const auto& why = op->what.sealed) return thole::fail(*why);
    const auto input = to->normalise(op->what.input);
    if (!input) return refuse("its input: " + text_of(input.error()));
    const auto lock = to->lock_key(*input);
    if ((lock.empty() ? lock : who.tenant + "/" + lock) != who.lock_key) {
        return refuse("it would need another lock");
    }
    out.renamed = *names;
    return out;
}

result<input> input_for(const definitions& known, const engine_core::live_ptr& op, bulk_act act,
                        const std::string& actor, const std::string& reason,
                        const act_details& more) {
    switch (act) {
        case bulk_act::migrate:
            return migrating(known, op, actor, reason, more);
        case bulk_act::retry:
            return retry_command{actor, reason};
        case bulk_act::cancel:
            return cancel_command{actor, reason};
        case bulk_act::close:
            return close_command{actor, reason};
        case bulk_act::fail:
            return fail_command{actor, reason};
        case bulk_act::pause:
            return pause_command{actor, reason};
        case bulk_act::resume:
            return resume_command{actor, reason};
        case bulk_act::skip:
            return skipping(op, actor, reason, more);
        case bulk_act::reopen: {
            if (op->saga == nullptr) return thole::fail(codes::engine_unknown_definition);
            const int step = op->saga->steps().index_of(more.step);
            if (step < 0) return thole::fail(codes::operation_step_unknown, more.step);
            return reopen_command{actor, reason, step};
        }
        case bulk_act::prioritise:
            return prioritise_command{actor, reason, more.priority};
        case bulk_act::edit:
            return editing(op, actor, reason, more);
    }
    THOLE_ASSERT(false, "every act is known");
}

}  // namespace

engine_core::act act_for(const definitions& known, bulk_act what, std::string actor,
                         std::string reason, act_details more) {
    return [=, &known](const engine_core::live_ptr& op) -> result<input> {
        return input_for(known, op, what, actor, reason, more);
    };
}

// Oldest first.
task<result<std::vector<engine_core::fitting>>> engine_core::all_that_fit(self_ptr self,
                                                                          list_filter which) {
    which.limit = 500;
    which.before = 0;
    which.with_outputs = false;
    std::vector<fitting> all;
    do {
        auto page = co_await self->log.list(which);
        if (!page) co_return thole::fail(std::move(page).error());
        for (const auto& each : page->items) {
            const auto& s = each.op.now;
            all.push_back({each.op.who.id, s.priority, s.paused});
        }
        which.before = page->next;
    } while (which.before != 0);
    std::ranges::reverse(all);
    co_return all;
}

task<> engine_core::act_on_one(self_ptr self, uuid id, const act& what, bulk_answer& out,
                               const told_of_each& then) {
    const auto done = co_await command(self, id, what);
    ++out.matched;
    if (then) then(id, done);
    if (done) {
        ++out.done;
    } else if (done.error().is(codes::engine_stopping)) {
        --out.matched;
    } else {
        ++out.refused[std::string{done.error().code()}];
    }
}

task<bulk_answer> engine_core::act_on_each(self_ptr self, std::vector<uuid> on, act what,
                                           told_of_each then) {
    bulk_answer out;
    io::scope work{self->loop};
    for (std::size_t i = 0; i < on.size() && !self->stopping_; ++i) {
        work.spawn(act_on_one(self, on[i], what, out, then));
        if ((i + 1) % at_once == 0) co_await work.drained();
    }
    co_await work.drained();
    co_return out;
}

// Those that are as the act would make them are left out: they are not its to give back.
task<result<operation_view>> engine_core::act_undoably(self_ptr self, bulk_request what,
                                                       std::vector<fitting> on) {
    if (self->places_.held(act_kind)) {
        co_return thole::fail(codes::engine_held, "an act with an undo window would rest too");
    }
    const auto now = self->log.now();
    act_request asked{what.act,
                      std::move(what.actor),
                      std::move(what.reason),
                      std::move(what.more),
                      now + std::chrono::floor<store_time::duration>(what.window),
                      {}};
    for (const auto& each : on) {
        const bool so_already =
            (asked.act == bulk_act::pause && each.paused) ||
            (asked.act == bulk_act::resume && !each.paused) ||
            (asked.act == bulk_act::prioritise && each.priority == asked.more.priority);
        if (!so_already) asked.on.push_back({each.id, each.priority});
    }
    submission s;
    s.kind = act_kind;
    s.id = self->new_id();
    s.key = s.id->text();
    s.input = json::write(asked);
    s.priority = operation_priority::high;
    if (!has_inverse(asked.act)) s.not_before = asked.until;
    auto made = co_await submit(self, std::move(s));
    if (!made) co_return thole::fail(std::move(made).error());
    co_return std::move(made->view);
}

task<result<bulk_answer>> engine_core::act_on_all(self_ptr self, bulk_request what) {
    auto all = co_await all_that_fit(self, what.which);
    if (!all) co_return thole::fail(std::move(all).error());
    const auto matched = std::ssize(*all);
    if (what.expect && *what.expect != matched) {
        co_return thole::fail(codes::operation_count_changed,
                              std::to_string(matched) + " fit the filter now.");
    }
    bulk_answer out;
    if (what.window > duration::zero()) {
        if (matched > most_undoable) co_return thole::fail(codes::operation_too_many_to_undo);
        if (!what.dry_run) {
            auto made = co_await act_undoably(self, std::move(what), std::move(*all));
            if (!made) co_return thole::fail(std::move(made).error());
            out.undoable = std::move(*made);
        }
    } else if (!what.dry_run) {
        std::vector<uuid> on;
        for (const auto& each : *all) on.push_back(each.id);
        auto given = act_for(self->known, what.act, what.actor, what.reason, what.more);
        out = co_await act_on_each(self, std::move(on), std::move(given), nullptr);
    }
    out.matched = matched;
    co_return out;
}

}  // namespace thole::saga
