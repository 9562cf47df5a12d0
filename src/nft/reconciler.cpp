#include "nft/reconciler.hpp"

#include "base/digest.hpp"
#include "nft/reconciler_part.hpp"

namespace thole::nft {

using namespace std::chrono_literals;

bool content_slice::covers(const uuid& id) const {
    if (from == to) return true;
    std::uint32_t place = 0;
    const auto digest = sha256(id.raw());
    for (std::size_t i = 0; i < sizeof place; ++i) place = place << 8U | digest.at(i);
    return place - from < to - from;  // around the ring
}

void reconcile_report::add(reconcile_report more) {
    records += more.records;
    contents += more.contents;
    at_work += more.at_work;
    unseen += more.unseen;
    fixed += more.fixed;
    drifted += more.drifted;
    for (const auto& [drift, count] : more.classes) classes[drift] += count;
    for (auto& each : more.findings) {
        if (findings.size() < most_findings) findings.push_back(std::move(each));
    }
}

// The parts are found again by their names, from the first on: each says where the next begins.
task<saga::outcome<reconcile_report>> sweep::run(saga::step_context& in) {
    reconcile_report all;
    part_request next{.how = in.input<reconcile_request>(), .from = {}};
    for (int number = 1;; ++number) {
        saga::child_request part{.kind = std::string{reconcile_part_kind},
                                 .input = json::write(next),
                                 .name = "part-" + std::to_string(number),
                                 .not_before = {}};
        const auto child = co_await in.child(std::move(part));
        if (!child) {
            in.note(steps::note_of("part", child.error()));
            co_return steps::failed_call<output>(in, child.error());
        }
        if (!child->ending) co_return saga::await_end{child->id};
        auto did = child->find_output<sweep_part>();
        if (!did) co_return saga::compensate{"a part of it was " + *child->ending, {}};
        all.add(std::move(did->report));
        if (did->next.phase == sweep_phase::over) co_return saga::done<output>{std::move(all)};
        next.from = std::move(did->next);
    }
}

saga::definition make_reconcile_saga() {
    auto policy = saga::presets::solana;
    policy.timeout = 1min;
    return saga::define<reconcile_request>(std::string{reconcile_kind}, 1)
        .step(std::make_shared<sweep>())
        .policy(policy)
        .shows("RECONCILED")
        .build();
}

saga::definition make_reconcile_part_saga(reconcile_dependencies parts) {
    auto policy = saga::presets::solana;
    policy.timeout = parts.part + longest_page;
    return saga::define<part_request>(std::string{reconcile_part_kind}, 1)
        .step(std::make_shared<sweep_part>(std::move(parts)))
        .policy(policy)
        .shows("RECONCILED_PART")
        .build();
}

}  // namespace thole::nft
