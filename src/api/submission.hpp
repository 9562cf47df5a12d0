#pragma once

// What every resource does that accepts an operation: the idempotency key, the submission, and the
// answer (202 and Location, or 200 when `Prefer: wait=N` or a replay finds it ended).
//
//   auto key = idempotency_key(call);
//   if (!key) co_return std::move(key.error());
//   auto accepted = co_await engine.submit(…);
//   if (!accepted) co_return refuse(accepted.error());
//   co_return co_await answer_accepted({engine, docs, loop}, call, *accepted);
//
// Threads: the core loop's.

#include <chrono>

#include "api/documents.hpp"
#include "api/router.hpp"
#include "engine/engine.hpp"

namespace thole::api {

// 1 to 128 visible ASCII characters.
[[nodiscard]] bool is_idempotency_key(std::string_view key) noexcept;
[[nodiscard]] std::expected<std::string, io::server_response> idempotency_key(const call& c);
[[nodiscard]] bool is_json(std::string_view content_type);

// Seconds of "wait=N" in a Prefer header, at most 300; 0 when there are none.
[[nodiscard]] std::chrono::seconds preferred_wait(std::string_view header) noexcept;

struct submission_place {
    saga::engine& engine;
    const documents& docs;
    const clock& time;
};
[[nodiscard]] task<io::server_response> answer_accepted(submission_place at, call c,
                                                        saga::submitted accepted);

}  // namespace thole::api
