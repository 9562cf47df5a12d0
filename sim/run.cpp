#include "sim/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/orders.hpp"

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
    void step();
    [[nodiscard]] duration next() const;
    void advance();
    void happen(const fault_event& what);
    // True when nothing is left to be done.
    bool is_over();
    bool call_operator();
    // Whether something is still to begin by the clock, the world's or that of a daemon.
    [[nodiscard]] bool rounds_to_come() const;
    void end_rounds();
    void fall_quiet();
    report verdict() const;
    // False: it threw, and the run is judged as it stands.
    template <class Part>
    bool survives(Part part);

    std::vector<fault_event> faults_;  // by time
    world world_;
    weather sky_;
    clients crowd_;
    auditor audit_;
    std::vector<std::unique_ptr<node>> daemons_;
    report told_;
    duration settle_by_{};
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
    : faults_{faults_of(today, seed, options)},
      world_{today, seed, options.where},
      sky_{{}},
      crowd_{world_},
      audit_{world_} {
    told_.seed = seed;
    told_.faults = faults_;
    for (int i = 0; i < today.surroundings.daemons; ++i) {
        daemons_.push_back(std::make_unique<node>(world_, options.with, crowd_, i));
    }
    for (const auto& each : faults_) {
        if (each.life > 0) daemons_.front()->script(each);
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
    bool over = false;
    const auto part = [&] {
        step();
        over = is_over();
        if (!over) advance();
    };
    while (!over) {
        if (!survives(part)) return verdict();
    }
    for (auto& each : daemons_) each->close();
    survives([&] {
        const auto last_look = world_.open_journal();
        world_.judges.at_rest();
    });
    return verdict();
}

duration running::next() const {
    const auto age = world_.age();
    auto out = settle_by_ + bound;
    if (out <= age) out = duration::max();  // somebody is down still
    if (quiet_until_) out = std::max(*quiet_until_, age);
    if (const auto last = world_.by_the_clock.over_at(); last > age) out = std::min(out, last);
    bool served = false;
    for (const auto& each : daemons_) {
        out = std::min(out, each->next());
        served = served || each->serving() != nullptr;
    }
    if (const auto change = sky_.next()) out = std::min(out, *change);
    if (const auto ask = crowd_.next(); ask && served) out = std::min(out, *ask);
    if (const auto ask = audit_.next(); ask && served) out = std::min(out, *ask);
    return out;
}

void running::advance() {
    world_.set_age(next());
    for (auto& each : daemons_) each->advance();
}

void running::step() {
    const auto age = world_.age();
    if (const auto change = sky_.next(); change && *change <= age) {
        const auto begun = sky_.advance(age);
        world_.apply(sky_);
        for (auto& each : daemons_) each->weather_changed();
        for (const auto& each : begun) happen(each);
    }
    if (!sky_.is_over() || crowd_.next() || rounds_to_come()) settle_by_ = age;
    std::vector<process*> serving;
    for (const auto& each : daemons_) {
        if (auto* p = each->serving()) serving.push_back(p);
    }
    crowd_.step(serving, age);
    if (audit_.has_begun()) audit_.step(serving.empty() ? nullptr : serving.front(), age);
    for (auto& each : daemons_) each->step();
}

void running::happen(const fault_event& what) {
    world_.judges.log.add(world_.age(), "fault", static_cast<std::uint64_t>(what.number),
                          what.text());
    ++told_.begun;
    world_.happen(what);
    if (what.kind != trouble::clock_step) {
        return daemons_[static_cast<std::size_t>(world_.daemon_of(what))]->befall(what);
    }
    const std::chrono::microseconds by = std::chrono::seconds{what.amount};
    world_.wall_offset += by;
    world_.clock_was_set = true;
    world_.judges.probes.hit(what.amount < 0 ? probe::clock_went_back : probe::clock_went_forward);
    for (auto& each : daemons_) each->step_wall(by);
}

// ---- the end ------------------------------------------------------------------------------------

bool running::rounds_to_come() const {
    const auto last = world_.by_the_clock.over_at();
    if (last == duration::zero()) return false;
    const auto is_behind = [&](const auto& each) {
        auto* p = each->serving();
        return p == nullptr || p->store_now() < rounds::at_age(last);
    };
    return world_.age() < last || std::ranges::any_of(daemons_, is_behind);
}

bool running::is_over() {
    auto& judges = world_.judges;
    const auto age = world_.age();
    if (quiet_until_) {
        if (age < *quiet_until_) return false;
        for (const auto& each : daemons_) {
            if (each->is_well()) each->report_in_flight();
        }
        return true;
    }
    const bool well =
        std::ranges::all_of(daemons_, [](const auto& each) { return each->is_well(); });
    if (!sky_.is_over() || !well || rounds_to_come()) return false;
    if (crowd_.is_over()) end_rounds();
    const bool settled = crowd_.is_over() && judges.unsettled() == 0;
    if (!settled) {
        if (age < settle_by_ + bound) return false;
        judges.offend("everything_ends",
                      fmt::format("{} operations neither ended nor parked within {} minutes",
                                  judges.unsettled(), bound / 1min));
        quiet_until_ = age;
        return false;
    }
    settle_by_ = age;
    if (audit_.is_asking()) return false;
    if (world_.today.reconciles() && !audit_.has_begun()) {
        audit_.begin(age);
    } else if (judges.unended() > 0) {
        audit_.somebody_acted();
        if (!call_operator()) fall_quiet();
    } else if (world_.today.reconciles() && !audit_.is_content()) {
        audit_.begin(age);
    } else {
        fall_quiet();
    }
    return false;
}

// The last hour: what is reconciled from now on the auditor asks for.
void running::end_rounds() {
    if (std::exchange(world_.last_hour, true)) return;
    for (const auto& each : daemons_) {
        if (auto* p = each->serving()) p->end_rounds();
    }
}

// What is asked for by nobody's operation ends, so that what is under way then is a leak.
void running::fall_quiet() {
    quiet_until_ = world_.age() + quiet;
    for (const auto& each : daemons_) {
        if (auto* p = each->serving()) p->end_filling();
    }
}

// Somebody looks at everything that is parked. False: there is nothing that he could do.
bool running::call_operator() {
    using enum act_kind;
    // Three kinds of operators.
    constexpr std::array patient{retry, retry, cancel, retry, close};
    constexpr std::array strict{fail, retry, cancel, retry, close};
    constexpr std::array tidy{close, retry, cancel, retry, close};
    constexpr std::array orderly{skip, retry, retry, cancel, close};
    constexpr std::array faithful{retry, retry, retry, retry, close};  // what no client asked for
    constexpr std::array ways{patient, strict, patient, tidy};
    bool found = false;
    for (const auto& [row, op] : world_.judges.operations()) {
        if (op.now.state != saga::op_state::parked) continue;
        const auto times = static_cast<std::size_t>(cared_for_[row]++);
        if (times >= patient.size()) continue;
        const int whose = op.client < 0 ? -static_cast<int>(row) : op.client;
        const bool order = op.kind == order_kind;
        const bool ours = op.client < 0 && world_.today.reconciles();
        const auto& usual = ways.at(static_cast<std::size_t>(row) % ways.size());
        const auto& care = order ? orderly : ours ? faithful : usual;
        const bool rests = order && op.now.paused;
        crowd_.add(rests ? resume : care.at(times), whose, world_.age());
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
    for (const auto& each : daemons_) {
        out.lives.insert(out.lives.end(), each->lives().begin(), each->lives().end());
    }
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
