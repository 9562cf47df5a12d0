// One call of a step: its deadline, its interruption, and what its exceptions mean. The only place
// that meets Asio's cancellation.

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "engine/cancellable.hpp"
#include "engine/codes.hpp"
#include "engine/engine_core.hpp"
#include "engine/step_call.hpp"
#include "io/cancellation.hpp"
#include "io/suspend.hpp"

namespace thole::saga {

namespace {

thole::fault unknown_effect(const fault_code& code) {
    return thole::fault{code}.with_effect(fault_effect::unknown);
}

bool is_cancelled(const input& in) {
    const auto* failed = std::get_if<did_fail>(&in);
    return failed != nullptr && failed->cause.kind() == fault_kind::cancelled;
}

// A step whose deadline passed sees its calls cancelled; that it was time, only we know.
input verdict_of(const step_calls& calls, std::exception_ptr error, input in) {
    if (error == nullptr && !is_cancelled(in)) return in;
    if (calls.timed_out) return did_fail{unknown_effect(codes::policy_deadline)};
    if (calls.interrupted) return did_fail{unknown_effect(codes::policy_cancelled)};
    if (error == nullptr) return in;
    std::string what = "unknown exception";
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& e) {
        if (e.code() == boost::asio::error::operation_aborted) {
            return did_fail{unknown_effect(codes::policy_cancelled)};
        }
        what = e.what();
    } catch (const std::exception& e) {
        what = e.what();
    } catch (...) {
    }
    auto f = unknown_effect(codes::engine_step_threw).with_detail(what);
    return must_park{std::string{codes::engine_step_threw.text}, std::move(f)};
}

}  // namespace

// Cancellation reaches a step as a value, like every other failure.
task<input> engine_core::begin_call(calls_ptr calls, task<input> work) {
    co_await io::cancellation_as_value();
    calls->started = true;
    if (calls->timed_out || calls->interrupted) {
        co_return did_fail{thole::fault{codes::policy_cancelled}};
    }
    co_return co_await std::move(work);
}

task<input> engine_core::call(self_ptr self, calls_ptr calls, task<input> work, duration timeout) {
    const auto begun = self->loop.now();
    calls->timed_out = false;
    calls->interrupted = false;
    calls->until = deadline::after(begun, timeout);
    calls->started = false;
    calls->signal = std::make_unique<boost::asio::cancellation_signal>();
    auto ring = [calls] {
        calls->timed_out = true;
        calls->cancel();
    };
    const auto alarm = self->alarms_->at(calls->until.at(), std::move(ring));
    using ending = std::pair<std::exception_ptr, input>;
    auto start = [&](io::resumption<ending> done) {
        auto ended = [done = std::move(done)](std::exception_ptr error, input in) mutable {
            done.resume({std::move(error), std::move(in)});
        };
        boost::asio::co_spawn(self->loop.executor(), begin_call(calls, std::move(work)),
                              cancellable{calls->signal->slot(), std::move(ended)});
    };
    auto [error, in] = co_await io::suspend<ending>(std::move(start));
    calls->started = false;
    self->alarms_->cancel(alarm);
    calls->latency += self->loop.now() - begun;
    co_return verdict_of(*calls, std::move(error), std::move(in));
}

// ---- what a step may know -----------------------------------------------------------------------

void call_context::note(call_note n) {
    if (calls_->notes.size() < most_notes) {
        calls_->notes.push_back(std::move(n));
    } else {
        ++calls_->notes_dropped;
    }
}

std::optional<std::string_view> call_context::output_json(std::string_view step) const noexcept {
    for (const auto& each : op_->what.outputs) {
        if (each.name == step) return each.output;
    }
    return std::nullopt;
}

// The commit goes on when the step is cancelled meanwhile: hence a coroutine of its own, with no
// cancellation slot.
template <class T>
task<T> call_context::surely(task<T> work) {
    auto token = boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot{},
                                                     boost::asio::use_awaitable);
    co_return co_await boost::asio::co_spawn(core_->loop.executor(), std::move(work),
                                             std::move(token));
}

task<result<>> call_context::progress(std::string_view shown) {
    if (op_->state().progress == shown) co_return result<>{};
    co_return co_await surely(
        engine_core::show_progress(core_, op_, calls_->member, std::string{shown}));
}

task<result<child_operation>> call_context::child(child_request request) {
    if (request.name.empty()) {
        const auto& steps = op_->saga->steps();
        request.name = calls_->member < 0 ? op_->state().step_name : steps.at(calls_->member).name;
    }
    return surely(engine_core::child(core_, op_, calls_, std::move(request)));
}

task<result<>> call_context::cancel_child(uuid child, std::string reason) {
    cancel_command what{"operation " + id().text(), std::move(reason)};
    const auto done =
        co_await surely(engine_core::command(core_, child, as_given(std::move(what))));
    if (!done) co_return fail(done.error());
    co_return result<>{};
}

}  // namespace thole::saga
