#include "ipfs/pin_log.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <thread>

#include "ipfs/store_testing.hpp"

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;
using testing::failing_disk;
using testing::temporary_folder;

constexpr store_time start{1'767'225'600'000'000us};
constexpr std::size_t never = SIZE_MAX;

cid content(int number) {
    return cid::v1(codec::raw, sha256(as_bytes("content " + std::to_string(number))));
}

pin_log_options in(const temporary_folder& folder, std::size_t fewest_dead = 4096) {
    return {folder.path() + "/pins.log", folder.path() + "/draft", fewest_dead};
}

// What a log says, as text.
using state = std::map<std::string, store_time>;  // "CID~OWNER" pinned; "CID" let go since
state state_of(const pin_log& log) {
    state out;
    log.table().each([&](const cid& id, std::string_view owner) {
        out[id.text() + "~" + std::string{owner}] = {};
    });
    for (const auto& [id, since] : log.let_go()) out[id.text()] = since;
    return out;
}

state read_back(const temporary_folder& folder) {
    const auto log = pin_log::open(in(folder), testing::quick_disk());
    EXPECT_TRUE(log) << log.error().describe();
    return log ? state_of(**log) : state{};
}

// What is there, looked at without changing it.
state looked_at(const temporary_folder& folder) {
    const temporary_folder copy;
    std::filesystem::copy_file(folder.path() + "/pins.log", copy.path() + "/pins.log");
    return read_back(copy);
}

// One change, of a log and of what it must say.
struct act {
    bool pins = true;
    int what = 0;
    std::string owner;
    store_time at;

    result<bool> on(pin_log& log) const {
        return pins ? log.add(content(what), owner) : log.remove(content(what), owner, at);
    }
    void on(state& model) const {
        const auto id = content(what).text();
        const auto pin = id + "~" + owner;
        if (pins && model.try_emplace(pin).second) model.erase(id);
        if (!pins && model.erase(pin) > 0) model[id] = std::max(model[id], at);
    }
};

std::vector<act> some_acts(thole::rng& chance, std::size_t count) {
    std::vector<act> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back({chance.chance(3, 5), static_cast<int>(chance.below(4)),
                       "op-" + std::to_string(chance.below(4)), start + i * 1s});
    }
    return out;
}

TEST(PinLog, KeepsWhatItAnswered) {
    const temporary_folder folder;
    {
        auto log = pin_log::open(in(folder), testing::quick_disk());
        ASSERT_TRUE(log) << log.error().describe();
        EXPECT_TRUE(*(*log)->add(content(1), "op-1"));
        EXPECT_FALSE(*(*log)->add(content(1), "op-1"));
        EXPECT_TRUE(*(*log)->add(content(1), "op-2"));
        EXPECT_TRUE(*(*log)->add(content(2), "op-1"));
        EXPECT_TRUE(*(*log)->remove(content(2), "op-1", start));
        EXPECT_FALSE(*(*log)->remove(content(2), "op-1", start + 1s));
    }
    const auto log = pin_log::open(in(folder), testing::quick_disk());
    ASSERT_TRUE(log);
    EXPECT_EQ((*log)->owners_of(content(1)), (std::vector<std::string>{"op-1", "op-2"}));
    EXPECT_EQ((*log)->of_owner("op-1"), std::vector{content(1)});
    EXPECT_EQ((*log)->owners_like("op"), (std::vector<std::string>{"op-1", "op-2"}));
    EXPECT_EQ((*log)->let_go(), (std::unordered_map{std::pair{content(2), start}}));
    (*log)->forget(content(2));
    EXPECT_TRUE((*log)->let_go().empty());
}

