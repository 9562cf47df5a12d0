// Each case in a process of its own, which is then confined for good.

#include "image/sandbox.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace thole::image {
namespace {

using ::testing::ExitedWithCode;
using ::testing::KilledBySignal;

void confine_or_exit() {
    if (!confine({.memory = std::uint64_t{64} << 30, .output = 1 << 20, .cpu_seconds = 1})
             .empty()) {
        ::_exit(99);
    }
}

// proves: I3
TEST(Sandbox, LeavesReadingWritingMemoryAndTheEnd) {
    EXPECT_EXIT(
        {
            confine_or_exit();
            char one = 0;
            static_cast<void>(::read(STDIN_FILENO, &one, 0));
            static_cast<void>(::write(STDERR_FILENO, "said", 4));
            auto* const room = ::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            ::_exit(room == MAP_FAILED ? 1 : 7);
        },
        ExitedWithCode(7), "said");
}

TEST(Sandbox, KillsEverythingElse) {
    const std::pair<const char*, void (*)()> forbidden[] = {
        {"open", [] { static_cast<void>(::open("/etc/hostname", O_RDONLY)); }},
        {"socket", [] { static_cast<void>(::socket(AF_INET, SOCK_STREAM, 0)); }},
        {"fork", [] { static_cast<void>(::fork()); }},
        {"exec", [] { static_cast<void>(::execl("/bin/true", "true", nullptr)); }},
        {"kill", [] { static_cast<void>(::kill(::getppid(), 0)); }},
        {"read elsewhere", [] { static_cast<void>(::read(3, nullptr, 0)); }},
        {"write elsewhere", [] { static_cast<void>(::write(0, "x", 1)); }},
        {"code", [] {
             static_cast<void>(
                 ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
         }}};
    for (const auto& [what, act] : forbidden) {
        EXPECT_EXIT(
            {
                confine_or_exit();
                act();
                ::_exit(0);
            },
            KilledBySignal(SIGSYS), "")
            << what;
    }
}

TEST(Sandbox, EndsWhatComputesTooLong) {
    EXPECT_EXIT(
        {
            confine_or_exit();
            for (volatile unsigned n = 0;; n = n + 1) {
            }
        },
        KilledBySignal(SIGXCPU), "");
}

}  // namespace
}  // namespace thole::image
