#pragma once

// The policies around one dependency, together, under one name.
//
//   pipeline prices{name{"prices"}, compose(total_time{5s}, retry_settings{}, breaker_settings{},
//                                           attempt_time{2s})};
//   auto price = prices.run([&](const call_context& c) { return ask(c.until); },
//                           {.time = clock, .sleep = sleeper, .chance = chance});
//
// For people with a framework of their own, one attempt is the triple that every policy has:
//
//   auto permit = prices.admit(clock.now());               // limiter, bulkhead, breaker
//   if (!permit) return fail(permit.error());
//   permit->record(outcome_of(answer, latency), clock.now());
//
// and for coroutines of Asio there is async_run (asio/async_run.hpp).
//
// Order, and what is refused: pipeline_settings.hpp. Of a set of endpoints the pipeline is the
// outer half: retry, budget and bulkhead are the set's, breakers and limiters the endpoints' own.
//
// reconfigure() gives other settings to calls that begin later. Calls in flight keep theirs;
// windows, accounts, places and permits keep what they hold, so a reload in the middle of an
// incident forgets nothing. Distinct settings are kept (about 1 KiB each) until the pipeline is
// gone.
//
// A call through a closed breaker reads the coarse clock once, writes only lines its thread owns
// and allocates nothing; nor does a refusal. Counters and the observer cost nothing on that path.
//
// Hedging needs two calls at a time, which blocking code has not got: run() makes one call where
// async_run would hedge. Threads: any; the rng of `with` is the caller's own.

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "thole/circuit_breaker.hpp"
#include "thole/latency_histogram.hpp"
#include "thole/pipeline_settings.hpp"
#include "thole/run.hpp"

namespace thole {

// What one call is handed by its caller.
struct call_seams {
    const clock& time;
    sleeper& sleep;
    rng& chance;
    deadline until{};
    call_effect effect = call_effect::read;  // when stricter than the pipeline's, it counts
    priority importance = priority::normal;  // in the bulkhead's queue
};

// Since the pipeline was made.
struct pipeline_counts {
    std::uint64_t calls = 0;    // first calls
    std::uint64_t failed = 0;   // attempts that ended in a fault
    std::uint64_t repeats = 0;  // retries and hedges that were made
    std::uint64_t refused = 0;  // attempts refused by limiter, bulkhead or breaker
};

struct pipeline_view {
    pipeline_settings settings;
    pipeline_counts counts;
    breaker_view breaker;
    std::uint32_t in_flight = 0;
    std::uint32_t waiting = 0;
    std::uint32_t limit = 0;  // of the bulkhead, as it is now
    std::uint32_t slowdown = 1;
    std::uint64_t repeats_left = 0;  // of the budget
    std::optional<duration> usual;   // latency of the hedge's percentile, where it is measured
};

namespace detail {

// One version of the settings, and what the hot path asks of it.
struct pipeline_plan {
    pipeline_plan(const pipeline_settings& s, bool has_endpoints);

    enum part : std::uint32_t {
        budget = 1,
        bulkhead = 2,
        limiter = 4,
        breaker = 8,
        total_time = 16,
        attempt_time = 32,
        repeats = 64,           // there is a retry
        queues = 128,           // the bulkhead has a queue
        learns = 256,           // a success teaches something
        precise_time = 512,     // a deadline or timeout below 100 ms
        coarse_latency = 1024,  // a breaker asks how long it took
        exact_latency = 2048,   // percentiles or gradients do
        adaptive_delays = 4096,
        whole = 8192,  // chaos or endpoints: the short path will not do
    };
    [[nodiscard]] bool has(part p) const noexcept { return (parts & p) != 0; }

    // Asked on every call, hence together.
    std::uint32_t parts = 0;
    duration total{};
    duration timeout{};

    retry_settings retry;       // the settings' own, or one attempt
    retry_settings retry_once;  // the same for calls that must not be made twice
    pipeline_settings settings;
};

}  // namespace detail

class pipeline;

class pipeline_permit {
  public:
    void record(outcome what, time_point now);
    template <class T>
    void record(const result<T>& r, duration latency, time_point now) {
        if (!r) return record(r.error(), latency, now);
        record(outcome::success(latency), now);
    }
    void record(const fault& f, duration latency, time_point now);

  private:
    friend class pipeline;
    pipeline* owner_ = nullptr;
    bulkhead_permit cabin_;
    breaker_permit breaker_;
};

class pipeline {
  public:
    // Precondition: validate(settings) is empty. With `endpoints` there is no breaker here.
    pipeline(name dependency, const pipeline_settings& settings, observer* watch = nullptr,
             endpoint_set* endpoints = nullptr);
    pipeline(const pipeline&) = delete;
    pipeline& operator=(const pipeline&) = delete;

