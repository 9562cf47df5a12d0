// Planted in the reconciler and in what it begins.

#include "nft/mend.hpp"
#include "nft/reconciler_part.hpp"
#include "sim/mutants/replant.hpp"

namespace thole::sim {

namespace {

// As if everything were on the chain already.
class idle_mend final : public passing_step {
  public:
    using passing_step::passing_step;
    task<saga::input> prepare(saga::step_context&) override {
        co_return saga::did_complete{json::write(solana::prepared_transaction{})};
    }
};

// Every part of a reconciliation is a dry one.
saga::definition dry(const saga::definition& saga) {
    const auto held = std::make_shared<saga::definition>(saga);
    saga::definition::parts parts;
    parts.steps = saga.steps();
    parts.lock = [held](std::string_view text) { return held->lock_key(text); };
    parts.normalise = [held](std::string_view text) {
        auto wanted = json::read<nft::part_request>(text).value();
        wanted.how.dry_run = true;
        return held->normalise(json::write(wanted));
    };
    for (int i = 0; i < parts.steps.size(); ++i) {
        parts.code.push_back({held, &held->at(i)});
    }
    return saga::definition{std::move(parts)};
}

}  // namespace

seams asks_no_journal() {
    seams out;
    out.reconciler = [](nft::reconcile_dependencies d) {
        d.find = [](uuid) -> task<result<std::optional<saga::operation_details>>> {
            co_return std::nullopt;
        };
        return d;
    };
    return out;
}
seams trusts_nodes_behind() {
    seams out;
    out.reconciler = [](nft::reconcile_dependencies d) {
        d.most_behind = UINT64_MAX;
        d.find = [asked = d.find](uuid id) -> task<result<std::optional<saga::operation_details>>> {
            auto found = co_await asked(id);
            if (!found || !*found) co_return found;
            (*found)->prepared.reset();
            for (auto& each : (*found)->outputs) {
                if (each.name != nft::steps::submit::name) continue;
                auto landed = json::read<nft::landed_mint>(each.output).value();
                landed.slot = 0;
                each.output = json::write(landed);
            }
            co_return found;
        };
        return d;
    };
    return out;
}
seams counts_too_few_copies() {
    seams out;
    out.reconciler = [](nft::reconcile_dependencies d) {
        d.replicas = {1, 1};
        return d;
    };
    return out;
}
seams only_looks() {
    seams out;
    out.definition = [](saga::definition saga, const seam_parts&) {
        return saga.steps().kind == nft::reconcile_part_kind ? dry(saga) : saga;
    };
    return out;
}
seams never_asks_again() {
    seams out;
    out.reconciler = [](nft::reconcile_dependencies d) {
        d.parts.asked = nullptr;
        return d;
    };
    return out;
}
seams mends_in_words_only() {
    seams out;
    out.definition = [](saga::definition saga, const seam_parts& at) {
        if (saga.steps().kind != nft::mend_kind) return saga;
        return replant(saga, [&](const std::string& step, saga::any_step& inner) {
            std::shared_ptr<saga::any_step> made;
            if (step == "mend") made = std::make_shared<idle_mend>(inner, at);
            if (step == "read_back") made = std::make_shared<pretender<nft::mended>>(inner, at);
            return made;
        });
    };
    return out;
}

}  // namespace thole::sim
