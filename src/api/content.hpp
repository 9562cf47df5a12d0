#pragma once

// POST /api/v1/content   raw bytes of an image → {v, cid, size, media_type, sha256}
//
// On disk and fsynced before the answer; 201 when it is new, 200 when it was there. What nobody
// refers to within a day is removed again. The body goes into the store while it arrives, so an
// upload costs no memory; the fsync runs on the pool. Threads: the server's loop.

#include <functional>

#include "api/router.hpp"
#include "ipfs/content_store.hpp"
#include "sql/blocking_pool.hpp"

namespace thole::api {

inline constexpr std::uint64_t content_limit = 50 << 20;

// True when new work may be accepted as far as the disk is concerned.
using disk_check = std::function<bool()>;

class content_resource {
  public:
    content_resource(ipfs::content_store& store, sql::blocking_pool& pool, disk_check room,
                     ops::metrics& count, const clock& time)
        : store_{store}, pool_{pool}, room_{std::move(room)}, count_{count}, time_{time} {}
    void add_to(router&);

  private:
    class upload;
    task<io::server_response> post(call);

    ipfs::content_store& store_;
    sql::blocking_pool& pool_;
    disk_check room_;
    ops::metrics& count_;
    const clock& time_;
};

}  // namespace thole::api
