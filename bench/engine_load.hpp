#pragma once

// What the engine benchmark measures with: a folder on the real disk, a closed loop of clients, and
// the figures that come of it.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace thole::bench {

using stopwatch = std::chrono::steady_clock;

inline double seconds_since(stopwatch::time_point start) {
    return std::chrono::duration<double>(stopwatch::now() - start).count();
}

// Processor time of this process, all threads.
inline double processor_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto of = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return of(used.ru_utime) + of(used.ru_stime);
}

// The value below which a share of the samples lies; sorts them.
inline double quantile(std::vector<double>& samples, double share) {
    if (samples.empty()) return 0;
    std::ranges::sort(samples);
    const auto at = static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1));
    return samples[at];
}

// On the disk that holds the build, because /tmp may be memory; THOLE_BENCH_FOLDER overrides it.
class scratch_folder {
  public:
    scratch_folder() {
        const char* asked = std::getenv("THOLE_BENCH_FOLDER");
        std::string name =
            (std::filesystem::path{asked != nullptr ? asked : "."} / "engine-bench-XXXXXX")
                .string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        path_ = std::filesystem::absolute(name);
    }
    ~scratch_folder() { std::filesystem::remove_all(path_); }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

struct figures {
    int operations = 0;
    double seconds = 0;
    double cpu_seconds = 0;
    std::vector<double> latency_ms;  // from the submission to the end of each

    [[nodiscard]] double per_second() const { return operations / seconds; }
};

// The production engine on a new SQLite journal in `file`: `clients` at once, each submits an
// operation of kind "bench" and waits for its end before the next.
[[nodiscard]] figures run_engine(const std::string& file, int clients, int operations);

}  // namespace thole::bench
