// thole-sim run|replay|minimise|hunt: seeded bad days for the production code, and the one line
// that replays a failing one.

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "sim/campaign.hpp"
#include "sim/minimise.hpp"
#include "sim/mutants/mutants.hpp"
#include "sim/weather.hpp"

namespace thole::sim {

namespace {

struct arguments {
    std::vector<std::string> days;
    std::string folder = THOLE_DAYS_DIR;
    std::uint64_t seed = 1;
    std::uint64_t seeds = 10;
    int minutes = 0;
    std::uint64_t operations = 0;
    unsigned jobs = 0;
    bool json = false;
    bool trace = false;
    std::vector<int> without;
    std::string mutant;
};

[[noreturn]] void refuse(const std::string& why) {
    fmt::print(stderr, "thole-sim: {}\n", why);
    std::exit(2);
}

std::vector<day> days_of(const arguments& args) {
    auto read = load_days(args.folder, args.days);
    if (!read) refuse(read.error());
    return std::move(*read);
}

run_options options_of(const arguments& args) {
    run_options out;
    out.without = {args.without.begin(), args.without.end()};
    if (args.mutant.empty()) return out;
    const auto* planted = find_mutant(args.mutant);
    if (planted == nullptr) refuse("no mutant is called \"" + args.mutant + "\"");
    out.with = planted->plant();
    return out;
}

int run(const arguments& args) {
    campaign_options how;
    how.first_seed = args.seed;
    how.seeds = args.minutes > 0 || args.operations > 0 ? 0 : args.seeds;
    how.minutes = args.minutes;
    how.operations = args.operations;
    how.jobs = args.jobs;
    how.each = options_of(args);
    how.mutant = args.mutant;
    how.tell = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
    const bool seen = ::isatty(STDERR_FILENO) == 1;
    if (seen) {
        how.progress = [](const campaign_report& so_far) {
            fmt::print(stderr, "\r{} seeds, {} operations, {} violations, {:.0f} s ", so_far.seeds,
                       so_far.operations, so_far.violations, so_far.wall_seconds);
        };
    }
    const auto told = campaign(days_of(args), how);
    if (seen) fmt::print(stderr, "\n");
    fmt::print("{}\n", args.json ? told.json() : told.text());
    return told.violations == 0 ? 0 : 1;
}

void print(const report& told) {
    for (const auto& each : told.violations) fmt::print("{}: {}\n", each.checker, each.what);
    fmt::print(
        "seed {} hash {:016x}: {} accepted, {} completed, {} rolled back, {} failed, {} closed; "
        "{} generations, {} lives, {} crashes, {} faults, {} requests, {} violations in {} s\n",
        told.seed, told.hash, told.operations, told.completed, told.rolled_back, told.failed,
        told.closed, told.generations, told.lives.size(), told.crashes(), told.begun,
        told.counted.requests, told.violations.size(), told.lasted / std::chrono::seconds{1});
}

// A number that is none of the course's faults would leave out nothing, and nobody would notice.
void check_numbers(const arguments& args) {
    const auto faults = forecast(days_of(args).front(), args.seed);
    for (const auto number : args.without) {
        if (std::ranges::find(faults, number, &fault_event::number) != faults.end()) continue;
        refuse(fmt::format("--without: seed {} of that day has the faults 1 to {}, and no {}",
                           args.seed, faults.size(), number));
    }
}

int replay(const arguments& args) {
    check_numbers(args);
    auto options = options_of(args);
    if (args.trace) {
        options.read_by = [](duration age, std::string_view line) {
            fmt::print("{:>12.3f} {}\n", std::chrono::duration<double>(age).count(), line);
        };
    }
    const auto told = simulate(days_of(args).front(), args.seed, options);
    if (args.trace) {
        for (const auto& each : told.faults) fmt::print("{}\n", each.text());
    }
    print(told);
    return told.violations.empty() ? 0 : 1;
}

int shrink(const arguments& args) {
    check_numbers(args);
    const auto today = days_of(args).front();
    const auto least = minimise(today, args.seed, options_of(args));
    if (!least) {
        fmt::print("seed {} of {} shows nothing\n", args.seed, today.name);
        return 0;
    }
    for (const auto& each : least->told.faults) fmt::print("{}\n", each.text());
    print(least->told);
    fmt::print("{}\n", replay_line(today.name, args.seed, least->without, args.mutant));
    return 1;
}

// The lines of the table of planted bugs: for each the first seed and day that finds it.
int hunt(const arguments& args) {
    constexpr std::uint64_t most_seeds = 20;
    // The plainest first: what a bug needs no fault for is found without one.
    std::vector<day> days;
    for (const auto* each :
         {"mint_one", "duplicate_submissions", "rolling_restart", "lost_generations",
          "wallet_runs_dry", "content_vanishes", "operators", "shared_image", "slow_poison",
          "several_nodes", "orders", "by_the_clock", "drift", "drift_while_failing"}) {
        auto read = load_days(args.folder, {each});
        if (!read) refuse(read.error());
        days.push_back(std::move(read->front()));
    }
    if (!args.mutant.empty()) (void)options_of(args);  // refuses one that is not known
    int missing = 0;
    for (const auto& each : mutants()) {
        if (!args.mutant.empty() && each.name != args.mutant) continue;
        std::string found;
        for (std::uint64_t seed = 1; seed <= most_seeds && found.empty(); ++seed) {
            for (const auto& today : days) {
                run_options with;
                with.with = each.plant();
                const auto told = simulate(today, seed, with);
                if (told.violations.empty()) continue;
                found = fmt::format("| `{}` | {} | `{}` | {} | `{}` |", each.name, each.what,
                                    today.name, seed, told.violations.front().checker);
                break;
            }
        }
        if (found.empty()) ++missing;
        fmt::print("{}\n", found.empty() ? fmt::format("{} is not found", each.name) : found);
    }
    return missing == 0 ? 0 : 1;
}

}  // namespace

}  // namespace thole::sim

