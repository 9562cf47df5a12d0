#include "nft/refill.hpp"

#include "nft/top_up.hpp"

namespace thole::nft {
namespace {

using namespace std::chrono_literals;

constexpr auto settling = 2min;
// One that waited long for its treasury was accepted long before it ended.
constexpr auto furthest_back = std::chrono::hours{24} * 31;

saga::list_filter top_ups(int limit) {
    saga::list_filter out;
    out.kind = std::string{top_up_kind};
    out.limit = limit;
    return out;
}

}  // namespace

task<result<std::uint64_t>> refill::counted(std::optional<uuid> before) {
    const auto now = p_.now();
    std::uint64_t sum = 0;
    auto filter = top_ups(100);
    filter.created_from = now - furthest_back;
    filter.with_outputs = true;
    for (;;) {
        const auto page = co_await p_.work.list(filter);
        if (!page) co_return fail(page.error());
        for (const auto& each : page->items) {
            if (!before || each.view.id < *before) sum += counted_lamports(each, now);
        }
        if (page->next == 0) co_return sum;
        filter.before = page->next;
    }
}

task<result<>> refill::look() {
    const auto newest = co_await p_.work.list(top_ups(1));
    if (!newest) co_return fail(newest.error());
    std::string key = "first";
    if (!newest->items.empty()) {
        const auto& last = newest->items.front().view;
        if (!last.ended_at || *last.ended_at + settling > p_.now()) co_return result<>{};
        key = "after " + last.id.text();
    }
    const auto sum = co_await counted();
    if (!sum) co_return fail(sum.error());
    if (*sum > p_.daily_cap || p_.lamports > p_.daily_cap - *sum) {
        if (!std::exchange(told_capped_, true)) p_.tell(refill_news::capped, *sum);
        co_return result<>{};
    }
    saga::submission s;
    s.kind = std::string{top_up_kind};
    s.key = std::move(key);
    s.input = json::write(top_up_request{p_.lamports});
    const auto accepted = co_await p_.work.submit(std::move(s));
    if (!accepted) co_return fail(accepted.error());
    told_capped_ = false;
    p_.tell(refill_news::begun, *sum);
    co_return result<>{};
}

}  // namespace thole::nft
