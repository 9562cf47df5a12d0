#include "engine/cron.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <span>
#include <vector>

namespace thole::saga {

namespace {

using namespace std::chrono_literals;

enum place : std::size_t { minute, hour, day, month, weekday };

// So far is looked: the 29th of February is eight years away around 2100.
constexpr int most_days = 8 * 366 + 1;

constexpr std::array<std::string_view, 12> months{"jan", "feb", "mar", "apr", "may", "jun",
                                                  "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> out;
    for (;;) {
        const auto end = text.find(at);
        out.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return out;
        text.remove_prefix(end + 1);
    }
}

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> out;
    for (const auto each : split(text, ' ')) {
        if (!each.empty()) out.push_back(each);
    }
    return out;
}

std::optional<int> number(std::string_view text) {
    int out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && text.front() != '-' ? std::optional{out} : std::nullopt;
}

// The lowest bit of `in` that is not below `from`; 64 when there is none.
int first_from(std::uint64_t in, int from) {
    return from > 63 ? 64 : std::countr_zero(in & (~std::uint64_t{0} << from));
}

}  // namespace

struct cron::field {
    std::string_view name;
    int lowest;
    int highest;
    std::span<const std::string_view> names;

    [[nodiscard]] std::expected<int, std::string> value(std::string_view text) const {
        if (text.empty()) return std::unexpected{std::string{"a number is missing"}};
        const auto named = std::ranges::find(names, text);
        auto found = named == names.end()
                         ? number(text)
                         : std::optional{lowest + static_cast<int>(named - names.begin())};
        if (!found) {
            const auto also = names.empty()
                                  ? std::string{}
                                  : fmt::format(" or {} to {}", names.front(), names.back());
            return std::unexpected{
                fmt::format("\"{}\" is no number from {} to {}{}", text, lowest, highest, also)};
        }
        if (*found < lowest || *found > highest) {
            return std::unexpected{fmt::format("{} is not from {} to {}", text, lowest, highest)};
        }
        return *found;
    }
};

const std::array<cron::field, 5> cron::fields{{{"minute", 0, 59, {}},
                                               {"hour", 0, 23, {}},
                                               {"day of the month", 1, 31, {}},
                                               {"month", 1, 12, months},
                                               {"day of the week", 0, 7, weekdays}}};

std::expected<cron::set, std::string> cron::parse_field(std::string_view text, const field& of) {
    set out = 0;
    for (const auto part : split(text, ',')) {
        const auto slash = part.find('/');
        const auto range = part.substr(0, slash);
        int step = 1;
        if (slash != std::string_view::npos) {
            const auto given = number(part.substr(slash + 1));
            if (!given || *given < 1 || *given > of.highest) {
                return std::unexpected{
                    fmt::format("the step in \"{}\" is not from 1 to {}", part, of.highest)};
            }
            step = *given;
        }
        int from = of.lowest;
        int to = of.highest;
        if (range != "*") {
            const auto dash = range.find('-');
            const auto first = of.value(range.substr(0, dash));
            if (!first) return std::unexpected{first.error()};
            from = to = *first;
            if (dash != std::string_view::npos) {
                const auto last = of.value(range.substr(dash + 1));
                if (!last) return std::unexpected{last.error()};
                to = *last;
                if (to < from) return std::unexpected{fmt::format("\"{}\" goes backward", range)};
            } else if (slash != std::string_view::npos) {
                return std::unexpected{fmt::format("\"{}\" has a step but no range; write {}-{}/{}",
                                                   part, range, of.highest, step)};
            }
        }
        for (int each = from; each <= to; each += step) out |= set{1} << each;
    }
    return out;
}

std::expected<cron, std::string> cron::parse(std::string_view text) {
    const auto given = words(text);
    if (given.size() != fields.size()) {
        return std::unexpected{fmt::format(
            "must have five fields (minute, hour, day of the month, month, day of the week), and "
            "has {}",
            given.size())};
    }
    cron out;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto read = parse_field(given[i], fields[i]);
        if (!read) return std::unexpected{fmt::format("{}: {}", fields[i].name, read.error())};
        out.in_[i] = *read;
        if (i > 0) out.text_ += ' ';
        out.text_ += given[i];
    }
    if ((out.in_[weekday] & set{1} << 7) != 0) out.in_[weekday] |= 1;
    out.any_day_ = given[day].starts_with('*');
    out.any_weekday_ = given[weekday].starts_with('*');
    return out;
}

bool cron::has_day(std::chrono::sys_days d) const {
    const std::chrono::year_month_day date{d};
    const auto has = [this](place p, unsigned value) { return (in_[p] >> value & 1) != 0; };
    if (!has(month, static_cast<unsigned>(date.month()))) return false;
    const bool by_day = has(day, static_cast<unsigned>(date.day()));
    const bool by_weekday = has(weekday, std::chrono::weekday{d}.c_encoding());
    if (any_day_ || any_weekday_) return by_day && by_weekday;
    return by_day || by_weekday;
}

std::optional<store_time> cron::next(store_time after) const {
    const std::chrono::sys_time<store_time::duration> wall{after.time_since_epoch()};
    const auto start = std::chrono::floor<std::chrono::minutes>(wall) + 1min;
    auto today = std::chrono::floor<std::chrono::days>(start);
    auto left = start - today;  // of the day, where to look from
    for (int i = 0; i < most_days; ++i, today += std::chrono::days{1}, left = 0min) {
        if (!has_day(today)) continue;
        const auto from = static_cast<int>(left.count());
        int h = first_from(in_[hour], from / 60);
        int m = h == from / 60 ? first_from(in_[minute], from % 60) : 64;
        if (m == 64) {
            if (h == from / 60) h = first_from(in_[hour], h + 1);
            m = first_from(in_[minute], 0);
        }
        if (h == 64) continue;
        const auto found = today + std::chrono::hours{h} + std::chrono::minutes{m};
        return store_time{std::chrono::microseconds{found.time_since_epoch()}};
    }
    return std::nullopt;
}

std::optional<store_time> cron::newest(store_time after, store_time until) const {
    std::optional<store_time> out;
    for (auto at = next(after); at && *at <= until; at = next(*at)) out = at;
    return out;
}

}  // namespace thole::saga
