// What people ask of many operations at once.

#include "engine/codes.hpp"
#include "engine/engine_core.hpp"
#include "io/scope.hpp"

namespace thole::saga {

namespace {

// So many at a time: enough for a shared commit, few enough to leave the loop to others.
constexpr std::size_t at_once = 64;

result<input> skipping(const engine_core::live_ptr& op, const std::string& actor,
                       const std::string& reason, const act_details& more) {
    const auto& s = op->state();
    if (!more.step.empty() && more.step != s.step_name) {
        return thole::fail(codes::operation_step_not_begun, "it stands at \"" + s.step_name + "\"");
    }
    skip_command out{actor, reason, {}};
    if (s.state == op_state::terminal) return out;  // refused as such
    auto given = op->saga->at(s.step).read_output(more.output);
    if (!given) return thole::fail(codes::operation_bad_output, std::move(given).error());
    out.output = std::move(*given);
    return out;
}

result<input> input_for(const engine_core::live_ptr& op, bulk_act act, const std::string& actor,
                        const std::string& reason, const act_details& more) {
    switch (act) {
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
            const int step = op->saga->steps().index_of(more.step);
            if (step < 0) return thole::fail(codes::operation_step_unknown, more.step);
            return reopen_command{actor, reason, step};
        }
        case bulk_act::prioritise:
            return prioritise_command{actor, reason, more.priority};
    }
    THOLE_ASSERT(false, "every act is known");
}

}  // namespace

engine_core::act act_for(bulk_act what, std::string actor, std::string reason, act_details more) {
    return [=](const engine_core::live_ptr& op) -> result<input> {
        return input_for(op, what, actor, reason, more);
    };
}

// Oldest first.
task<result<std::vector<uuid>>> engine_core::all_that_fit(self_ptr self, list_filter which) {
    which.limit = 500;
    which.before = 0;
    which.with_outputs = false;
    std::vector<uuid> all;
    do {
        auto page = co_await self->log.list(which);
        if (!page) co_return thole::fail(std::move(page).error());
        for (const auto& each : page->items) all.push_back(each.op.who.id);
        which.before = page->next;
    } while (which.before != 0);
    std::ranges::reverse(all);
    co_return all;
}

task<> engine_core::act_on_one(self_ptr self, uuid id, act what, bulk_answer& out) {
    const auto done = co_await command(self, id, std::move(what));
    if (done) {
        ++out.done;
    } else {
        ++out.refused[std::string{done.error().code()}];
    }
}

task<result<bulk_answer>> engine_core::act_on_all(self_ptr self, bulk_request what) {
    const auto all = co_await all_that_fit(self, what.which);
    if (!all) co_return thole::fail(all.error());
    bulk_answer out;
    out.matched = std::ssize(*all);
    if (what.expect && *what.expect != out.matched) {
        co_return thole::fail(codes::operation_count_changed,
                              std::to_string(out.matched) + " fit the filter now.");
    }
    if (what.dry_run) co_return out;
    const auto given = act_for(what.act, what.actor, what.reason, what.more);
    io::scope work{self->loop};
    for (std::size_t i = 0; i < all->size() && !self->stopping_; ++i) {
        work.spawn(act_on_one(self, (*all)[i], given, out));
        if ((i + 1) % at_once == 0) co_await work.drained();
    }
    co_await work.drained();
    co_return out;
}

}  // namespace thole::saga
