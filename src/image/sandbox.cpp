#include "image/sandbox.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

namespace thole::image {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t machine = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t machine = 0;  // nothing is allowed on what nobody tried
#endif

constexpr std::array always{
    __NR_exit,   __NR_exit_group, __NR_rt_sigreturn, __NR_munmap,
    __NR_mremap, __NR_madvise,    __NR_brk,          __NR_futex,
};

// A classic BPF program over seccomp_data: the arguments' low halves are enough, since descriptors
// and protections are ints.
class filter {
  public:
    filter() {
        load(offsetof(seccomp_data, arch));
        when_equal(machine, 1, 0);
        end(SECCOMP_RET_KILL_PROCESS);
        load(offsetof(seccomp_data, nr));
        for (const auto each : always) allow(static_cast<std::uint32_t>(each));
        allow_if_argument(__NR_read, 0, 0, 0);
        allow_if_argument(__NR_write, 0, 1, 2);
        allow_without_bits(__NR_mmap, 2, PROT_EXEC);
        allow_without_bits(__NR_mprotect, 2, PROT_EXEC);
        end(SECCOMP_RET_KILL_PROCESS);
    }
    [[nodiscard]] sock_fprog program() {
        return {static_cast<unsigned short>(code_.size()), code_.data()};
    }

  private:
    static constexpr std::uint32_t argument(unsigned which) {
        return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * which);
    }
    void load(std::uint32_t offset) { add(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0); }
    void end(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict, 0, 0); }
    void when_equal(std::uint32_t value, std::uint8_t then, std::uint8_t otherwise) {
        add(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise);
    }
    void allow(std::uint32_t call) {
        when_equal(call, 0, 1);
        end(SECCOMP_RET_ALLOW);
    }
    void allow_if_argument(int call, unsigned which, std::uint32_t one, std::uint32_t other) {
        when_equal(static_cast<std::uint32_t>(call), 0, 5);
        load(argument(which));
        when_equal(one, 1, 0);
        when_equal(other, 0, 1);
        end(SECCOMP_RET_ALLOW);
        end(SECCOMP_RET_KILL_PROCESS);
    }
    void allow_without_bits(int call, unsigned which, std::uint32_t bits) {
        when_equal(static_cast<std::uint32_t>(call), 0, 4);
        load(argument(which));
        add(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
        end(SECCOMP_RET_ALLOW);
        end(SECCOMP_RET_KILL_PROCESS);
    }
    void add(unsigned code, std::uint32_t k, std::uint8_t jt, std::uint8_t jf) {
        code_.push_back({static_cast<std::uint16_t>(code), jt, jf, k});
    }
    std::vector<sock_filter> code_;
};

std::string refused(const char* what) {
    return std::string{what} + ": " + std::strerror(errno);
}

bool bound(__rlimit_resource_t what, std::uint64_t soft, std::uint64_t hard) {
    const rlimit to{soft, hard};
    return ::setrlimit(what, &to) == 0;
}

}  // namespace

std::string confine(const confinement& c) {
    if (::syscall(__NR_close_range, 3U, ~0U, 0U) != 0) return refused("close_range");
    if (!bound(RLIMIT_AS, c.memory, c.memory)) return refused("limit of memory");
    if (!bound(RLIMIT_CPU, c.cpu_seconds, c.cpu_seconds + 1)) return refused("limit of time");
    if (!bound(RLIMIT_FSIZE, c.output, c.output)) return refused("limit of output");
    if (!bound(RLIMIT_CORE, 0, 0)) return refused("limit of cores");
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return refused("not dumpable");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("no new privileges");
    filter only;
    auto program = only.program();
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
        return refused("seccomp");
    return {};
}

}  // namespace thole::image
