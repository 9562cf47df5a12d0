#pragma once

// Shared by the store's tests: a folder that goes away, and a disk whose power fails.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "ipfs/codes.hpp"
#include "ipfs/disk.hpp"
#include "thole/rng.hpp"

namespace thole::ipfs::testing {

class temporary_folder {
  public:
    temporary_folder() {
        std::string name = ::testing::TempDir() + "thole-content-XXXXXX";
        path_ = ::mkdtemp(name.data());
    }
    ~temporary_folder() { std::filesystem::remove_all(path_); }
    temporary_folder(const temporary_folder&) = delete;
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

  private:
    std::string path_;
};

inline std::size_t files_below(const std::string& folder) {
    std::size_t count = 0;
    for (const auto& each : std::filesystem::recursive_directory_iterator(folder)) {
        count += each.is_regular_file() ? 1 : 0;
    }
    return count;
}

// Where a store below `folder` keeps the content; "" when it does not.
inline std::string object_of(const std::string& folder, const std::string& cid) {
    for (const auto& each : std::filesystem::recursive_directory_iterator(folder + "/objects")) {
        if (each.path().filename() == cid) return each.path().string();
    }
    return {};
}

struct power_failed {};

// What a real disk does to files when the power fails: bytes that were not synced are lost, torn or
// out of order by sector; names that were not synced with their folder are as they were before,
// from some point on. Files only grow or are truncated.
class unsynced {
  public:
    static constexpr std::uint64_t sector = 512;

    void created(const std::string& path, int descriptor) {
        paths_[descriptor] = path;
        durable_[path] = {};
        undo_[folder_of(path)].push_back([path] { std::filesystem::remove(path); });
    }
    void opened(const std::string& path, int descriptor) {
        paths_[descriptor] = path;
        if (!durable_.contains(path)) durable_[path] = {contents(path)};
    }
    void synced(int descriptor) {
        const auto& path = paths_.at(descriptor);
        durable_[path] = {contents(path)};
    }
    void folder_synced(const std::string& folder) { undo_.erase(folder); }
    // Before it is done.
    void renames(const std::string& from, const std::string& to) {
        const auto kept = keep(to);
        undo_[folder_of(to)].push_back([from, to, kept] {
            if (std::filesystem::exists(to)) std::filesystem::rename(to, from);
            if (!kept.empty()) std::filesystem::rename(kept, to);
        });
        for (auto& [descriptor, path] : paths_) {
            if (path == from) path = to;
        }
        if (const auto at = durable_.find(from); at != durable_.end()) {
            durable_[to] = std::move(at->second);
            durable_.erase(at);
        }
    }
    void removes(const std::string& path) {
        const auto kept = keep(path);
        if (kept.empty()) return;
        undo_[folder_of(path)].push_back([path, kept] {
            std::error_code gone;  // with its folder
            std::filesystem::rename(kept, path, gone);
        });
    }
    void removes_folder(const std::string& path) {
        undo_[folder_of(path)].push_back([path] { std::filesystem::create_directory(path); });
    }
    void makes_folder(const std::string& path) {
        if (std::filesystem::exists(path)) return;
        undo_[folder_of(path)].push_back([path] { std::filesystem::remove_all(path); });
    }

    void cut(thole::rng chance) {
        for (const auto& [path, was] : durable_) settle(path, was.bytes, chance);
        for (auto& [folder, all] : undo_) {
            const auto stays = chance.below(all.size() + 1);
            while (all.size() > stays) {
                all.back()();
                all.pop_back();
            }
        }
        paths_.clear();
        durable_.clear();
        undo_.clear();
    }

