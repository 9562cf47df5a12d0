#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// When all is over: no lock is held, no call is counted as under way, who was undone has no pin,
// and who completed has all of his – at every node that did not lose them by itself.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "nothing_left"; }

    void in_flight(std::string_view endpoint, std::uint32_t calls) override {
        if (calls == 0) return;
        offend(std::string{endpoint} + " counts " + std::to_string(calls) + " calls under way");
    }
    void at_rest() override {
        const auto locks = world_.journal().locks();
        if (locks) {
            for (const auto& each : *locks) offend("lock " + each.key + " is still held");
        }
        check_pins();
    }

  private:
    void check_pins() {
        const auto own = world_.own_pins();
        std::set<std::string> undecided;  // a person has ended one: what it pinned he decides
        std::set<std::string> needed;
        for (const auto& [row, op] : court_.operations()) {
            const auto owner = op.id.text();
            if (op.kind != nft::mint_kind) continue;
            const bool completed = op.now.ending == saga::op_ending::completed || has_token(op);
            const bool by_person = is_undecided(op);
            for (const auto& cid : {op.image_cid, op.metadata_cid}) {
                if (cid.empty()) continue;
                if (by_person) undecided.insert(cid);
                if (!completed) continue;
                needed.insert(cid);
                if (has_token(op)) continue;  // kept for whoever put it there
                const auto found = own.find(cid);
                if (found == own.end() || !found->second.contains(owner)) {
                    offend(op.key + " is COMPLETED and does not hold " + cid);
                }
            }
            if (completed || by_person) continue;
            for (const auto& [cid, owners] : own) {
                if (owners.contains(owner)) offend(op.key + " was undone and still holds " + cid);
            }
        }
        if (anybody_closed()) return check_needed(needed);
        for (const auto& node : world_.content_nodes) {
            for (const auto& cid : node->model.pins()) {
                if (needed.contains(cid) || undecided.contains(cid)) continue;
                // A copy under a wrong CID of which nobody was told.
                const bool untold = court_.lost_an_upload(node->url) || world_.lives > 1;
                if (cid == model::content_node::lied_about() && untold) continue;
                offend(node->label + " still pins " + cid + ", which nobody needs");
            }
        }
        check_needed(needed);
    }
    void check_needed(const std::set<std::string>& needed) {
        for (const auto& node : world_.content_nodes) {
            for (const auto& cid : needed) {
                if (node->model.pins().contains(cid) || world_.was_lost(node->label, cid)) continue;
                offend(node->label + " does not pin " + cid + ", which a completed mint needs");
            }
        }
    }
    // What a person left is put right by the reconciler, where there is one: by what the chain
    // says.
    [[nodiscard]] bool is_undecided(const known_operation& op) const {
        return op.kind == nft::mint_kind && ended_by_person(op) && !world_.today.reconciles();
    }
    [[nodiscard]] bool has_token(const known_operation& op) const {
        return world_.today.reconciles() && world_.token_of(op.key).has_value();
    }
    // Ended by a person before its upload was journaled: its content is not known.
    [[nodiscard]] bool anybody_closed() const {
        for (const auto& [row, op] : court_.operations()) {
            if (is_undecided(op) && op.metadata_cid.empty()) return true;
        }
        return false;
    }
};

}  // namespace

std::unique_ptr<checker> nothing_left(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
