#include "sim/disk.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <utility>

#include "thole/assert.hpp"

namespace thole::sim {

// ---- the disk -----------------------------------------------------------------------------------

int disk::write(file& to, bytes_view data, std::size_t at) {
    const auto end = at + data.size();
    if (end > to.now.size()) {
        if (happens(troubles_.full)) return ++met_.full, SQLITE_FULL;
        to.now.resize(end);
    }
    std::ranges::copy(data, to.now.begin() + static_cast<std::ptrdiff_t>(at));
    while (!data.empty()) {
        const auto part = std::min(data.size(), sector - at % sector);
        to.unsynced.push_back(
            {at, {data.begin(), data.begin() + static_cast<std::ptrdiff_t>(part)}});
        data = data.subspan(part);
        at += part;
    }
    return SQLITE_OK;
}

namespace {

void put(bytes& to, std::size_t at, const bytes& data) {
    to.resize(std::max(to.size(), at + data.size()));
    std::ranges::copy(data, to.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

int disk::sync(file& what) {
    if (happens(troubles_.sync_fails)) {
        ++met_.sync_fails;
        settle(what);
        return SQLITE_IOERR_FSYNC;
    }
    for (const auto& each : what.unsynced) put(what.synced, each.at, each.data);
    what.unsynced.clear();
    what.synced.resize(what.now.size());
    return SQLITE_OK;
}

void disk::truncate(file& what, std::size_t size) {
    what.now.resize(size);
    what.synced.resize(std::min(what.synced.size(), size));
    std::erase_if(what.unsynced, [&](const pending& each) { return each.at >= size; });
}

void disk::settle(file& what) {
    // Mostly all or nothing, as disks are; the cases in between are the ones that hurt.
    constexpr std::array<std::uint64_t, 4> odds{0, 100, 500, 900};  // ‰ that arrive
    const auto arrives = odds.at(chance_.below(odds.size()));
    auto order = std::exchange(what.unsynced, {});
    if (chance_.chance(1, 2)) {
        for (std::size_t i = order.size(); i > 1; --i) {
            std::swap(order[i - 1], order[chance_.below(i)]);
        }
    }
    for (const auto& each : order) {
        if (chance_.chance(arrives, 1000)) {
            put(what.synced, each.at, each.data);
        } else {
            ++met_.lost;
        }
    }
    what.now = what.synced;
}

void disk::cut_power() {
    process_ended();
    for (auto& [name, each] : files_) {
        settle(*each);
        each->shared.clear();
    }
}

// ---- as SQLite sees it --------------------------------------------------------------------------

struct disk_calls {
    // In memory that SQLite gives.
    struct open_file {
        sqlite3_file base;  // first: SQLite knows the rest by it
        disk* on;
        std::shared_ptr<disk::file>* what;
        std::uint64_t process;
    };

    static open_file& of(sqlite3_file* f) { return *reinterpret_cast<open_file*>(f); }
    static disk& disk_of(sqlite3_vfs* vfs) { return *static_cast<disk*>(vfs->pAppData); }
    static disk::file& file_of(sqlite3_file* f) { return **of(f).what; }
    // Its process is gone: nothing that it still does reaches anything.
    static bool is_dead(sqlite3_file* f) { return of(f).process != of(f).on->process_; }

    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags, int* out);
    static int remove(sqlite3_vfs* vfs, const char* name, int /*sync_folder*/) {
        auto& on = disk_of(vfs);
        if (on.nobody_) return SQLITE_IOERR_DELETE;
        return on.files_.erase(name) > 0 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
    }
    static int access(sqlite3_vfs* vfs, const char* name, int /*how*/, int* out) {
        *out = disk_of(vfs).files_.contains(std::string_view{name}) ? 1 : 0;
        return SQLITE_OK;
    }
    static int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
        sqlite3_snprintf(size, out, "%s", name);
        return SQLITE_OK;
    }
    static int randomness(sqlite3_vfs* vfs, int size, char* out) {
        for (int i = 0; i < size; ++i) out[i] = static_cast<char>(disk_of(vfs).chance_.below(256));
        return size;
    }
    static int sleep(sqlite3_vfs*, int micros) { return micros; }
    static int time(sqlite3_vfs*, sqlite3_int64* out) {
        *out = 210'866'760'000'000;  // 1970; nothing here asks SQLite for the time
        return SQLITE_OK;
    }

    static int close(sqlite3_file* f) {
        delete of(f).what;
        return SQLITE_OK;
    }
    static int read(sqlite3_file* f, void* to, int size, sqlite3_int64 at);
    static int write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
        if (is_dead(f)) return SQLITE_IOERR_WRITE;
        const bytes_view data{static_cast<const std::uint8_t*>(from),
                              static_cast<std::size_t>(size)};
        return of(f).on->write(file_of(f), data, static_cast<std::size_t>(at));
    }
    static int truncate(sqlite3_file* f, sqlite3_int64 size) {
        if (is_dead(f)) return SQLITE_IOERR_TRUNCATE;
        of(f).on->truncate(file_of(f), static_cast<std::size_t>(size));
        return SQLITE_OK;
    }
    // A dead process hears nothing of its sync: an error would be taken for the disk's.
    static int sync(sqlite3_file* f, int /*flags*/) {
        return is_dead(f) ? SQLITE_OK : of(f).on->sync(file_of(f));
    }
    static int size(sqlite3_file* f, sqlite3_int64* out) {
        *out = static_cast<sqlite3_int64>(file_of(f).now.size());
        return SQLITE_OK;
    }
    // One connection at a time: the locks are nobody else's.
    static int lock(sqlite3_file*, int) { return SQLITE_OK; }
    static int is_reserved(sqlite3_file*, int* out) {
        *out = 0;
        return SQLITE_OK;
    }
    static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
    static int sector_size(sqlite3_file*) { return static_cast<int>(disk::sector); }
    static int traits(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
    static int map(sqlite3_file* f, int index, int size, int extend, void volatile** out);
    static int lock_shared(sqlite3_file*, int, int, int) { return SQLITE_OK; }
    static void barrier(sqlite3_file*) {}
    static int unmap(sqlite3_file* f, int deletes) {
        if (deletes != 0) file_of(f).shared.clear();
        return SQLITE_OK;
    }

    static const sqlite3_io_methods io;
};

const sqlite3_io_methods disk_calls::io{
    .iVersion = 2,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = size,
    .xLock = lock,
    .xUnlock = lock,
    .xCheckReservedLock = is_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = traits,
    .xShmMap = map,
    .xShmLock = lock_shared,
    .xShmBarrier = barrier,
    .xShmUnmap = unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int disk_calls::open(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags, int* out) {
    auto& on = disk_of(vfs);
    on.nobody_ = false;
    f->pMethods = nullptr;
    auto what = std::make_shared<disk::file>();  // without a name: a temporary one
    if (name != nullptr) {
        const auto known = on.files_.find(std::string_view{name});
        if (known != on.files_.end()) {
            what = known->second;
        } else if ((flags & SQLITE_OPEN_CREATE) != 0) {
            on.files_.emplace(name, what);
        } else {
            return SQLITE_CANTOPEN;
        }
    }
    of(f) = {{&io}, &on, new std::shared_ptr<disk::file>{std::move(what)}, on.process_};
    if (out != nullptr) *out = flags;
    return SQLITE_OK;
}

int disk_calls::read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
    const auto& all = file_of(f).now;
    const auto from = std::min(static_cast<std::size_t>(at), all.size());
    const auto there = std::min(static_cast<std::size_t>(size), all.size() - from);
    std::memcpy(to, all.data() + from, there);
    if (there == static_cast<std::size_t>(size)) return SQLITE_OK;
    std::memset(static_cast<char*>(to) + there, 0, static_cast<std::size_t>(size) - there);
    return SQLITE_IOERR_SHORT_READ;
}

int disk_calls::map(sqlite3_file* f, int index, int size, int extend, void volatile** out) {
    auto& shared = file_of(f).shared;
    *out = nullptr;
    while (shared.size() <= static_cast<std::size_t>(index)) {
        if (extend == 0) return SQLITE_OK;
        shared.push_back(std::make_unique<bytes>(static_cast<std::size_t>(size)));
    }
    *out = shared[static_cast<std::size_t>(index)]->data();
    return SQLITE_OK;
}

namespace {

std::string next_name() {
    static std::atomic<std::uint64_t> made = 0;
    return "thole-sim-disk-" + std::to_string(++made);
}

}  // namespace

disk::disk(std::uint64_t seed) : name_{next_name()}, chance_{seed} {
    methods_.iVersion = 2;
    methods_.szOsFile = sizeof(disk_calls::open_file);
    methods_.mxPathname = 256;
    methods_.zName = name_.c_str();
    methods_.pAppData = this;
    methods_.xOpen = disk_calls::open;
    methods_.xDelete = disk_calls::remove;
    methods_.xAccess = disk_calls::access;
    methods_.xFullPathname = disk_calls::full_path;
    methods_.xRandomness = disk_calls::randomness;
    methods_.xSleep = disk_calls::sleep;
    methods_.xCurrentTimeInt64 = disk_calls::time;
    const int code = sqlite3_vfs_register(&methods_, 0);
    THOLE_ASSERT(code == SQLITE_OK, "a file system of one's own is taken");
}

disk::~disk() {
    sqlite3_vfs_unregister(&methods_);
}

}  // namespace thole::sim
