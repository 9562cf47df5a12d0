#include "ops/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <iterator>

#include "base/time_text.hpp"
#include "ops/metrics.hpp"

namespace thole::ops {
namespace {

// JSON's escapes; valid inside quotes in both forms.
void append_ascii(std::string& out, std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte > 0x7e) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
        } else {
            out += c;
        }
    }
}

bool needs_quotes(std::string_view text) {
    if (text.empty()) return true;
    for (const char c : text) {
        if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\') return true;
    }
    return false;
}

std::string_view prefix_of(std::string_view event) {
    if (event.starts_with("circuit_breaker")) return "CIRCUIT BREAKER: ";
    if (event.starts_with("endpoint_") || event.starts_with("call_")) return "NETWORK: ";
    if (event.starts_with("retry_") || event.starts_with("failover") ||
        event.starts_with("limiter_") || event.starts_with("degraded_")) {
        return "RESILIENT: ";
    }
    return "";
}

std::string_view shouted(log_severity level) {
    switch (level) {
        case log_severity::debug:
            return "DEBUG";
        case log_severity::info:
            return "INFO";
        case log_severity::warning:
            return "WARNING";
        case log_severity::error:
            return "ERROR";
    }
    return "";
}

spdlog::level::level_enum spd_level(log_severity level) {
    switch (level) {
        case log_severity::debug:
            return spdlog::level::debug;
        case log_severity::info:
            return spdlog::level::info;
        case log_severity::warning:
            return spdlog::level::warn;
        case log_severity::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

}  // namespace

std::string_view to_string(log_severity level) noexcept {
    switch (level) {
        case log_severity::debug:
            return "debug";
        case log_severity::info:
            return "info";
        case log_severity::warning:
            return "warning";
        case log_severity::error:
            return "error";
    }
    return "";
}

std::string log_line(const log_settings& settings, wall_time at, log_severity level,
                     std::string_view event, const log::fields& fields) {
    std::string out;
    const auto when = rfc3339(at);
    if (settings.format == log_form::json) {
        fmt::format_to(std::back_inserter(out), R"({{"ts":"{}","level":"{}","event":")", when,
                       to_string(level));
        append_ascii(out, event);
        out += '"';
        for (const auto& [name, value] : fields) {
            out += ",\"";
            append_ascii(out, name);
            out += "\":\"";
            append_ascii(out, value);
            out += '"';
        }
        out += '}';
        return out;
    }
    fmt::format_to(std::back_inserter(out), "{} {:<7} {}", when, shouted(level), prefix_of(event));
    append_ascii(out, event);
    for (const auto& [name, value] : fields) {
        fmt::format_to(std::back_inserter(out), " {}=", name);
        const bool quoted = needs_quotes(value);
        if (quoted) out += '"';
        append_ascii(out, value);
        if (quoted) out += '"';
    }
    return out;
}

log::log(const clock& time, log_settings settings, metrics* count,
         std::function<void(std::string_view)> sink)
    : time_{time}, settings_{settings}, count_{count}, sink_{std::move(sink)} {
    out_ = std::make_shared<spdlog::logger>("thole",
                                            std::make_shared<spdlog::sinks::stderr_sink_mt>());
    out_->set_pattern("%v");
    out_->set_level(spd_level(settings.level));
    out_->flush_on(spdlog::level::warn);
}

log::~log() = default;

void log::write(log_severity level, std::string_view event, const fields& fields) {
    if (!shows(level)) return;
    if (count_ != nullptr) count_->counter_of(metric::log_records, {to_string(level)}).add();
    const auto line = log_line(settings_, time_.wall_now(), level, event, fields);
    if (sink_) {
        sink_(line);
    } else {
        out_->log(spd_level(level), spdlog::string_view_t{line.data(), line.size()});
    }
}

void log::flush() {
    out_->flush();
}

}  // namespace thole::ops
