#include "engine/view.hpp"

#include "engine/codes.hpp"

namespace thole::saga {

std::string progress_of(const operation_state& s) {
    switch (s.ending) {
        case op_ending::completed:
            return "COMPLETED";
        case op_ending::rolled_back:
            return "ROLLED_BACK";
        case op_ending::failed:
            return "FAILED";
        case op_ending::closed:
            return "CLOSED";
        case op_ending::none:
            break;
    }
    if (s.state == op_state::parked) return s.paused ? "PAUSED" : "NEEDS_ATTENTION";
    return s.uncertain ? "UNCERTAIN" : s.progress;
}

std::string state_of(const operation_state& s) {
    if (s.state == op_state::terminal) return std::string{json::detail::enum_text(s.ending)};
    return std::string{json::detail::enum_text(s.state)};
}

namespace {

member_view view_of(const member_state& m) {
    member_view out{m.step, "waiting", m.attempt, {}, {}};
    if (m.stand == member_stand::done) out.state = "done";
    const bool waits = m.stand == member_stand::waits;
    if (!waits && out.state != "done") out.state = "gave_up";
    if (!m.waiting.empty()) {
        out.waiting = waiting_view{m.waiting, {}, {}, m.awaits};
        if (waits && m.due != never_due) out.waiting->until = m.due;
    }
    if (!m.fault.empty()) {
        if (auto read = json::read<stored_fault>(m.fault)) out.fault = std::move(*read);
    }
    return out;
}

}  // namespace

operation_view view_of(const operation& op) {
    const auto& s = op.now;
    operation_view out;
    out.id = op.who.id;
    out.kind = op.who.kind;
    out.key = op.who.key;
    out.state = state_of(s);
    out.progress = progress_of(s);
    out.step = s.step_name;
    out.priority = s.priority;
    out.attempt = s.attempt;
    out.generation = s.generation;
    if (!s.members.empty() && !s.backward) {
        auto& members = out.members.emplace();
        for (const auto& m : s.members) members.push_back(view_of(m));
    }
    const bool waits =
        s.state == op_state::ready || s.state == op_state::blocked || s.state == op_state::parked;
    if (waits && !s.waiting.empty()) {
        out.waiting.emplace();
        out.waiting->reason = s.waiting;
        if (s.state == op_state::ready && s.due_at != never_due) out.waiting->until = s.due_at;
        out.waiting->child = s.awaits;
    } else if (s.state == op_state::ready && !s.lane.empty()) {
        out.waiting = waiting_view{std::string{codes::engine_step_full.text}, {}, {}, {}};
    }
    if (!s.fault.empty()) {
        if (auto read = json::read<stored_fault>(s.fault)) out.fault = std::move(*read);
    }
    if (!s.cause.empty()) out.cause = s.cause;
    out.parent = op.who.parent;
    if (!op.who.tags.empty()) out.tags = op.who.tags;
    out.created_at = op.who.created_at;
    out.updated_at = s.updated_at;
    if (s.state == op_state::terminal) out.ended_at = s.ended_at;
    return out;
}

operation_details details_of(const stored_operation& from) {
    operation_details out;
    out.view = view_of(from.op);
    out.tenant = from.op.who.tenant;
    out.subject = from.op.who.subject;
    out.version = from.op.now.version;
    out.input = from.input;
    out.outputs = from.outputs;
    out.prepared = from.prepared;
    out.sealed = from.sealed;
    if (out.sealed && !out.view.fault) out.view.fault = stored(*out.sealed);
    if (out.view.waiting) out.view.waiting->holder = from.holder;
    return out;
}

event_view view_of(const event& e) {
    event_view out;
    out.seq = static_cast<int>(e.seq);
    out.at = e.at;
    out.event = to_string(e.type);
    if (!e.step.empty()) out.step = e.step;
    if (e.attempt > 0) out.attempt = e.attempt;
    if (e.generation > 0) out.generation = e.generation;
    if (e.latency_ms > 0) out.latency_ms = static_cast<int>(e.latency_ms);
    if (!e.fault.empty()) {
        if (auto read = json::read<stored_fault>(e.fault)) out.fault = std::move(*read);
    }
    if (out.fault && !out.fault->endpoint.empty()) out.endpoint = out.fault->endpoint;
    if (!e.actor.empty()) out.actor = e.actor;
    if (!out.fault && (e.data_sealed || e.payload_sealed)) {
        out.fault = stored(thole::fault{codes::engine_payload_unreadable});
    }
    if (!e.data.empty() && !e.data_sealed) {
        if (auto data = json::parse(e.data)) out.data = std::move(*data);
    }
    return out;
}

}  // namespace thole::saga
