#include "nft/steps/upload_content.hpp"
#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

using nft::drift;

// What came apart is told, and nothing else is; a report tells it once; in the end every layer of
// every mint agrees again, or a person was told: it is in the last report, and flagged.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "drifts_end"; }

    void found(const nft::finding& what) override {
        told_.emplace(what.operation_id, what.drift);
        hit(what);
        if (world_.drifts.explains(what)) return;
        offend(text_of(what) + " is told, and nobody did that: " + what.detail);
    }
    void recorded(const nft::record& row) override {
        const auto* op = court_.find(row.operation_id);
        if (op == nullptr || op->now.ending != saga::op_ending::completed) return;
        const auto [known, fresh] = versions_.emplace(row.operation_id, row.version);
        if (fresh || known->second == row.version) return;
        known->second = row.version;
        const auto* own = world_.drifts.of(row.operation_id);
        if (own == nullptr) offend(op->key + ": its record was right, and was written again");
    }
    void at_rest() override {
        if (!world_.today.reconciles()) return;
        for (const auto& report : court_.reports()) check_once(report);
        if (court_.reports().empty()) return offend("nothing was reconciled");
        for (const auto& each : world_.drifts.made()) {
            check_told(each);
            check_left(each);
        }
        std::set<uuid> off_chain;
        for (const auto& each : court_.reports().back().findings) {
            if (each.drift == drift::not_on_chain) off_chain.insert(each.operation_id);
            if (is_for_a_person(each.drift)) continue;
            offend(text_of(each) + " is in the last report still: " + each.detail);
        }
        for (const auto& [row, op] : court_.operations()) {
            if (op.kind != nft::mint_kind || off_chain.contains(op.id)) continue;
            const auto problem = disagreement(op);
            if (!problem.empty()) offend(op.key + ": " + problem);
        }
        check_flags(court_.reports().back());
    }

  private:
    std::string text_of(const nft::finding& what) const {
        const auto* op = court_.find(what.operation_id);
        const auto who = op == nullptr ? what.operation_id.text() : op->key;
        return std::string{json::detail::enum_text(what.drift)} + " of " + who;
    }
    void hit(const nft::finding& what) {
        const bool mended = what.remedy == nft::remedy::fixed;
        const bool left = what.remedy == nft::remedy::none && is_for_a_person(what.drift);
        if (mended || left) court_.probes.hit(what.drift);
    }
    void check_once(const nft::reconcile_report& report) {
        std::set<std::pair<uuid, drift>> seen;
        for (const auto& each : report.findings) {
            if (seen.emplace(each.operation_id, each.drift).second) continue;
            offend(text_of(each) + " is in one report twice");
        }
    }
    // Content that several show: one of them is enough.
    void check_told(const made_drift& made) {
        for (const auto& [id, what] : told_) {
            const auto* op = court_.find(id);
            if (op == nullptr) continue;
            const bool same_content =
                !made.cid.empty() && (op->image_cid == made.cid || op->metadata_cid == made.cid);
            const bool content = what == drift::content_lost || what == drift::pin_lost;
            if (what == made.what && id == made.victim) return;
            if (same_content && content) return;
        }
        offend(court_.find(made.victim)->key + " came apart and nobody was told: " +
               std::string{json::detail::enum_text(made.what)});
    }
    // What nobody but its owner can put right.
    void check_left(const made_drift& made) {
        if (made.what != drift::uri_dead && made.what != drift::partner_mismatch) return;
        const auto& last = court_.reports().back().findings;
        const auto is_it = [&](const nft::finding& each) {
            return each.operation_id == made.victim && each.drift == made.what;
        };
        const bool open = world_.drifts.shows(made.victim, made.what);
        if (open == std::ranges::any_of(last, is_it)) return;
        offend(court_.find(made.victim)->key +
               (open ? " is still wrong, and not" : " is well, and") +
               " in the last report: " + std::string{json::detail::enum_text(made.what)});
    }
    // "" when every layer says the same.
    std::string disagreement(const known_operation& op) {
        const auto token = world_.token_of(op.key);
        const auto row = world_.record_of(op.id);
        if (!token) {
            if (row && row->status != nft::record_status::rolled_back) return "a record of nothing";
            if (!world_.ledger_of(op.id).empty()) return "pins of nothing";
            return {};
        }
        if (!row) return "a token without a record";
        if (row->status != nft::record_status::completed) return "its record is not complete";
        if (token->uri != row->uri) return "its URI is " + token->uri;
        if (nft::steps::metadata_cid(row->metadata_json).text() != row->metadata_cid ||
            row->uri != world_.uri_prefix() + row->metadata_cid) {
            return "its record contradicts itself";
        }
        if (row->level != world_.request_of(op.client).level) return "its record's level is wrong";
        const auto own = world_.own_pins();
        for (const auto& cid : {row->image_cid, row->metadata_cid}) {
            if (!own.contains(cid)) return "the archive does not keep " + cid;
            for (const auto& node : world_.content_nodes) {
                if (!node->model.pins().contains(cid)) return node->label + " does not keep " + cid;
            }
        }
        return {};
    }
    void check_flags(const nft::reconcile_report& last) {
        std::map<std::string, drift> open;
        for (const auto& each : last.findings) {
            if (each.drift != drift::owner_mismatch) {
                open.emplace(each.operation_id.text(), each.drift);
            }
        }
        const auto text = world_.open_flags();
        const auto kept = json::read<std::map<std::string, drift>>(text);
        if (!kept || *kept != open)
            offend("flagged are " + text + ", open is " + json::write(open));
    }

    std::set<std::pair<uuid, drift>> told_;
    std::map<uuid, std::int64_t> versions_;
};

}  // namespace

std::unique_ptr<checker> drifts_end(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
