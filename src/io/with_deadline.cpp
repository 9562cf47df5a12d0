#include "io/with_deadline.hpp"

#include "io/scope.hpp"

namespace thole::io::detail {

namespace {

task<> run_clock(loop& owner, deadline until, scope& work, bool& expired) {
    const auto slept = co_await owner.sleep_until(until.at());
    if (slept) {
        expired = true;
        work.cancel();
    }
}

}  // namespace

task<bool> race(loop& owner, deadline until, task<> job) {
    scope work{owner};
    scope clock_side{owner};
    bool expired = false;
    work.spawn(std::move(job));
    clock_side.spawn(run_clock(owner, until, work, expired));
    const auto ended = co_await work.ended();
    if (!ended) {  // the caller was cancelled
        work.cancel();
        co_await work.drained();
    }
    clock_side.cancel();
    co_await clock_side.drained();
    co_return expired;
}

fault deadline_fault(const fault& cancelled) {
    auto out = fault{codes::policy_deadline}
                   .with_effect(cancelled.effect())
                   .at(cancelled.dependency(), cancelled.endpoint());
    if (!cancelled.detail().empty()) {
        out.with_detail(std::string{cancelled.detail()});
    }
    return out;
}

}  // namespace thole::io::detail
