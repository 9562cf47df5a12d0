#include "io/response_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace thole::io {

namespace {

void append_two(std::string& out, unsigned number) {
    out += static_cast<char>('0' + number / 10 % 10);
    out += static_cast<char>('0' + number % 10);
}

// IMF-fixdate (RFC 9110 §5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
void append_date(std::string& out, wall_time at) {
    static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto since = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch());
    const std::chrono::sys_days day{std::chrono::floor<std::chrono::days>(since)};
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{since - day.time_since_epoch()};
    out.append(days[std::chrono::weekday{day}.c_encoding()]).append(", ");
    append_two(out, unsigned{date.day()});
    out.append(" ").append(months[unsigned{date.month()} - 1]).append(" ");
    out.append(std::to_string(int{date.year()})).append(" ");
    append_two(out, static_cast<unsigned>(clock.hours().count()));
    out += ':';
    append_two(out, static_cast<unsigned>(clock.minutes().count()));
    out += ':';
    append_two(out, static_cast<unsigned>(clock.seconds().count()));
    out += " GMT";
}

struct reason {
    int status;
    std::string_view phrase;
};
constexpr std::array reasons{
    reason{100, "Continue"},
    reason{200, "OK"},
    reason{201, "Created"},
    reason{202, "Accepted"},
    reason{204, "No Content"},
    reason{206, "Partial Content"},
    reason{301, "Moved Permanently"},
    reason{302, "Found"},
    reason{303, "See Other"},
    reason{304, "Not Modified"},
    reason{307, "Temporary Redirect"},
    reason{308, "Permanent Redirect"},
    reason{400, "Bad Request"},
    reason{401, "Unauthorized"},
    reason{402, "Payment Required"},
    reason{403, "Forbidden"},
    reason{404, "Not Found"},
    reason{405, "Method Not Allowed"},
    reason{406, "Not Acceptable"},
    reason{408, "Request Timeout"},
    reason{409, "Conflict"},
    reason{410, "Gone"},
    reason{411, "Length Required"},
    reason{412, "Precondition Failed"},
    reason{413, "Content Too Large"},
    reason{415, "Unsupported Media Type"},
    reason{416, "Range Not Satisfiable"},
    reason{417, "Expectation Failed"},
    reason{422, "Unprocessable Content"},
    reason{425, "Too Early"},
    reason{429, "Too Many Requests"},
    reason{431, "Request Header Fields Too Large"},
    reason{500, "Internal Server Error"},
    reason{501, "Not Implemented"},
    reason{502, "Bad Gateway"},
    reason{503, "Service Unavailable"},
    reason{504, "Gateway Timeout"},
    reason{507, "Insufficient Storage"},
};

bool breaks_out(std::string_view text) {
    return text.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos;
}

}  // namespace

std::string_view reason_phrase(int status) noexcept {
    const auto* found = std::ranges::find(reasons, status, &reason::status);
    return found == reasons.end() ? "Status" : found->phrase;
}

std::string response_head(int status, const http_headers& headers, const response_framing& framing,
                          wall_time now) {
    std::string out;
    out.reserve(256);
    out.append(framing.version == 10 ? "HTTP/1.0 " : "HTTP/1.1 ").append(std::to_string(status));
    out.append(" ").append(reason_phrase(status)).append("\r\nDate: ");
    append_date(out, now);
    out += "\r\n";
    for (const auto& [key, value] : headers) {
        if (key.empty() || breaks_out(key) || breaks_out(value)) continue;
        out.append(key).append(": ").append(value).append("\r\n");
    }
    if (framing.length) {
        out.append("Content-Length: ").append(std::to_string(*framing.length)).append("\r\n");
    } else if (framing.chunked) {
        out += "Transfer-Encoding: chunked\r\n";
    }
    if (!framing.keep_alive) {
        out += "Connection: close\r\n";
    } else if (framing.version == 10) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
    return out;
}

}  // namespace thole::io
