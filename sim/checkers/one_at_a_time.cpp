#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// The mints of one account go one after another: whoever has an open record, or holds the lock of
// the account, is alone.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "one_at_a_time"; }

    void committed(const commit_seen& seen, const known_operation& op) override {
        const auto& now = seen.op.now;
        const auto& key = seen.op.who.lock_key;
        const bool holds = now.lock == saga::lock_state::held;
        auto& holder = holders_[key];
        if (holds && holder != 0 && holder != op.row) {
            offend(op.key + " holds " + key + " beside " + court_.find(holder)->key);
        }
        if (holds) holder = op.row;
        if (!holds && holder == op.row) holder = 0;
        const auto pending = static_cast<std::size_t>(world_.steps.index_of("record_pending"));
        const bool beyond =
            now.state != saga::op_state::terminal && !now.backward && op.completed.size() > pending;
        if (beyond && !holds) offend(op.key + " goes on without the lock of its account");
    }
    void recorded(const nft::record& row) override {
        auto& open = open_[row.account];
        const bool is_open =
            row.status == nft::record_status::pending || row.status == nft::record_status::minted;
        const auto* own = court_.find(row.operation_id);
        const bool settled = own != nullptr && own->now.state == saga::op_state::terminal;
        if (!is_open || settled) {  // or a reconciliation writes down what came of it
            open.erase(row.operation_id);
            return;
        }
        open.insert(row.operation_id);
        for (const auto& other : open) {
            const auto* op = court_.find(other);
            const bool over = op == nullptr || op->now.state == saga::op_state::terminal;
            if (other == row.operation_id || over) continue;
            offend(row.account + " mints twice at once: " + op->key + " and another");
        }
    }

  private:
    std::map<std::string, std::int64_t> holders_;
    std::map<std::string, std::set<uuid>> open_;
};

}  // namespace

std::unique_ptr<checker> one_at_a_time(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
