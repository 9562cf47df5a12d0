#pragma once

// A pipeline around a coroutine of Boost.Asio, with hedging, and with cancellation that stops the
// work.
//
//   auto ask = [&](call_context c) { return client.get("/price", c.until); };  //
//   awaitable<result<T>> auto price = co_await thole::asio::async_run(prices, ask,
//                                                {.time = clock, .wait = timers, .chance =
//                                                chance});
//
// (Name the callable first, as here: a compiler that destroys the temporaries of a co_await
// expression twice is refused by the build, but the habit costs nothing.)
//
// The operation takes a call_context by value and returns awaitable<result<T>>. When an attempt's
// time is over, when another copy won, or when the caller is cancelled, the operation is cancelled
// through its cancellation slot (terminal), and *waited for*: nothing goes on behind the caller's
// back. What it then returns is dropped, except a success that came in time. A timeout is
// net.timeout, effect unknown: bytes may have left.
//
// Cancelling async_run itself: it returns policy.cancelled when the operation has stopped; breaker
// and limits learn nothing. An exception of the operation (other than operation_aborted) is
// rethrown.
//
// Threads: one loop, one thread (or an implicit strand); the pipeline may be shared by loops.
// Pipeline, timers, clock and rng outlive the call. Chaos delays, back-off, queue and timeouts all
// wait on `wait`.

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <exception>
#include <optional>

#include "thole/asio/loop_event.hpp"
#include "thole/hedge.hpp"
#include "thole/pipeline.hpp"

namespace thole::asio {

struct async_seams {
    const clock& time;
    timers& wait;
    rng& chance;
    deadline until{};
    call_effect effect = call_effect::read;
    priority importance = priority::normal;
};

namespace detail {

namespace net = boost::asio;

// What blocking code sleeps with; coroutines wait instead.
class no_sleeper final : public sleeper {
  public:
    void sleep_until(time_point) override {}
    using sleeper::sleep_until;
};

// The copies of one attempt that are in flight: one, or more when it is hedged.
template <class Answer, class Op, class Executor>
class flight {
  public:
    flight(const Executor& loop, timers& wait, Op& op)
        : loop_{loop}, op_{op}, changed_{loop, wait} {}

    net::awaitable<Answer, Executor> fly(hedge copies, call_context context, const clock& time) {
        auto next = copies.next(hedge_event::start, time.now());
        launch(context);
        std::optional<Answer> outcome;
        while (!outcome) {
            const bool alive = co_await changed_.wait(std::min(next.at, context.until.at()));
            const auto now = time.now();
            for (std::size_t i = 0; i < launched_ && !outcome; ++i) {
                auto& copy = all_[i];
                if (copy.running || copy.seen) continue;
                copy.seen = true;
                const bool good = copy.answer && copy.answer->has_value();
                next = copies.next(good ? hedge_event::success : hedge_event::failure, now);
                if (next.act == hedge_act::finish) outcome = std::move(copy.answer);
            }
            if (outcome) break;
            if (!alive) {
                outcome.emplace(std::unexpected{fault{codes::policy_cancelled}});
            } else if (context.until.expired(now)) {
                outcome.emplace(
                    std::unexpected{fault{codes::net_timeout}.with_effect(fault_effect::unknown)});
            } else if (now >= next.at) {
                next = copies.next(hedge_event::elapsed, now);
                if (next.act == hedge_act::call) launch(context);
            }
        }
        for (std::size_t i = 0; i < launched_; ++i) {
            if (all_[i].running) all_[i].stop.emit(net::cancellation_type::terminal);
        }
        while (running_ > 0) co_await changed_.wait_unconditionally();
        if (error_) std::rethrow_exception(error_);
        co_return std::move(*outcome);
    }
    [[nodiscard]] std::size_t launched() const noexcept { return launched_; }

  private:
    struct copy {
        net::cancellation_signal stop;
        std::optional<Answer> answer;
        bool running = false;
        bool seen = false;
    };

    static net::awaitable<void, Executor> one(flight* self, copy* mine, call_context context) {
        try {
            mine->answer.emplace(co_await self->op_(context));
        } catch (const boost::system::system_error& e) {
            if (e.code() != net::error::operation_aborted) self->error_ = std::current_exception();
            mine->answer.emplace(std::unexpected{fault{codes::policy_cancelled}});
        } catch (...) {
            self->error_ = std::current_exception();
            mine->answer.emplace(std::unexpected{fault{codes::policy_cancelled}});
        }
    }
    void launch(call_context context) {
        auto& mine = all_[launched_++];
        mine.running = true;
        ++running_;
        net::co_spawn(
            loop_, one(this, &mine, context),
            net::bind_cancellation_slot(mine.stop.slot(), [this, &mine](std::exception_ptr) {
                mine.running = false;
                --running_;
                changed_.notify();
            }));
    }

    Executor loop_;
    Op& op_;
    loop_event<Executor> changed_;
    std::array<copy, 5> all_;
    std::size_t launched_ = 0;
    std::size_t running_ = 0;
    std::exception_ptr error_;
};

// Wakes a coroutine on its loop from whichever thread gave the permit back.
template <class Executor>
class queue_place final : public bulkhead_waiter {
  public:
    queue_place(const Executor& loop, priority importance, loop_event<Executor>& event)
        : bulkhead_waiter{importance}, loop_{loop}, target_{std::make_shared<target>(&event)} {}
    ~queue_place() override { target_->event = nullptr; }

