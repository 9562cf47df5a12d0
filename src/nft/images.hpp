#pragma once

// The images that clients sent before their mints (POST /api/v1/content), as a mint needs them.
//
//   auto image = co_await pictures.find(cid);               // held, and by its bytes an image
//   upload.source = pictures.source(cid);                   // loaded only by who needs the bytes
//
// A mint looks at its image several times, and what a CID names never changes: what was found is
// remembered, and only whether the store holds it is asked again. Damage since then is found by who
// reads the bytes.
//
// Threads: core loop. Lifetime: store and pool outlive it. Errors: ipfs::codes::not_held and those
// of the store, codes::not_an_image. Cancellation: reads are finished.

#include <memory>
#include <optional>
#include <string>

#include "base/known_answers.hpp"
#include "ipfs/codec/profile.hpp"
#include "ipfs/content_store.hpp"
#include "ipfs/provider.hpp"
#include "sql/blocking_pool.hpp"

namespace thole::nft {

struct held_image {
    ipfs::cid id;
    std::uint64_t size = 0;
    std::string media_type;  // "image/png"
    ipfs::profile shape = ipfs::v1_256k;
    std::vector<ipfs::original> originals{};  // files instead of which it was kept
};

class images {
  public:
    virtual ~images() = default;
    [[nodiscard]] virtual task<result<held_image>> find(ipfs::cid id) = 0;
    [[nodiscard]] virtual std::shared_ptr<ipfs::content_source> source(const ipfs::cid& id) = 0;
};

class store_images final : public images {
  public:
    store_images(ipfs::content_store& store, sql::blocking_pool& pool)
        : store_{store}, pool_{pool} {}
    [[nodiscard]] task<result<held_image>> find(ipfs::cid id) override;
    [[nodiscard]] std::shared_ptr<ipfs::content_source> source(const ipfs::cid& id) override;

  private:
    struct seen {
        std::optional<held_image> image;  // without originals, which may become more
    };
    ipfs::content_store& store_;
    sql::blocking_pool& pool_;
    known_answers<seen, 1024> known_;
};

}  // namespace thole::nft
