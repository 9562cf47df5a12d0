#pragma once

// The embedded content store: contents on this machine's disk, addressed by CID.
//
// The problem: an upload that was answered must survive a power cut, a half-written one must never
// be seen, and nothing may be served that does not hash to its name. So:
//
//   auto store = ipfs::content_store::open({.folder = data + "/content"});
//   auto kept = (*store)->put(image_bytes, now);          // on disk, fsynced, when it answers
//   (*store)->pin(kept->info.root, operation_id);         // durable too
//   auto file = (*store)->open_content(kept->info.root);  // every byte checked while it is read
//   auto part = file->read(0, 1024);
//   (*store)->gc(now);                                    // removes what nobody pinned for 24 h
//
// Folder: objects/FOLDER/CID (a file for a content, see object_file.hpp), packs/ (small contents
// side by side, see object_packs.hpp), pins.log (see pin_log.hpp), originals/ (see originals.hpp),
// tmp/ (emptied at open), lock. A file is written to tmp, fsynced, renamed, its folder fsynced: in
// that order, the last for all contents that come together (shared_write.hpp), which is why new
// ones go to one folder until it is full. What a folder is called does not matter. A content is
// unreferenced since its file's modification time, or since it was unpinned last. A pin is of a
// CID: it stays when somebody removes the file, and counts again when that is put again. Earlier
// versions had a file for every content, which is read as ever, and an empty one for each pin,
// pins/xy/CID~OWNER: open() carries those over, once.
//
// Threads: any; calls block on the disk (use a pool, not a loop). Errors: ipfs.disk_full and
// ipfs.disk_error leave nothing visible; a folder that cannot be fsynced after a rename ends the
// process, because what the disk holds is then unknown. ipfs.corrupt content is not served; putting
// it again replaces it.

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ipfs/content_reader.hpp"
#include "ipfs/object_packs.hpp"
#include "ipfs/originals.hpp"
#include "ipfs/pin_log.hpp"
#include "ipfs/shared_write.hpp"

namespace thole::ipfs {

struct stored {
    content_info info;
    bool created = false;  // false: the store held it already
};

struct store_options {
    std::string folder;                                  // made when absent
    std::uint64_t max_content_bytes = 50 * 1024 * 1024;  // of one content
    std::uint64_t max_total_bytes = UINT64_MAX;          // of all contents; more is ipfs.disk_full
    std::size_t folder_contents = 4096;                  // then new ones go to another
    std::size_t packed_bytes = 0;           // a content of at most so many is packed; 0: none is
    std::uint64_t pack_bytes = 64U << 20U;  // of a pack, then another one is begun
    std::uint64_t fewest_dead = 1U << 20U;  // bytes in a pack, before gc() writes it anew
    std::uint64_t one_block_bytes = v1_256k.chunk_bytes;  // larger ones may have several blocks
    store_time::duration keep_unreferenced = std::chrono::hours{24};  // before gc() removes it
};

struct store_usage {
    std::uint64_t contents = 0;
    std::uint64_t pinned = 0;
    std::uint64_t bytes = 0;
};

class content_store;

// A content on its way in. Destroyed without commit(): nothing remains. Single-owner; the store
// must outlive it.
class content_writer {
  public:
    content_writer(content_writer&&) noexcept;
    content_writer& operator=(content_writer&&) = delete;
    ~content_writer();
    // ipfs.too_large beyond the limit, ipfs.disk_full; after an error only destroy it.
    [[nodiscard]] result<> feed(bytes_view data);
    // What was fed so far, a file to be read from its beginning; only before commit().
    [[nodiscard]] result<open_file> read_back() const;
    // Hash and CID of what was fed; nothing more is fed then.
    [[nodiscard]] sha256_digest sha256();
    [[nodiscard]] result<cid> root();
    // Durable and visible when it answers.
    [[nodiscard]] result<stored> commit(store_time now);

  private:
    friend class content_store;
    struct state;
    explicit content_writer(std::unique_ptr<state>);
    std::unique_ptr<state> state_;
};

class content_store {
  public:
    // ipfs.store_locked when another process has the folder; ipfs.pins_damaged; ipfs.corrupt for a
    // pack without its first line; ipfs.disk_error.
    [[nodiscard]] static result<std::unique_ptr<content_store>> open(
        store_options options, std::shared_ptr<disk> files = std::make_shared<disk>());
    ~content_store();

    [[nodiscard]] result<content_writer> begin(const profile& shape = v1_256k);
    [[nodiscard]] result<stored> put(bytes_view content, store_time now,
                                     const profile& shape = v1_256k);
    // Whether a file can be made in the folder.
    [[nodiscard]] result<> probe();

    // Version 0 and 1 of one CID are the same content. Everything below answers ipfs.not_held for
    // what is not there.
    [[nodiscard]] bool has(const cid&) const;
    [[nodiscard]] result<content_info> find(const cid&) const;
    [[nodiscard]] result<content_reader> open_content(const cid&) const;
    [[nodiscard]] result<bytes> read_all(const cid&) const;
    // Any block of any content: a root, an inner node or a leaf. What an earlier process put is
    // known by its root; its other blocks are found once the root was asked for, or after as many
    // questions as it takes to look at all contents, a few hundred at each.
    [[nodiscard]] result<bytes> block(const cid&);
    // A content that has this block.
    [[nodiscard]] result<content_reader> open_containing(const cid& block);

