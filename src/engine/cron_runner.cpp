#include "engine/cron_runner.hpp"

#include <algorithm>

#include "base/time_text.hpp"
#include "engine/codes.hpp"

namespace thole::saga {

namespace {

using namespace std::chrono_literals;

// The longest sleep: the clock may be set meanwhile.
constexpr store_time::duration longest_nap = 1min;
constexpr store_time::duration retry_pause = 5s;

std::string prefix_of(std::string_view job) {
    return "cron/" + std::string{job} + "/";
}

}  // namespace

cron_runner::cron_runner(surroundings at, std::vector<cron_job> jobs) : at_{std::move(at)} {
    for (auto& each : jobs) jobs_.push_back({std::move(each)});
}

std::string cron_runner::key_of(std::string_view job, store_time tick) {
    return prefix_of(job) + rfc3339(tick).substr(0, 16) + "Z";
}

task<result<std::optional<operation_details>>> cron_runner::newest_of(const cron_job& job) {
    list_filter which;
    which.kind = job.kind;
    which.subject = prefix_of(job.name);
    which.limit = 1;
    auto page = co_await at_.work.list(std::move(which));
    if (!page) co_return fail(std::move(page).error());
    if (page->items.empty()) co_return std::nullopt;
    co_return std::move(page->items.front());
}

task<bool> cron_runner::find_begin(running_job& job) {
    const auto now = at_.now();
    if (job.what.missed == missed_ticks::skip) {
        job.after = now;
        co_return true;
    }
    auto last = co_await newest_of(job.what);
    if (!last) {
        tell(job.what, last.error());
        co_return false;
    }
    job.after = now;
    if (!*last) co_return true;
    // "cron/NAME/2026-01-31T12:00Z"
    const auto tick = (*last)->view.key.substr(prefix_of(job.what.name).size());
    const auto at = parse_store_time(tick.substr(0, 16) + ":00Z");
    if (at) job.after = std::min(*at, now);
    co_return true;
}

// False: to be tried again.
task<bool> cron_runner::start_newest(running_job& job, store_time now) {
    const auto tick = job.what.at.newest(*job.after, now);
    if (!tick) co_return true;
    submission s;
    s.kind = job.what.kind;
    s.key = key_of(job.what.name, *tick);
    s.input = job.what.input;
    s.subject = prefix_of(job.what.name);
    const auto accepted = co_await at_.work.submit(std::move(s));
    // Started earlier, with an input that was configured then.
    const bool there = accepted || accepted.error().is(codes::engine_key_conflict);
    if (!there) {
        tell(job.what, accepted.error());
        if (accepted.error().kind() != fault_kind::permanent) co_return false;
    }
    job.after = *tick;
    co_return true;
}

task<> cron_runner::run() {
    for (;;) {
        const auto now = at_.now();
        auto wake = now + longest_nap;
        for (auto& job : jobs_) {
            bool settled = job.after.has_value();
            if (!settled) settled = co_await find_begin(job);
            if (settled) settled = co_await start_newest(job, now);
            if (!settled) {
                wake = std::min(wake, now + retry_pause);
            } else if (const auto next = job.what.at.next(*job.after)) {
                wake = std::min(wake, *next);
            }
        }
        const auto pause = std::max(wake - at_.now(), store_time::duration{1ms});
        const auto slept = co_await at_.loop.sleep_for(pause);
        if (!slept) co_return;
    }
}

task<result<std::vector<cron_view>>> cron_runner::view(int ticks) {
    std::vector<cron_view> out;
    for (const auto& job : jobs_) {
        auto last = co_await newest_of(job.what);
        if (!last) co_return fail(std::move(last).error());
        auto& shown = out.emplace_back();
        shown.name = job.what.name;
        shown.at = job.what.at.text();
        shown.kind = job.what.kind;
        shown.missed = job.what.missed;
        if (*last) {
            shown.last = (*last)->view.id;
            shown.last_state = (*last)->view.state;
        }
        auto at = job.what.at.next(at_.now());
        for (int i = 0; i < ticks && at; ++i, at = job.what.at.next(*at)) {
            shown.next.push_back(*at);
        }
    }
    co_return out;
}

}  // namespace thole::saga
