#pragma once

// What the steps of a mint share: whom they serve, and how a fault of a dependency is answered.

#include <string>

#include "engine/step.hpp"
#include "nft/mint_input.hpp"
#include "nft/mint_outputs.hpp"
#include "nft/records.hpp"
#include "solana/rpc.hpp"

namespace thole::nft::steps {

// The mint that an operation is about: its input, and the address that was fixed with it. Valid as
// long as the context that it comes from.
struct subject {
    const mint_request& request;
    mint_identity id;
    solana::public_key owner;
    metaplex_terms metaplex;  // of that standard; else nothing
};
[[nodiscard]] const mint_request& request_of(const saga::step_context& in);
[[nodiscard]] subject subject_of(const saga::step_context& in, const mint_base& base);

// Why this wallet must not sign for the operation: another one had accepted it.
[[nodiscard]] std::optional<fault> foreign_wallet(const subject& about, const mint_base& base);

// `since`: a slot that the state must have come past; 0 = any.
[[nodiscard]] solana::rpc::options rpc_options(const saga::step_context& in,
                                               solana::commitment level, std::uint64_t since = 0);

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

// Whether the other side gave no answer, or none that says anything about this operation.
[[nodiscard]] bool is_unreachable(const fault& failed) noexcept;

// How a step answers a fault of a dependency. One that stays away costs `patience` attempts, and
// never the last one; then the operation waits for it as long as it takes, in a row of its own, and
// goes on by itself (SPEC D2, E5). Whatever says something about the operation is judged by the
// step's policy as usual.
template <class T>
[[nodiscard]] saga::outcome<T> failed_call(const saga::step_context& in, const fault& failed,
                                           int patience = 3) {
    const bool may_try = in.attempt() <= patience && in.attempt() < in.attempts();
    if (may_try || !is_unreachable(failed)) return saga::retry{failed};
    return saga::wait{std::chrono::seconds{10}, "unreachable: " + failed.describe()};
}

}  // namespace thole::nft::steps