  private:
    struct file {
        std::string bytes;
    };
    static std::string folder_of(const std::string& path) {
        return std::filesystem::path{path}.parent_path();
    }
    static std::string contents(const std::string& path) {
        std::ifstream in{path, std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    // Another name for the file, under which it outlives its own.
    std::string keep(const std::string& path) {
        if (!std::filesystem::is_regular_file(path)) return {};
        auto name = kept_.path() + "/" + std::to_string(next_++);
        std::filesystem::create_hard_link(path, name);
        return name;
    }
    static void settle(const std::string& path, const std::string& was, thole::rng& chance) {
        if (!std::filesystem::exists(path)) return;
        const auto now = contents(path);
        if (now == was) return;
        auto out = was;
        const auto odds = chance.below(4) * 333;  // of a thousand sectors that arrive
        const bool grows = chance.chance(1, 2);
        if (grows) out.resize(now.size());  // zeros, until something arrives
        for (std::uint64_t at = 0; at < now.size(); at += sector) {
            const auto part = now.substr(at, sector);
            if (was.compare(std::min<std::size_t>(at, was.size()), sector, part) == 0) continue;
            if (chance.below(1000) >= odds) continue;
            if (out.size() < at + part.size()) out.resize(at + part.size());
            out.replace(at, part.size(), part);
        }
        std::ofstream{path, std::ios::binary | std::ios::trunc} << out;
    }

    temporary_folder kept_;
    std::size_t next_ = 0;
    std::map<int, std::string> paths_;
    std::map<std::string, file> durable_;
    std::map<std::string, std::vector<std::function<void()>>> undo_;  // by folder
};

// Counts every changing operation and, at the chosen one, fails it (full disk) or loses power: the
// operation throws, and nothing after it has any effect; cut_power() then loses what was not
// synced.
class failing_disk final : public disk {
  public:
    enum class how { fills_up, loses_power };
    failing_disk(how what, std::size_t at) : how_{what}, fail_at_{at} {}

    std::vector<std::string> log;  // names of the operations done
    bool dead = false;

    // The store is gone, the machine goes on: what was not synced is there and still not synced.
    void revive(std::size_t operations) {
        dead = false;
        fail_at_ = operations == SIZE_MAX ? SIZE_MAX : log.size() + operations;
    }
    // When the store is gone.
    void cut_power(std::uint64_t seed) { unsynced_.cut(thole::rng{seed}); }

    result<open_file> create(const std::string& path) override {
        const std::scoped_lock lock{mutex_};
        if (auto ok = step("create"); !ok) return std::unexpected(ok.error());
        auto made = disk::create(path);
        if (made) unsynced_.created(path, made->get());
        return made;
    }
    result<open_file> open_to_append(const std::string& path) override {
        const std::scoped_lock lock{mutex_};
        auto opened = disk::open_to_append(path);
        if (opened) unsynced_.opened(path, opened->get());
        return opened;
    }
    // Of one that fails, a part is written.
    result<> append(const open_file& file, bytes_view data) override {
        const std::scoped_lock lock{mutex_};
        if (dead) throw power_failed{};
        const bool fails = log.size() == fail_at_;
        const auto part = fails && how_ == how::fills_up ? data.first(data.size() / 2) : data;
        auto written = disk::append(file, part);
        auto ok = step("append");
        return ok ? written : ok;
    }
    result<> stamp(const open_file& file, store_time at) override {
        const std::scoped_lock lock{mutex_};
        auto ok = step("stamp");
        return ok ? disk::stamp(file, at) : ok;
    }
    // A full disk does not fail this one.
    result<> truncate(const open_file& file, std::uint64_t size) override {
        const std::scoped_lock lock{mutex_};
        auto ok = how_ == how::fills_up ? result<>{} : step("truncate");
        return ok ? disk::truncate(file, size) : ok;
    }
    result<> sync(const open_file& file) override {
        const std::scoped_lock lock{mutex_};
        auto ok = step("sync");
        if (ok) unsynced_.synced(file.get());
        return ok;
    }
    result<> sync_data(const open_file& file) override {
        const std::scoped_lock lock{mutex_};
        auto ok = step("sync_data");
        if (ok) unsynced_.synced(file.get());
        return ok;
    }
    result<> rename(const std::string& from, const std::string& to) override {
        const std::scoped_lock lock{mutex_};
        if (auto ok = step("rename"); !ok) return ok;
        unsynced_.renames(from, to);
        return disk::rename(from, to);
    }
    // Removing works on a full disk. Destructors do it, so this one throws nothing.
    result<> remove(const std::string& path) override {
        const std::scoped_lock lock{mutex_};
        if (how_ == how::loses_power && log.size() == fail_at_) dead = true;
        if (dead) return fail(codes::disk_error, "no power");
        log.emplace_back("remove");
        unsynced_.removes(path);
        return disk::remove(path);
    }
    result<> make_folder(const std::string& path) override {
        const std::scoped_lock lock{mutex_};
        if (auto ok = step("make_folder"); !ok) return ok;
        unsynced_.makes_folder(path);
        return disk::make_folder(path);
    }
    result<> remove_folder(const std::string& path) override {
        const std::scoped_lock lock{mutex_};
        if (auto ok = step("remove_folder"); !ok) return ok;
        auto gone = disk::remove_folder(path);
        if (gone) unsynced_.removes_folder(path);
        return gone;
    }
    result<> sync_folder(const std::string& path) override {
        const std::scoped_lock lock{mutex_};
        // A full disk does not fail this one; a lost power does.
        if (auto ok = how_ == how::fills_up ? result<>{} : step("sync_folder"); !ok) return ok;
        unsynced_.folder_synced(path);
        return disk::sync_folder(path);
    }

  private:
    result<> step(const char* what) {
        if (dead) throw power_failed{};
        if (log.size() == fail_at_) {
            if (how_ == how::fills_up) {
                fail_at_ = SIZE_MAX;
                log.emplace_back("full");
                return fail(codes::disk_full, what);
            }
            dead = true;
            throw power_failed{};
        }
        log.emplace_back(what);
        return {};
    }

    std::mutex mutex_;
    how how_;
    std::size_t fail_at_;
    unsynced unsynced_;
};

// Counts what is read, and cannot read what lies there. Waits for no disk.
class counting_disk final : public disk {
  public:
    std::size_t opens = 0;
    std::size_t reads = 0;
    std::function<bool(std::uint64_t offset)> cannot_read;

    result<open_file> open(const std::string& path) override {
        ++opens;
        return disk::open(path);
    }
    result<> read(const open_file& file, std::uint64_t offset,
                  std::span<std::uint8_t> out) override {
        ++reads;
        if (cannot_read && cannot_read(offset)) return fail(codes::disk_error, "read");
        return disk::read(file, offset, out);
    }
    result<> sync(const open_file&) override { return {}; }
    result<> sync_data(const open_file&) override { return {}; }
    result<> sync_folder(const std::string&) override { return {}; }
};

// Takes nothing more while it is full; what is there can be removed.
class full_disk final : public disk {
  public:
    bool full = false;
    result<open_file> create(const std::string& path) override {
        if (full) return fail(codes::disk_full, path);
        return disk::create(path);
    }
    result<> append(const open_file& file, bytes_view data) override {
        if (full) return fail(codes::disk_full, "append");
        return disk::append(file, data);
    }
};

// One that never fails, and does not wait for the disk.
inline std::shared_ptr<failing_disk> quick_disk() {
    return std::make_shared<failing_disk>(failing_disk::how::loses_power, SIZE_MAX);
}

}  // namespace thole::ipfs::testing
