#pragma once

// Runs several coroutines side by side on the same executor and waits for all of them.
//
//   std::vector<task<result<std::uint64_t>>> asks;
//   for (const auto& e : endpoints) asks.push_back(ask(e));
//   auto answers = co_await gather(std::move(asks));     // in the same order
//
// Cancelling the wait cancels every one of them, and still waits for their ends: nothing runs on
// behind the caller's back. Each coroutine bounds itself by a deadline. One that was cancelled
// before it began counts as cancelled (or as T{}, when T is no result). T needs a default value.

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "io/cancellation.hpp"
#include "io/suspend.hpp"

namespace thole::solana {

namespace detail {

// Shared by the children, each of which may be the last to go, and by nobody else while they run:
// if they are all destroyed before their end, so is the caller, who would wait for ever.
template <class T>
struct gathering : std::enable_shared_from_this<gathering<T>> {
    struct child {
        boost::asio::cancellation_signal signal;
        // Asio throws inside its own start-up code when it is cancelled there: so not before this.
        bool started = false;
    };
    explicit gathering(std::size_t n) : children(n), values(n), left{n} {}

    void cancel() {
        cancelled = true;
        for (auto& each : children) {
            if (each.started) each.signal.emit(boost::asio::cancellation_type::terminal);
        }
    }
    void end(std::size_t which, std::exception_ptr error, T value) {
        children[which].started = false;
        values[which].emplace(std::move(value));
        if (error && !failed) failed = std::move(error);
        if (--left == 0) std::exchange(waiting, std::nullopt)->post(this->shared_from_this());
    }

    std::vector<child> children;
    std::vector<std::optional<T>> values;
    std::size_t left;
    bool cancelled = false;
    std::exception_ptr failed;
    std::optional<io::resumption<std::shared_ptr<gathering>>> waiting;
};

// What a child answers that was cancelled before its first line ran.
template <class T>
T never_started() {
    if constexpr (std::is_constructible_v<T, std::unexpected<fault>>) {
        return std::unexpected{io::cancelled_fault()};
    } else {
        return T{};
    }
}

template <class T>
task<T> as_child(std::shared_ptr<gathering<T>> all, std::size_t which, task<T> job) {
    co_await io::cancellation_as_value();
    all->children[which].started = true;
    if (all->cancelled) co_return never_started<T>();
    co_return co_await std::move(job);
}

// A completion handler with a cancellation slot and nothing else: Asio then cancels inside emit().
template <class T>
struct child_ended {
    using cancellation_slot_type = boost::asio::cancellation_slot;
    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
        return all->children[which].signal.slot();
    }
    void operator()(std::exception_ptr error, T value) {
        all->end(which, std::move(error), std::move(value));
    }
    std::shared_ptr<gathering<T>> all;
    std::size_t which;
};

}  // namespace detail

template <class T>
[[nodiscard]] task<std::vector<T>> gather(std::vector<task<T>> jobs) {
    namespace asio = boost::asio;
    if (jobs.empty()) co_return std::vector<T>{};
    const auto executor = co_await asio::this_coro::executor;
    using shared = std::shared_ptr<detail::gathering<T>>;
    auto made = std::make_shared<detail::gathering<T>>(jobs.size());
    made->cancelled = co_await io::was_cancelled();
    auto start = [&](io::resumption<shared> ended) {
        const auto all = std::exchange(made, nullptr);
        ended.on_cancel([weak = std::weak_ptr{all}] {
            if (const auto running = weak.lock()) running->cancel();
        });
        all->waiting.emplace(std::move(ended));
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            asio::co_spawn(executor, detail::as_child(all, i, std::move(jobs[i])),
                           detail::child_ended<T>{all, i});
        }
    };
    const auto all = co_await io::suspend<shared>(std::move(start));
    if (all->failed) std::rethrow_exception(all->failed);
    std::vector<T> out;
    out.reserve(jobs.size());
    for (auto& each : all->values) out.push_back(std::move(*each));
    co_return out;
}

}  // namespace thole::solana
