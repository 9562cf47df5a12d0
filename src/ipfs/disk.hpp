#pragma once

// The file operations of the content store, as a seam: tests cut the power or fill the disk at
// every one of them.
//
// Every failure is ipfs.disk_full or ipfs.disk_error with the system's words. Paths are absolute or
// relative to the working directory. Threads: any.

#include <string>

#include "base/bytes.hpp"
#include "thole/result.hpp"
#include "thole/time.hpp"

namespace thole::ipfs {

// Owns a file descriptor.
class open_file {
  public:
    open_file() noexcept = default;
    explicit open_file(int descriptor) noexcept : descriptor_{descriptor} {}
    ~open_file();
    open_file(open_file&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
    open_file& operator=(open_file&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    [[nodiscard]] int get() const noexcept { return descriptor_; }

  private:
    int descriptor_ = -1;
};

class disk {
  public:
    virtual ~disk() = default;

    [[nodiscard]] virtual result<open_file> create(
        const std::string& path);  // must not exist; 0600
    [[nodiscard]] virtual result<open_file> open_to_append(const std::string& path);
    [[nodiscard]] virtual result<> append(const open_file&, bytes_view data);
    // Sets the time of last modification; durable with the next sync().
    [[nodiscard]] virtual result<> stamp(const open_file&, store_time at);
    [[nodiscard]] virtual result<> truncate(const open_file&, std::uint64_t size);
    [[nodiscard]] virtual result<> sync(const open_file&);
    // The bytes and how many they are, without times.
    [[nodiscard]] virtual result<> sync_data(const open_file&);
    [[nodiscard]] virtual result<> rename(const std::string& from, const std::string& to);
    [[nodiscard]] virtual result<> remove(const std::string& path);       // absent = removed
    [[nodiscard]] virtual result<> make_folder(const std::string& path);  // existing = made; 0700
    [[nodiscard]] virtual result<> remove_folder(
        const std::string& path);  // empty; absent = removed
    // Makes creations, renames and removals in the folder durable.
    [[nodiscard]] virtual result<> sync_folder(const std::string& path);

    [[nodiscard]] virtual result<open_file> open(const std::string& path);  // for reading
    // A file of these bytes without a name or a place on the disk, at its beginning.
    [[nodiscard]] virtual result<open_file> in_memory(bytes_view content);
    // Exactly `out.size()` bytes at `offset`; fewer is an error.
    [[nodiscard]] virtual result<> read(const open_file&, std::uint64_t offset,
                                        std::span<std::uint8_t> out);
};

}  // namespace thole::ipfs
