#include "solana/evidence.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "solana/rpc_error.hpp"

namespace thole::solana {

namespace json = boost::json;

namespace {

submission_state state_of(death_verdict verdict) {
    switch (verdict) {
        case death_verdict::dead:
            return submission_state::dead;
        case death_verdict::exists:
            return submission_state::landed;
        case death_verdict::alive:
        case death_verdict::not_yet:
            return submission_state::pending;
        case death_verdict::uncertain:
            return submission_state::uncertain;
    }
    return submission_state::uncertain;
}

std::string_view name_of(death_verdict verdict) {
    switch (verdict) {
        case death_verdict::dead:
            return "dead";
        case death_verdict::alive:
            return "alive";
        case death_verdict::exists:
            return "exists";
        case death_verdict::not_yet:
            return "not_yet";
        case death_verdict::uncertain:
            return "uncertain";
    }
    return "uncertain";
}

// 64-bit numbers are text in every stored document.
json::string number(std::uint64_t n) {
    return json::string{std::to_string(n)};
}

json::object describe(const death_witness& w) {
    json::object out{{"endpoint", w.endpoint.view()},
                     {"provider", w.provider.view()},
                     {"finalized_height", number(w.finalized_height)},
                     {"height_slot", number(w.height_slot)}};
    if (w.status_slot == 0) return out;  // it was not past its life: no more was asked
    out["status_slot"] = number(w.status_slot);
    out["status"] = nullptr;
    if (w.status) out["status"] = to_string(w.status->commitment);
    out["account_slot"] = number(w.account_slot);
    out["mint_absent"] = w.mint_absent;
    out["blockhash_slot"] = number(w.blockhash_slot);
    out["blockhash_expired"] = w.blockhash_expired;
    out["first_available_block"] = number(w.first_available_block);
    return out;
}

}  // namespace

settled settled_by(const signature_status& status) {
    settled out;
    out.slot = status.slot;
    json::object evidence{{"slot", number(status.slot)},
                          {"commitment", to_string(status.commitment)}};
    if (status.error) {
        evidence["error"] = status.error->text;
        // Before it is final, the block with the error may still be dropped.
        if (status.commitment == commitment::finalized) {
            out.state = submission_state::failed;
            out.error = fault_of(*status.error);
        }
    } else if (status.commitment == commitment::finalized) {
        out.state = submission_state::landed;
    } else if (status.commitment == commitment::confirmed) {
        out.state = submission_state::confirmed;
    }
    out.evidence = json::serialize(evidence);
    return out;
}

settled settled_by(std::span<const told_status> told, int required) {
    json::array all;
    for (const auto& each : told) {
        json::object one{{"endpoint", each.endpoint.view()}, {"provider", each.provider.view()}};
        one["commitment"] = nullptr;  // it knows nothing of it
        if (each.status) {
            one["slot"] = number(each.status->slot);
            one["commitment"] = to_string(each.status->commitment);
            if (each.status->error) one["error"] = each.status->error->text;
        }
        all.push_back(std::move(one));
    }
    settled out;
    out.state = submission_state::uncertain;
    for (const auto& each : told) {
        if (!each.status || each.status->commitment != commitment::finalized) continue;
        std::set<name> agree;
        for (const auto& other : told) {
            if (other.status == each.status) agree.insert(other.provider);
        }
        if (static_cast<int>(agree.size()) < required) continue;
        out = settled_by(*each.status);
        break;
    }
    out.evidence = json::serialize(json::object{{"told", std::move(all)}});
    return out;
}

settled settled_by(const death_judgement& verdict, std::span<const death_witness> witnesses,
                   int required) {
    std::vector<told_status> told;
    const signature_status* firmest = nullptr;
    for (const auto& w : witnesses) {
        told.push_back({w.endpoint, w.provider, w.status});
        if (w.status && (firmest == nullptr || w.status->commitment > firmest->commitment)) {
            firmest = &*w.status;
        }
    }
    settled out;
    out.state = state_of(verdict.verdict);
    if (firmest == nullptr) return out;
    if (firmest->commitment != commitment::finalized) return settled_by(*firmest);
    return settled_by(told, required);
}

std::string evidence_of(const death_judgement& verdict, const mortal& life,
                        std::span<const name> endpoints,
                        std::span<const result<death_witness>> answers) {
    json::array all;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (answers[i]) {
            all.push_back(describe(*answers[i]));
        } else {
            all.push_back(json::object{{"endpoint", endpoints[i].view()},
                                       {"fault", answers[i].error().code()}});
        }
    }
    return json::serialize(
        json::object{{"verdict", name_of(verdict.verdict)},
                     {"reason", verdict.reason},
                     {"last_valid_block_height", number(life.last_valid_block_height)},
                     {"blockhash_slot", number(life.blockhash_slot)},
                     {"witnesses", std::move(all)}});
}

std::string evidence_of_waiting(std::optional<std::uint64_t> finalized_height,
                                std::uint64_t last_valid_block_height) {
    json::object out{{"last_valid_block_height", number(last_valid_block_height)}};
    out["finalized_height"] = nullptr;
    if (finalized_height) out["finalized_height"] = number(*finalized_height);
    return json::serialize(out);
}

}  // namespace thole::solana
