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

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <vector>

#include "io/cancellation.hpp"

namespace thole::solana {

namespace detail {

template <class T>
task<T> as_child(task<T> job) {
    co_await io::cancellation_as_value();
    co_return co_await std::move(job);
}

// What a child answers that was cancelled before its first line ran.
template <class T>
T never_started() {
    if constexpr (std::is_constructible_v<T, std::unexpected<fault>>) {
        return std::unexpected{io::cancelled_fault()};
    } else {
        return T{};
    }
}

}  // namespace detail

template <class T>
[[nodiscard]] task<std::vector<T>> gather(std::vector<task<T>> jobs) {
    namespace asio = boost::asio;
    if (jobs.empty()) co_return std::vector<T>{};
    const auto executor = co_await asio::this_coro::executor;
    using operation = decltype(asio::co_spawn(executor, detail::as_child(std::move(jobs.front())),
                                              asio::deferred));
    std::vector<operation> started;
    started.reserve(jobs.size());
    for (auto& job : jobs) {
        started.push_back(
            asio::co_spawn(executor, detail::as_child(std::move(job)), asio::deferred));
    }
    auto group = asio::experimental::make_parallel_group(std::move(started));
    auto [order, failures, values] =
        co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    static_cast<void>(order);
    for (std::size_t i = 0; i < failures.size(); ++i) {
        if (failures[i]) values[i] = detail::never_started<T>();
    }
    co_return std::move(values);
}

}  // namespace thole::solana
