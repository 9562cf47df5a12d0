#include "sim/run.hpp"

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

namespace thole::sim {

namespace {

using namespace std::chrono_literals;

// After the last fault, or after an operator's act, everything ends or parks within this: three
// generations that expire (150 blocks and their finality each), the longest back-off and open
// breakers between them.
constexpr duration bound = 20min;
constexpr duration quiet = 1min;  // what is still under way then will never end

class running {
  public:
    running(const day& today, std::uint64_t seed, const run_options& options);
    report go();

  private:
    enum class ending : std::uint8_t { died, stopped, over };

    ending live(process& p);
    void begin_life(process& p);
    void step(process& p);
    [[nodiscard]] time_point next_of(process& p) const;
    void happen(process* p, const fault_event& what);
    void arm(process& p, const fault_event& what);
    void stop(process& p);
    // True when nothing is left to be done.
    bool is_over(process& p);
    bool call_operator();
    void tell_of_death();
    report verdict() const;
    // False: it threw, and the run is judged as it stands.
    template <class Part>
    bool survives(Part part);

    const run_options& options_;
    std::vector<fault_event> faults_;    // by time
    std::vector<fault_event> scripted_;  // by life
    world world_;
    weather sky_;
    clients crowd_;
    report told_;
    duration settle_by_{};
    duration downtime_ = 1s;
    std::optional<fault_event> armed_;
    std::vector<fault_event> arm_next_;  // what befell while no process was there
    bool killed_ = false;
    bool stopping_ = false;
    bool stopped_ = false;
    std::optional<duration> quiet_until_;
    std::map<std::int64_t, int> cared_for_;  // by an operator, how often
};

std::vector<fault_event> faults_of(const day& today, std::uint64_t seed,
                                   const run_options& options) {
    auto all = options.faults ? *options.faults : forecast(today, seed);
    std::erase_if(all, [&](const fault_event& f) { return options.without.contains(f.number); });
    return all;
}

running::running(const day& today, std::uint64_t seed, const run_options& options)
    : options_{options},
      faults_{faults_of(today, seed, options)},
      world_{today, seed, options.where},
      sky_{{}},
      crowd_{world_} {
    told_.seed = seed;
    told_.faults = faults_;
    for (const auto& each : faults_) {
        if (each.life > 0) scripted_.push_back(each);
    }
    std::erase_if(faults_, [](const fault_event& each) { return each.life > 0; });
    sky_ = weather{faults_};
    world_.judges.log.read_by(options.read_by);
    world_.judges.listen([this](const known_operation& op) { crowd_.committed(op, world_.age()); });
}

template <class Part>
bool running::survives(Part part) {
    try {
        part();
        return true;
    } catch (const std::exception& thrown) {
        world_.judges.offend("nothing_throws", thrown.what());
        return false;
    }
}

report running::go() {
    auto how = ending::stopped;
    while (how != ending::over) {
        ++world_.lives;
        process p{world_, options_.with};
        if (!survives([&] { how = live(p); })) return verdict();
        world_.set_age(p.age());
        const auto& power = p.way().power;
        told_.lives.push_back({power.writes(), p.way().calls(), how == ending::died});
        if (how == ending::died) tell_of_death();
        p.way().power.turn_off();
        // What was on its way still arrives, and whatever slept runs into the dead power.
        if (!survives([&] { p.loop().run_until_idle(2h); })) return verdict();
        crowd_.process_ended(world_.age() + downtime_);
        if (how == ending::over) break;
        world_.set_age(world_.age() + downtime_);
        for (const auto& each : sky_.advance(world_.age())) happen(nullptr, each);
        world_.apply(sky_);
    }
    survives([&] { world_.judges.at_rest(); });
    return verdict();
}

void running::begin_life(process& p) {
    armed_.reset();
    killed_ = stopping_ = stopped_ = false;
    downtime_ = 1s;
    for (const auto& each : scripted_) {
        if (each.life == world_.lives) arm(p, each);
    }
    for (const auto& each : std::exchange(arm_next_, {})) arm(p, each);
    auto start = [](process& of, bool& killed) -> task<> {
        const auto started = co_await of.engine().start();
        if (started) co_return;
        killed = true;  // the journal is away: the process gives up, and is started again
        of.way().power.turn_off();
    };
    boost::asio::co_spawn(p.loop().executor(), start(p, killed_), boost::asio::detached);
}

running::ending running::live(process& p) {
    begin_life(p);
    step(p);
    for (;;) {
        if (p.way().power.is_off()) return ending::died;
        if (stopped_) return ending::stopped;
        if (is_over(p)) return ending::over;
        const auto next = next_of(p);
        p.loop().advance(next - p.loop().now());
        step(p);
    }
}

time_point running::next_of(process& p) const {
    const auto at = [&](duration age) {
        return std::max(p.loop().now(), p.loop().now() + (age - p.age()));
    };
    auto next = at(quiet_until_.value_or(settle_by_ + bound));
    if (const auto timer = p.loop().next_timer()) next = std::min(next, *timer);
    if (const auto change = sky_.next()) next = std::min(next, at(*change));
    if (const auto ask = crowd_.next()) next = std::min(next, at(*ask));
    return next;
}

void running::step(process& p) {
    world_.set_age(p.age());
    const auto change = sky_.next();
    if (change && *change <= p.age()) {
        const auto begun = sky_.advance(p.age());
        world_.apply(sky_);
        p.apply_links();
        for (const auto& each : begun) happen(&p, each);
    }
    if (!sky_.is_over() || crowd_.next()) settle_by_ = p.age();
    if (!stopping_ && !p.way().power.is_off()) crowd_.step(p, p.age());
    p.loop().run_ready();
}

void running::happen(process* p, const fault_event& what) {
    world_.judges.log.add(world_.age(), "fault", static_cast<std::uint64_t>(what.number),
                          what.text());
    ++told_.begun;
    world_.happen(what);
    switch (what.kind) {
        case trouble::process_die:
        case trouble::process_die_call:
            if (p == nullptr) {
                arm_next_.push_back(what);
            } else {
                arm(*p, what);
            }
            break;
        case trouble::process_kill:
            if (p == nullptr) break;
            killed_ = true;
            downtime_ = what.lasts;
            p->way().power.turn_off();
            break;
        case trouble::process_restart:
            if (p == nullptr || stopping_) break;
            downtime_ = what.lasts;
            stop(*p);
            break;
        case trouble::clock_step: {
            const std::chrono::microseconds by = std::chrono::seconds{what.amount};
            world_.wall_offset += by;
            if (what.amount < 0) world_.judges.probes.hit(probe::clock_went_back);
            if (p != nullptr) p->loop().step_wall(by);
            break;
        }
        default:
            break;
    }
}

void running::arm(process& p, const fault_event& what) {
    armed_ = what;
    downtime_ = what.lasts;
    const auto number = static_cast<int>(std::max<std::int64_t>(what.amount, 1));
    if (what.kind == trouble::process_die) {
        p.way().arm_write(number, static_cast<saga::crash_when>(what.dice % 3));
    } else {
        p.way().arm_call(number, static_cast<call_side>(what.dice % 2));
    }
}

void running::stop(process& p) {
    stopping_ = true;
    auto in_order = [](process& of, bool& done, probe_log& probes) -> task<> {
        co_await of.engine().stop(10s);
        probes.hit(probe::stopped_in_order);
        done = true;
    };
    boost::asio::co_spawn(p.loop().executor(), in_order(p, stopped_, world_.judges.probes),
                          boost::asio::detached);
}

void running::tell_of_death() {
    world_.judges.log.add(world_.age(), "died", static_cast<std::uint64_t>(world_.lives), "");
    if (killed_ || !armed_) return;
    constexpr std::array writes{probe::died_before_commit, probe::died_unacknowledged,
                                probe::died_acknowledged};
    constexpr std::array calls{probe::died_unsent, probe::died_unanswered};
    world_.judges.probes.hit(armed_->kind == trouble::process_die ? writes.at(armed_->dice % 3)
                                                                  : calls.at(armed_->dice % 2));
}

// ---- the end ------------------------------------------------------------------------------------

bool running::is_over(process& p) {
    auto& judges = world_.judges;
    if (quiet_until_) {
        if (p.age() < *quiet_until_) return false;
        p.report_in_flight();
        return true;
    }
    if (!sky_.is_over() || stopping_) return false;
    const bool settled = crowd_.is_over() && judges.unsettled() == 0;
    if (!settled) {
        if (p.age() < settle_by_ + bound) return false;
        judges.offend("everything_ends",
                      fmt::format("{} operations neither ended nor parked within {} minutes",
                                  judges.unsettled(), bound / 1min));
        quiet_until_ = p.age();
        return false;
    }
    settle_by_ = p.age();
    if (judges.unended() == 0 || !call_operator()) quiet_until_ = p.age() + quiet;
    return false;
}

// Somebody looks at everything that is parked. False: there is nothing that he could do.
bool running::call_operator() {
    using enum act_kind;
    // Three kinds of operators.
    constexpr std::array patient{retry, retry, cancel, retry, close};
    constexpr std::array strict{fail, retry, cancel, retry, close};
    constexpr std::array tidy{close, retry, cancel, retry, close};
    constexpr std::array ways{patient, strict, patient, tidy};
    bool found = false;
    for (const auto& [row, op] : world_.judges.operations()) {
        if (op.now.state != saga::op_state::parked) continue;
        const auto times = static_cast<std::size_t>(cared_for_[row]++);
        if (times >= patient.size()) continue;
        const auto& care = ways.at(static_cast<std::size_t>(row) % ways.size());
        crowd_.add(care.at(times), op.client, world_.age());
        found = true;
    }
    if (!found) {
        world_.judges.offend("everything_ends",
                             fmt::format("{} operations wait for nobody", world_.judges.unended()));
    }
    return found;
}

report running::verdict() const {
    auto out = told_;
    const auto& judges = world_.judges;
    out.violations = judges.violations();
    out.hash = judges.log.hash();
    out.counted = judges.counted();
    out.probes = judges.probes;
    out.lasted = world_.age();
    out.operations = crowd_.accepted();
    for (const auto& [row, op] : judges.operations()) {
        out.generations += op.generations.size();
        switch (op.now.ending) {
            case saga::op_ending::completed:
                ++out.completed;
                break;
            case saga::op_ending::rolled_back:
                ++out.rolled_back;
                break;
            case saga::op_ending::failed:
                ++out.failed;
                break;
            case saga::op_ending::closed:
                ++out.closed;
                break;
            case saga::op_ending::none:
                break;
        }
    }
    return out;
}

}  // namespace

std::size_t report::crashes() const noexcept {
    return static_cast<std::size_t>(std::ranges::count(lives, true, &life_span::died));
}

report simulate(const day& today, std::uint64_t seed, const run_options& options) {
    return running{today, seed, options}.go();
}

std::string replay_line(const std::string& day, std::uint64_t seed, const std::set<int>& without,
                        std::string_view mutant) {
    auto out = fmt::format("thole-sim replay --day {} --seed {}", day, seed);
    std::string list;
    for (const auto number : without) list += (list.empty() ? "" : ",") + std::to_string(number);
    if (!list.empty()) out += " --without " + list;
    if (!mutant.empty()) out += fmt::format(" --mutant {}", mutant);
    return out;
}

}  // namespace thole::sim
