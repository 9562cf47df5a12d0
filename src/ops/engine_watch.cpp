#include "ops/engine_watch.hpp"

#include <fmt/format.h>

#include "engine/view.hpp"

namespace thole::ops {
namespace {

using saga::event_type;

std::string fault_code_of(const saga::event& e) {
    if (e.fault.empty()) return {};
    const auto read = json::read<saga::stored_fault>(e.fault);
    return read ? read->code : "unknown";
}

log_severity severity_of(event_type type) {
    switch (type) {
        case event_type::parked:
            return log_severity::error;
        case event_type::step_failed:
        case event_type::undo_failed:
        case event_type::given_up:
        case event_type::uncertain:
        case event_type::proved_dead:
            return log_severity::warning;
        case event_type::submitted:
        case event_type::ended:
        case event_type::recovered:
        case event_type::retried:
        case event_type::cancel_requested:
        case event_type::compensating:
        case event_type::resolved:
        case event_type::paused:
        case event_type::resumed:
        case event_type::skipped:
        case event_type::reopened:
        case event_type::prioritised:
        case event_type::edited:
        case event_type::migrated:
            return log_severity::info;
        default:
            return log_severity::debug;
    }
}

}  // namespace

int failovers_in(const std::vector<saga::call_note>& notes) {
    int found = 0;
    for (std::size_t i = 1; i < notes.size(); ++i) {
        const auto& before = notes[i - 1];
        if (!before.fault.empty() && before.what == notes[i].what &&
            before.endpoint != notes[i].endpoint) {
            ++found;
        }
    }
    return found;
}

void engine_watch::count_failovers(const saga::event& e) {
    if (e.data.empty()) return;
    const auto data = json::read<saga::event_data>(e.data);
    if (!data || !data->notes) return;
    const auto found = failovers_in(*data->notes);
    if (found > 0) {
        count_.counter_of(metric::engine_failovers, {e.step})
            .add(static_cast<std::uint64_t>(found));
    }
}

void engine_watch::count_step(const saga::operation& op, const saga::event& e) {
    const auto code = e.type == event_type::step_completed ? "ok" : fault_code_of(e);
    count_.counter_of(metric::engine_steps, {op.who.kind, e.step, code}).add();
    count_.histogram_of(metric::engine_step_latency, {op.who.kind, e.step})
        .observe(std::chrono::milliseconds{e.latency_ms});
}

void engine_watch::happened(const saga::operation& op, const saga::event& e) {
    count_failovers(e);
    switch (e.type) {
        case event_type::submitted:
            count_.counter_of(metric::engine_accepted, {op.who.kind}).add();
            break;
        case event_type::step_completed:
        case event_type::step_failed:
            count_step(op, e);
            break;
        case event_type::parked:
            count_.counter_of(metric::engine_attention, {op.who.kind, e.step}).add();
            break;
        case event_type::ended:
            count_.counter_of(metric::engine_ended, {op.who.kind, saga::state_of(op.now)}).add();
            break;
        default:
            break;
    }
    const auto level = severity_of(e.type);
    if (!log_.shows(level)) return;
    log::fields fields{{"operation", op.who.id.text()}, {"kind", op.who.kind}};
    if (!e.step.empty()) fields.push_back({"step", e.step});
    if (e.attempt > 1) fields.push_back({"attempt", fmt::format("{}", e.attempt)});
    if (const auto code = fault_code_of(e); !code.empty()) fields.push_back({"code", code});
    if (e.type == event_type::ended) fields.push_back({"state", saga::state_of(op.now)});
    if (e.type == event_type::parked) fields.push_back({"reason", op.now.waiting});
    if (!e.actor.empty()) fields.push_back({"actor", e.actor});
    log_.write(level, saga::to_string(e.type), fields);
}

void engine_watch::journal_failed(const fault& f) {
    count_.counter_of(metric::engine_journal_faults, {f.code()}).add();
    log_.write(log_severity::error, "journal_failed",
               {{"code", std::string{f.code()}}, {"detail", std::string{f.detail()}}});
}

void engine_watch::queue_has(std::int64_t waiting, std::int64_t most) {
    const bool half = most > 0 && waiting * 2 >= most;
    const bool eased = waiting * 5 < most * 2;
    if (half_full_ ? !eased : !half) return;
    half_full_ = half;
    count_.gauge_of(metric::engine_queue_half_full).set(half ? 1 : 0);
    if (half) count_.counter_of(metric::engine_queue_warnings).add();
    log_.write(half ? log_severity::warning : log_severity::info,
               half ? "queue_half_full" : "queue_eased",
               {{"waiting", fmt::format("{}", waiting)}, {"most", fmt::format("{}", most)}});
}

}  // namespace thole::ops
