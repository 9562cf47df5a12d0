#pragma once

// A disk below SQLite that keeps what was synced and promises nothing about the rest.
//
//   disk below{seed};
//   sql::database::open("journal.sqlite", sql::access::read_write, {.vfs = below.vfs()});
//   below.troubles().full = 100;                 // 10 % of the writes that need room have none
//   below.process_ended();                       // its handles do nothing any more
//   below.cut_power();                           // unsynced sectors are lost, torn, out of order
//
// Files live in memory, each as it was last synced and as it reads now. A sync that fails drops
// what it was to keep, but for what had reached the disk by then. Creating, growing and deleting a
// file counts as synced: what directories promise is not modelled.
//
// Ownership: outlives every connection onto it. Threads: one at a time.

#include <sqlite3.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "thole/rng.hpp"

namespace thole::sim {

// In thousandths.
struct disk_troubles {
    int full = 0;        // of the writes that need room: SQLITE_FULL
    int sync_fails = 0;  // of the syncs: SQLITE_IOERR_FSYNC
};

class disk {
  public:
    explicit disk(std::uint64_t seed);
    ~disk();
    disk(const disk&) = delete;
    disk& operator=(const disk&) = delete;

    // The name that SQLite opens files of this disk by.
    [[nodiscard]] const char* vfs() const noexcept { return name_.c_str(); }
    [[nodiscard]] disk_troubles& troubles() noexcept { return troubles_; }
    void process_ended() noexcept {
        ++process_;
        nobody_ = true;
    }
    void cut_power();
    // How often so far; and sectors that a cut or a failed sync has lost.
    struct troubles_met {
        std::size_t full = 0, sync_fails = 0, lost = 0;
    };
    [[nodiscard]] const troubles_met& met() const noexcept { return met_; }

  private:
    friend struct disk_calls;
    static constexpr std::size_t sector = 512;

    struct pending {
        std::size_t at = 0;
        bytes data;  // within one sector
    };
    struct file {
        bytes synced;
        bytes now;
        std::vector<pending> unsynced;
        std::vector<std::unique_ptr<bytes>> shared;  // the WAL's index, in memory
    };

    [[nodiscard]] bool happens(int permille) {
        return permille > 0 && chance_.chance(static_cast<std::uint64_t>(permille), 1000);
    }
    [[nodiscard]] int write(file& to, bytes_view data, std::size_t at);
    [[nodiscard]] int sync(file& what);
    void truncate(file& what, std::size_t size);
    // Some of what is pending reaches the disk, in some order; the rest never was.
    void settle(file& what);

    const std::string name_;
    rng chance_;
    disk_troubles troubles_;
    std::map<std::string, std::shared_ptr<file>, std::less<>> files_;
    std::uint64_t process_ = 1;
    bool nobody_ = false;  // until a new one opens a file
    troubles_met met_;
    sqlite3_vfs methods_{};
};

}  // namespace thole::sim
