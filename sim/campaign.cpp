#include "sim/campaign.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include "thole/clock.hpp"

namespace thole::sim {

namespace {

using seconds = std::chrono::duration<double>;

double processor_seconds_of_thread() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// What this thread is at, for the handler of an abort.
thread_local std::string now_running;

void tell_what_ran(int signal_number) {
    const auto line = now_running + "\n";
    static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
    ::signal(signal_number, SIG_DFL);
    ::raise(signal_number);
}

// Ctrl-C ends it as its end would, with what was found so far; a second one ends the process.
std::atomic<bool> interrupted = false;

void stop_soon(int signal_number) {
    interrupted = true;
    ::signal(signal_number, SIG_DFL);
}

class campaigner {
  public:
    campaigner(const std::vector<day>& days, const campaign_options& how)
        : days_{days}, how_{how}, began_{clock_.now()} {}

    campaign_report go() {
        for (const int each : {SIGABRT, SIGSEGV}) ::signal(each, tell_what_ran);
        interrupted = false;
        ::signal(SIGINT, stop_soon);
        const auto cores = std::max(1U, std::thread::hardware_concurrency());
        const auto jobs = how_.jobs > 0 ? how_.jobs : cores;
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < jobs; ++i) threads.emplace_back([this] { work(); });
        for (auto& each : threads) each.join();
        for (const int each : {SIGABRT, SIGSEGV, SIGINT}) ::signal(each, SIG_DFL);
        return sum_;
    }

  private:
    [[nodiscard]] bool is_over(std::uint64_t number) const {
        if (interrupted) return true;
        if (how_.seeds > 0 && number >= how_.seeds * days_.size()) return true;
        if (how_.operations > 0 && operations_ >= how_.operations) return true;
        return how_.minutes > 0 && clock_.now() - began_ >= std::chrono::minutes{how_.minutes};
    }
    void work() {
        for (auto number = next_++; !is_over(number); number = next_++) {
            const auto& today = days_[number % days_.size()];
            const auto seed = how_.first_seed + number / days_.size();
            now_running =
                "replay: " + replay_line(today.name, seed, how_.each.without, how_.mutant);
            const auto began = processor_seconds_of_thread();
            const auto told = simulate(today, seed, how_.each);
            add(today, told, processor_seconds_of_thread() - began);
        }
    }
    void add(const day& today, const report& told, double took) {
        const std::scoped_lock lock{mutex_};
        ++sum_.seeds;
        sum_.operations += told.operations;
        sum_.faults += told.begun;
        sum_.crashes += told.crashes();
        sum_.violations += told.violations.size();
        sum_.requests += told.counted.requests;
        sum_.seconds += took;
        sum_.wall_seconds = seconds{clock_.now() - began_}.count();
        sum_.simulated += told.lasted;
        sum_.probes.add(told.probes);
        operations_ = sum_.operations;
        if (how_.progress) how_.progress(sum_);
        if (told.violations.empty() || !how_.tell) return;
        for (const auto& each : told.violations) {
            how_.tell(fmt::format("{}: {}", each.checker, each.what));
        }
        how_.tell("replay: " + replay_line(today.name, told.seed, how_.each.without, how_.mutant));
    }

    const std::vector<day>& days_;
    const campaign_options& how_;
    const system_clock clock_;
    std::atomic<std::uint64_t> next_ = 0;
    std::atomic<std::uint64_t> operations_ = 0;
    const time_point began_;
    std::mutex mutex_;
    campaign_report sum_;
};

}  // namespace

std::string campaign_report::json() const {
    std::string missing;
    for (const auto each : probes.missing()) {
        missing += fmt::format(R"({}"{}")", missing.empty() ? "" : ",", each);
    }
    return fmt::format(R"({{"seeds":{},"operations":{},"faults":{},"crashes":{},"violations":{},)"
                       R"("never_reached":[{}],"simulated_hours":{:.1f},"wall_seconds":{:.1f},)"
                       R"("ops_per_s_per_core":{:.0f}}})",
                       seeds, operations, faults, crashes, violations, missing,
                       std::chrono::duration<double, std::ratio<3600>>{simulated}.count(),
                       wall_seconds, ops_per_s_per_core());
}

std::string campaign_report::text() const {
    std::string out;
    for (const auto each : probes.missing()) {
        out += fmt::format("never reached: {}\n", each);
    }
    return out + fmt::format(
                     "{} seeds, {} operations, {} faults, {} crashes, {} violations; "
                     "{:.0f} operations a second and core, {} requests an operation",
                     seeds, operations, faults, crashes, violations, ops_per_s_per_core(),
                     requests / std::max<std::uint64_t>(operations, 1));
}

campaign_report campaign(const std::vector<day>& days, const campaign_options& how) {
    return campaigner{days, how}.go();
}

std::expected<std::vector<day>, std::string> load_days(const std::string& folder,
                                                       const std::vector<std::string>& wanted) {
    namespace fs = std::filesystem;
    std::vector<std::string> paths;
    for (const auto& each : wanted) {
        paths.push_back(each.ends_with(".toml") ? each : folder + "/" + each + ".toml");
    }
    std::error_code failed;
    if (wanted.empty()) {
        for (const auto& each : fs::directory_iterator{folder, failed}) {
            if (each.path().extension() == ".toml") paths.push_back(each.path().string());
        }
    }
    if (paths.empty()) return std::unexpected{folder + ": no days there"};
    std::ranges::sort(paths);
    std::vector<day> out;
    for (const auto& path : paths) {
        auto read = load_day(path);
        if (!read) return std::unexpected{read.error()};
        out.push_back(std::move(*read));
    }
    return out;
}

}  // namespace thole::sim
