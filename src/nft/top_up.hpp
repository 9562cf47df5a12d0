#pragma once

// Filling the mint wallet from a treasury, within a hard cap a day (SPEC S8).
//
//   definitions.add(nft::make_top_up_saga(parts));
//   engine.submit({.kind = "top_up", .input = json::write(top_up_request{100'000'000}), …});
//
// An operation of its own with one step: one transfer, signed by the treasury, journaled as bytes
// before its first byte leaves, decided by two providers. It is signed once: a transfer has no
// address that would show a second one to be a repetition, so one that is proved dead ends the
// operation, and the next one is another operation that counts against the cap anew. One at a time.
//
// The cap holds for any 24 hours and is looked at before anything is signed; what may have taken
// effect counts (`counted`). A treasury that is short is waited for.
//
// Threads: the loop's. Ownership: what is handed in outlives the definition.

#include "engine/definition.hpp"
#include "engine/view.hpp"
#include "nft/steps/sending.hpp"
#include "solana/rpc.hpp"

namespace thole::nft {

inline constexpr std::string_view top_up_kind = "top_up";

struct top_up_request {
    std::uint64_t lamports = 0;
};
BOOST_DESCRIBE_STRUCT(top_up_request, (), (lamports))

struct topped_up {
    std::string signature;
    std::uint64_t slot = 0;
    std::uint64_t lamports = 0;
};
BOOST_DESCRIBE_STRUCT(topped_up, (), (signature, slot, lamports))

struct top_up_parts {
    io::loop& loop;
    solana::submitter& submitter;
    const solana::keypair& treasury;
    solana::public_key wallet;
    std::uint64_t daily_cap = 0;  // lamports
    // Lamports of the last 24 hours that count, of operations accepted before this one.
    std::function<task<result<std::uint64_t>>(uuid before)> counted;
    saga::step_policy policy = saga::presets::solana;
    steps::submit_settings waits{};
};

class top_up {
  public:
    static constexpr std::string_view name = "transfer";
    using prepared = solana::prepared_transaction;
    using output = topped_up;

    explicit top_up(top_up_parts parts)
        : p_{std::move(parts)}, sending_{p_.loop, p_.submitter, p_.waits} {}
    [[nodiscard]] task<saga::outcome<prepared>> prepare(saga::step_context& in);
    [[nodiscard]] task<result<>> send(saga::step_context& in,
                                      const saga::journaled<prepared>& bytes);
    [[nodiscard]] task<saga::settlement<output>> settle(saga::step_context& in,
                                                        const saga::journaled<prepared>& bytes);

  private:
    top_up_parts p_;
    steps::sending sending_;
};

[[nodiscard]] saga::definition make_top_up_saga(top_up_parts parts);

// Lamports of one top-up that count against the cap of the 24 hours before `now`: all but those of
// an operation that ended without effect, or ended before.
[[nodiscard]] std::uint64_t counted_lamports(const saga::operation_details& o, store_time now);

}  // namespace thole::nft
