#pragma once

// Where a record and the chain tell different things about one mint: a name for each case, and what
// may safely be done about it.
//
//   for (const auto& each : nft::drifts_of(row, at, issuers)) …
//
//   record_behind     the token is there, the record says otherwise and no operation is at it:
//                     written from chain and content
//   record_missing    the journal completed a mint without a record: written from journal and chain
//   orphan_record     pending, no token, and no operation is at it: marked rolled back
//   orphan_pin        content is kept for an operation that left nothing: given back
//   not_on_chain      the record says minted, the address is empty: work item
//   foreign_account   something else is at the address, or another issuer: work item
//   metadata_missing  minted without metadata: made, where the mint authority is still ours
//   uri_mismatch      the chain points elsewhere: set back, where the update authority is ours
//                     (both only of the mint that the record's operation made)
//   owner_mismatch    the owner of the record does not hold it (any more): work item, people sell
//   content_lost      no gateway serves what the URI names: uploaded again from record and archive
//   uri_dead          the URI's own host does not serve it, whoever else does: work item
//   pin_lost          fewer providers keep it than a mint asks for: uploaded again
//   level_mismatch    record and served metadata differ: written from the verified content
//   partner_mismatch  a partner's own view of the mint differs: work item (of the second look; a
//                     reconciliation asks again)
//
// Pure; threads: any.

#include "nft/chain_reader.hpp"
#include "nft/records.hpp"

namespace thole::nft {

enum class drift : std::uint8_t {
    record_behind,
    record_missing,
    orphan_record,
    orphan_pin,
    not_on_chain,
    foreign_account,
    metadata_missing,
    uri_mismatch,
    owner_mismatch,
    content_lost,
    uri_dead,
    pin_lost,
    level_mismatch,
    partner_mismatch,
};
BOOST_DESCRIBE_ENUM(drift, record_behind, record_missing, orphan_record, orphan_pin, not_on_chain,
                    foreign_account, metadata_missing, uri_mismatch, owner_mismatch, content_lost,
                    uri_dead, pin_lost, level_mismatch, partner_mismatch)

enum class remedy : std::uint8_t {
    none,       // a person decides
    would_fix,  // a dry run would have been a repair
    begun,      // an operation of its own is at it and has not ended yet
    fixed,
};
BOOST_DESCRIBE_ENUM(remedy, none, would_fix, begun, fixed)

struct finding {
    uuid operation_id;
    std::string mint;
    nft::drift drift{};
    nft::remedy remedy{};
    std::string detail;
    std::optional<uuid> repair{};  // the operation that changes the chain
};
BOOST_DESCRIBE_STRUCT(finding, (), (operation_id, mint, drift, remedy, detail, repair))

// Between the record and the chain; content is not looked at. Precondition: no operation is at it.
[[nodiscard]] std::vector<finding> drifts_of(const record& row, const mint_at& at,
                                             const issuers& ours);

// What this wallet may put right on the chain itself, if it is the mint of the record's operation
// (is_own_mint(), mend.hpp).
enum class mend_act : std::uint8_t { nothing, add_metadata, set_uri };
[[nodiscard]] mend_act possible_mend(const record& row, const mint_at& at,
                                     const solana::public_key& wallet);

}  // namespace thole::nft
