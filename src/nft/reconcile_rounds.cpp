#include "nft/reconcile_rounds.hpp"

#include <fmt/core.h>

#include <cmath>

namespace thole::nft {
namespace {

using namespace std::chrono_literals;

// Reports are long, and between two runs of ours there are few that somebody asked for.
constexpr int runs_at_once = 5;
constexpr int pages_of_runs = 20;

}  // namespace

std::uint32_t place_of(store_time now, duration once_around) {
    const auto around = std::chrono::duration_cast<store_time::duration>(once_around);
    const auto part = static_cast<double>((now.time_since_epoch() % around).count()) /
                      static_cast<double>(around.count());
    return static_cast<std::uint32_t>(std::ldexp(part, 32));
}

task<> reconcile_rounds::run() {
    const bool in_slices = schedule_.content && schedule_.content_within > 0s;
    if (in_slices) last_ = co_await last_in_journal();
    for (std::uint64_t number = 1;; ++number) {
        const auto slept = co_await from_.loop.sleep_for(schedule_.interval);
        if (!slept) co_return;
        co_await round(number);
    }
}

task<> reconcile_rounds::round(std::uint64_t number) {
    reconcile_request how{.dry_run = false, .content = schedule_.content, .slice = {}};
    const auto now = from_.now();
    if (how.content && schedule_.content_within > 0s) how.slice = slice_until(now);
    saga::submission s;
    s.kind = reconcile_kind;
    s.key = fmt::format("every-{:x}-{}", from_.seed, number);
    s.input = json::write(how);
    const auto accepted = co_await from_.work.submit(std::move(s));
    if (!accepted) {
        if (from_.on_fault) from_.on_fault(accepted.error());
        co_return;
    }
    const auto until = deadline::after(from_.loop.now(), 24h);
    const auto ended = co_await from_.work.wait_end(accepted->view.id, until);
    if (how.slice && ended && ended->view.state == "completed") last_ = stop{now, how.slice->to};
}

content_slice reconcile_rounds::slice_until(store_time now) const {
    const auto within = schedule_.content_within;
    const auto first = now - std::chrono::duration_cast<store_time::duration>(schedule_.interval);
    const auto from = last_.value_or(stop{first, place_of(first, within)});
    const auto to = place_of(now, within);
    const bool once_around = now - from.at >= within;
    return {once_around ? to : from.place, to};
}

task<std::optional<reconcile_rounds::stop>> reconcile_rounds::last_in_journal() {
    saga::list_filter filter;
    filter.kind = std::string{reconcile_kind};
    filter.ending = saga::op_ending::completed;
    filter.limit = runs_at_once;
    filter.with_outputs = true;
    for (int i = 0; i < pages_of_runs; ++i) {
        const auto page = co_await from_.work.list(filter);
        if (!page) co_return std::nullopt;
        for (const auto& each : page->items) {
            const auto how = json::read<reconcile_request>(each.input);
            if (how && how->slice) co_return stop{each.view.created_at, how->slice->to};
        }
        filter.before = page->next;
        if (page->next == 0) break;
    }
    co_return std::nullopt;
}

}  // namespace thole::nft
