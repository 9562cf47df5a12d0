#pragma once

// The embedded content store as a provider, with its blocking calls on a pool.
//
//   ipfs::store_provider local{thole::name{"store"}, store, pool, [&] { return journal_now(); }};
//
// Pins carry the upload's owner, so what an operation has here is found by its id alone.
// Threads: core loop. Lifetime: store, pool and clock outlive it.

#include <functional>

#include "ipfs/content_store.hpp"
#include "ipfs/provider.hpp"
#include "sql/blocking_pool.hpp"

namespace thole::ipfs {

class store_provider final : public archive {
  public:
    using store_clock = std::function<store_time()>;
    store_provider(name label, content_store& store, sql::blocking_pool& pool, store_clock now);

    [[nodiscard]] name label() const noexcept override { return label_; }
    // Reads the source only when the store does not hold the content, or holds a small one damaged.
    // Receipt id: the owner.
    [[nodiscard]] task<result<pin_receipt>> put(upload what, deadline until) override;
    [[nodiscard]] task<result<pin_state>> status(cid id, deadline until) override;
    [[nodiscard]] task<result<>> unpin(pin_receipt receipt, deadline until) override;
    [[nodiscard]] task<result<>> check(deadline until) override;

    [[nodiscard]] task<result<>> release(std::string owner, deadline until) override;

  private:
    name label_;
    content_store& store_;
    sql::blocking_pool& pool_;
    store_clock now_;
};

// The bytes of a content that the store holds.
class store_source final : public content_source {
  public:
    store_source(content_store& store, sql::blocking_pool& pool, const cid& id)
        : store_{store}, pool_{pool}, id_{id} {}
    [[nodiscard]] task<result<std::shared_ptr<const bytes>>> load() override;

  private:
    content_store& store_;
    sql::blocking_pool& pool_;
    cid id_;
};

}  // namespace thole::ipfs
