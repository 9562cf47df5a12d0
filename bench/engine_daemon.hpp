#pragma once

// The daemon itself under measurement: a process of its own, spoken to over its unix socket.

#include <sys/types.h>

#include "bench/engine_load.hpp"

namespace thole::bench {

class daemon_process {
  public:
    // In a folder of its own, with these sections of configuration. Ready when constructed.
    explicit daemon_process(
        const scratch_folder& folder,
        std::string_view sections = "[engine]\nbench = true\nmax_waiting = 2000000\n");
    ~daemon_process();
    daemon_process(const daemon_process&) = delete;
    daemon_process& operator=(const daemon_process&) = delete;

    [[nodiscard]] double resident_mb() const;
    [[nodiscard]] double processor_seconds() const;  // of the daemon, so far
    [[nodiscard]] const std::string& socket() const noexcept { return socket_; }

    static std::string journal_in(const scratch_folder& folder);

    // `clients` connections, each with one POST at a time with `Prefer: wait=10`.
    [[nodiscard]] figures load(int clients, int operations);

  private:
    std::string socket_;
    pid_t pid_ = -1;
};

}  // namespace thole::bench
