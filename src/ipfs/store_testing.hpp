#pragma once

// Shared by the store's tests: a folder that goes away, and a disk whose power fails.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ipfs/codes.hpp"
#include "ipfs/disk.hpp"

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

struct power_failed {};

// Counts every changing operation and, at the chosen one, fails it (full disk) or loses power: the
// operation throws, and nothing after it has any effect.
class failing_disk final : public disk {
  public:
    enum class how { fills_up, loses_power };
    failing_disk(how what, std::size_t at) : how_{what}, fail_at_{at} {}

    std::vector<std::string> log;  // names of the operations done
    bool dead = false;

    result<open_file> create(const std::string& path) override {
        if (auto ok = step("create"); !ok) return std::unexpected(ok.error());
        return disk::create(path);
    }
    result<> append(const open_file& file, bytes_view data) override {
        if (auto ok = step("append"); !ok) {
            if (!dead) (void)disk::append(file, data.first(data.size() / 2));
            return ok;
        }
        return disk::append(file, data);
    }
    result<> stamp(const open_file& file, store_time at) override {
        auto ok = step("stamp");
        return ok ? disk::stamp(file, at) : ok;
    }
    result<> sync(const open_file& file) override {
        auto ok = step("sync");
        return ok ? disk::sync(file) : ok;
    }
    result<> rename(const std::string& from, const std::string& to) override {
        auto ok = step("rename");
        return ok ? disk::rename(from, to) : ok;
    }
    result<> remove(const std::string& path) override {
        if (dead) return fail(codes::disk_error, "no power");
        log.emplace_back("remove");  // removing works on a full disk
        return disk::remove(path);
    }
    result<> make_folder(const std::string& path) override {
        auto ok = step("make_folder");
        return ok ? disk::make_folder(path) : ok;
    }
    result<> sync_folder(const std::string& path) override {
        // A full disk does not fail this one; a lost power does.
        if (how_ == how::fills_up) return disk::sync_folder(path);
        auto ok = step("sync_folder");
        return ok ? disk::sync_folder(path) : ok;
    }

  private:
    result<> step(const char* what) {
        if (dead) return fail(codes::disk_error, "no power");
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

    how how_;
    std::size_t fail_at_;
};

}  // namespace thole::ipfs::testing
