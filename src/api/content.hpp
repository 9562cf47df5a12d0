#pragma once

// POST /api/v1/content   raw bytes of an image → {v, cid, size, media_type, sha256, …}
//
// On disk and fsynced before the answer; 201 when it is new, 200 when it was there. What nobody
// refers to within a day is removed again. The body goes into the store while it arrives, so an
// upload costs no memory; the fsync runs on the pool. With a worker the whole image is decoded in a
// process of its own before it is kept (image/worker.hpp), and kept in fewer bytes when that is
// wished: then the answer names the original by its hash, {…, original: {size, sha256}}, and the
// same file again is the same content, whatever a later program would have made of it. Threads: the
// server's loop.

#include <functional>

#include "api/router.hpp"
#include "image/worker.hpp"
#include "ipfs/content_store.hpp"
#include "sql/blocking_pool.hpp"

namespace thole::api {

inline constexpr std::uint64_t content_limit = 50 << 20;

// True when new work may be accepted as far as the disk is concerned.
using disk_check = std::function<bool()>;

// Who looks at images, and on whose threads, each of which waits for one process; none = images are
// known by their first bytes alone.
struct image_check {
    const image::worker* look = nullptr;
    sql::blocking_pool* pool = nullptr;
};

class content_resource {
  public:
    content_resource(ipfs::content_store& store, sql::blocking_pool& pool, disk_check room,
                     ops::metrics& count, const clock& time, image_check images = {})
        : store_{store},
          pool_{pool},
          room_{std::move(room)},
          count_{count},
          time_{time},
          images_{images} {}
    void add_to(router&);

  private:
    class upload;
    task<io::server_response> post(call);
    task<result<image::report>> look_at(const ipfs::content_writer*);
    task<result<ipfs::stored>> keep(ipfs::content_writer*, ipfs::original file,
                                    std::string smaller);

    ipfs::content_store& store_;
    sql::blocking_pool& pool_;
    disk_check room_;
    ops::metrics& count_;
    const clock& time_;
    image_check images_;
};

}  // namespace thole::api
