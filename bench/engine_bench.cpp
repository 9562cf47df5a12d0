// What the engine costs, beside what the disk allows.
//
//   script/bench engine [--json] [--case NAME]… [--quick]
//
// Every figure of speed stands beside a floor measured in the same run, interleaved with it: disks
// and neighbours change from one minute to the next, ratios less. Real files, real fsync. See
// engine_floor.hpp for what the floor is.

#include <boost/json/object.hpp>
#include <cstdio>

#include "bench/cases.hpp"
#include "bench/engine_daemon.hpp"
#include "bench/engine_fill.hpp"
#include "bench/engine_floor.hpp"

namespace thole::bench {

namespace {

boost::json::object speed_case(int clients, int operations, int rounds) {
    std::vector<double> ours, floors, ratios, cpu, all, all_floor, p50_ratios;
    for (int i = 0; i < rounds; ++i) {
        const scratch_folder folder;
        auto floor = run_floor(folder.file("floor.db"), clients, operations);
        auto engine = run_engine(folder.file("engine.db"), clients, operations);
        ours.push_back(engine.per_second());
        floors.push_back(floor.per_second());
        ratios.push_back(engine.per_second() / floor.per_second());
        p50_ratios.push_back(quantile(engine.latency_ms, 0.5) / quantile(floor.latency_ms, 0.5));
        cpu.push_back(engine.cpu_seconds * 1e3 / operations);
        all.insert(all.end(), engine.latency_ms.begin(), engine.latency_ms.end());
        all_floor.insert(all_floor.end(), floor.latency_ms.begin(), floor.latency_ms.end());
    }
    return {{"ops_per_s", rounded(median(ours))},
            {"floor_ops_per_s", rounded(median(floors))},
            {"ratio", rounded(median(ratios))},
            {"p50_ms", rounded(quantile(all, 0.5))},
            {"p99_ms", rounded(quantile(all, 0.99))},
            {"cpu_ms_per_op", rounded(median(cpu))},
            {"floor_p50_ms", rounded(quantile(all_floor, 0.5))},
            {"p50_ratio", rounded(median(p50_ratios))}};
}

// Through the daemon; `ratio` is to the engine in this process, without HTTP.
boost::json::object http_case(int operations, int rounds) {
    constexpr int clients = 64;
    std::vector<double> ours, floors, ratios, cpu, all;
    for (int i = 0; i < rounds; ++i) {
        const scratch_folder folder;
        const auto engine = run_engine(folder.file("engine.db"), clients, operations);
        daemon_process daemon{folder};
        auto http = daemon.load(clients, operations);
        ours.push_back(http.per_second());
        floors.push_back(engine.per_second());
        ratios.push_back(http.per_second() / engine.per_second());
        cpu.push_back(http.cpu_seconds * 1e3 / operations);
        all.insert(all.end(), http.latency_ms.begin(), http.latency_ms.end());
    }
    return {{"ops_per_s", rounded(median(ours))},     {"floor_ops_per_s", rounded(median(floors))},
            {"ratio", rounded(median(ratios))},       {"p50_ms", rounded(quantile(all, 0.5))},
            {"p99_ms", rounded(quantile(all, 0.99))}, {"cpu_ms_per_op", rounded(median(cpu))}};
}

boost::json::object memory_case(bool quick) {
    double idle = 0;
    {
        const scratch_folder folder;
        static_cast<void>(daemon_process::journal_in(folder));
        idle = daemon_process{folder}.resident_mb();
    }
    const scratch_folder folder;
    fill(daemon_process::journal_in(folder), crowd::waiting, quick ? 10'000 : 1'000'000);
    const double full = daemon_process{folder}.resident_mb();
    return {{"idle_mb", rounded(idle)}, {"million_waiting_mb", rounded(full - idle)}};
}

boost::json::object claim_case(bool quick) {
    const int rounds = 300;
    const auto measure = [&](crowd what, int count) {
        const scratch_folder folder;
        const auto file = folder.file("j.db");
        fill(file, what, count);
        fill(file, crowd::due, rounds);
        return rounded(claim_microseconds(file, rounds));
    };
    return {{"us_1e3", measure(crowd::waiting, 1'000)},
            {"us_1e6", measure(crowd::waiting, quick ? 10'000 : 1'000'000)},
            {"us_blocked_1e5", measure(crowd::blocked, quick ? 1'000 : 100'000)}};
}

boost::json::object restart_case(bool quick) {
    std::vector<double> samples;
    const scratch_folder folder;
    fill(folder.file("j.db"), crowd::running, quick ? 1'000 : 100'000);
    for (int i = 0; i < 3; ++i) {
        const auto copy = folder.file("copy.db");
        std::filesystem::remove(copy + "-wal");
        std::filesystem::copy_file(folder.file("j.db"), copy,
                                   std::filesystem::copy_options::overwrite_existing);
        samples.push_back(first_step_milliseconds(copy));
    }
    return {{"first_step_ms", rounded(median(samples))}};
}

int run(const arguments& s) {
    const int rounds = s.quick ? 1 : 5;
    const auto some = [&](int full) { return s.quick ? full / 20 : full; };
    return measure(s, {{"sqlite_1", [&] { return speed_case(1, some(300), rounds); }},
                       {"sqlite_64", [&] { return speed_case(64, some(12'000), rounds); }},
                       {"sqlite_1024", [&] { return speed_case(1024, some(30'000), rounds); }},
                       {"http_64", [&] { return http_case(some(12'000), rounds); }},
                       {"memory", [&] { return memory_case(s.quick); }},
                       {"claim", [&] { return claim_case(s.quick); }},
                       {"restart", [&] { return restart_case(s.quick); }}});
}

}  // namespace

}  // namespace thole::bench

int main(int argc, char** argv) {
    return thole::bench::run(thole::bench::read_arguments("engine", argc, argv));
}
