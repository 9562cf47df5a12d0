#include "io/server_message.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/request_target.hpp"

namespace thole::io {

std::string_view request_head::header(std::string_view name) const noexcept {
    return find_header(headers, name);
}

std::optional<std::vector<std::string>> path_segments(std::string_view path) {
    if (!path.starts_with('/')) return std::nullopt;
    std::vector<std::string> out;
    while (!path.empty()) {
        path.remove_prefix(1);
        const auto end = std::min(path.find('/'), path.size());
        auto segment = percent_decoded(path.substr(0, end), plus::is_plus);
        if (!segment) return std::nullopt;
        out.push_back(std::move(*segment));
        path.remove_prefix(end);
    }
    return out;
}

std::optional<file_body> file_body::open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return std::nullopt;
    file_body out;
    out.descriptor_ = std::shared_ptr<const int>{new int{fd}, [](const int* owned) {
                                                     ::close(*owned);
                                                     delete owned;
                                                 }};
    struct stat about{};
    if (::fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) return std::nullopt;
    out.length = static_cast<std::uint64_t>(about.st_size);
    return out;
}

}  // namespace thole::io
