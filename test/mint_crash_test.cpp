// The process that mints dies at every write of its journal: before the commit, after it but
// unanswered, and after the answer; and at every call to the outside. Each time a new life must
// bring the mint to its one end, and the court of the simulation (sim/court.hpp) must be content.
//
// A failure names the line that replays it: THOLE_CRASH says scenario and deaths ("mint 7u 30n": in
// the first life at write 7, unacknowledged; in the second at call 30, unanswered).

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <span>
#include <sstream>

#include "sim/run.hpp"

namespace thole::sim {
namespace {

using namespace std::chrono_literals;

enum class moment : std::uint8_t { before, unacknowledged, acknowledged, unsent, unanswered };
constexpr std::array at_writes{moment::before, moment::unacknowledged, moment::acknowledged};
constexpr std::array at_calls{moment::unsent, moment::unanswered};
constexpr std::string_view letters = "buasn";  // of each moment

struct death {
    int number = 0;
    moment when = moment::before;
};

struct scenario {
    std::string name;
    duration downtime = 1s;       // between two lives
    bool first_one_lost = false;  // the bytes of the first generation reach no leader
    std::string cancel_at{};      // the step at which the client thinks better of it
    int fewest_writes = 12;       // of a run without a crash: fewer would prove too little

    [[nodiscard]] day as_day() const {
        day out;
        out.name = name;
        out.workload.cancel_at = cancel_at;
        return out;
    }
};

const std::vector<scenario>& scenarios() {
    static const std::vector<scenario> all{
        {.name = "mint"},
        // Whatever was signed has lived its 150 blocks when the next life begins.
        {.name = "mint_down_long", .downtime = 5min},
        {.name = "mint_first_lost", .first_one_lost = true},
        {.name = "cancel", .cancel_at = "fetch_uris", .fewest_writes = 10},
        {.name = "cancel_early", .cancel_at = "upload_content", .fewest_writes = 6}};
    return all;
}

struct journey {
    scenario what;
    std::vector<death> deaths;

