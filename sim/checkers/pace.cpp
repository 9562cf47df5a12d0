#include <deque>

#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

using namespace std::chrono_literals;

// A reconciliation asks ten times a second, however much there is to compare: seen where nothing
// else is at work.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "within_pace"; }
    bool judges(std::string_view) const override { return true; }

    void committed(const commit_seen& seen, const known_operation& op) override {
        const bool ours = op.kind == nft::reconcile_kind || op.kind == nft::reconcile_part_kind;
        const auto& now = seen.op.now;
        const bool rests = now.state == saga::op_state::terminal ||
                           now.state == saga::op_state::parked ||
                           now.state == saga::op_state::blocked ||
                           (op.kind == nft::recheck_kind && op.claims == 0);
        if (ours) return;
        if (rests) {
            others_.erase(op.row);
        } else {
            others_.insert(op.row);
        }
        if (!others_.empty()) left_.clear();
    }
    void leaving(const departure& left) override {
        if (!others_.empty() || left.life != world_.lives) return;
        if (left.life != life_) left_.clear();
        life_ = left.life;
        left_.push_back(world_.age());
        while (left_.back() - left_.front() > window) left_.pop_front();
        if (left_.size() > most) {
            offend(std::to_string(left_.size()) + " requests within 10 s");
            left_.clear();
        }
    }

  private:
    static constexpr duration window = 10s;
    // A page of records is examined side by side: each may ask all of its providers at once before
    // the next one waits for what they owe.
    static constexpr std::size_t most = 100 + 60;

    std::set<std::int64_t> others_;
    std::deque<duration> left_;
    int life_ = 0;
};

}  // namespace

std::unique_ptr<checker> within_pace(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
