#pragma once

// Contents that accepted work still needs, kept from being collected until it has ended.
//
// The problem: an accepted operation may wait for days, unreferenced content is removed after one,
// and whether an archive is configured among the providers must not matter. So the client's content
// is held *before* the operation is journaled, under the id that it will have:
//
//   const auto id = engine.new_id();
//   if (auto held = co_await holds.take(image, id); !held) …refuse…
//   … submit under that id …                     // refused or replayed: holds.drop(id)
//   … the operation ends …                       // holds.drop(id)
//
// In this order no operation exists without its hold. A hold without an operation is what a crash
// leaves; it is dropped at the next start (owners(), asked before new work is accepted).
//
// Threads: core loop. Lifetime: store, pool and clock outlive it. Errors: those of the store;
// ipfs.not_held. Cancellation: what was begun is finished.

#include <functional>
#include <vector>

#include "base/id.hpp"
#include "ipfs/content_store.hpp"
#include "sql/blocking_pool.hpp"

namespace thole::ipfs {

class content_holds {
  public:
    using store_clock = std::function<store_time()>;
    // Without a pool every call runs at once on the caller's thread: that is for simulations.
    content_holds(content_store& store, sql::blocking_pool* pool, store_clock now)
        : store_{store}, pool_{pool}, now_{std::move(now)} {}

    [[nodiscard]] task<result<>> take(cid content, uuid operation);
    // Everything the operation holds. Dropped already is fine.
    [[nodiscard]] task<result<>> drop(uuid operation);
    [[nodiscard]] std::vector<uuid> owners() const;

  private:
    content_store& store_;
    sql::blocking_pool* pool_;
    store_clock now_;
};

}  // namespace thole::ipfs
