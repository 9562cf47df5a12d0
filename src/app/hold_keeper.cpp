#include "app/hold_keeper.hpp"

#include "engine/codes.hpp"

namespace thole::app {
namespace {

std::set<uuid> holding(const ipfs::content_holds& holds) {
    const auto all = holds.owners();
    return {all.begin(), all.end()};
}

}  // namespace

hold_keeper::hold_keeper(ipfs::content_holds& holds) : holds_{holds}, seen_{holding(holds)} {}

task<> hold_keeper::drop(uuid operation) {
    // A fault leaves it to the next sweep.
    (void)co_await holds_.drop(operation);
}

void hold_keeper::happened(io::scope& background, const saga::operation& op, const saga::event& e) {
    if (e.type == saga::event_type::ended) background.spawn(drop(op.who.id));
}

task<std::size_t> hold_keeper::sweep(saga::engine& engine) {
    std::size_t dropped = 0;
    const auto judged = std::exchange(seen_, holding(holds_));
    for (const auto& id : judged) {
        const auto found = co_await engine.get(id);
        const bool gone = !found && found.error().is(thole::codes::operation_not_found);
        const bool ended = found && found->view.ended_at;
        if (!gone && !ended) continue;
        if (const auto done = co_await holds_.drop(id)) ++dropped;
        seen_.erase(id);
    }
    co_return dropped;
}

}  // namespace thole::app
