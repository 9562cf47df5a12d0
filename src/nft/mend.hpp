#pragma once

// Puts right on the chain what the reconciler found and this wallet still may change: a URI that
// was swapped, metadata that was never written.
//
//   definitions.add(nft::make_mend_saga({parts, settings, find}));
//   co_await in.child({.kind = "mend", .input = json::write(mend_request{row.operation_id}), …});
//
// An operation of its own, because it signs: the bytes are journaled before the first of them
// leaves, the same ones are sent until their end is known, and the result is read back from as many
// providers as a mint's.
//
//   mend        reads record and chain anew, since all may have changed; nothing to do any more is
//               an end, nothing that may be done parks. The record is the measure only when its URI
//               names the metadata of which it holds the copy, and its mint is the one that its
//               operation made. Of either standard; Metaplex' data
//               is replaced whole, so that fee, creators and collection are those that stand there.
//   read_back   the drift is gone, say two providers.
//
// Doing it twice writes the same again, so a death needs no address for its proof. Two of one mint
// go one after another.

#include <functional>

#include "engine/view.hpp"
#include "nft/drift.hpp"
#include "nft/mint_saga.hpp"

namespace thole::nft {

inline constexpr std::string_view mend_kind = "mend";

struct mend_request {
    uuid operation_id;       // of the mint
    std::uint64_t slot = 0;  // at which the drift was seen: who is behind has not
};
BOOST_DESCRIBE_STRUCT(mend_request, (), (operation_id, slot))

struct mended {
    std::string mint;
    std::string signature;   // "" when there was nothing to do
    std::uint64_t slot = 0;  // from which it was read back; 0 before
};
BOOST_DESCRIBE_STRUCT(mended, (), (mint, signature, slot))

// An operation as the journal knows it; nothing: it does not (any more).
using find_operation = std::function<task<result<std::optional<saga::operation_details>>>(uuid)>;

struct mend_dependencies {
    mint_dependencies parts;
    mint_settings settings;
    find_operation find;  // the mint: its address, and what its metadata should be
};

// Whether the operation made this mint. A row may be edited, two may be swapped: which mint is
// whose was journaled when the operation was accepted, and follows from its key where the input is
// gone.
[[nodiscard]] bool is_own_mint(const mint_base& base, const saga::operation_details& of,
                               const chain_nft& nft);

// What both steps look at.
class mend_subject {
  public:
    explicit mend_subject(mend_dependencies d) : d_{std::move(d)} {}

  protected:
    struct seen {
        record row;
        mint_at at;
    };
    [[nodiscard]] task<result<seen>> look(saga::step_context& in, std::uint64_t since = 0);
    mend_dependencies d_;
};

class mend : mend_subject {
  public:
    static constexpr std::string_view name = "mend";
    using prepared = solana::prepared_transaction;
    using output = mended;

    explicit mend(mend_dependencies d)
        : mend_subject{std::move(d)},
          sending_{d_.parts.rpc.loop(), d_.parts.submitter, d_.settings.submit} {}
    [[nodiscard]] task<saga::outcome<prepared>> prepare(saga::step_context& in);
    [[nodiscard]] task<result<>> send(saga::step_context& in,
                                      const saga::journaled<prepared>& bytes);
    [[nodiscard]] task<saga::settlement<output>> settle(saga::step_context& in,
                                                        const saga::journaled<prepared>& bytes);

  private:
    [[nodiscard]] task<result<solana::mint_terms>> terms_of(saga::step_context& in, seen what,
                                                            mend_act act,
                                                            saga::operation_details of);
    [[nodiscard]] task<saga::outcome<prepared>> sign(saga::step_context& in,
                                                     solana::transaction_plan plan);

    steps::sending sending_;
};

class read_back : mend_subject {
  public:
    static constexpr std::string_view name = "read_back";
    using output = mended;

    explicit read_back(mend_dependencies d) : mend_subject{std::move(d)} {}
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);
};

[[nodiscard]] saga::definition make_mend_saga(mend_dependencies d);

}  // namespace thole::nft

// Requests of earlier versions lack the slot.
template <>
inline constexpr auto thole::json::optional_members<thole::nft::mend_request> =
    std::array<std::string_view, 1>{"slot"};