    [[nodiscard]] std::string text() const {
        auto out = what.name;
        for (const auto& d : deaths) {
            out += fmt::format(" {}{}", d.number, letters.at(static_cast<std::size_t>(d.when)));
        }
        return out;
    }
    [[nodiscard]] std::vector<fault_event> faults() const {
        std::vector<fault_event> out;
        for (const auto& d : deaths) {
            const bool at_call = d.when >= moment::unsent;
            fault_event made;
            made.number = made.life = static_cast<int>(out.size()) + 1;
            made.kind = at_call ? trouble::process_die_call : trouble::process_die;
            made.amount = d.number;
            // Which side of it: run.cpp reads the dice so.
            made.dice = static_cast<std::uint64_t>(d.when) - (at_call ? 3 : 0);
            made.lasts = what.downtime;
            out.push_back(made);
        }
        for (const auto label : rpc_labels) {
            if (!what.first_one_lost) break;
            out.push_back({.number = 100,
                           .kind = trouble::rpc_lose_first,
                           .target = std::string{label},
                           .lasts = 1h,
                           .amount = 1});
        }
        for (const auto label : content_labels) {
            // While the gateways serve other bytes nothing is signed: time to think better of it.
            if (what.cancel_at.empty()) break;
            out.push_back({.number = 101,
                           .kind = trouble::content_corrupt,
                           .target = std::string{label},
                           .lasts = 10min});
        }
        return out;
    }
};

std::string name_of(const ::testing::TestParamInfo<storage>& info) {
    return info.param == storage::memory ? "memory" : "sqlite";
}

class mint_crash_test : public ::testing::TestWithParam<storage> {
  protected:
    report travel(const journey& way) const {
        const auto replay =
            fmt::format("replay: THOLE_CRASH='{}' mint_crash_test --gtest_filter='*replays_one/{}'",
                        way.text(), name_of({GetParam(), 0}));
        SCOPED_TRACE(replay);
        run_options how;
        how.where = GetParam();
        how.faults = way.faults();
        auto told = simulate(way.what.as_day(), 1, how);
        for (const auto& each : told.violations) ADD_FAILURE() << each.checker << ": " << each.what;
        EXPECT_EQ(told.operations, 1U);
        const bool minted = way.what.cancel_at.empty();
        EXPECT_EQ(told.completed, minted ? 1U : 0U);
        EXPECT_EQ(told.rolled_back, minted ? 0U : 1U);
        if (!way.deaths.empty()) {
            EXPECT_TRUE(told.lives.front().died);
        }
        const auto least = !minted ? 0U : way.what.first_one_lost ? 2U : 1U;
        const auto most = minted && way.what.downtime > 1min ? 2U : least;
        EXPECT_GE(told.generations, least);
        EXPECT_LE(told.generations, most);
        return told;
    }
    life_span whole_life(const scenario& what) const {
        const auto whole = travel({what, {}}).lives.front();
        EXPECT_GE(whole.writes, what.fewest_writes) << what.name;
        return whole;
    }
    // Answers the most generations that any of the journeys needed.
    std::size_t die_at_every(const scenario& what, int count,
                             std::span<const moment> moments) const {
        std::size_t most = 0;
        for (int number = 1; number <= count; ++number) {
            for (const auto when : moments) {
                most = std::max(most, travel({what, {{number, when}}}).generations);
                if (HasFailure()) return most;
            }
        }
        return most;
    }
    std::size_t die_at_every_write(const scenario& what) const {
        return die_at_every(what, whole_life(what).writes, at_writes);
    }
};

// proves: E1, E9, S2
TEST_P(mint_crash_test, dies_at_any_write_of_a_mint) {
    EXPECT_EQ(die_at_every_write(scenarios()[0]), 1U);
}

// proves: E1, E9, S2, S3
TEST_P(mint_crash_test, is_down_for_longer_than_a_blockhash_lives) {
    EXPECT_EQ(die_at_every_write(scenarios()[1]), 2U);
}

// proves: E1, E9, S2, S3
TEST_P(mint_crash_test, dies_while_a_generation_is_lost_and_the_next_one_is_signed) {
    EXPECT_EQ(die_at_every_write(scenarios()[2]), 2U);
}

// proves: E1, E3
TEST_P(mint_crash_test, dies_at_any_write_of_a_mint_that_is_cancelled) {
    EXPECT_EQ(die_at_every_write(scenarios()[3]), 0U);
    EXPECT_EQ(die_at_every_write(scenarios()[4]), 0U);
}

// proves: E1, E3, E9, S2
TEST_P(mint_crash_test, dies_at_any_call_to_the_outside) {
    for (const auto i : {0U, 3U, 4U}) {
        const auto& what = scenarios()[i];
        const auto calls = whole_life(what).calls;
        ASSERT_GE(calls, 10) << what.name;
        die_at_every(what, calls, at_calls);
        if (HasFailure()) return;
    }
}

// proves: E1, E9, S2
TEST_P(mint_crash_test, dies_again_while_recovering) {
    rng chance{20260101};
    for (const auto& what : scenarios()) {
        const auto whole = whole_life(what);
        const auto somewhere = [&] {
            const auto number = [&](int most) {
                return static_cast<int>(chance.between(1, static_cast<std::int64_t>(most)));
            };
            if (chance.chance(1, 2)) {
                return death{number(whole.writes), at_writes.at(chance.below(at_writes.size()))};
            }
            return death{number(whole.calls), at_calls.at(chance.below(at_calls.size()))};
        };
        for (int i = 0; i < 30; ++i) {
            const auto first = somewhere();
            const auto second = somewhere();
            travel({what, {first, second}});
            if (HasFailure()) return;
        }
    }
}

// Only with THOLE_CRASH.
TEST_P(mint_crash_test, replays_one) {
    const char* wanted = std::getenv("THOLE_CRASH");
    if (wanted == nullptr) GTEST_SKIP() << "nothing to replay: THOLE_CRASH is not set";
    std::istringstream words{wanted};
    std::string name;
    words >> name;
    const auto what = std::ranges::find(scenarios(), name, &scenario::name);
    ASSERT_NE(what, scenarios().end()) << name;
    journey way{*what, {}};
    int number = 0;
    for (char when = 0; words >> number >> when;) {
        const auto at = letters.find(when);
        ASSERT_NE(at, std::string_view::npos) << wanted;
        way.deaths.push_back({number, static_cast<moment>(at)});
    }
    travel(way);
}

INSTANTIATE_TEST_SUITE_P(journal, mint_crash_test,
                         ::testing::Values(storage::memory, storage::disk), name_of);

}  // namespace
}  // namespace thole::sim
