#include "base/time_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "thole/assert.hpp"

namespace thole {

namespace {

using std::chrono::microseconds;
using calendar_days = std::chrono::sys_days;

constexpr calendar_days first_day{std::chrono::year{0} / 1 / 1};
constexpr calendar_days last_day{std::chrono::year{9999} / 12 / 31};

void append_padded(std::string& out, std::int64_t number, unsigned width) {
    std::array<char, 20> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    const auto size = static_cast<std::size_t>(end - text.data());
    if (size < width) out.append(width - size, '0');
    out.append(text.data(), size);
}

std::string rfc3339_of(microseconds since_epoch) {
    constexpr microseconds lowest = first_day.time_since_epoch();
    constexpr microseconds highest =
        microseconds{last_day.time_since_epoch()} + std::chrono::days{1} - microseconds{1};
    since_epoch = std::clamp(since_epoch, lowest, highest);
    const auto days = std::chrono::floor<std::chrono::days>(since_epoch);
    const std::chrono::year_month_day date{calendar_days{days}};
    const std::chrono::hh_mm_ss clock{since_epoch - days};
    std::string out;
    out.reserve(27);
    append_padded(out, int{date.year()}, 4);
    out += '-';
    append_padded(out, unsigned{date.month()}, 2);
    out += '-';
    append_padded(out, unsigned{date.day()}, 2);
    out += 'T';
    append_padded(out, clock.hours().count(), 2);
    out += ':';
    append_padded(out, clock.minutes().count(), 2);
    out += ':';
    append_padded(out, clock.seconds().count(), 2);
    out += '.';
    append_padded(out, clock.subseconds().count(), 6);
    out += 'Z';
    return out;
}

// Takes text from the front; after the first mismatch everything fails.
class scanner {
  public:
    explicit scanner(std::string_view text) : rest_{text} {}

    bool skip(char expected) {
        if (rest_.empty() || rest_.front() != expected) return failed_ = true, false;
        rest_.remove_prefix(1);
        return true;
    }
    [[nodiscard]] bool at(char expected) const {
        return !rest_.empty() && rest_.front() == expected;
    }
    [[nodiscard]] bool at_digit() const {
        return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
    }
    // Exactly `width` digits, a value of at most `limit`.
    int number(unsigned width, int limit) {
        int value = 0;
        for (unsigned i = 0; i < width; ++i) {
            if (!at_digit()) return failed_ = true, 0;
            value = value * 10 + (rest_.front() - '0');
            rest_.remove_prefix(1);
        }
        if (value > limit) failed_ = true;
        return value;
    }
    // 1 to 6 digits of a fraction, as microseconds.
    int fraction() {
        int value = 0;
        int scale = 1'000'000;
        if (!at_digit()) failed_ = true;
        while (at_digit() && scale > 1) {
            value = value * 10 + (rest_.front() - '0');
            scale /= 10;
            rest_.remove_prefix(1);
        }
        return value * scale;
    }
    [[nodiscard]] bool finished() const { return !failed_ && rest_.empty(); }
    [[nodiscard]] bool failed() const { return failed_; }

  private:
    std::string_view rest_;
    bool failed_ = false;
};

std::optional<microseconds> parse_rfc3339(std::string_view text) {
    scanner in{text};
    const std::chrono::year year{in.number(4, 9999)};
    in.skip('-');
    const std::chrono::month month{static_cast<unsigned>(in.number(2, 12))};
    in.skip('-');
    const std::chrono::day day{static_cast<unsigned>(in.number(2, 31))};
    in.skip('T');
    const std::chrono::hours hours{in.number(2, 23)};
    in.skip(':');
    const std::chrono::minutes minutes{in.number(2, 59)};
    in.skip(':');
    const std::chrono::seconds seconds{in.number(2, 59)};
    microseconds fraction{};
    if (in.at('.')) {
        in.skip('.');
        fraction = microseconds{in.fraction()};
    }
    std::chrono::minutes offset{};
    if (in.at('+') || in.at('-')) {
        const int sign = in.at('-') ? -1 : 1;
        in.skip(sign < 0 ? '-' : '+');
        const int offset_hours = in.number(2, 23);
        in.skip(':');
        offset = std::chrono::minutes{sign * (offset_hours * 60 + in.number(2, 59))};
    } else {
        in.skip('Z');
    }
    const auto date = year / month / day;
    if (!in.finished() || !date.ok()) return std::nullopt;
    return calendar_days{date}.time_since_epoch() + hours + minutes + seconds + fraction - offset;
}

struct unit {
    std::string_view text;
    std::int64_t nanoseconds;
};
constexpr std::array units{unit{"d", 86'400'000'000'000},
                           unit{"h", 3'600'000'000'000},
                           unit{"m", 60'000'000'000},
                           unit{"s", 1'000'000'000},
                           unit{"ms", 1'000'000},
                           unit{"us", 1'000},
                           unit{"ns", 1}};

}  // namespace

std::string rfc3339(wall_time at) {
    return rfc3339_of(at.time_since_epoch());
}
std::string rfc3339(store_time at) {
    return rfc3339_of(at.time_since_epoch());
}

std::optional<wall_time> parse_wall_time(std::string_view text) {
    const auto since_epoch = parse_rfc3339(text);
    return since_epoch ? std::optional{wall_time{*since_epoch}} : std::nullopt;
}

std::optional<store_time> parse_store_time(std::string_view text) {
    const auto since_epoch = parse_rfc3339(text);
    return since_epoch ? std::optional{store_time{*since_epoch}} : std::nullopt;
}

std::optional<duration> parse_duration(std::string_view text) {
    if (text.empty()) return std::nullopt;
    std::int64_t total = 0;
    std::size_t next_unit = 0;
    while (!text.empty()) {
        std::int64_t count = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
        if (error != std::errc{} || text.front() == '-') return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto name = text.substr(0, text.find_first_of("0123456789"));
        while (next_unit < units.size() && units[next_unit].text != name) ++next_unit;
        if (next_unit == units.size()) return std::nullopt;
        std::int64_t part = 0;
        if (__builtin_mul_overflow(count, units[next_unit].nanoseconds, &part) ||
            __builtin_add_overflow(total, part, &total)) {
            return std::nullopt;
        }
        ++next_unit;
        text.remove_prefix(name.size());
    }
    return duration{total};
}

std::string duration_text(duration d) {
    THOLE_ASSERT(d >= duration::zero(), "a duration that is written down is not negative");
    if (d == duration::zero()) return "0s";
    std::string out;
    auto rest = d.count();
    for (const auto& [text, nanoseconds] : units) {
        if (rest < nanoseconds) continue;
        append_padded(out, rest / nanoseconds, 1);
        out += text;
        rest %= nanoseconds;
    }
    return out;
}

}  // namespace thole
