#pragma once

// What the steps of a mint share: whom they serve, and how a fault of a dependency is answered.

#include <string>

#include "engine/step.hpp"
#include "nft/mint_outputs.hpp"
#include "nft/mint_view.hpp"
#include "nft/records.hpp"
#include "solana/rpc.hpp"

namespace thole::nft::steps {

// The mint that an operation is about: its input, and the address that follows from its name.
struct subject {
    mint_request request;
    mint_identity id;
    solana::public_key owner;
};
[[nodiscard]] subject subject_of(const saga::step_context& in, const mint_base& base);

[[nodiscard]] solana::rpc::options rpc_options(const saga::step_context& in,
                                               solana::commitment level);

// The record as it stands before anything is on the chain.
[[nodiscard]] record pending_record(const saga::step_context& in, const subject& about,
                                    const content_refs& content);

// Evidence for the timeline.
[[nodiscard]] saga::call_note note_of(std::string what, const fault& failed);
template <class T>
[[nodiscard]] saga::call_note note_of(std::string what, const solana::from_node<T>& answer) {
    using std::chrono::milliseconds;
    const auto took = std::chrono::duration_cast<milliseconds>(answer.latency).count();
    return {std::move(what), std::string{answer.endpoint.view()}, took, {}, {}};
}

// A database that stays away costs three attempts; then the operation waits for it, for as long as
// it takes, instead of asking for a person (SPEC D2).
template <class T>
[[nodiscard]] saga::outcome<T> record_failed(const saga::step_context& in, const fault& failed) {
    const bool may_pass = failed.kind() == fault_kind::transient ||
                          failed.kind() == fault_kind::conflict ||
                          failed.kind() == fault_kind::outage;
    if (may_pass && in.attempt() > 3) {
        return saga::wait{std::chrono::seconds{10}, "records database: " + failed.describe()};
    }
    return saga::retry{failed};
}

}  // namespace thole::nft::steps
