#pragma once

// When something is to begin, again and again: five fields, in UTC.
//
//   auto each = cron::parse("*/15 6-18 * * mon-fri");
//   if (!each) say(each.error());          // "hour: 6-28 goes beyond 23"
//   auto first = each->next(now);          // strictly later; always a whole minute
//
// Minute 0-59, hour 0-23, day of the month 1-31, month 1-12 or jan-dec, day of the week 0-7 or
// sun-sat (0 and 7 are Sunday). A field is "*" or a list of numbers, ranges a-b, and steps "*/n",
// "a-b/n". When day and weekday are both said, either of them is enough, as everywhere. Values
// only.

#include <array>
#include <boost/describe.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "thole/time.hpp"

namespace thole::saga {

// What becomes of ticks that passed while nobody looked; see cron_runner.hpp.
enum class missed_ticks : std::uint8_t { skip, one };
BOOST_DESCRIBE_ENUM(missed_ticks, skip, one)

class cron {
  public:
    [[nodiscard]] static std::expected<cron, std::string> parse(std::string_view text);

    // nullopt: there is none, as on the thirtieth of February.
    [[nodiscard]] std::optional<store_time> next(store_time after) const;
    // The last one in (after, until].
    [[nodiscard]] std::optional<store_time> newest(store_time after, store_time until) const;
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    using set = std::uint64_t;  // bit n: n is in it
    struct field;
    static const std::array<field, 5> fields;
    [[nodiscard]] static std::expected<set, std::string> parse_field(std::string_view text,
                                                                     const field& of);
    [[nodiscard]] bool has_day(std::chrono::sys_days day) const;

    std::string text_;
    std::array<set, 5> in_{};
    bool any_day_ = true;
    bool any_weekday_ = true;
};

}  // namespace thole::saga
