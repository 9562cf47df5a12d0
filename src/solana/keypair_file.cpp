#include "solana/keypair_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "solana/codes.hpp"

namespace thole::solana {

namespace {

constexpr std::size_t largest_file = 4096;

class descriptor {
  public:
    explicit descriptor(int fd) noexcept : fd_{fd} {}
    ~descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    [[nodiscard]] int get() const noexcept { return fd_; }

  private:
    int fd_;
};

std::unexpected<fault> unreadable(const std::string& path, int error) {
    return fail(codes::keypair_unreadable, path + ": " + std::generic_category().message(error));
}

// The buffer is wiped before it is given back.
struct wiped_buffer {
    std::array<char, largest_file + 1> data{};
    ~wiped_buffer() {
        volatile char* at = data.data();
        for (std::size_t i = 0; i < data.size(); ++i) at[i] = 0;
    }
};

}  // namespace

result<keypair> load_keypair(const std::string& path) {
    // O_NONBLOCK: opening a FIFO must not hang the start.
    const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.get() < 0) return unreadable(path, errno);
    struct stat info{};
    if (::fstat(file.get(), &info) != 0) return unreadable(path, errno);
    if (!S_ISREG(info.st_mode))
        return fail(codes::keypair_unreadable, path + ": not a regular file");
    if ((info.st_mode & 077U) != 0) return fail(codes::keypair_exposed, path);
    wiped_buffer buffer;
    std::size_t size = 0;
    while (size < buffer.data.size()) {
        const auto n = ::read(file.get(), buffer.data.data() + size, buffer.data.size() - size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return unreadable(path, errno);
        if (n == 0) break;
        size += static_cast<std::size_t>(n);
    }
    if (size > largest_file) return fail(codes::keypair_invalid, path + ": over 4 KiB");
    auto made = keypair::from_text({buffer.data.data(), size});
    if (!made)
        return fail(codes::keypair_invalid, path + ": " + std::string{made.error().detail()});
    return made;
}

}  // namespace thole::solana