    // The last outcome, good or bad; when not even one call could be made, the refusal.
    template <class Op>
    [[nodiscard]] auto run(Op&& op, const call_seams& with) {
        using answer = detail::answer_of<Op>;
        static_assert(detail::is_result<answer>, "the operation returns thole::result<T>");
        const auto& plan = *plan_.load(std::memory_order_acquire);
        const auto parts = plan.parts;  // in a register
        const auto has = [parts](plan_type::part p) { return (parts & p) != 0; };
        if (has(plan_type::whole)) [[unlikely]]
            return run_whole<answer>(op, plan, with);
        const auto now = has(plan_type::precise_time) ? with.time.now() : with.time.coarse_now();
        const auto until = whole_deadline(plan, with, now);
        if (until.expired(now)) [[unlikely]] {
            return answer{std::unexpected{fault{codes::policy_deadline}}};
        }
        const auto own = detail::thread_stripe();
        detail::add_in_stripe(stripes_[own].calls, std::uint64_t{1}, own);
        if (has(plan_type::budget)) budget_.deposit(now, own);
        auto place = has(plan_type::bulkhead) ? cabin_.try_admit(own) : bulkhead_permit{};
        if (has(plan_type::bulkhead) && !place) [[unlikely]] {
            return refused<answer>(op, plan, with, until, full(plan, now));
        }
        if (has(plan_type::limiter) && !limiter_.take_lent(now, own)) {
            if (auto allowed = limiter_.admit(now); !allowed) [[unlikely]] {
                place.release();
                return refused<answer>(op, plan, with, until, std::move(allowed.error()));
            }
        }
        auto permit = has(plan_type::breaker) ? breaker_.try_admit() : breaker_permit{};
        if (has(plan_type::breaker) && !permit) [[unlikely]] {
            if (const auto left = breaker_.refuses_for(now);
                left > duration::zero() && !has(plan_type::repeats)) {
                // Made in place: while it is open this is the path of every call.
                detail::add_in_stripe(stripes_[own].refused, std::uint64_t{1}, own);
                return answer{std::unexpect, codes::policy_breaker_open, dependency_, left};
            }
            auto admitted = breaker_.admit(now);
            if (!admitted) {
                place.release();
                return refused<answer>(op, plan, with, until, std::move(admitted.error()));
            }
            permit = std::move(*admitted);
        }
        const auto began = has(plan_type::exact_latency) ? with.time.latency_now() : now;
        const call_context context{
            nullptr, has(plan_type::attempt_time) ? until.child(now, plan.timeout) : until, 1};
        answer first = detail::call_operation(op, context);
        auto ended = now;
        auto latency = duration::zero();
        if (has(plan_type::exact_latency)) {
            ended = with.time.latency_now();
            latency = ended - began;
        } else if (has(plan_type::coarse_latency)) {
            ended = has(plan_type::precise_time) ? with.time.now() : with.time.coarse_now();
            latency = ended - now;
        }
        if (first.has_value()) [[likely]] {
            permit.succeed(latency, ended, own);
            if (has(plan_type::learns)) [[unlikely]]
                learn(plan, latency, nullptr, ended);
            return first;
        }
        return failed<answer>(op, plan, with, until, std::move(first),
                              {latency, ended, std::move(permit), std::move(place)});
    }

    // One attempt without retry: limiter, bulkhead (not waited for) and breaker.
    [[nodiscard]] std::expected<pipeline_permit, fault> admit(time_point now) {
        const auto& plan = *plan_.load(std::memory_order_acquire);
        begin_call(plan, now);
        return admit_attempt(plan, now);
    }

    // Preconditions as for the constructor.
    void reconfigure(const pipeline_settings& settings, time_point now);

    [[nodiscard]] name dependency() const noexcept { return dependency_; }
    // Of the calls that begin now; valid as long as the pipeline.
    [[nodiscard]] const pipeline_settings& settings() const noexcept {
        return plan_.load(std::memory_order_acquire)->settings;
    }
    [[nodiscard]] pipeline_counts counts() const noexcept;
    [[nodiscard]] pipeline_view view(time_point now) const;
    // In words, a line a stage: what it does, in which state it is, and until when.
    [[nodiscard]] std::string explain(time_point now) const;

    // For operator verbs and monitors. Parts that the settings leave out exist and rest.
    [[nodiscard]] circuit_breaker& breaker() noexcept { return breaker_; }
    [[nodiscard]] rate_limiter& limiter() noexcept { return limiter_; }
    [[nodiscard]] bulkhead& cabin() noexcept { return cabin_; }
    [[nodiscard]] retry_budget& budget() noexcept { return budget_; }
    [[nodiscard]] latency_histogram& latencies() noexcept { return latencies_; }