int main(int argc, char** argv) {
    using namespace thole::sim;
    arguments args;
    CLI::App app{"Seeded bad days for the production code, in virtual time"};
    app.require_subcommand(1);
    const auto add = [&](const char* name, const char* what) {
        auto* command = app.add_subcommand(name, what);
        command->add_option("--day", args.days, "name of a day, or path of its TOML file");
        command->add_option("--days-folder", args.folder, "where days are found by name");
        command->add_option("--seed", args.seed, "the seed; of run: the first one");
        command->add_option("--without", args.without, "numbers of faults to leave out")
            ->delimiter(',');
        command->add_option("--mutant", args.mutant, "a planted bug");
        return command;
    };
    auto* runs = add("run", "many seeds on all cores; ends with a summary");
    runs->add_option("--seeds", args.seeds, "how many of each day");
    runs->add_option("--minutes", args.minutes, "instead: new seeds for so long");
    runs->add_option("--operations", args.operations, "instead: until so many were accepted");
    runs->add_option("--jobs", args.jobs, "threads; 0: one a core");
    runs->add_flag("--json", args.json, "the summary as JSON");
    auto* replays = add("replay", "one day under one seed");
    replays->add_flag("--trace", args.trace, "every event, request and fault");
    auto* shrinks = add("minimise", "the fewest faults under which a seed still fails");
    auto* hunts = app.add_subcommand("hunt", "where each planted bug is found; lines of the table");
    hunts->add_option("--mutant", args.mutant, "this one only");
    hunts->add_option("--days-folder", args.folder, "where days are found by name");
    CLI11_PARSE(app, argc, argv);
    if (hunts->parsed()) return hunt(args);
    if (runs->parsed()) return run(args);
    if (args.days.empty()) refuse("--day says which day");
    if (replays->parsed()) return replay(args);
    return shrinks->parsed() ? shrink(args) : 2;
}
