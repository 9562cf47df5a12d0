// The fixed seeds: every day of sim/days under a few of them must show no violation, and together
// they must reach every probe. A failure prints the line that replays it.

#include "sim/run.hpp"

#include <gmock/gmock.h>
#include <signal.h>

#include "sim/campaign.hpp"
#include "sim/minimise.hpp"
#include "sim/mutants/mutants.hpp"

namespace thole::sim {
namespace {

std::vector<day> all_days() {
    auto read = load_days(std::string{THOLE_SOURCE_DIR} + "/sim/days", {});
    EXPECT_TRUE(read) << read.error();
    return read ? std::move(*read) : std::vector<day>{};
}

day one_day(const std::string& name) {
    auto read = load_days(std::string{THOLE_SOURCE_DIR} + "/sim/days", {name});
    EXPECT_TRUE(read) << read.error();
    return read ? std::move(read->front()) : day{};
}

// proves: X1, E1, E2, E3, E5, E9, S2, S3, M2
TEST(sim, no_seed_shows_a_violation_and_every_probe_is_reached) {
    campaign_options how;
    how.first_seed = 60;
    const auto days = all_days();
    ASSERT_GE(days.size(), 8U);
    how.seeds = 3;
    how.tell = [](const std::string& line) { ADD_FAILURE() << line; };
    const auto told = campaign(days, how);
    EXPECT_EQ(told.violations, 0U);
    for (const auto each : told.probes.missing()) {
        ADD_FAILURE() << "never reached: " << each;
    }
    EXPECT_GT(told.crashes, 0U);
}

TEST(sim, an_interrupted_campaign_tells_what_it_found_so_far) {
    campaign_options how;
    how.seeds = 0;
    how.jobs = 1;
    how.progress = [](const campaign_report& so_far) {
        if (so_far.seeds == 2) ::raise(SIGINT);
    };
    const auto told = campaign({one_day("mint_one")}, how);
    EXPECT_EQ(told.seeds, 2U);
    EXPECT_GT(told.operations, 0U);
}

// What long runs have found in the product, by the seed that found it.
TEST(sim, seeds_that_found_something_find_nothing_any_more) {
    // A copy under a wrong CID that could not be given back stayed when its mint ended well.
    EXPECT_TRUE(simulate(one_day("mint_storm"), 235).violations.empty());
    // Of the checker: a step that ended with a refusal because its operation was cancelled.
    EXPECT_TRUE(simulate(one_day("operators"), 1795997106013).violations.empty());
    // A kind released while a claim was under way was never claimed again.
    EXPECT_TRUE(simulate(one_day("interventions"), 1796025828423).violations.empty());
    // Content that the second look had uploaded again was told nowhere after a crash.
    EXPECT_TRUE(simulate(one_day("drift_while_failing"), 14).violations.empty());
    // The second look took a gateway that was away for content that is lost.
    EXPECT_TRUE(simulate(one_day("drift_while_failing"), 1796050029012).violations.empty());
    // Two nodes that lagged behind the mint told that there is none, and were believed.
    EXPECT_TRUE(simulate(one_day("drift_while_failing"), 16).violations.empty());
    EXPECT_TRUE(simulate(one_day("drift_while_failing"), 18).violations.empty());
    // Nodes that all lagged behind a token had its pins given back.
    EXPECT_TRUE(simulate(one_day("drift_while_failing"), 245).violations.empty());
    // The pace of a key counted from a decision that the journal had kept waiting.
    EXPECT_TRUE(simulate(one_day("by_the_clock"), 1796059201773).violations.empty());
    // Of the clients: a release was heard before the hold that it belongs to.
    EXPECT_TRUE(simulate(one_day("interventions"), 1796026246974).violations.empty());
    // Who was woken while he undid a group showed the fault of its way forward again.
    EXPECT_TRUE(simulate(one_day("orders"), 1796050838847).violations.empty());
    // To skip a step by its name threw when another one of its group was being undone.
    EXPECT_TRUE(simulate(one_day("orders"), 2).violations.empty());
    // Of the checker: a person closed an order when it had taken its parcel back.
    EXPECT_TRUE(simulate(one_day("orders"), 2246).violations.empty());
    // Who was sent back before his turn began out of turn, under the key that he had kept.
    EXPECT_TRUE(simulate(one_day("orders"), 4).violations.empty());
}

// proves: X1
TEST(sim, the_same_seed_leaves_the_same_trace) {
    for (const auto* name : {"mint_storm", "rolling_restart", "orders"}) {
        const auto today = one_day(name);
        const auto first = simulate(today, 5);
        EXPECT_EQ(first.hash, simulate(today, 5).hash);
        EXPECT_NE(first.hash, simulate(today, 6).hash);
    }
}

// Both nodes lose everything between the mint and its verification: nobody waits for ever.
TEST(sim, content_that_is_gone_everywhere_parks_its_mint) {
    const auto today = read_day(R"(
summary = "All content is lost after the mint"
[workload]
operations = 3
accounts = 3
over = "0s..2s"
[[fault]]
kind = "content_lose"
target = "content"
count = "6"
at = "1s..12s"
)",
                                "gone");
    ASSERT_TRUE(today) << today.error();
    const auto told = simulate(*today, 1);
    EXPECT_TRUE(told.violations.empty()) << told.violations.front().what;
    EXPECT_EQ(told.operations, 3U);
    EXPECT_EQ(told.failed + told.closed, 3U);
}

TEST(sim, minimise_leaves_the_faults_that_matter) {
    run_options options;
    options.with = find_mutant("leaks_a_permit")->plant();
    const auto least = minimise(one_day("rolling_restart"), 3, options);
    ASSERT_TRUE(least);
    EXPECT_TRUE(least->told.faults.empty()) << "that bug needs no fault at all";
    EXPECT_FALSE(least->told.violations.empty());
}

// A bug that only a fault brings to light: what is left are the faults that it needs, no more.
TEST(sim, minimise_leaves_no_fault_that_could_be_left_out) {
    const auto today = one_day("duplicate_submissions");
    run_options options;
    options.with = find_mutant("loses_lock_on_crash")->plant();
    const auto whole = simulate(today, 1, options);
    const auto least = minimise(today, 1, options);
    ASSERT_TRUE(least);
    const auto& left = least->told.faults;
    ASSERT_FALSE(left.empty()) << "without a crash there is nothing to forget";
    EXPECT_LT(left.size(), whole.faults.size());
    const auto checker = whole.violations.front().checker;
    const auto objects = [&](const std::set<int>& without) {
        auto with = options;
        with.without = without;
        const auto told = simulate(today, 1, with);
        return std::ranges::find(told.violations, checker, &violation::checker) !=
               told.violations.end();
    };
    EXPECT_TRUE(objects(least->without)) << "the line that is printed replays it";
    for (const auto& each : left) {
        auto one_more = least->without;
        one_more.insert(each.number);
        EXPECT_FALSE(objects(one_more)) << each.text();
    }
}

// The same bug that mints twice moves a treasury's lamports twice.
TEST(sim, a_transfer_that_was_forgotten_is_missed_in_the_treasury) {
    run_options options;
    options.with = find_mutant("forgets_bytes")->plant();
    bool missed = false;
    for (std::uint64_t seed = 1; seed <= 10 && !missed; ++seed) {
        const auto told = simulate(one_day("wallet_is_filled"), seed, options);
        missed = std::ranges::find(told.violations, "filled_once", &violation::checker) !=
                 told.violations.end();
    }
    EXPECT_TRUE(missed);
}

// A fault that no day has, no seed will ever show.
TEST(sim, every_kind_of_fault_is_in_one_of_the_days) {
    std::set<trouble> played;
    std::set<nft::drift> drifted;
    for (const auto& today : all_days()) {
        for (const auto& rule : today.fault) {
            if (rule.count.most > 0) played.insert(rule.kind);
            if (rule.drift) drifted.insert(*rule.drift);
        }
    }
    for (const auto what : json::detail::enum_values<nft::drift>) {
        EXPECT_TRUE(drifted.contains(what)) << json::detail::enum_text(what);
    }
    for (const auto kind : json::detail::enum_values<trouble>) {
        EXPECT_TRUE(played.contains(kind)) << json::detail::enum_text(kind);
    }
}

}  // namespace
}  // namespace thole::sim
