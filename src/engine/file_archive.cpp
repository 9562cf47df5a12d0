#include "engine/file_archive.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/codes.hpp"

namespace thole::saga {

namespace {

class opened {
  public:
    opened(const std::string& path, int flags)
        : fd_{::open(path.c_str(), flags | O_CLOEXEC, 0600)} {}
    ~opened() {
        if (fd_ >= 0) ::close(fd_);
    }
    opened(const opened&) = delete;
    opened& operator=(const opened&) = delete;
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }

  private:
    int fd_;
};

std::unexpected<fault> failed(const char* what, const std::string& path) {
    return fail(codes::engine_archive_failed,
                std::string{what} + " " + path + ": " + std::strerror(errno));
}

bool write_all(int fd, std::string_view data) {
    while (!data.empty()) {
        const auto written = ::write(fd, data.data(), data.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        data.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

result<std::int64_t> append_now(const std::string& folder, const std::string& path,
                                std::int64_t from, std::string_view lines) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed("make", folder);
    const opened file{path, O_WRONLY | O_CREAT | O_APPEND};
    if (!file.valid()) return failed("open", path);
    struct stat about{};
    if (::fstat(file.get(), &about) != 0) return failed("look at", path);
    if (about.st_size > from && ::ftruncate(file.get(), from) != 0) return failed("cut", path);
    const auto size = std::min<std::int64_t>(about.st_size, from) + std::ssize(lines);
    if (!write_all(file.get(), lines)) return failed("write", path);
    if (::fsync(file.get()) != 0) return failed("sync", path);
    const opened holder{folder, O_RDONLY | O_DIRECTORY};
    if (!holder.valid() || ::fsync(holder.get()) != 0) return failed("sync", folder);
    return size;
}

result<std::int64_t> size_now(const std::string& path) {
    struct stat about{};
    if (::stat(path.c_str(), &about) == 0) return about.st_size;
    if (errno == ENOENT) return 0;
    return failed("look at", path);
}

}  // namespace

task<result<std::int64_t>> file_archive::size(std::string file) {
    auto work = [path = folder_ + "/" + file] { return size_now(path); };
    co_return co_await pool_.run(std::move(work));
}

task<result<std::int64_t>> file_archive::append(std::string file, std::int64_t from,
                                                std::string lines) {
    auto work = [this, path = folder_ + "/" + file, from, &lines] {
        return append_now(folder_, path, from, lines);
    };
    co_return co_await pool_.run(std::move(work));
}

}  // namespace thole::saga
