#pragma once

// A saga as data: what decide() needs to know about its steps. Made by define() (definition.hpp).

#include <string>
#include <vector>

#include "thole/backoff.hpp"

namespace thole::saga {

enum class step_shape : std::uint8_t { idempotent, prepared, probed };

// What happens when a step's attempts or generations are spent.
enum class exhausted : std::uint8_t {
    park,        // a person looks (the default)
    compensate,  // undo everything by itself, where nothing can have landed; else park
};

// How a step, and its undo, is repeated. Durable: the counts survive restarts.
struct step_policy {
    int attempts = 3;               // calls in all that may end in a fault; >= 1
    int rate_limited_attempts = 5;  // the same when the last fault was a rate limit; >= 1
    backoff delays = backoff::exponential(std::chrono::seconds{1}, std::chrono::seconds{30});
    duration timeout = std::chrono::seconds{30};           // of one call; > 0
    duration longest_retry_after = std::chrono::hours{1};  // a longer wish is cut to this
    int generations = 3;  // of a prepared step: signed at most so often; >= 1
    exhausted on_exhausted = exhausted::park;
};

namespace presets {

using namespace std::chrono_literals;

inline constexpr step_policy standard{};
inline constexpr step_policy solana{.attempts = 4,
                                    .delays = backoff::listed({2s, 4s, 8s}).with_jitter(200)};
inline constexpr step_policy ipfs{
    .attempts = 6, .delays = backoff::listed({1s, 2s, 4s, 8s, 16s}).with_jitter(100)};
inline constexpr step_policy database{.attempts = 4,
                                      .delays = backoff::listed({500ms, 1s, 2s}).with_jitter(50)};

}  // namespace presets

struct step_plan {
    std::string name;
    step_shape shape = step_shape::idempotent;
    bool has_undo = false;
    bool pivot = false;      // the point of no return: its first journaled generation
    bool critical = false;   // may never be skipped by a person
    bool skippable = false;  // a person may give its output instead of letting it run
    bool locks = false;      // begins only when the operation holds its key lock
    bool beside = false;     // runs side by side with the step before it, in one group
    int at_most = 0;         // so many operations of the kind are in it at once; 0 = no limit
    std::string shows;       // progress: when completed; of a prepared step: when first journaled
    std::string settled_shows;  // progress of a prepared step when it has landed
    step_policy policy;
};

// Steps that run side by side: one that is not `beside`, and all that follow it and are.
struct step_group {
    int first = 0;
    int last = 0;
    [[nodiscard]] int size() const noexcept { return last - first + 1; }
};

struct plan {
    std::string kind;
    int version = 1;
    std::vector<step_plan> steps;

    [[nodiscard]] int size() const noexcept { return static_cast<int>(steps.size()); }
    [[nodiscard]] const step_plan& at(int step) const {
        return steps.at(static_cast<std::size_t>(step));
    }
    // Of one step alone, where it stands alone.
    [[nodiscard]] step_group group_of(int step) const {
        step_group out{step, step};
        while (out.first > 0 && at(out.first).beside) --out.first;
        while (out.last + 1 < size() && at(out.last + 1).beside) ++out.last;
        return out;
    }
    // -1 when there is none.
    [[nodiscard]] int index_of(std::string_view name) const noexcept {
        for (std::size_t i = 0; i < steps.size(); ++i) {
            if (steps[i].name == name) return static_cast<int>(i);
        }
        return -1;
    }
};

}  // namespace thole::saga
