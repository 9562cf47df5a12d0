#pragma once

// The pins of a content store: a table in memory, and the log that makes it durable.
//
//   auto pins = ipfs::pin_log::open({.file = f + "/pins.log", .draft = f + "/tmp/pins.log"},
//   files);
//   (*pins)->add(image, "hold:0190…");            // durable when it answers; true: it is new
//   (*pins)->remove(image, "hold:0190…", now);    // true: it was there
//
// The problem: every mint pins a few times, and a pin that was acknowledged must survive a power
// cut. One append and one sync serve all that are asked for at once (shared_write.hpp).
//
// The file is text, so `less` shows it: a first line, then groups of changes, each below its
// header.
//
//   thole pins 1
//   = NUMBER BYTES CHECK         counted from 1; bytes of lines that follow; first half of the
//                                SHA-256 of "NUMBER BYTES\n" and the lines, in hex
//   +CID~OWNER                   pinned
//   -CID~OWNER TIME              unpinned then: microseconds since 1970
//   -CID~ TIME                   unpinned last then; what a rewritten log keeps of such a line
//
// A group is written when the one before it is synced. So only the last one can be torn: it was
// acknowledged to nobody, and open() cuts it off. A bad group with a good one behind it is damage,
// which open() refuses (ipfs.pins_damaged) rather than lose pins. A group that could not be written
// is taken back by truncation; when that fails too, the process ends, because what the disk holds
// is then unknown. When most lines are dead the log is written anew: draft, fsync, rename, fsync of
// the folder, and only then is it the log.
//
// Threads: any; add() and remove() block on the disk.

#include <mutex>
#include <unordered_map>

#include "ipfs/disk.hpp"
#include "ipfs/pin_table.hpp"
#include "ipfs/shared_write.hpp"
#include "thole/time.hpp"

namespace thole::ipfs {

struct pin_log_options {
    std::string file;                // in a folder that exists
    std::string draft;               // where a new log is written, on the same file system
    std::size_t fewest_dead = 4096;  // lines; a log with fewer is not written anew
};

class pin_log {
  public:
    // Without a file it begins with `carried`: durably, before it answers.
    [[nodiscard]] static result<std::unique_ptr<pin_log>> open(pin_log_options options,
                                                               std::shared_ptr<disk> files,
                                                               pin_table carried = {});

    // Whether that changed anything. After an error nothing has changed.
    [[nodiscard]] result<bool> add(const cid& content, std::string_view owner);
    [[nodiscard]] result<bool> remove(const cid& content, std::string_view owner, store_time at);

    [[nodiscard]] std::vector<cid> of_owner(std::string_view owner) const;
    [[nodiscard]] std::vector<std::string> owners_of(const cid& content) const;
    [[nodiscard]] std::vector<std::string> owners_like(std::string_view prefix) const;
    // When contents that nobody has pinned since were unpinned last.
    [[nodiscard]] std::unordered_map<cid, store_time> let_go() const;
    // The content is gone, and with it the need to know that.
    void forget(const cid& content);

    // Precondition: nobody else has the log yet.
    [[nodiscard]] const pin_table& table() const noexcept { return pins_; }

  private:
    struct change {
        cid content;
        std::string_view owner;  // lives as long as the call
        std::optional<store_time> unpinned;
        bool changes = false;
    };
    pin_log(pin_log_options options, std::shared_ptr<disk> files);
    [[nodiscard]] result<> load();
    [[nodiscard]] result<> begin_anew();
    [[nodiscard]] result<bool> write(change what);
    [[nodiscard]] result<> carry(std::vector<change*>& group);
    void take_back();
    void apply(change& what);
    [[nodiscard]] bool apply_line(std::string_view line);

    const pin_log_options options_;
    const std::shared_ptr<disk> files_;
    shared_write<change*> writes_;
    // Of the carry alone.
    open_file file_;
    std::uint64_t size_ = 0;
    std::uint64_t next_number_ = 1;
    std::size_t lines_ = 0;
    std::size_t rewrite_at_ = 0;  // lines

    mutable std::mutex mutex_;  // guards what follows; never held during disk access
    pin_table pins_;
    std::unordered_map<cid, store_time> let_go_;
};

}  // namespace thole::ipfs
