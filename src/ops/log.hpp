#pragma once

// One line a record, as JSON or as text, in ASCII whatever was said by the other side.
//
//   ops::log log{clock, {.level = log_severity::info, .format = log_form::json}};
//   log.write(log_severity::warning, "circuit_breaker_opened",
//             {{"dependency", "solana"}, {"endpoint", "primary"}});
//
//   {"ts":"2026-01-01T00:00:00.000000Z","level":"warning","event":"circuit_breaker_opened", ...}
//   2026-01-01T00:00:00.000Z WARNING CIRCUIT BREAKER: circuit_breaker_opened dependency=solana ...
//
// Text lines carry the prefixes RESILIENT:, CIRCUIT BREAKER: and NETWORK: by the event's area.
// Bytes outside printable ASCII are written as \u00XX per code unit, so a terminal cannot be driven
// by what a server answered. Threads: any.

#include <atomic>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "thole/clock.hpp"

namespace spdlog {
class logger;
}

namespace thole::ops {

class metrics;

enum class log_severity : std::uint8_t { debug, info, warning, error };
enum class log_form : std::uint8_t { text, json };
[[nodiscard]] std::string_view to_string(log_severity) noexcept;

struct log_settings {
    log_severity level = log_severity::info;
    log_form format = log_form::text;
};

struct log_field {
    std::string_view name;
    std::string value;
};

class log {
  public:
    using fields = std::vector<log_field>;

    // Writes to standard error; `sink` instead when given (tests).
    log(const clock& time, log_settings settings, metrics* count = nullptr,
        std::function<void(std::string_view)> sink = {});
    ~log();

    void write(log_severity, std::string_view event, const fields& = {});
    // Keeps lines together with what happened when the process is about to end.
    void flush();

    [[nodiscard]] bool shows(log_severity level) const noexcept { return level >= settings_.level; }

  private:
    const clock& time_;
    log_settings settings_;
    metrics* count_;
    std::function<void(std::string_view)> sink_;
    std::shared_ptr<spdlog::logger> out_;
};

// One record as a line without its end.
[[nodiscard]] std::string log_line(const log_settings&, wall_time at, log_severity,
                                   std::string_view event, const log::fields&);

}  // namespace thole::ops
