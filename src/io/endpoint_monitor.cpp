#include "io/endpoint_monitor.hpp"

#include <algorithm>
#include <utility>

#include "io/codes.hpp"

namespace thole::io {
namespace {

bool needs_a_look(const endpoint_view& e) {
    return !e.drained && e.breaker.forced == breaker_override::none &&
           e.breaker.computed != breaker_state::closed;
}

}  // namespace

void endpoint_monitor::fell_ill(patient& who) const {
    const auto now = loop_.now();
    const bool again = who.back && now - *who.back < settings_.relapse;
    who = {.doubt = again ? std::min(2 * who.doubt, settings_.most_doubt) : 1,
           .ill = true,
           .back = who.back};
}

task<std::size_t> endpoint_monitor::look() {
    std::size_t back = 0;
    for (const auto& e : endpoints_.view(loop_.now())) {
        const auto which = e.config.name;
        auto& who = patients_[which];
        if (!needs_a_look(e)) {
            // Its time was over before we were sure, and somebody's work has been the probe.
            if (std::exchange(who.ill, false) && e.block == endpoint_block::none) {
                who.back = loop_.now();
                ++back;
            }
            if (is_due(who)) co_await check_up(which, who);
            continue;
        }
        const bool first = !who.ill;
        if (first) fell_ill(who);
        const auto until = deadline::after(loop_.now(), settings_.timeout);
        const health_look at{.endpoint = which, .first = first, .until = until};
        who.good = co_await check_(at) ? who.good + 1 : 0;
        if (who.good < who.doubt || !co_await bring_back(which, until)) continue;
        who.back = loop_.now();
        who.ill = false;
        ++back;
    }
    co_return back;
}

bool endpoint_monitor::is_due(patient& who) const {
    if (settings_.well_every == duration::zero()) return false;
    const auto now = loop_.now();
    if (!who.checked) who.checked = now;  // the first look at it: work will show how it is
    return saturating_add(*who.checked, settings_.well_every) <= now;
}

task<> endpoint_monitor::check_up(name endpoint, patient& who) {
    const auto begin = loop_.now();
    auto pick = endpoints_.pick(begin, {}, role::read, chance_, endpoint);
    if (!pick || pick->endpoint().name != endpoint) co_return;  // not to be asked now
    const health_look at{.endpoint = endpoint, .until = deadline::after(begin, settings_.timeout)};
    const bool well = co_await check_(at);
    const auto end = loop_.now();
    if (well) {
        pick->succeed(end - begin, end);
        who.checked = end;
    } else {
        pick->fail(fault{codes::net_unwell}.at(endpoints_.dependency(), endpoint), end - begin,
                   end);
        who.checked = time_point::min();
    }
}

task<bool> endpoint_monitor::bring_back(name endpoint, deadline until) {
    auto* const breaker = endpoints_.breaker(endpoint);
    if (breaker == nullptr) co_return false;  // removed meanwhile
    breaker->hint_healthy(loop_.now());
    while (breaker->view(loop_.now()).computed == breaker_state::half_open) {
        const auto begin = loop_.now();
        auto permit = breaker->admit(begin);
        if (!permit) co_return false;  // somebody's call is the probe now
        const health_look at{.endpoint = endpoint, .probe = true, .until = until};
        const bool well = co_await check_(at);
        const auto now = loop_.now();
        permit->record(well ? outcome::success(now - begin) : outcome::failure(now - begin), now);
        if (!well) co_return false;
    }
    co_return breaker->view(loop_.now()).computed == breaker_state::closed;
}

}  // namespace thole::io
