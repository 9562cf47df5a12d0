#include "sim/node.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

namespace thole::sim {

namespace {

using namespace std::chrono_literals;

// What was on its way when a process died has arrived by then.
constexpr duration afterlife = 1min;

duration next_timer(const process& p, io::virtual_loop& loop) {
    const auto timer = loop.next_timer();
    return timer ? p.age() + std::max(*timer - loop.now(), duration::zero()) : duration::max();
}

}  // namespace

process* node::serving() const noexcept {
    return stopping_ || still_until_ ? nullptr : up_.get();
}

duration node::next() const {
    auto out = duration::max();
    for (const auto& each : late_) {
        out = std::min({out, each.until, next_timer(*each.who, each.who->loop())});
    }
    if (!up_) return std::min(out, back_at_);
    return std::min(out, still_until_ ? *still_until_ : next_timer(*up_, up_->loop()));
}

void node::advance() {
    const auto follow = [this](process& p) { p.loop().advance(world_.age() - p.age()); };
    for (auto& each : late_) follow(*each.who);
    std::erase_if(late_, [this](const late& each) { return each.until <= world_.age(); });
    if (up_ && !still_until_) follow(*up_);
}

void node::step() {
    if (!up_) {
        if (world_.age() < back_at_) return;
        begin();
        if (!up_) return;
    }
    if (still_until_) {
        if (world_.age() < *still_until_) return;
        still_until_.reset();
        up_->loop().stand_still(world_.age() - up_->age());
    }
    up_->loop().run_ready();
    if (up_->way().power.is_off()) {
        end(true);
    } else if (up_->stopped) {
        end(false);
    }
}

void node::begin() {
    ++world_.lives;
    try {
        up_ = std::make_unique<process>(world_, seams_, number_);
    } catch (const no_journal&) {
        world_.close_files(true, false);
        back_at_ = world_.age() + 1s;
        return;
    }
    armed_.reset();
    killed_ = stopping_ = power_cut_ = false;
    downtime_ = 1s;
    for (const auto& each : scripted_) {
        if (each.life == world_.lives) arm(each);
    }
    for (const auto& each : std::exchange(arm_next_, {})) arm(each);
    auto start = [](process& of) -> task<> {
        const auto started = co_await of.start();
        if (started) co_return of.start_clock();
        of.gave_up = true;  // the journal is away: it is started again
        of.way().power.turn_off();
    };
    boost::asio::co_spawn(up_->loop().executor(), start(*up_), boost::asio::detached);
}

void node::befall(const fault_event& what) {
    const bool dies = what.kind == trouble::process_die || what.kind == trouble::process_die_call;
    if (dies && !up_) arm_next_.push_back(what);
    if (!up_) return;
    if (dies) return arm(what);
    if (what.kind == trouble::process_kill || what.kind == trouble::power_cut) {
        killed_ = true;
        power_cut_ = what.kind == trouble::power_cut;
        still_until_.reset();
        downtime_ = what.lasts;
        up_->way().power.turn_off();
    } else if (what.kind == trouble::process_restart && serving() != nullptr) {
        downtime_ = what.lasts;
        stop();
    } else if (what.kind == trouble::process_pause && serving() != nullptr) {
        world_.judges.probes.hit(probe::stood_still);
        still_until_ = world_.age() + what.lasts;
    }
}

void node::arm(const fault_event& what) {
    armed_ = what;
    downtime_ = what.lasts;
    const auto number = static_cast<int>(std::max<std::int64_t>(what.amount, 1));
    if (what.kind == trouble::process_die) {
        up_->way().arm_write(number, static_cast<saga::crash_when>(what.dice % 3));
    } else {
        up_->way().arm_call(number, static_cast<call_side>(what.dice % 2));
    }
}

void node::stop() {
    stopping_ = true;
    auto in_order = [](process& of, probe_log& probes) -> task<> {
        co_await of.engine().stop(10s);
        if (of.way().power.is_off()) co_return;
        probes.hit(probe::stopped_in_order);
        of.stopped = true;
    };
    boost::asio::co_spawn(up_->loop().executor(), in_order(*up_, world_.judges.probes),
                          boost::asio::detached);
}

void node::end(bool died) {
    const auto& power = up_->way().power;
    lives_.push_back({power.writes(), up_->way().calls(), died});
    if (died) tell_of_death();
    if (up_->engine().figures().fenced > 0) world_.judges.probes.hit(probe::kept_out);
    stopping_ = false;
    back_at_ = world_.age() + downtime_;
    crowd_.process_ended(*up_, back_at_);
    bury(std::move(up_), died);
}

// Dead, but what it had sent is on its way still. A file has one owner, so there it arrives at
// once.
void node::bury(std::unique_ptr<process> who, bool died) {
    who->way().power.turn_off();
    if (!world_.has_files()) {
        late_.push_back({std::move(who), world_.age() + afterlife});
        return;
    }
    who->loop().run_until_idle(2h);
    who.reset();
    world_.close_files(died, power_cut_);
}

void node::tell_of_death() {
    world_.judges.log.add(world_.age(), "died", static_cast<std::uint64_t>(world_.lives), "");
    if (killed_ || up_->gave_up || !armed_) return;
    constexpr std::array writes{probe::died_before_commit, probe::died_unacknowledged,
                                probe::died_acknowledged};
    constexpr std::array calls{probe::died_unsent, probe::died_unanswered};
    world_.judges.probes.hit(armed_->kind == trouble::process_die ? writes.at(armed_->dice % 3)
                                                                  : calls.at(armed_->dice % 2));
}

void node::weather_changed() {
    if (up_) up_->apply_links();
}

void node::step_wall(std::chrono::microseconds by) {
    if (up_) up_->loop().step_wall(by);
}

void node::close() {
    if (up_) end(false);
}

}  // namespace thole::sim
