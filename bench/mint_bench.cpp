// What a verified mint costs, beside a client that remembers nothing and beside the published
// JavaScript stack.
//
//   script/bench mint [--json] [--case NAME]… [--quick]
//
// mint_N: N at once, through the daemon's own HTTP, on a fast ledger and content node in another
// process (mint_world.hpp); the floor sends the same requests, verification reads included, and
// keeps no journal. localnet_64 and javascript_N mint on a real runtime (localnet/) with one front
// and a content node in Node.js: see mint_javascript.js. Ratios are of the same run, interleaved.

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cstdio>

#include "bench/cases.hpp"
#include "bench/mint_world.hpp"

namespace thole::bench {

namespace {

boost::json::object mint_case(int clients, int mints, int rounds) {
    std::vector<double> ours, floors, ratios, cpu, floor_cpu, asked, floor_asked, latency;
    for (int i = 0; i < rounds; ++i) {
        const auto one = [&](auto run) {
            const fake_world world;  // as new: what is there already makes nobody slower
            world.fund(bench_wallet().address());
            auto out = run(world, clients, mints);
            if (std::getenv("THOLE_BENCH_CALLS"))
                std::fprintf(stderr, "%s\n", world.calls().c_str());
            return out;
        };
        const auto floor = one(run_plain);
        const auto daemon = one(run_daemon);
        ours.push_back(daemon.per_second());
        floors.push_back(floor.per_second());
        ratios.push_back(daemon.per_second() / floor.per_second());
        cpu.push_back(daemon.cpu_seconds * 1e3 / mints);
        floor_cpu.push_back(floor.cpu_seconds * 1e3 / mints);
        asked.push_back(static_cast<double>(daemon.requests) / mints);
        floor_asked.push_back(static_cast<double>(floor.requests) / mints);
        latency.insert(latency.end(), daemon.latency_ms.begin(), daemon.latency_ms.end());
    }
    return {{"mints_per_s", rounded(median(ours))},
            {"floor_mints_per_s", rounded(median(floors))},
            {"ratio", rounded(median(ratios))},
            {"cpu_ms_per_mint", rounded(median(cpu))},
            {"floor_cpu_ms_per_mint", rounded(median(floor_cpu))},
            {"requests_per_mint", rounded(median(asked))},
            {"floor_requests_per_mint", rounded(median(floor_asked))},
            {"p50_ms", rounded(quantile(latency, 0.5))},
            {"p99_ms", rounded(quantile(latency, 0.99))}};
}

// mint_javascript.js prints one line of figures.
boost::json::object javascript_case(const std::string& who, int clients, int mints) {
    const auto command = std::string{"node "} + THOLE_BENCH_SCRIPT + " " + who + " " +
                         std::to_string(clients) + " " + std::to_string(mints) + " " + THOLE_BINARY;
    auto* pipe = ::popen(command.c_str(), "r");
    std::string text;
    char part[512];
    while (pipe != nullptr && std::fgets(part, sizeof part, pipe) != nullptr) text += part;
    boost::system::error_code broken;
    const auto figures = boost::json::parse(text, broken);
    if (pipe == nullptr || ::pclose(pipe) != 0 || broken) {
        std::fprintf(stderr, "%s failed; npm ci in localnet/ first?\n", command.c_str());
        return {};
    }
    return figures.as_object();
}

int run(const arguments& s) {
    const int rounds = s.quick ? 1 : 3;
    const auto some = [&](int full) { return s.quick ? full / 4 : full; };
    return measure(
        s, {{"mint_1", [&] { return mint_case(1, some(40), rounds); }},
            {"mint_64", [&] { return mint_case(64, some(1500), rounds); }},
            {"mint_1024", [&] { return mint_case(1024, some(4'000), rounds); }},
            {"localnet_64", [&] { return javascript_case("thole", 64, some(256)); }},
            {"javascript_1", [&] { return javascript_case("javascript", 1, some(20)); }},
            {"javascript_64", [&] { return javascript_case("javascript", 64, some(256)); }}});
}

}  // namespace

}  // namespace thole::bench

int main(int argc, char** argv) {
    return thole::bench::run(thole::bench::read_arguments("mint", argc, argv));
}
