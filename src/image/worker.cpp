#include "image/worker.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/excerpt.hpp"
#include "base/json.hpp"
#include "thole/deadline.hpp"

namespace thole::json {
template <>
inline constexpr auto optional_members<image::report> = all_members;
}  // namespace thole::json

namespace thole::image {
namespace {

// The line of the answer; what may follow it is smaller than the image.
constexpr std::size_t longest_line = 4096;

std::unexpected<fault> failed(std::string detail) {
    return fail(codes::worker_failed, std::move(detail));
}

std::string ended_how(int status) {
    if (WIFSIGNALED(status)) return "it died of signal " + std::to_string(WTERMSIG(status));
    return "it ended with " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

// The process and the pipe from it: ended and reaped at the latest when this is gone.
struct worker::child {
    child(pid_t process, int pipe) : pid{process}, from{pipe} {}
    child(child&& other) noexcept
        : pid{std::exchange(other.pid, -1)}, from{std::exchange(other.from, -1)} {}
    child& operator=(child&&) = delete;
    ~child() {
        if (from >= 0) ::close(from);
        if (pid > 0) {
            ::kill(pid, SIGKILL);
            static_cast<void>(wait());
        }
    }
    int wait() {
        int status = 0;
        while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        pid = -1;
        return status;
    }

    pid_t pid;
    int from;
};

result<worker::child> worker::start(int descriptor) const {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return failed(std::strerror(errno));
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, descriptor, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, pipe[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, pipe[1], STDERR_FILENO);
    // Signals as for a new program, whatever this process blocks or ignores.
    posix_spawnattr_t how;
    posix_spawnattr_init(&how);
    sigset_t none;
    sigset_t every;
    sigemptyset(&none);
    sigfillset(&every);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &every);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::array words{options_.program,
                     std::string{"--max-bytes"},
                     std::to_string(options_.most.bytes),
                     std::string{"--max-pixels"},
                     std::to_string(options_.most.pixels),
                     std::string{"--max-frames"},
                     std::to_string(options_.most.frames),
                     std::string{"--cpu-seconds"},
                     std::to_string(options_.most.cpu_seconds),
                     std::string{"--compress"},
                     std::string{options_.compress ? "1" : "0"}};
    std::array<char*, words.size() + 1> arguments{};
    for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
    std::array<char*, 1> environment{};
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, options_.program.c_str(), &files, &how, arguments.data(),
                                    environment.data());
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    ::close(pipe[1]);
    child made{error == 0 ? pid : -1, pipe[0]};
    if (error != 0) return failed(options_.program + ": " + std::strerror(error));
    return made;
}

// Everything it writes until it closes its end.
result<std::string> worker::listen(child& to) const {
    const auto until = deadline::after(clock_.now(), options_.patience);
    std::string said;
    for (;;) {
        const auto left = until.remaining(clock_.now());
        if (left <= duration::zero()) return failed("it was killed: no answer in time");
        pollfd wait{to.from, POLLIN, 0};
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
        const int ready = ::poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(ms, 60'000)));
        if (ready < 0 && errno != EINTR) return failed(std::strerror(errno));
        if (ready <= 0) continue;
        std::array<char, 16384> piece{};
        const auto got = ::read(to.from, piece.data(), piece.size());
        if (got < 0) return failed(std::strerror(errno));
        if (got == 0) return said;
        said.append(piece.data(), static_cast<std::size_t>(got));
        const auto most = longest_line + (options_.compress ? options_.most.bytes : 0);
        if (said.size() > most) return failed("it was killed: it talks too much");
    }
}

result<report> worker::at(int descriptor) const {
    auto process = start(descriptor);
    if (!process) return std::unexpected(process.error());
    const auto said = listen(*process);
    if (!said) return std::unexpected(said.error());
    const int status = process->wait();
    // Its processor time is the image's doing, however busy the machine is.
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
        return fail(codes::refused, "decoding it takes too long");
    }
    const bool answered = WIFEXITED(status) && (WEXITSTATUS(status) == exit_taken ||
                                                WEXITSTATUS(status) == exit_refused);
    if (!answered) {
        const auto told = said->empty() ? std::string{} : ": " + printable_excerpt(*said, 200);
        return failed(ended_how(status) + told);
    }
    const auto line = said->substr(0, said->find('\n'));
    auto answer = json::read<report>(line);
    if (!answer) return failed("its answer cannot be read");
    answer->smaller = said->substr(std::min(said->size(), line.size() + 1));
    if (answer->smaller.size() != answer->written) return failed("its answer is not whole");
    if (!answer->refused.empty()) {
        return fail(codes::refused, answer->refused + ": " + answer->detail);
    }
    if (answer->type.empty()) return failed("its answer says nothing");
    return *std::move(answer);
}

std::string worker_beside_binary() {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return {};
    auto program = self.parent_path() / "thole-image-worker";
    return ::access(program.c_str(), X_OK) == 0 ? program.string() : std::string{};
}

}  // namespace thole::image
