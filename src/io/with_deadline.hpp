#pragma once

// A bound on any work, kept by cancelling the work.
//
//   auto got = co_await io::with_deadline(loop, deadline::after(loop.now(), 5s), fetch(request));
//
// At the deadline the work is cancelled and waited for; if it then ends as cancelled, the fault is
// codes::policy_deadline with the effect that the work reported. Work that ends in another way, a
// success included, keeps its own result: what was done is never thrown away. A deadline that has
// passed already starts nothing. Cancelling the awaiting coroutine cancels the work.

#include <optional>

#include "io/loop.hpp"
#include "thole/codes.hpp"
#include "thole/deadline.hpp"

namespace thole::io {

namespace detail {

// Runs the job; true when the deadline passed before it had ended.
[[nodiscard]] task<bool> race(loop& owner, deadline until, task<> job);
[[nodiscard]] fault deadline_fault(const fault& cancelled);

template <class T>
task<> keep_result(task<result<T>> work, std::optional<result<T>>& kept) {
    kept.emplace(co_await std::move(work));
}

}  // namespace detail

template <class T>
[[nodiscard]] task<result<T>> with_deadline(loop& owner, deadline until, task<result<T>> work) {
    if (until.is_never()) co_return co_await std::move(work);
    if (until.expired(owner.now())) co_return fail(codes::policy_deadline);
    std::optional<result<T>> kept;
    const bool expired =
        co_await detail::race(owner, until, detail::keep_result(std::move(work), kept));
    if (!kept) co_return fail(fault{expired ? codes::policy_deadline : codes::policy_cancelled});
    if (expired && !*kept && kept->error().kind() == fault_kind::cancelled) {
        co_return fail(detail::deadline_fault(kept->error()));
    }
    co_return std::move(*kept);
}

}  // namespace thole::io