    void wake() noexcept override {
        net::post(loop_, [to = target_] {
            if (to->event != nullptr) to->event->notify();
        });
    }

  private:
    struct target {
        explicit target(loop_event<Executor>* e) noexcept : event{e} {}
        loop_event<Executor>* event;  // touched on the loop only
    };
    Executor loop_;
    std::shared_ptr<target> target_;
};

// A place in a full bulkhead, waited for in its queue; a refusal otherwise.
template <class Executor>
net::awaitable<std::expected<bulkhead_permit, fault>, Executor> enter(bulkhead& cabin,
                                                                      Executor loop,
                                                                      async_seams with,
                                                                      deadline until) {
    loop_event<Executor> granted{loop, with.wait};
    queue_place<Executor> place{loop, with.importance, granted};
    if (auto queued = cabin.enqueue(place, with.time.now(), until); !queued) {
        co_return std::unexpected{std::move(queued.error())};
    }
    if (!co_await granted.wait(place.gives_up_at())) {
        co_return std::unexpected{fault{codes::policy_cancelled}};
    }
    co_return place.finish(with.time.now());
}

// One attempt: what chaos injects, else the call and its copies.
template <class Answer, class Op, class Executor>
net::awaitable<Answer, Executor> attempt(pipeline& line, const run_parts& parts,
                                         std::optional<hedge_settings> copies, Executor loop,
                                         Op& op, async_seams with, call_context context) {
    if (parts.trouble != nullptr) {
        const auto trouble = parts.trouble->next();
        if (trouble.delay > duration::zero()) {
            loop_event<Executor> pause{loop, with.wait};
            co_await pause.wait(saturating_add(with.time.now(), trouble.delay));
        }
        if (trouble.act == chaos_act::fail) co_return std::unexpected{trouble.what()};
        context.pretend = trouble.act == chaos_act::answer;
    }
    const auto effect = copies ? line.strictest(with.effect) : call_effect::once;
    const auto usual =
        copies ? line.latencies().percentile(copies->percentile_permille) : std::nullopt;
    const hedge hedging{copies.value_or(hedge_settings{}), effect, usual, context.until,
                        parts.budget};
    flight<Answer, Op, Executor> flight{loop, with.wait, op};
    co_return co_await flight.fly(hedging, context, with.time);
}

}  // namespace detail

template <class Op, class Awaitable = std::invoke_result_t<Op&, call_context>>
Awaitable async_run(pipeline& line, Op op, async_seams with) {
    namespace net = boost::asio;
    using answer = typename Awaitable::value_type;
    static_assert(thole::detail::is_result<answer>, "the operation returns awaitable<result<T>>");
    auto loop = co_await net::this_coro::executor;
    using executor = decltype(loop);
    const bool throws = co_await net::this_coro::throw_if_cancelled();
    co_await net::this_coro::throw_if_cancelled(false);

    detail::no_sleeper sleep;
    const call_seams seams{.time = with.time,
                           .sleep = sleep,
                           .chance = with.chance,
                           .until = with.until,
                           .effect = with.effect,
                           .importance = with.importance};
    const auto copies = line.settings().hedge;
    const auto parts = line.begin(seams);
    thole::detail::run_driver driver{parts};
    loop_event<executor> pause{loop, with.wait};
    std::optional<answer> last;
    while (driver.verdict().act != retry_act::finish) {
        if (driver.verdict().act == retry_act::sleep_until) {
            const auto at = driver.verdict().at;
            if (co_await pause.wait(at)) {
                driver.woke();
            } else {
                driver.abandoned();
                last.emplace(std::unexpected{fault{codes::policy_cancelled}});
            }
            continue;
        }
        std::optional<fault> refused;
        auto place = parts.cabin != nullptr ? parts.cabin->try_admit() : bulkhead_permit{};
        if (parts.cabin != nullptr && !place) {
            auto entered = co_await detail::enter<executor>(*parts.cabin, loop, with, parts.until);
            if (entered) {
                place = std::move(*entered);
            } else {
                refused = std::move(entered.error());
                driver.has_failed(*refused);
            }
        }
        if (!refused) refused = driver.admit_with(std::move(place));
        if (refused) {
            if (!last) last.emplace(std::unexpected{std::move(*refused)});
            continue;
        }
        last.emplace(co_await detail::attempt<answer, Op, executor>(line, parts, copies, loop, op,
                                                                    with, driver.context()));
        if (last->has_value()) {
            driver.succeeded();
        } else if (last->error().is(codes::policy_cancelled)) {
            driver.abandoned();
        } else {
            driver.failed(last->error());
        }
    }
    line.count(driver);
    co_await net::this_coro::throw_if_cancelled(throws);
    if (!last) last.emplace(std::unexpected{fault{codes::policy_deadline}});
    co_return std::move(*last);
}

}  // namespace thole::asio
