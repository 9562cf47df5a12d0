#include "thole/run.hpp"

namespace thole::detail {

namespace {

const retry_settings& settings_of(const run_parts& parts) noexcept {
    static constexpr retry_settings defaults{};
    return parts.retry == nullptr ? defaults : *parts.retry;
}

}  // namespace

run_driver::run_driver(const run_parts& parts)
    : parts_{parts},
      retry_{settings_of(parts), parts.until, parts.chance,
             retry_parts{parts.budget, parts.history, parts.watch}} {
    context_.until = parts.until;
    ask_retry(retry_start{});
}

bool run_driver::next_call() {
    while (verdict_.act == retry_act::sleep_until) {
        parts_.sleep.sleep_until(verdict_.at);
        ask_retry(retry_wake{});
    }
    return verdict_.act == retry_act::call;
}

std::optional<fault> run_driver::admit() {
    const auto now = parts_.time.now();
    started_ = now;
    context_.attempt = verdict_.attempt;
    std::optional<fault> refused;
    if (parts_.endpoints != nullptr) {
        refused = admit_from_set(now);
    } else if (parts_.breaker != nullptr) {
        auto permit = parts_.breaker->admit(now);
        if (permit) {
            permit_ = std::move(*permit);
        } else {
            refused = std::move(permit.error());
        }
    }
    if (refused) ask_retry(retry_failure{*refused});
    return refused;
}

std::optional<fault> run_driver::admit_from_set(time_point now) {
    if (verdict_.next_endpoint && !current_.empty()) tried_.push_back(current_);
    const auto sticky = verdict_.next_endpoint ? name{} : current_;
    auto picked = parts_.endpoints->pick(now, tried_, parts_.wanted, parts_.chance, sticky);
    if (!picked && !tried_.empty() && verdict_.reason != retry_reason::failover) {
        tried_.clear();  // a new pass
        picked = parts_.endpoints->pick(now, tried_, parts_.wanted, parts_.chance, sticky);
    }
    if (!picked) return std::move(picked.error());
    pick_.emplace(std::move(*picked));
    current_ = pick_->endpoint().name;
    context_.endpoint = &pick_->endpoint();
    return std::nullopt;
}

void run_driver::succeeded() {
    const auto now = parts_.time.now();
    if (pick_) pick_->succeed(now - started_, now);
    permit_.record(outcome::success(now - started_), now);
    ask_retry(retry_success{});
}

void run_driver::failed(const fault& f) {
    const auto now = parts_.time.now();
    if (pick_) pick_->fail(f, now - started_, now);
    permit_.record(outcome_of(f, now - started_), now);
    bool others = false;
    if (parts_.endpoints != nullptr) {
        tried_.push_back(current_);
        others = parts_.endpoints->any_eligible(now, tried_, parts_.wanted);
        tried_.pop_back();
        if (!others) tried_.clear();  // this pass is over
    }
    ask_retry(retry_failure{f, others});
}

}  // namespace thole::detail
