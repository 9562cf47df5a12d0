#include "solana/node_health.hpp"

#include <utility>

namespace thole::solana {

task<bool> node_health::operator()(io::health_look at) {
    const rpc::options how{
        .until = at.until, .level = commitment::processed, .endpoint = at.endpoint, .vital = true};
    if (at.probe) co_return (co_await client_.get_health(how)).has_value();
    const auto before = at.first ? 0 : slots_[at.endpoint];
    slots_[at.endpoint] = 0;
    if (!co_await client_.get_health(how)) co_return false;
    const auto slot = co_await client_.get_slot(how);
    if (!slot) co_return false;
    slots_[at.endpoint] = slot->value;
    co_return before != 0 && slot->value > before &&
        slot->value + most_behind >= client_.front_slot();
}

}  // namespace thole::solana
