#include "engine/engine.hpp"

#include "engine/act_saga.hpp"
#include "engine/engine_core.hpp"

namespace thole::saga {

engine_core::act as_given(input what) {
    return [what = std::move(what)](const engine_core::live_ptr&) -> result<input> { return what; };
}

engine::engine(io::loop& loop, journal& j, definitions known, entropy& ids,
               engine_options options) {
    const auto link = std::make_shared<std::weak_ptr<engine_core>>();
    known.add(make_act_saga(link));
    core_ = std::make_shared<engine_core>(loop, j, std::move(known), ids, std::move(options));
    *link = core_;
}

engine::~engine() {
    core_->abandon();
}

task<result<>> engine::start() {
    return engine_core::start(core_);
}
task<void> engine::stop(duration grace) {
    return engine_core::stop(core_, grace);
}
task<result<submitted>> engine::submit(submission s) {
    return engine_core::submit(core_, std::move(s));
}
uuid engine::new_id() {
    return core_->new_id();
}
task<result<operation_details>> engine::get(uuid id) {
    return engine_core::get(core_, id);
}
task<result<details_page>> engine::list(list_filter filter) {
    return engine_core::list(core_, std::move(filter));
}
task<result<std::vector<event_view>>> engine::events(uuid id, int after, int limit,
                                                     deadline until) {
    return engine_core::events(core_, id, after, limit, until);
}
task<result<operation_details>> engine::wait_end(uuid id, deadline until) {
    return engine_core::wait_end(core_, id, until);
}
task<result<operation_view>> engine::cancel(uuid id, std::string actor, std::string reason) {
    return engine_core::command(core_, id,
                                as_given(cancel_command{std::move(actor), std::move(reason)}));
}
task<result<operation_view>> engine::retry(uuid id, std::string actor, std::string reason) {
    return engine_core::command(core_, id,
                                as_given(retry_command{std::move(actor), std::move(reason)}));
}
task<result<operation_view>> engine::close(uuid id, std::string actor, std::string reason) {
    return engine_core::command(core_, id,
                                as_given(close_command{std::move(actor), std::move(reason)}));
}
task<result<operation_view>> engine::fail(uuid id, std::string actor, std::string reason) {
    return engine_core::command(core_, id,
                                as_given(fail_command{std::move(actor), std::move(reason)}));
}
task<result<operation_view>> engine::pause(uuid id, std::string actor, std::string reason) {
    return engine_core::command(core_, id,
                                as_given(pause_command{std::move(actor), std::move(reason)}));
}
task<result<operation_view>> engine::resume(uuid id, std::string actor, std::string reason) {
    return engine_core::command(core_, id,
                                as_given(resume_command{std::move(actor), std::move(reason)}));
}
task<result<operation_view>> engine::act(uuid id, bulk_act what, std::string actor,
                                         std::string reason, act_details more) {
    return engine_core::command(
        core_, id,
        act_for(core_->known, what, std::move(actor), std::move(reason), std::move(more)));
}
task<result<bulk_answer>> engine::act_on_all(bulk_request what) {
    return engine_core::act_on_all(core_, std::move(what));
}
task<result<operation_view>> engine::resolve(uuid id, std::string actor, std::string reason,
                                             resolution what) {
    return engine_core::resolve(core_, id, std::move(actor), std::move(reason), std::move(what));
}
task<result<>> engine::hold(std::string kind, std::string actor, std::string reason) {
    hold_record what{std::move(kind), true, std::move(actor), std::move(reason), {}};
    return engine_core::set_hold(core_, std::move(what));
}
task<result<>> engine::release(std::string kind, std::string actor, std::string reason) {
    hold_record what{std::move(kind), false, std::move(actor), std::move(reason), {}};
    return engine_core::set_hold(core_, std::move(what));
}
task<result<std::vector<hold_record>>> engine::holds(bool all) {
    return core_->log.holds(all);
}
void engine::nudge(const uuid& id) {
    core_->nudge(id);
}
engine_figures engine::figures() const {
    auto out = core_->figures;
    out.max_waiting = core_->options.max_waiting;
    return out;
}
std::optional<thole::fault> engine::journal_trouble() const {
    return core_->trouble;
}
const definitions& engine::known() const noexcept {
    return core_->known;
}

}  // namespace thole::saga