    // Pins are counted by owner: the same owner's second pin of a content is no second pin. An
    // owner is 1 to 128 letters, digits or . _ : - (an operation's id), else ipfs.bad_owner.
    [[nodiscard]] result<> pin(const cid&, std::string_view owner);
    // Also fine when there was no such pin. The 24 hours start again.
    [[nodiscard]] result<> unpin(const cid&, std::string_view owner, store_time now);
    // Every pin of the owner; tries all and answers the first fault.
    [[nodiscard]] result<> unpin_all(std::string_view owner, store_time now);
    [[nodiscard]] bool is_pinned(const cid&) const;                   // and held
    [[nodiscard]] std::vector<std::string> owners(const cid&) const;  // looks at every pin
    [[nodiscard]] std::vector<std::string> owners_like(std::string_view prefix) const;  // sorted
    [[nodiscard]] std::vector<cid> pinned_by(std::string_view owner) const;

    // This content was kept instead of that file (originals.hpp). Durable when it answers.
    [[nodiscard]] result<> note_original(const cid& kept, const original& file);
    // The content that was kept instead of it, as long as it is held.
    [[nodiscard]] std::optional<cid> kept_instead_of(const sha256_digest& file) const;
    [[nodiscard]] std::vector<original> originals_of(const cid& kept) const;

    // Removes contents that nobody pinned since now - keep_unreferenced; answers which, or the
    // first fault when some could not be removed.
    result<std::vector<cid>> gc(store_time now);

    [[nodiscard]] store_usage usage() const;
    [[nodiscard]] std::vector<cid> list() const;
    [[nodiscard]] const store_options& options() const noexcept { return options_; }

  private:
    friend class content_writer;
    class reserved_room;
    class use;
    struct entry {
        std::uint64_t file_size = 0;  // of the object; 0: pinned or in use, but not held
        store_time since{};           // put, or unpinned last
        std::uint64_t offset = 0;     // in its pack; 0: it has a file
        std::uint32_t folder = 0;     // of folders_, or the pack's number
        std::int32_t pins = 0;
        std::int32_t users = 0;  // it is not removed meanwhile
        bool indexed = false;    // its blocks are in contents_of_
        [[nodiscard]] bool held() const noexcept { return file_size != 0; }
        [[nodiscard]] bool free() const noexcept { return pins == 0 && users == 0; }
        [[nodiscard]] bool packed() const noexcept { return offset != 0; }
        [[nodiscard]] packed_place place() const noexcept { return {folder, offset, file_size}; }
    };
    struct object_place {
        std::uint32_t folder = 0;
        std::uint64_t offset = 0;
    };
    struct object_folder {
        std::string name;
        std::size_t contents = 0;
        bool made = false;  // durably
    };
    content_store(store_options options, std::shared_ptr<disk> files);
    [[nodiscard]] result<> load();
    [[nodiscard]] result<> load_objects();
    [[nodiscard]] result<> load_folder(const std::string& name);
    void load_object(const std::string& path, const cid& root);
    [[nodiscard]] result<> load_packs();
    [[nodiscard]] result<> load_pins();
    void remove_pin_files(const std::string& folder);
    [[nodiscard]] std::mutex& names_of(const cid& key);
    [[nodiscard]] std::string folder_path(std::uint32_t folder) const;
    [[nodiscard]] std::string object_path(const cid& key, std::uint32_t folder) const;
    [[nodiscard]] std::uint32_t choose_folder();
    [[nodiscard]] result<> ready_folder(std::uint32_t folder);
    void sync_or_die(const std::string& folder);
    [[nodiscard]] result<stored> keep(content_writer::state& written, const cid& root,
                                      store_time now);
    [[nodiscard]] result<object_place> keep_file(content_writer::state& written, const cid& key,
                                                 std::uint32_t folder);
    void let_go(const cid& key, const entry& before);
    [[nodiscard]] std::string temporary_path();
    [[nodiscard]] result<> tidy_packs();
    [[nodiscard]] result<> empty_pack(std::uint32_t pack);
    [[nodiscard]] result<> move_from(std::uint32_t pack, std::span<const cid> keys);
    [[nodiscard]] std::optional<cid> content_of(const cid& key);
    [[nodiscard]] std::optional<cid> known_content_of(const cid& key) const;
    [[nodiscard]] const entry* held(const cid& key) const;
    [[nodiscard]] bool is_there(const cid& key, const entry& what) const;
    void lose(entry&);
    void settle(const cid& key);
    [[nodiscard]] result<bool> collect(const cid& key, store_time now);
    [[nodiscard]] bool is_due(const entry&, store_time now) const;
    void index_blocks();
    void add_blocks(const object_index& index, const cid& root);

    store_options options_;
    std::shared_ptr<disk> files_;
    originals originals_;
    open_file lock_;
    std::unique_ptr<pin_log> pins_;
    std::unique_ptr<object_packs> packs_;  // null: there are none, and none is made
    // Held while its contents' names change on the disk (rename, gc): few others wait for that.
    // Taken before the others.
    std::array<std::mutex, 1024> names_;
    shared_write<std::string> folder_syncs_;
    std::mutex making_;         // held while a folder is made; taken before mutex_
    std::mutex indexing_;       // held while contents' hashes are read; taken before mutex_
    mutable std::mutex mutex_;  // guards everything below; never held during disk access
    std::vector<object_folder> folders_;             // at least one
    std::uint32_t filling_ = 0;                      // where new contents go
    std::unordered_map<cid, entry> objects_;         // by as_v1()
    std::unordered_multimap<cid, cid> contents_of_;  // by as_v1(): who has this block
    std::optional<std::vector<cid>> unindexed_;      // of earlier processes; nothing: not yet asked
    std::uint64_t bytes_ = 0;
    std::uint64_t next_temporary_ = 0;
};

}  // namespace thole::ipfs
