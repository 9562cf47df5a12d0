#include "thole/run.hpp"

namespace thole::detail {

namespace {

const retry_settings& settings_of(const run_parts& parts) noexcept {
    static constexpr retry_settings defaults{};
    return parts.retry == nullptr ? defaults : *parts.retry;
}

bool is_overload(const fault& f) noexcept {
    return f.kind() == fault_kind::rate_limited || f.is(codes::net_timeout);
}

// Blocks on the flag that the bulkhead sets.
class blocking_place final : public bulkhead_waiter {
  public:
    using bulkhead_waiter::bulkhead_waiter;
    void wake() noexcept override { flag_.set(); }
    wake_flag& flag() noexcept { return flag_; }

  private:
    wake_flag flag_;
};

}  // namespace

void learn(duration latency, const fault* f, time_point now, latency_histogram* latencies,
           adaptive_limit* adaptive, bulkhead* cabin) {
    if (latencies != nullptr && f == nullptr) latencies->record(latency);
    if (adaptive == nullptr || cabin == nullptr || (f != nullptr && !is_overload(*f))) return;
    if (const auto limit = adaptive->record(latency, f != nullptr, cabin->in_flight(), now)) {
        cabin->set_limit(*limit);
    }
}

run_driver::run_driver(const run_parts& parts, bool paid)
    : parts_{parts},
      retry_{settings_of(parts), parts.until, parts.chance,
             retry_parts{parts.budget, parts.history, parts.watch}} {
    context_.until = parts.until;
    ask_retry(retry_start{paid});
}

bool run_driver::next_call() {
    while (verdict_.act == retry_act::sleep_until) {
        parts_.sleep.sleep_until(verdict_.at);
        ask_retry(retry_wake{});
    }
    return verdict_.act == retry_act::call;
}

std::optional<fault> run_driver::admit() {
    if (parts_.cabin != nullptr) {
        if (auto refused = admit_to_cabin(parts_.time.now())) {
            ++counts_.refused;
            ask_retry(retry_failure{*refused});
            return refused;
        }
    }
    return admit_with(std::move(cabin_));
}

std::optional<fault> run_driver::admit_to_cabin(time_point now) {
    cabin_ = parts_.cabin->try_admit();
    if (cabin_) return std::nullopt;
    blocking_place place{parts_.importance};
    if (auto queued = parts_.cabin->enqueue(place, now, parts_.until); !queued) {
        return std::move(queued.error());
    }
    parts_.sleep.sleep_until(place.gives_up_at(), place.flag());
    auto permit = place.finish(parts_.time.now());
    if (!permit) return std::move(permit.error());
    cabin_ = std::move(*permit);
    return std::nullopt;
}

// The limiter comes after the bulkhead's queue, so that no token lapses while its call waits.
std::optional<fault> run_driver::admit_with(bulkhead_permit cabin) {
    const auto now = parts_.time.now();
    started_ = now;
    context_.attempt = verdict_.attempt;
    context_.until = parts_.attempt_timeout > duration::zero()
                         ? parts_.until.child(now, parts_.attempt_timeout)
                         : parts_.until;
    std::optional<fault> refused;
    if (parts_.limiter != nullptr) {
        if (auto allowed = parts_.limiter->admit(now); !allowed) {
            refused = std::move(allowed.error());
        }
    }
    if (!refused && parts_.endpoints != nullptr) {
        refused = admit_from_set(now);
    } else if (!refused && parts_.breaker != nullptr) {
        auto permit = parts_.breaker->admit(now);
        if (permit) {
            permit_ = std::move(*permit);
        } else {
            refused = std::move(permit.error());
        }
    }
    if (refused) {
        ++counts_.refused;
        ask_retry(retry_failure{*refused});
    } else {
        if (retry_.calls() - counts_.refused > 1) ++counts_.repeats;
        cabin_ = std::move(cabin);
    }
    return refused;
}

std::optional<fault> run_driver::injected() {
    context_.pretend = false;
    if (parts_.trouble == nullptr) return std::nullopt;
    const auto injected = parts_.trouble->next();
    if (injected.delay > duration::zero()) {
        parts_.sleep.sleep_until(saturating_add(parts_.time.now(), injected.delay));
    }
    context_.pretend = injected.act == chaos_act::answer;
    if (injected.act != chaos_act::fail) return std::nullopt;
    return injected.what();
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
    learn(now - started_, nullptr, now, parts_.latencies, parts_.adaptive, parts_.cabin);
    cabin_.release();
    ask_retry(retry_success{});
}

void run_driver::failed(const fault& f) {
    const auto now = parts_.time.now();
    if (pick_) pick_->fail(f, now - started_, now);
    permit_.record(outcome_of(f, now - started_), now);
    learn(now - started_, &f, now, parts_.latencies, parts_.adaptive, parts_.cabin);
    cabin_.release();
    ++counts_.failed;
    if (parts_.limiter != nullptr && f.kind() == fault_kind::rate_limited) {
        parts_.limiter->penalise(now, f.retry_after());
    }
    bool others = false;
    if (parts_.endpoints != nullptr) {
        tried_.push_back(current_);
        others = parts_.endpoints->any_eligible(now, tried_, parts_.wanted);
        tried_.pop_back();
        if (!others) tried_.clear();  // this pass is over
    }
    ask_retry(retry_failure{f, others});
}

void run_driver::abandoned() {
    pick_.reset();
    permit_ = {};
    cabin_.release();
    ask_retry(retry_cancel{});
}

}  // namespace thole::detail
