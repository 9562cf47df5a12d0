#include "sim/checkers/checker.hpp"
#include "sim/orders.hpp"
#include "sim/rounds.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// What begins by the clock is begun once for each tick, not before it, and at no other time. When
// nothing is in the way any more none is missed: of those that passed while nobody was there, the
// last is made up for, once a first one was begun.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "rounds_begin"; }
    bool judges(std::string_view kind) const override { return kind == order_kind; }

    void committed(const commit_seen& seen, const known_operation& op) override {
        const auto tick = rounds::tick_of(op.key);
        if (!tick) return;
        const auto [known, fresh] = begun_.emplace(*tick, op.row);
        if (!fresh && known->second != op.row) offend(op.key + " was begun twice");
        if (!fresh) return;
        if (seen.op.who.created_at < *tick) offend(op.key + " was begun too early");
        const auto& at = world_.by_the_clock.at();
        if (at.next(*tick - store_time::duration{1}) != tick) offend(op.key + " is no tick");
    }
    void at_rest() override {
        if (!world_.by_the_clock.any() || world_.clock_was_set) return;
        const auto& at = world_.by_the_clock.at();
        const auto end = rounds::at_age(world_.age());
        const auto since = rounds::at_age(world_.clock_since);
        const auto calm = std::max(since, rounds::at_age(world_.calm_since));
        auto tick = at.newest(rounds::at_age({}), since);
        const bool had_begun = !begun_.empty() && begun_.begin()->first < since;
        if (!tick || !had_begun) tick = at.next(since);
        for (; tick && *tick <= end; tick = at.next(*tick)) {
            const auto until = std::min(at.next(*tick).value_or(end), end);
            const bool had_time = until - std::max(*tick, calm) >= round_delay;
            if (had_time && !begun_.contains(*tick)) {
                offend(saga::cron_runner::key_of("round", *tick) + " was missed");
            }
        }
    }

  private:
    std::map<store_time, std::int64_t> begun_;
};

}  // namespace

std::unique_ptr<checker> rounds_begin(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
