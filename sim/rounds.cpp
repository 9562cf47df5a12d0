#include "sim/rounds.hpp"

#include "base/json.hpp"
#include "base/time_text.hpp"
#include "io/virtual_loop.hpp"
#include "sim/orders.hpp"

namespace thole::sim {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view job_name = "round";
constexpr duration longest = 30min;

}  // namespace

rounds::rounds(const std::string& at) {
    if (!at.empty()) at_ = saga::cron::parse(at).value();
}

std::string rounds::why_not(const std::string& at) {
    if (at.empty()) return {};
    const auto read = saga::cron::parse(at);
    if (!read) return read.error();
    const auto half_hour = at_age(longest);
    if (!read->newest(at_age({}), half_hour)) return "must fire in the first half hour";
    const auto later = read->next(half_hour);
    return later && *later < half_hour + 24h ? "must fire in the first half hour only" : "";
}

saga::cron_job rounds::job() const {
    const order wanted{"user-0", "by the clock"};
    return {std::string{job_name}, *at_, std::string{order_kind}, json::write(wanted),
            saga::missed_ticks::one};
}

std::optional<store_time> rounds::tick_of(std::string_view key) {
    const auto prefix = "cron/" + std::string{job_name} + "/";
    if (!key.starts_with(prefix)) return std::nullopt;
    const auto minute = key.substr(prefix.size(), 16);
    return parse_store_time(std::string{minute} + ":00Z");
}

store_time rounds::at_age(duration age) {
    static const store_time dawn{io::virtual_loop{}.wall_now().time_since_epoch()};
    return dawn + std::chrono::floor<store_time::duration>(age);
}

duration rounds::over_at() const {
    if (!at_) return {};
    return *at_->newest(at_age({}), at_age(longest)) - at_age({}) + round_delay;
}

}  // namespace thole::sim
