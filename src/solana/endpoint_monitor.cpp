#include "solana/endpoint_monitor.hpp"

#include <algorithm>
#include <utility>

namespace thole::solana {

namespace {

bool needs_a_look(const endpoint_view& e) {
    return !e.drained && e.breaker.forced == breaker_override::none &&
           e.breaker.computed != breaker_state::closed;
}

}  // namespace

void endpoint_monitor::fell_ill(patient& who) const {
    const auto now = client_.loop().now();
    const bool again = who.back && now - *who.back < settings_.relapse;
    who = {.doubt = again ? std::min(2 * who.doubt, settings_.most_doubt) : 1,
           .ill = true,
           .back = who.back};
}

task<std::size_t> endpoint_monitor::look() {
    std::size_t back = 0;
    for (const auto& e : endpoints_.view(client_.loop().now())) {
        const auto which = e.config.name;
        auto& who = patients_[which];
        if (!needs_a_look(e)) {
            // Its time was over before we were sure, and somebody's work has been the probe.
            if (std::exchange(who.ill, false) && e.block == endpoint_block::none) {
                who.back = client_.loop().now();
                ++back;
            }
            continue;
        }
        if (!who.ill) fell_ill(who);
        const auto until = deadline::after(client_.loop().now(), settings_.timeout);
        who.good = co_await is_well(which, who, until) ? who.good + 1 : 0;
        if (who.good < who.doubt || !co_await bring_back(which, until)) continue;
        who.back = client_.loop().now();
        who.ill = false;
        ++back;
    }
    co_return back;
}

// Asked past the breaker, which would refuse, and unwatched by it: finding a node dead once more
// teaches nobody anything.
task<bool> endpoint_monitor::is_well(name endpoint, patient& who, deadline until) {
    const rpc::options how{
        .until = until, .level = commitment::processed, .endpoint = endpoint, .vital = true};
    const auto before = std::exchange(who.slot, 0);
    if (!co_await client_.get_health(how)) co_return false;
    const auto slot = co_await client_.get_slot(how);
    if (!slot) co_return false;
    who.slot = slot->value;
    std::uint64_t furthest = 0;
    for (const auto& e : endpoints_.view(client_.loop().now())) {
        furthest = std::max(furthest, client_.seen_slot(e.config.name));
    }
    co_return before != 0 && who.slot > before&& who.slot + settings_.most_behind >= furthest;
}

task<bool> endpoint_monitor::bring_back(name endpoint, deadline until) {
    auto& loop = client_.loop();
    auto* const breaker = endpoints_.breaker(endpoint);
    if (breaker == nullptr) co_return false;  // removed meanwhile
    breaker->hint_healthy(loop.now());
    const rpc::options how{.until = until, .level = commitment::processed, .endpoint = endpoint};
    while (breaker->view(loop.now()).computed == breaker_state::half_open) {
        if (!co_await client_.get_health(how)) co_return false;
    }
    co_return breaker->view(loop.now()).computed == breaker_state::closed;
}

}  // namespace thole::solana
