#include "sim/leases.hpp"

#include <algorithm>

#include "engine/transitions.hpp"

namespace thole::sim {

namespace {

constexpr auto length = std::chrono::floor<store_time::duration>(lease_length);
// A node trusts its lease for less than it was given: what it begins needs time to arrive.
constexpr duration margin = std::chrono::seconds{2};
// At one renewal: it must not keep the node from renewing again. The rest waits for the next.
constexpr int most_taken_over = 1000;

}  // namespace

void lease_table::take(const saga::node_identity& node, store_time until) {
    by_node_[node.name] = {node.boot, until};
}

bool lease_table::renew(std::uint64_t boot, store_time now, store_time until) {
    for (auto& [name, each] : by_node_) {
        if (each.boot != boot || each.until <= now) continue;
        each.until = until;
        return true;
    }
    return false;
}

bool lease_table::holds(std::uint64_t boot, store_time now) const {
    return std::ranges::any_of(by_node_, [&](const auto& each) {
        return each.second.boot == boot && now < each.second.until;
    });
}

void leased_journal::lease_holds() {
    sure_until_ = saturating_add(loop_.now(), lease_length - margin);
}

task<result<std::int64_t>> leased_journal::begin(saga::node_identity node) {
    // Its plans are kept, or refused, by the storage; what others are running is not its to ready.
    auto plans = node;
    plans.most_readied = 0;
    const auto kept = co_await inner_.begin(std::move(plans));
    if (!kept) co_return kept;
    node_ = std::move(node);
    begun_ = true;
    table_.take(node_, now() + length);
    lease_holds();
    co_return co_await take_over(node_.most_readied);
}

task<> leased_journal::keep() {
    while (!power_.is_off()) {
        static_cast<void>(co_await loop_.sleep_for(lease_renewal));
        if (power_.is_off()) break;
        if (!begun_ || !tell_.may_renew()) continue;
        // What was lost is taken anew: others may have what was running under it.
        if (!table_.renew(node_.boot, now(), now() + length)) table_.take(node_, now() + length);
        lease_holds();
        static_cast<void>(co_await take_over(most_taken_over));
    }
}

task<result<std::int64_t>> leased_journal::take_over(int most) {
    std::int64_t taken = 0;
    saga::list_filter running;
    running.state = saga::op_state::running;
    running.limit = 500;
    do {
        const auto page = co_await inner_.list(running);
        if (!page) co_return fail(page.error());
        for (const auto& each : page->items) {
            const auto& is = each.op.now;
            if (is.owner == node_.boot || table_.holds(is.owner, now())) continue;
            if (taken == most) co_return taken;
            saga::move m;
            m.who = &each.op.who;
            m.fence = is.fence;
            m.base_seq = is.seq;
            m.after = is;
            saga::recover(m.after, now(), m.events);
            // Refused: somebody was faster.
            if (!co_await inner_.commit(m)) continue;
            tell_.taken_over();
            ++taken;
        }
        running.before = page->next;
    } while (running.before != 0);
    co_return taken;
}

}  // namespace thole::sim