// Files written by this version must be read by every later one: the text is fixed here.
TEST(PinLog, TheFormatIsThisText) {
    const temporary_folder folder;
    const std::string expected =
        "thole pins 1\n"
        "= 1 66 b583a0dd4966bad20472dc0203811982\n"
        "+" +
        content(1).text() +
        "~op-1\n"
        "= 2 83 12ebb590900d5676f6ef7387820f4823\n"
        "-" +
        content(1).text() + "~op-1 1767225600000000\n";
    {
        auto log = pin_log::open(in(folder), testing::quick_disk());
        ASSERT_TRUE(*(*log)->add(content(1), "op-1"));
        ASSERT_TRUE(*(*log)->remove(content(1), "op-1", start));
    }
    std::ifstream file{folder.path() + "/pins.log"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_EQ(text, expected);
}

TEST(PinLog, BeginsWithWhatIsCarriedOverOnceAndDurably) {
    std::size_t steps = 0;
    pin_table carried;
    for (int i = 0; i < 2500; ++i) carried.add(content(i), "op-1");
    for (std::size_t at = 0; steps == 0 || at < steps; ++at) {
        SCOPED_TRACE(at);
        const temporary_folder folder;
        const auto files =
            std::make_shared<failing_disk>(failing_disk::how::loses_power, steps == 0 ? never : at);
        auto copy = [&] {
            pin_table out;
            carried.each([&](const cid& id, std::string_view owner) { out.add(id, owner); });
            return out;
        };
        try {
            const auto log = pin_log::open(in(folder), files, copy());
            EXPECT_EQ(log.has_value(), !files->dead);
            if (steps == 0) {
                EXPECT_EQ((*log)->table().size(), 2500U);
                steps = files->log.size();
                at = never;
            }
        } catch (const testing::power_failed&) {
        }
        files->cut_power(at);
        // The log is there whole or not at all, and what is there is not carried over again.
        const bool there = std::filesystem::exists(folder.path() + "/pins.log");
        if (at == never) EXPECT_TRUE(there);
        EXPECT_EQ(read_back(folder).size(), there ? 2500U : 0U);
        const auto again = pin_log::open(in(folder), testing::quick_disk(), copy());
        EXPECT_EQ((*again)->table().size(), there ? 2500U : 0U);
    }
    EXPECT_GT(steps, 5U);
}

// proves: I5
// Power is lost at every single operation, and then once more in the life after that; what was not
// synced is lost, torn and out of order. Rewritten on the way more than once.
TEST(PinLog, LosesNothingThatWasAnsweredWhereverThePowerFails) {
    std::size_t rewrites = 0;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        std::size_t at = 0;
        for (bool crashed = true; crashed; ++at) {
            SCOPED_TRACE(std::to_string(seed) + " " + std::to_string(at));
            thole::rng chance{seed * 1000 + at};
            const temporary_folder folder;
            state model;
            crashed = false;
            const auto files =
                std::make_shared<failing_disk>(failing_disk::how::loses_power, never);
            for (const auto fails : {at, at / 2, never}) {
                files->revive(fails);
                const auto before = files->log.size();
                std::optional<act> begun;
                try {
                    auto log = pin_log::open(in(folder, 3), files);
                    if (!log) throw testing::power_failed{};
                    ASSERT_EQ(state_of(**log), model);
                    for (const auto& each : some_acts(chance, 30)) {
                        begun = each;
                        ASSERT_TRUE(each.on(**log));
                        each.on(model);
                    }
                    begun.reset();
                } catch (const testing::power_failed&) {
                    EXPECT_TRUE(files->dead);
                    crashed = true;
                }
                rewrites += static_cast<std::size_t>(
                    std::count(files->log.begin() + static_cast<std::ptrdiff_t>(before),
                               files->log.end(), "rename"));
                // Or the process is killed alone, and the power fails later.
                if (chance.chance(2, 3)) files->cut_power(seed * 77 + at);
                if (!std::filesystem::exists(folder.path() + "/pins.log")) {
                    ASSERT_TRUE(model.empty());
                    continue;
                }
                const auto now = looked_at(folder);
                if (now == model) continue;
                ASSERT_TRUE(begun) << "what was answered is not there";
                begun->on(model);  // it was not answered, and may have arrived
                ASSERT_EQ(now, model);
            }
        }
        EXPECT_GT(at, 40U);
    }
    EXPECT_GT(rewrites, 100U);
}

// proves: I5
TEST(PinLog, OnAFullDiskNothingChangesAndLaterItGoesOn) {
    std::size_t refused = 0;
    for (std::size_t at = 0; at < 60; ++at) {
        SCOPED_TRACE(at);
        thole::rng chance{at};
        const temporary_folder folder;
        const auto files = std::make_shared<failing_disk>(failing_disk::how::fills_up, at);
        state model;
        {
            auto log = pin_log::open(in(folder, 3), files);
            if (!log) {
                EXPECT_TRUE(log.error().is(codes::disk_full));
                EXPECT_FALSE(std::filesystem::exists(folder.path() + "/pins.log"));
                continue;
            }
            for (const auto& each : some_acts(chance, 30)) {
                const auto done = each.on(**log);
                if (done) {
                    each.on(model);
                } else {
                    ++refused;
                    EXPECT_TRUE(done.error().is(codes::disk_full));
                }
                ASSERT_EQ(state_of(**log), model);
            }
        }
        EXPECT_EQ(read_back(folder), model);
    }
    EXPECT_GE(refused, 20U);
}

