#include <fmt/format.h>

#include <deque>

#include "sim/checkers/checker.hpp"
#include "sim/orders.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// Of orders no more are at work at once than may be, in one life; no more are taken up in a minute;
// of one account none begins sooner after the one before than its pace lets it; and a step with few
// places has no more of them in it.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "within_limits"; }
    bool judges(std::string_view kind) const override { return kind == order_kind; }

    void committed(const commit_seen& seen, const known_operation& op) override {
        const auto& now = seen.op.now;
        auto& owner = owners_[op.row];
        // A claim of which nobody heard is given back: nothing begins by it.
        const bool heard = seen.told || now.owner == owner;
        const auto before = std::exchange(owner, heard ? now.owner : 0);
        if (owner != before) {
            running_[before].erase(op.row);
            if (owner != 0) taken_up(owner, op.row);
        }
        const bool has_key = now.state == saga::op_state::running &&
                             now.lock == saga::lock_state::held && now.started;
        if (has_key && begun_.insert(op.row).second) begins(op, seen.op.who.lock_key, seen.at);
    }
    void filing(int orders) override {
        if (orders > places_to_file) offend(std::to_string(orders) + " are filed at once");
    }

  private:
    void taken_up(std::uint64_t by, std::int64_t row) {
        auto& running = running_[by];
        running.insert(row);
        if (std::ssize(running) > order_limits.concurrency) {
            offend(std::to_string(running.size()) + " are at work at once");
        }
        // A second's worth may have been saved up.
        constexpr auto most = order_limits.per_minute + std::max(1, order_limits.per_minute / 60);
        auto& times = taken_[by];
        const auto at = world_.age();
        times.push_back(at);
        while (times.front() + std::chrono::minutes{1} <= at) times.pop_front();
        if (std::ssize(times) > most) {
            offend(std::to_string(times.size()) + " were taken up in a minute");
        }
    }
    void begins(const known_operation& op, const std::string& key, store_time at) {
        constexpr auto pace = std::chrono::seconds{60} / order_limits.key_per_minute;
        const auto last = last_.find(key);
        if (last != last_.end() && at < last->second.at + pace) {
            const auto after = std::chrono::duration<double>{at - last->second.at};
            offend(fmt::format("{} of {} began {:.3f} s after {}", op.key, key, after.count(),
                               last->second.who));
        }
        last_[key] = {op.key, at};
    }
    struct start {
        std::string who;
        store_time at;
    };

    std::map<std::int64_t, std::uint64_t> owners_;  // by row
    std::map<std::uint64_t, std::set<std::int64_t>> running_;
    std::map<std::uint64_t, std::deque<duration>> taken_;
    std::set<std::int64_t> begun_;
    std::map<std::string, start> last_;
};

}  // namespace

std::unique_ptr<checker> within_limits(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