    // For drivers of the long way: a call begins, with these parts, in the settings of now; and it
    // has ended.
    [[nodiscard]] run_parts begin(const call_seams& with);
    void count(const detail::run_driver& driver) noexcept;
    // The stricter of what the pipeline and one call declare.
    [[nodiscard]] call_effect strictest(call_effect of_call) const noexcept {
        return std::max(settings().effect, of_call);
    }

  private:
    friend class pipeline_permit;
    using plan_type = detail::pipeline_plan;
    struct alignas(64) stripe {
        std::atomic<std::uint64_t> calls{0};
        std::atomic<std::uint64_t> refused{0};
    };

    static deadline whole_deadline(const plan_type& plan, const call_seams& with, time_point now) {
        return plan.has(plan_type::total_time) ? with.until.child(now, plan.total) : with.until;
    }
    void begin_call(const plan_type& plan, time_point now) noexcept {
        const auto own = detail::thread_stripe();
        detail::add_in_stripe(stripes_[own].calls, std::uint64_t{1}, own);
        if (plan.has(plan_type::budget)) budget_.deposit(now);
    }
    [[nodiscard]] std::expected<pipeline_permit, fault> admit_attempt(const plan_type& plan,
                                                                      time_point now);
    struct ended_attempt {
        duration latency;
        time_point ended;
        breaker_permit permit;
        bulkhead_permit place;
    };
    [[nodiscard]] fault full(const plan_type& plan, time_point now);
    void note_refusal() noexcept {
        const auto own = detail::thread_stripe();
        detail::add_in_stripe(stripes_[own].refused, std::uint64_t{1}, own);
    }
    void note_failure(const plan_type& plan, const fault& f, ended_attempt& attempt);
    void learn(const plan_type& plan, duration latency, const fault* f, time_point now);
    [[nodiscard]] run_parts parts_of(const plan_type& plan, const call_seams& with, deadline until);

    template <class Answer, class Op>
    Answer run_whole(Op& op, const plan_type& plan, const call_seams& with) {
        const auto now = with.time.now();
        begin_call(plan, now);
        const auto parts = parts_of(plan, with, whole_deadline(plan, with, now));
        detail::run_driver driver{parts, true};
        auto last = detail::drive<Answer>(op, driver, std::nullopt);
        count(driver);
        return last;
    }
    template <class Answer, class Op>
    [[gnu::noinline]] Answer refused(Op& op, const plan_type& plan, const call_seams& with,
                                     deadline until, fault why) {
        note_refusal();
        if (!plan.has(plan_type::repeats) &&
            !(plan.has(plan_type::queues) && why.is(codes::policy_bulkhead_full))) {
            return Answer{std::unexpected{std::move(why)}};
        }
        return resume<Answer>(op, plan, with, until, why, std::nullopt);
    }
    template <class Answer, class Op>
    [[gnu::noinline]] Answer failed(Op& op, const plan_type& plan, const call_seams& with,
                                    deadline until, Answer first, ended_attempt attempt) {
        note_failure(plan, first.error(), attempt);
        if (!plan.has(plan_type::repeats)) return first;
        const auto why = first.error();
        return resume<Answer>(op, plan, with, until, why, std::move(first));
    }
    // The first attempt did not do; the rest goes the long way.
    template <class Answer, class Op>
    [[gnu::noinline]] Answer resume(Op& op, const plan_type& plan, const call_seams& with,
                                    deadline until, const fault& first,
                                    std::optional<Answer> last) {
        const auto parts = parts_of(plan, with, until);
        detail::run_driver driver{parts, true};
        // A full bulkhead with a queue has not been waited for yet.
        if (!(plan.has(plan_type::queues) && first.is(codes::policy_bulkhead_full))) {
            driver.has_failed(first);
            if (!last) last.emplace(std::unexpected{first});
        }
        auto answer = detail::drive<Answer>(op, driver, std::move(last));
        count(driver);
        return answer;
    }

    // Read by every call, written by few.
    std::atomic<const plan_type*> plan_{nullptr};
    endpoint_set* endpoints_;
    observer* watch_;
    name dependency_;
    std::array<stripe, detail::stripe_count> stripes_{};
    std::atomic<std::uint64_t> failed_{0};
    std::atomic<std::uint64_t> repeats_{0};
    circuit_breaker breaker_;
    rate_limiter limiter_;
    bulkhead cabin_;
    retry_budget budget_;
    success_history history_;
    latency_histogram latencies_;
    adaptive_limit adaptive_;
    chaos trouble_;
    std::mutex mutex_;  // guards plans_
    std::vector<std::unique_ptr<const plan_type>> plans_;
};

}  // namespace thole