struct written_log {
    temporary_folder folder;
    std::string text;
    std::vector<state> after;         // each group, from none
    std::vector<std::size_t> begins;  // of each group, and the end

    written_log() {
        thole::rng chance{7};
        state model;
        auto log = pin_log::open(in(folder), testing::quick_disk());
        note(model);
        for (const auto& each : some_acts(chance, 8)) {
            if (!*each.on(**log)) continue;
            each.on(model);
            note(model);
        }
    }
    void note(const state& model) {
        after.push_back(model);
        std::ifstream file{path(), std::ios::binary};
        text.assign(std::istreambuf_iterator<char>{file}, {});
        begins.push_back(text.size());
    }
    [[nodiscard]] std::string path() const { return folder.path() + "/pins.log"; }
    result<state> with(const std::string& changed) const {
        std::ofstream{path(), std::ios::binary | std::ios::trunc} << changed;
        const auto log = pin_log::open(in(folder), testing::quick_disk());
        if (!log) return std::unexpected(log.error());
        return state_of(**log);
    }
};

TEST(PinLog, CutsOffWhatWasNotWrittenWhole) {
    const written_log w;
    ASSERT_GT(w.after.size(), 3U);
    for (std::size_t size = w.begins[0]; size <= w.text.size(); ++size) {
        const auto whole = std::ranges::upper_bound(w.begins, size) - w.begins.begin() - 1;
        ASSERT_EQ(*w.with(w.text.substr(0, size)), w.after[static_cast<std::size_t>(whole)])
            << size;
        EXPECT_EQ(std::filesystem::file_size(w.path()), w.begins[static_cast<std::size_t>(whole)]);
    }
    for (std::size_t size = 0; size < w.begins[0]; ++size) {
        EXPECT_TRUE(w.with(w.text.substr(0, size)).error().is(codes::pins_damaged)) << size;
    }
}

TEST(PinLog, DamageInWhatWasSyncedIsRefusedAndInTheLastGroupCutOff) {
    const written_log w;
    const auto last = w.begins[w.begins.size() - 2];
    for (std::size_t at = 0; at < w.text.size(); ++at) {
        auto changed = w.text;
        changed[at] ^= 1;
        const auto read = w.with(changed);
        if (at < last) {
            ASSERT_FALSE(read) << at;
            EXPECT_TRUE(read.error().is(codes::pins_damaged));
        } else {
            ASSERT_TRUE(read) << at;
            EXPECT_EQ(*read, w.after[w.after.size() - 2]);
        }
    }
    // A group that is missing, and one that is there twice.
    const auto group = [&](std::size_t i) {
        return w.text.substr(w.begins[i], w.begins[i + 1] - w.begins[i]);
    };
    const auto head = w.text.substr(0, w.begins[0]);
    EXPECT_TRUE(w.with(head + group(1) + group(2)).error().is(codes::pins_damaged));
    EXPECT_TRUE(w.with(head + group(0) + group(0)).error().is(codes::pins_damaged));
    EXPECT_EQ(*w.with(head + group(0) + group(1)), w.after[2]);
}

RC_GTEST_PROP(PinLogProperty, AnyTailIsCutOffOrRefused, (const bytes& noise)) {
    const written_log w;
    const auto read = w.with(w.text + std::string{as_text(noise)});
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == w.after.back());
}

TEST(PinLog, ManyThreadsAtOnceAndRewrittenMeanwhile) {
    const temporary_folder folder;
    auto log = pin_log::open(in(folder, 20), std::make_shared<disk>());
    ASSERT_TRUE(log);
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; ++t) {
        threads.emplace_back([&, t] {
            const auto owner = "op-" + std::to_string(t);
            for (int i = 0; i < 60; ++i) {
                ASSERT_TRUE(*(*log)->add(content(i), owner));
                ASSERT_EQ((*log)->of_owner(owner).size(), i % 2 == 0 ? 1U : 2U);
                if (i % 2 == 0) continue;
                ASSERT_TRUE(*(*log)->remove(content(i - 1), owner, start + i * 1s));
                ASSERT_TRUE(*(*log)->remove(content(i), owner, start + i * 1s));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    const auto last = state_of(**log);
    EXPECT_EQ(last.size(), 60U) << "let go, each of them";
    log->reset();
    EXPECT_EQ(read_back(folder), last);
}

}  // namespace
}  // namespace thole::ipfs
