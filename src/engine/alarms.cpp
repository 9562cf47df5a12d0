#include "engine/alarms.hpp"

#include <boost/asio/co_spawn.hpp>

#include "engine/cancellable.hpp"
#include "io/cancellation.hpp"
#include "io/suspend.hpp"
#include "thole/assert.hpp"

namespace thole::saga {

alarms::id alarms::at(time_point when, action what) {
    const id key{when, next_++};
    set_.emplace(key, std::move(what));
    if (stopped_) return key;
    if (!asleep_) {
        asleep_ = true;
        auto ended = [self = shared_from_this()](std::exception_ptr error) {
            THOLE_ASSERT(error == nullptr, "the sleeper does not throw");
        };
        boost::asio::co_spawn(loop_.executor(), sleep(shared_from_this()), std::move(ended));
    } else if (sleeping_ && when < until_) {
        until_ = when;  // so that a second one does not wake it again
        signal_->emit(boost::asio::cancellation_type::terminal);
    }
    return key;
}

bool alarms::cancel(const id& which) {
    return set_.erase(which) > 0;
}

void alarms::stop() {
    stopped_ = true;
    set_.clear();
    if (sleeping_) signal_->emit(boost::asio::cancellation_type::terminal);
}

// Sleeps to the earliest alarm, for as long as there is one. Each sleep has a signal of its own: a
// coroutine that was cancelled once never sleeps again.
task<void> alarms::sleep(std::shared_ptr<alarms> self) {
    auto& s = *self;
    while (!s.stopped_ && !s.set_.empty()) {
        s.until_ = s.set_.begin()->first.at;
        s.signal_.emplace();
        auto start = [&s, &self](io::resumption<bool> done) {
            auto ended = [done = std::move(done)](std::exception_ptr error) mutable {
                THOLE_ASSERT(error == nullptr, "a sleep does not throw");
                done.resume(true);
            };
            boost::asio::co_spawn(s.loop_.executor(), one_sleep(self),
                                  cancellable{s.signal_->slot(), std::move(ended)});
        };
        co_await io::suspend<bool>(std::move(start));
        s.sleeping_ = false;
        s.ring();
    }
    s.asleep_ = false;
}

task<void> alarms::one_sleep(std::shared_ptr<alarms> self) {
    co_await io::cancellation_as_value();
    self->sleeping_ = true;
    if (self->set_.empty()) co_return;
    // An earlier one may have come since.
    self->until_ = self->set_.begin()->first.at;
    co_await self->loop_.sleep_until(self->until_);
}

void alarms::ring() {
    while (!stopped_ && !set_.empty() && set_.begin()->first.at <= loop_.now()) {
        auto node = set_.extract(set_.begin());
        node.mapped()();
    }
}

}  // namespace thole::saga
