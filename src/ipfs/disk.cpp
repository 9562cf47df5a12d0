#include "ipfs/disk.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

std::unexpected<fault> failed(const char* what, const std::string& path = {}) {
    const int error = errno;
    const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    std::string detail{what};
    if (!path.empty()) detail.append(" ").append(path);
    detail.append(": ").append(std::strerror(error));
    return fail(full ? codes::disk_full : codes::disk_error, std::move(detail));
}

template <class Call>
auto restarted(Call call) {
    for (;;) {
        const auto answer = call();
        if (answer >= 0 || errno != EINTR) return answer;
    }
}

}  // namespace

open_file::~open_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

result<open_file> disk::create(const std::string& path) {
    const int made = restarted([&] {
        return ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    });
    if (made < 0) return failed("create", path);
    return open_file{made};
}

result<open_file> disk::open_to_append(const std::string& path) {
    const int opened =
        restarted([&] { return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC); });
    if (opened < 0) return failed("open", path);
    return open_file{opened};
}

result<> disk::append(const open_file& file, bytes_view data) {
    while (!data.empty()) {
        const auto written =
            restarted([&] { return ::write(file.get(), data.data(), data.size()); });
        if (written < 0) return failed("write");
        data = data.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

result<> disk::stamp(const open_file& file, store_time at) {
    const auto micros = at.time_since_epoch().count();
    timespec when{};
    when.tv_sec = micros / 1'000'000;
    when.tv_nsec = micros % 1'000'000 * 1000;
    const timespec times[2] = {when, when};
    if (::futimens(file.get(), times) != 0) return failed("set the time of a file");
    return {};
}

result<> disk::truncate(const open_file& file, std::uint64_t size) {
    if (restarted([&] { return ::ftruncate(file.get(), static_cast<off_t>(size)); }) != 0) {
        return failed("truncate");
    }
    return {};
}

result<> disk::sync(const open_file& file) {
    if (restarted([&] { return ::fsync(file.get()); }) != 0) return failed("fsync");
    return {};
}

result<> disk::sync_data(const open_file& file) {
    if (restarted([&] { return ::fdatasync(file.get()); }) != 0) return failed("fdatasync");
    return {};
}

result<> disk::rename(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename to", to);
    return {};
}

result<> disk::remove(const std::string& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path);
    return {};
}

result<> disk::make_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed("make folder", path);
    return {};
}

result<> disk::remove_folder(const std::string& path) {
    if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return failed("remove folder", path);
    return {};
}

result<> disk::sync_folder(const std::string& path) {
    const open_file folder{
        restarted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); })};
    if (folder.get() < 0) return failed("open folder", path);
    if (restarted([&] { return ::fsync(folder.get()); }) != 0) return failed("fsync folder", path);
    return {};
}

result<open_file> disk::open(const std::string& path) {
    const int opened = restarted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); });
    if (opened < 0) return failed("open", path);
    return open_file{opened};
}

result<open_file> disk::in_memory(bytes_view content) {
    open_file file{::memfd_create("content", MFD_CLOEXEC)};
    if (file.get() < 0) return failed("make a file in memory");
    if (auto ok = append(file, content); !ok) return std::unexpected(ok.error());
    if (::lseek(file.get(), 0, SEEK_SET) != 0) return failed("rewind");
    return file;
}

result<> disk::read(const open_file& file, std::uint64_t offset, std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const auto got = restarted([&] {
            return ::pread(file.get(), out.data(), out.size(), static_cast<off_t>(offset));
        });
        if (got < 0) return failed("read");
        if (got == 0) return fail(codes::disk_error, "the file is shorter than expected");
        out = out.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
    return {};
}

}  // namespace thole::ipfs
