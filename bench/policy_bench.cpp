// What a call through the policies costs, beside one read of CLOCK_MONOTONIC.
//
//   script/bench policy [--json] [--quick]
//
// Every case runs `reps` times, interleaved with `clock`, so that a slow phase of the machine hits
// both; figures are medians of processor time. ns_1t: nanoseconds a call with one thread; ns_2t:
// with two threads on the same object, mean of the two; ratio_1t = ns_1t / clock, ratio_2t = ns_2t
// / ns_1t; apart_2t: the same with an object for each thread. What two threads lose even then, they
// lose to the machine (cores that are two threads of one, a shared clock rate), not to the object.
// allocs: heap allocations during all repetitions. Run it on two idle cores: on busy ones the two
// threads seldom meet, and caches are shared with strangers.

#include <sched.h>

#include <algorithm>
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../lib/src/counted_new_testing.hpp"
#include "thole/compose.hpp"
#include "thole/endpoint_set.hpp"
#include "thole/pipeline.hpp"
#include "thole/timer_wheel.hpp"

namespace {

using namespace std::chrono_literals;
using thole::result;

std::uint64_t iterations = 2'000'000;
int reps = 15;

std::int64_t monotonic_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
}

template <class T>
void keep(const T& value) {
    asm volatile("" : : "r,m"(value) : "memory");
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

// A case makes a body for each thread; a body makes `iterations` calls.
using body = std::function<void()>;
struct bench_case {
    std::string name;
    std::function<body(unsigned thread)> make;
};

void pin(unsigned core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

// Processor time of the calling thread: on an idle core the same as wall time, and on a busy one it
// leaves out the time in which others ran.
std::int64_t thread_ns() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
}

double time_one(const body& run) {
    const auto begin = thread_ns();
    run();
    return static_cast<double>(thread_ns() - begin) / static_cast<double>(iterations);
}

// Two threads that live through all cases, so that each keeps its stripe.
class pair_of_threads {
  public:
    pair_of_threads() {
        for (unsigned i = 0; i < 2; ++i) {
            threads_.emplace_back([this, i] {
                pin(i);
                for (;;) {
                    begin_.arrive_and_wait();
                    if (done_) return;
                    took_[i] = time_one(bodies_[i]);
                    end_.arrive_and_wait();
                }
            });
        }
    }
    ~pair_of_threads() {
        done_ = true;
        begin_.arrive_and_wait();
        for (auto& t : threads_) t.join();
    }
    double time(const body& first, const body& second) {
        bodies_[0] = first;
        bodies_[1] = second;
        begin_.arrive_and_wait();
        end_.arrive_and_wait();
        return (took_[0] + took_[1]) / 2;
    }

  private:
    std::barrier<> begin_{3};
    std::barrier<> end_{3};
    bool done_ = false;
    body bodies_[2];
    double took_[2]{};
    std::vector<std::thread> threads_;
};

// ---- the cases ----------------------------------------------------------------------------------

const thole::system_clock real_clock;

// Its own seams for each thread, as callers have.
struct caller {
    thole::system_sleeper sleep;
    thole::rng chance;
    explicit caller(unsigned thread) : chance{thread + 1U} {}
    thole::call_seams seams() { return {.time = real_clock, .sleep = sleep, .chance = chance}; }
};

body through(thole::pipeline& line, unsigned thread) {
    return [&line, who = std::make_shared<caller>(thread)] {
        const auto seams = who->seams();
        for (std::uint64_t i = 0; i < iterations; ++i) {
            const auto answer = line.run([i]() -> result<std::uint64_t> { return i; }, seams);
            keep(answer.has_value());
        }
    };
}

thole::breaker_settings rate_rule() {
    auto s = thole::breaker_settings::no_rules();
    s.failure_rate_permille = 500;
    s.window = 10s;
    s.failed_after = 0s;
    return s;
}

bench_case clock_case() {
    return {"clock", [](unsigned) -> body {
                return [] {
                    for (std::uint64_t i = 0; i < iterations; ++i) keep(monotonic_ns());
                };
            }};
}

bench_case pipeline_case(std::string name, const thole::pipeline_settings& settings,
                         bool open = false) {
    if (const auto wrong = validate(settings); !wrong.empty()) {
        std::fprintf(stderr, "%s: %s\n", wrong[0].field.data(), wrong[0].text.c_str());
        std::exit(1);
    }
    auto line = std::make_shared<thole::pipeline>(thole::name{name}, settings);
    if (open) {
        for (int i = 0; i < 100; ++i) {
            if (auto p = line->admit(real_clock.now())) {
                p->record(thole::outcome::failure(), real_clock.now());
            }
        }
        if (line->admit(real_clock.now())) std::abort();
    }
    return {std::move(name), [line](unsigned thread) {
                return body{[run = through(*line, thread), line] { run(); }};
            }};
}

bench_case endpoint_case(std::string name, bool latency) {
    std::vector<thole::endpoint_config> endpoints;
    for (int i = 0; i < 16; ++i) {
        endpoints.push_back({.name = thole::name{"e" + std::to_string(i)}, .url = "http://e/"});
    }
    auto set = std::make_shared<thole::endpoint_set>(thole::name{"set"},
                                                     thole::endpoint_set_settings{}, endpoints);
    return {std::move(name), [set, latency](unsigned thread) -> body {
                return [set, latency, chance = std::make_shared<thole::rng>(thread + 1)] {
                    for (std::uint64_t i = 0; i < iterations; ++i) {
                        const auto now = real_clock.coarse_now();
                        auto pick = set->pick(now, {}, thole::role::read, *chance);
                        if (!pick) std::abort();
                        if (latency) {
                            const auto began = real_clock.latency_now();
                            keep(i);
                            pick->succeed(real_clock.latency_now() - began, now);
                        } else {
                            pick->succeed({}, now);
                        }
                    }
                };
            }};
}

std::vector<bench_case> all_cases() {
    thole::breaker_settings opened = rate_rule();
    opened.open_for = 1h;
    opened.open_for_most = 1h;
    thole::retry_settings retry;
    const thole::rate_limit plenty{.permits = 1'000'000'000, .per = 1s, .burst = 1'000'000};
    const thole::bulkhead_settings places{.limit = 1000};
    return {
        pipeline_case("breaker_closed", thole::compose(rate_rule())),
        pipeline_case(
            "retry_breaker_timeout",
            thole::compose(retry, thole::breaker_settings{.window = 10s}, thole::attempt_time{1s})),
        pipeline_case("full_pipeline", thole::compose(thole::total_time{5s}, retry, plenty, places,
                                                      thole::breaker_settings{.window = 10s},
                                                      thole::attempt_time{1s})),
        pipeline_case("breaker_open_reject", thole::compose(opened), true),
        endpoint_case("endpoint_select_16", false),
        endpoint_case("endpoint_select_16_latency", true),
    };
}

// ---- the timer wheel ----------------------------------------------------------------------------

struct wheel_figures {
    double ns_rearm = 0;
    double worst_tick_us = 0;
    double bytes = 0;  // a timer, with its id
};

// A million armed over a minute; one round is as many random cancel + re-arm, then the wheel runs
// on by two seconds, tick by tick.
class wheel_case {
  public:
    static constexpr std::size_t count = 1'000'000;

    wheel_case() : wheel_{now_, 1ms, count} {
        ids_.reserve(count);
        for (std::size_t i = 0; i < count; ++i) ids_.push_back(wheel_.arm(later(), i));
    }
    // The owners' ids are at hand, as they are for whoever cancels: what is measured is the wheel.
    double rearm_ns() {
        struct choice {
            std::size_t which;
            thole::timer_id id;
            thole::time_point at;
        };
        std::vector<choice> batch(1000);
        std::int64_t took = 0;
        for (std::size_t done = 0; done < count; done += batch.size()) {
            for (std::size_t i = 0; i < batch.size(); ++i) {
                // Every owner from another slice, so that none is drawn twice.
                const auto slice = i * 617 % batch.size() * (count / batch.size());
                const auto which = slice + chance_.below(count / batch.size());
                batch[i] = {which, ids_[which], later()};
            }
            const auto begin = thread_ns();
            for (auto& c : batch) {
                wheel_.rearm(c.id, c.at);
            }
            took += thread_ns() - begin;
            for (const auto& c : batch) ids_[c.which] = c.id;
        }
        return static_cast<double>(took) / count;
    }
    // The worst tick of two seconds of wheel time; what fires is armed again.
    double worst_tick_us() {
        std::int64_t worst = 0;
        for (int i = 0; i < 2000; ++i) {
            now_ += 1ms;
            const auto begin = thread_ns();
            wheel_.advance(now_, [this](thole::timer_id, std::uint64_t which) {
                ids_[which] = wheel_.arm(later(), which);
            });
            worst = std::max(worst, thread_ns() - begin);
        }
        return static_cast<double>(worst) / 1000;
    }

    double bytes_each() const {
        return static_cast<double>(wheel_.memory()) / count + sizeof(thole::timer_id);
    }

  private:
    thole::time_point later() {
        return now_ + 1ms * static_cast<std::int64_t>(1 + chance_.below(60'000));
    }

    thole::time_point now_{1h};
    thole::rng chance_{1};
    thole::timer_wheel wheel_;
    std::vector<thole::timer_id> ids_;
};

// ---- measuring ----------------------------------------------------------------------------------

struct figures {
    std::vector<double> one;
    std::vector<double> two;
    std::vector<double> apart;
    std::uint64_t allocs = 0;
};

std::uint64_t allocations_of(const std::function<void()>& run) {
    const auto before = thole::testing::allocations();
    run();
    return thole::testing::allocations() - before;
}

struct report {
    double clock_ns = 0;
    std::map<std::string, figures> cases;
    wheel_figures wheel;
};

report measure() {
    const auto cases = all_cases();
    const auto others = all_cases();
    const auto clock = clock_case();
    report r;
    std::vector<double> clock_ns;
    std::map<std::string, std::vector<body>> bodies;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        bodies[cases[i].name] = {cases[i].make(0), cases[i].make(1), others[i].make(1)};
    }
    const auto read_clock = clock.make(0);
    pair_of_threads pair;
    wheel_case wheel;
    std::vector<double> rearm, worst;
    for (int rep = -1; rep < reps; ++rep) {  // the first one warms up
        for (const auto& c : cases) {
            const auto& both = bodies[c.name];
            const auto clock_now = time_one(read_clock);
            double one = 0, two = 0;
            const auto allocs = allocations_of([&] { one = time_one(both[0]); });
            const auto more = allocations_of([&] { two = pair.time(both[0], both[1]); });
            const auto apart = pair.time(both[0], both[2]);
            if (rep < 0) continue;
            clock_ns.push_back(clock_now);
            r.cases[c.name].apart.push_back(apart);
            r.cases[c.name].one.push_back(one);
            r.cases[c.name].two.push_back(two);
            // Handing a body over to a thread copies a std::function: not a part of the calls.
            r.cases[c.name].allocs += allocs + (more > 8 ? more : 0);
        }
        const auto ns = wheel.rearm_ns();
        const auto us = wheel.worst_tick_us();
        if (rep < 0) continue;
        rearm.push_back(ns);
        worst.push_back(us);
    }
    r.clock_ns = median(clock_ns);
    r.wheel = {median(rearm), median(worst), wheel.bytes_each()};
    return r;
}

void print_table(const report& r) {
    std::printf("%-28s %8s %8s %8s %8s %8s %8s\n", "case", "ns_1t", "ns_2t", "ratio_1t", "ratio_2t",
                "apart_2t", "allocs");
    std::printf("%-28s %8.1f\n", "clock", r.clock_ns);
    for (const auto& [name, f] : r.cases) {
        const auto one = median(f.one), two = median(f.two);
        std::printf("%-28s %8.1f %8.1f %8.2f %8.2f %8.2f %8llu\n", name.c_str(), one, two,
                    one / r.clock_ns, two / one, median(f.apart) / one,
                    static_cast<unsigned long long>(f.allocs));
    }
    std::printf("%-28s rearm %.1f ns (%.2f clock reads), worst tick %.0f us, %.1f bytes\n",
                "timer_wheel_1m", r.wheel.ns_rearm, r.wheel.ns_rearm / r.clock_ns,
                r.wheel.worst_tick_us, r.wheel.bytes);
}

void print_json(const report& r) {
    std::printf("{\"bench\":\"policy\",\"cases\":{\"clock\":{\"ns\":%.2f}", r.clock_ns);
    for (const auto& [name, f] : r.cases) {
        const auto one = median(f.one), two = median(f.two);
        std::printf(
            ",\"%s\":{\"ns_1t\":%.2f,\"ns_2t\":%.2f,\"ratio_1t\":%.3f,\"ratio_2t\":%.3f,"
            "\"apart_2t\":%.3f,\"allocs\":%llu}",
            name.c_str(), one, two, one / r.clock_ns, two / one, median(f.apart) / one,
            static_cast<unsigned long long>(f.allocs));
    }
    std::printf(
        ",\"timer_wheel_1m\":{\"ns_rearm\":%.2f,\"ratio\":%.3f,\"worst_tick_us\":%.1f,"
        "\"bytes\":%.1f}}}\n",
        r.wheel.ns_rearm, r.wheel.ns_rearm / r.clock_ns, r.wheel.worst_tick_us, r.wheel.bytes);
}

}  // namespace

int main(int argc, char** argv) {
    bool json = false;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (std::strcmp(argv[i], "--quick") == 0) {
            iterations = 200'000;
            reps = 5;
        } else {
            std::fprintf(stderr, "usage: policy_bench [--json] [--quick]\n");
            return 2;
        }
    }
    pin(0);
    const auto r = measure();
    print_table(r);
    if (json) print_json(r);
    return 0;
}
