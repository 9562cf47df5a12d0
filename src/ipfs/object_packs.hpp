#pragma once

// Small contents side by side in few files.
//
//   auto packs = ipfs::object_packs::open({.folder = f + "/packs", .draft = f + "/draft"}, files);
//   for (const auto& each : (*packs)->take_found()) …      // what earlier runs put there
//   auto at = (*packs)->put(root, object, now);            // durable when it answers
//   files->read(*(*packs)->file(at->pack), at->offset, out);
//   (*packs)->drop(root, *at);
//
// The problem: a mint's metadata are a few hundred bytes, and a file for them costs an inode, a
// rename and two fsyncs, each of which is dearer than the bytes. Here one append and one sync serve
// all that come at once (shared_write.hpp), and a pack of 64 MB is one file.
//
// A pack is NUMBER.pack: a first line, then frames. An object is what object_file.hpp says.
//
//   thole pack 1
//   +CID SIZE TIME DURABLE CHECK      put then (microseconds since 1970); SIZE bytes of object and
//                                     a line feed follow
//   -CID PLACE DURABLE CHECK          the object that begins there in this pack is dropped
//
// DURABLE: how much of the pack was synced before the frame was written. CHECK: the first half of
// the SHA-256 of "NUMBER OFFSET " and what stands before it, in hex; OFFSET is the frame's. Of one
// content the last frame of the last pack counts.
//
// What is behind the last DURABLE was perhaps acknowledged to nobody: open() proves its objects and
// drops what is torn. Behind the last good frame is the torn end of the pack, which open() cuts
// off; a bad frame before it is damage: what it held is not held, and nothing else is lost. A drop
// is not synced: what comes back after a power cut is dropped again. Damage inside an object is
// found when it is read. A write that failed is taken back by truncation; when that fails too, the
// process ends, because what the disk holds is then unknown. On a full disk a drop succeeds all the
// same, as one that is not synced: else a full disk could not be emptied.
//
// A pack most of which is dead is emptied by its owner – each living object is put anew – and
// removed: wasteful() names it. Threads: any; put(), drop() and remove() block on the disk.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "ipfs/codec/cid.hpp"
#include "ipfs/disk.hpp"
#include "ipfs/shared_write.hpp"
#include "thole/time.hpp"

namespace thole::ipfs {

struct object_packs_options {
    std::string folder;                     // exists
    std::string draft;                      // where a new pack begins, on the same file system
    std::uint64_t pack_bytes = 64U << 20U;  // then another one is begun
    std::uint64_t fewest_dead = 1U << 20U;  // bytes; a pack with fewer is not wasteful
};

// Where an object's bytes are.
struct packed_place {
    std::uint32_t pack = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    friend bool operator==(const packed_place&, const packed_place&) = default;
};

// What is to be put; the bytes live as long as the call.
struct packing {
    cid id;
    bytes_view object;
    store_time since{};
};

class object_packs {
  public:
    struct found {
        packed_place at;
        store_time since{};
    };
    [[nodiscard]] static result<std::unique_ptr<object_packs>> open(object_packs_options options,
                                                                    std::shared_ptr<disk> files);

    // By as_v1(); once.
    [[nodiscard]] std::unordered_map<cid, found> take_found() { return std::exchange(found_, {}); }

    // The last of a content counts; what was put before is to be dropped, so that it does not come
    // back when this one goes. After an error nothing has changed.
    [[nodiscard]] result<packed_place> put(const cid& id, bytes_view object, store_time since);
    // All of them, in order, with one sync.
    [[nodiscard]] result<std::vector<packed_place>> put_all(std::span<const packing> all);
    [[nodiscard]] result<> drop(const cid& id, packed_place at);
    // As a drop, of which a restart need not know: the pack is about to be removed.
    void superseded(packed_place at);

    // Readable as long as it is held, also when the pack is removed meanwhile.
    [[nodiscard]] std::shared_ptr<const open_file> file(std::uint32_t pack) const;
    // Whether the file still has a name on the disk.
    [[nodiscard]] bool is_there(std::uint32_t pack) const;

    // The next pack to be emptied and removed, by number; nothing more is put there. Mostly dead,
    // or full once and dead by now.
    [[nodiscard]] std::optional<std::uint32_t> wasteful(std::uint32_t after = 0);
    // Whether it did; not while an object in it is needed.
    [[nodiscard]] result<bool> remove(std::uint32_t pack);

  private:
    struct pack {
        std::shared_ptr<const open_file> reading;
        open_file writing;  // of the carry alone, when it has written
        std::uint64_t size = 0;
        std::uint64_t durable = 0;
        std::uint64_t living = 0;  // bytes of objects
    };
    enum class act : std::uint8_t { put, drop, remove_pack };
    struct change {
        act what;
        cid id;
        packed_place at;
        bytes_view object{};
        store_time since{};
        result<bool> done = false;
    };
    object_packs(object_packs_options options, std::shared_ptr<disk> files);
    [[nodiscard]] std::string path_of(std::uint32_t number) const;
    [[nodiscard]] result<> load();
    [[nodiscard]] result<> load_pack(std::uint32_t number);
    void take(const cid& id, const found& what);
    [[nodiscard]] result<> choose_pack();
    [[nodiscard]] result<> begin_pack(std::uint32_t number);
    void carry(const std::vector<std::span<change>>& groups);
    [[nodiscard]] result<> write(std::uint32_t number, const std::vector<change*>& changes);
    [[nodiscard]] result<bool> unlink(std::uint32_t number);

    const object_packs_options options_;
    const std::shared_ptr<disk> files_;
    shared_write<std::span<change>> writes_;
    std::unordered_map<cid, found> found_;
    std::uint32_t target_ = 0;  // of the carry alone: where its puts go

    mutable std::mutex mutex_;  // guards what follows; never held during disk access
    std::map<std::uint32_t, pack> packs_;
    std::uint32_t filling_ = 0;  // 0: none
};

}  // namespace thole::ipfs
