#include "nft/chain_nft.hpp"
#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// COMPLETED is said only when, at that moment, every layer says so: the token is final and as it
// was asked for, the row of the customer's table is complete, the content is pinned, and a gateway
// has served it, byte for byte, since the token was final.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "completed_holds"; }

    void committed(const commit_seen& seen, const known_operation& op) override {
        if (seen.op.now.ending != saga::op_ending::completed || seen.events.empty()) return;
        const auto demand = [&](const std::string& wrong) {
            if (!wrong.empty()) offend(op.key + " is COMPLETED, but " + wrong);
        };
        demand(wrong_on_chain(op));
        demand(wrong_in_record(op));
        const auto served = court_.served(op.metadata_cid);
        demand(served && *served >= op.landed_at ? "" : "nobody has read its metadata back");
    }

  private:
    std::string wrong_on_chain(const known_operation& op) {
        const auto id = world_.identity_of(op.key);
        const auto& final = world_.chain.view(model::commitment::finalized, 0);
        const auto* account = world_.chain.accounts().at(id.mint, final.slot);
        if (account == nullptr) return "nothing is at its mint's address";
        const auto nft = nft::decode_nft({id.mint, account->owner, account->data, {}, {}});
        if (!nft) return "its token does not decode: " + nft.error().describe();
        if (auto problem = nft::uniqueness_problem(*nft); !problem.empty()) return problem;
        if (!nft::issuer_verified(*nft, id.base)) return "its issuer is not proved";
        if (nft->name != world_.request_of(op.client).name) return "its token is " + nft->name;
        if (nft->uri != world_.uri_prefix() + op.metadata_cid) return "its URI is " + nft->uri;
        return {};
    }
    std::string wrong_in_record(const known_operation& op) {
        const auto row = world_.record_of(op.id);
        if (!row) return "it has no record";
        if (row->status != nft::record_status::completed) return "its record is not complete";
        if (row->mint != world_.identity_of(op.key).mint.text()) return "its record's mint differs";
        if (row->metadata_cid != op.metadata_cid) return "its record's CID differs";
        return {};
    }
};

}  // namespace

std::unique_ptr<checker> completed_holds(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
