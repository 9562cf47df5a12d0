#include "app/resealing.hpp"

#include <fmt/format.h>

namespace thole::app {

namespace {

using namespace std::chrono_literals;

// Values in one commit, and how long the journal is left to others then.
constexpr int most_at_once = 200;
constexpr duration between = 20ms;
constexpr duration after_fault = 1min;

void tell(const resealing& with, std::string_view what, const saga::reseal_progress& at) {
    with.metrics.gauge_of(ops::metric::engine_reseal_percent).set(at.percent);
    with.log.write(ops::log_severity::info, what,
                   {{"key", with.cipher.newest()},
                    {"percent", fmt::format("{}", at.percent)},
                    {"looked_at", fmt::format("{}", at.looked_at)},
                    {"sealed", fmt::format("{}", at.sealed)}});
}

}  // namespace

task<> reseal_payloads(resealing with) {
    const auto needed = co_await with.journal.needs_resealing();
    with.metrics.gauge_of(ops::metric::engine_reseal_percent).set(100);
    if (needed && !*needed) co_return;
    saga::reseal_progress at;
    tell(with, "payloads_resealing", at);
    while (!at.done) {
        const auto next = co_await with.journal.reseal(at, most_at_once);
        if (!next && next.error().kind() == fault_kind::permanent) {
            with.log.write(ops::log_severity::error, "payloads_not_resealed",
                           {{"code", std::string{next.error().code()}},
                            {"detail", std::string{next.error().detail()}}});
            co_return;
        }
        const int tenth = at.percent / 10;
        if (next) at = *next;
        if (at.percent / 10 != tenth && !at.done) tell(with, "payloads_resealing", at);
        const auto slept = co_await with.loop.sleep_for(next ? between : after_fault);
        if (!slept) co_return;
    }
    tell(with, "payloads_resealed", at);
}

}  // namespace thole::app
