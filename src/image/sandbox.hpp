#pragma once

// Gives up everything but computing: for a process that reads what a stranger made.
//
//   if (const auto why = image::confine({.memory = …, .cpu_seconds = 10}); !why.empty()) exit(4);
//   … read standard input, decode, write standard output …
//
// Afterwards the process can read descriptor 0, write 1 and 2, get memory that is never executable,
// and end; any other system call kills it. It cannot open a file or a socket, start a program or a
// thread, signal, or learn the time. Other descriptors are closed, new privileges are off, memory
// and processor time are bounded, and it leaves no core.
//
// Threads: before any is started. It cannot be undone.

#include <cstdint>
#include <string>

namespace thole::image {

struct confinement {
    std::uint64_t memory = 0;       // bytes of address space
    std::uint64_t output = 0;       // bytes, where the output is a file
    std::uint32_t cpu_seconds = 0;  // then SIGXCPU, a second later SIGKILL
};

// "" when the process is confined, else what this system refused.
[[nodiscard]] std::string confine(const confinement&);

}  // namespace thole::image
