#include "nft/cluster_secret.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include "nft/codes.hpp"

namespace thole::nft {
namespace {

constexpr std::size_t file_size = 65;  // 64 digits and "\n"

class descriptor {
  public:
    explicit descriptor(int value) : value_{value} {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    [[nodiscard]] int get() const { return value_; }
    [[nodiscard]] bool valid() const { return value_ >= 0; }

  private:
    int value_;
};

std::unexpected<fault> unreadable(const std::filesystem::path& file, std::string_view what) {
    return fail(codes::secret_unreadable, fmt::format("{}: {}", file.string(), what));
}

std::unexpected<fault> system_failed(const std::filesystem::path& file) {
    return unreadable(file, std::strerror(errno));
}

result<cluster_secret> read_secret(const std::filesystem::path& file, int from) {
    struct stat about{};
    if (::fstat(from, &about) != 0) return system_failed(file);
    if (!S_ISREG(about.st_mode)) return unreadable(file, "not a regular file");
    if ((about.st_mode & 077U) != 0) {
        return fail(codes::secret_open_mode,
                    fmt::format("{} has mode {:o}", file.string(), about.st_mode & 0777U));
    }
    std::array<char, file_size + 1> text{};
    std::size_t size = 0;
    while (size < text.size()) {
        const auto got = ::read(from, text.data() + size, text.size() - size);
        if (got < 0) return system_failed(file);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    const std::string_view line{text.data(), size};
    const auto value = size == file_size && line.back() == '\n'
                           ? from_hex(line.substr(0, file_size - 1))
                           : std::nullopt;
    if (!value)
        return unreadable(file, "must hold 64 lower-case hexadecimal digits and a line end");
    sha256_digest digest{};
    std::ranges::copy(*value, digest.begin());
    return cluster_secret{digest};
}

bool write_all(int to, std::string_view text) {
    while (!text.empty()) {
        const auto put = ::write(to, text.data(), text.size());
        if (put < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

// Under another name first, then linked: a crash leaves the whole file or none, and of two
// processes that start at once one wins and the other reads its secret.
result<> write_secret(const std::filesystem::path& file, const sha256_digest& value) {
    const auto fresh = file.string() + ".new";
    ::unlink(fresh.c_str());
    {
        const descriptor to{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
        if (!to.valid()) return system_failed(file);
        if (!write_all(to.get(), to_hex(value) + "\n") || ::fsync(to.get()) != 0) {
            return system_failed(file);
        }
    }
    const bool linked = ::link(fresh.c_str(), file.c_str()) == 0 || errno == EEXIST;
    if (!linked) return system_failed(file);
    ::unlink(fresh.c_str());
    const auto parent = file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
    const descriptor folder{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!folder.valid() || ::fsync(folder.get()) != 0) return system_failed(file);
    return {};
}

std::string fingerprint_of(const sha256_digest& value) {
    bytes text{};
    const auto label = as_bytes("thole cluster secret fingerprint");
    text.insert(text.end(), label.begin(), label.end());
    text.insert(text.end(), value.begin(), value.end());
    return to_hex(sha256(text)).substr(0, 32);
}

}  // namespace

cluster_secret::cluster_secret(const sha256_digest& value)
    : value_{value}, fingerprint_{fingerprint_of(value)} {}

sha256_digest cluster_secret::sign(bytes_view data) const {
    return hmac_sha256(value_.reveal(), data);
}

result<cluster_secret> open_cluster_secret(const std::filesystem::path& file,
                                           const std::optional<std::string>& stored,
                                           std::uint64_t live, entropy& source) {
    const auto open_file = [&file] { return ::open(file.c_str(), O_RDONLY | O_CLOEXEC); };
    descriptor first{open_file()};
    if (!first.valid() && errno != ENOENT) return system_failed(file);
    if (!first.valid()) {
        if (live > 0) {
            return fail(codes::secret_lost, fmt::format("{} does not exist and {} mints are live",
                                                        file.string(), live));
        }
        sha256_digest value{};
        source.fill(value);
        if (auto written = write_secret(file, value); !written) return fail(written.error());
        const descriptor again{open_file()};
        if (!again.valid()) return system_failed(file);
        return read_secret(file, again.get());
    }
    auto found = read_secret(file, first.get());
    if (found && stored && *stored != found->fingerprint() && live > 0) {
        return fail(codes::secret_changed,
                    fmt::format("{} has fingerprint {}, {} mints are live under {}", file.string(),
                                found->fingerprint(), live, *stored));
    }
    return found;
}

}  // namespace thole::nft
