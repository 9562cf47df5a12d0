#include "sim/checkers/checker.hpp"
#include "sim/orders.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// When all is over: who completed has left at the desk what each of his steps leaves, holds his
// pin, and his parcel is packed; who was undone has left nothing, and neither has his child. What a
// person ended is his to decide.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "orders_hold"; }

    void at_rest() override {
        std::set<std::string> pinning;
        for (const auto& [cid, owners] : world_.own_pins()) {
            pinning.insert(owners.begin(), owners.end());
        }
        for (const auto& [row, op] : court_.operations()) {
            if (op.kind == order_kind) check_order(op, pinning);
            if (op.kind == parcel_kind) check_parcel(op);
        }
        for (const auto& [id, steps] : world_.supplier.kept()) {
            const auto known = uuid::parse(id);
            if (!known || court_.find(*known) == nullptr) offend(id + " is kept, and nobody's");
        }
    }

  private:
    static std::set<std::string> all_kept(const world& in, const known_operation& op) {
        const auto found = in.supplier.kept().find(op.id.text());
        return found == in.supplier.kept().end() ? std::set<std::string>{} : found->second;
    }
    void check_order(const known_operation& op, const std::set<std::string>& pinning) {
        const auto kept = all_kept(world_, op);
        if (op.now.ending == saga::op_ending::rolled_back && !kept.empty()) {
            offend(op.key + " was undone and has left " + *kept.begin());
        }
        if (op.now.ending != saga::op_ending::completed) return;
        for (const std::string step : {"reserve", "file", "invite", "charge", "ship", "thank"}) {
            const bool wanted = step == "thank" ? op.now.version > 1 : !op.skipped.contains(step);
            if (wanted && !kept.contains(step)) offend(op.key + " completed without " + step);
        }
        if (!pinning.contains(op.id.text())) offend(op.key + " completed without its pin");
        bool packed = false;
        for (const auto& [row, child] : court_.operations()) {
            packed =
                packed || (child.parent == op.id && child.now.ending == saga::op_ending::completed);
        }
        if (!packed) offend(op.key + " completed without its parcel");
    }
    void check_parcel(const known_operation& op) {
        const auto kept = all_kept(world_, op);
        const auto* parent = court_.find(*op.parent);
        const bool undone = op.now.ending == saga::op_ending::rolled_back ||
                            parent->now.ending == saga::op_ending::rolled_back;
        if (undone && !kept.empty()) {
            offend("the parcel of " + parent->key + " was undone and has left " + *kept.begin());
        }
        // A person may have ended his order when it had taken the parcel back, and no more.
        if (undone || ended_by_person(*parent) || op.now.ending != saga::op_ending::completed)
            return;
        for (const std::string step : {"wrap", "address"}) {
            if (!kept.contains(step)) offend("a parcel completed without " + step);
        }
    }
};

}  // namespace

std::unique_ptr<checker> orders_hold(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
