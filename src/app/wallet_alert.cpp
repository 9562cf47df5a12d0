#include "app/wallet_alert.hpp"

#include <fmt/format.h>

namespace thole::app {

wallet_alert::wallet_alert(solana::wallet_watch& funds, std::uint64_t floor, ops::log& log,
                           ops::metrics& count)
    : funds_{funds}, floor_{floor}, log_{log}, count_{count} {
    count_.gauge_of(ops::metric::wallet_floor).set(static_cast<std::int64_t>(floor));
}

task<> wallet_alert::look(deadline until) {
    const auto now = co_await funds_.check(0, until);
    if (!now) co_return;
    lamports_ = now->lamports;
    count_.gauge_of(ops::metric::wallet_lamports).set(static_cast<std::int64_t>(now->lamports));
    if (now->below_floor == short_) co_return;
    short_ = now->below_floor;
    const auto level = short_ ? ops::log_severity::warning : ops::log_severity::info;
    log_.write(
        level, short_ ? "wallet_below_floor" : "wallet_refilled",
        {{"lamports", fmt::format("{}", now->lamports)}, {"floor", fmt::format("{}", floor_)}});
}

api::own_health wallet_alert::health() const {
    if (!lamports_) return {"wallet", "pass", "its balance was not read yet"};
    return {"wallet", short_ ? "warn" : "pass",
            fmt::format("{} lamports, {} the floor of {}", *lamports_,
                        short_ ? "below" : "not below", floor_)};
}

}  // namespace thole::app
