#pragma once

// Where a record and the chain tell different things about one mint: a name for each case, and what
// may safely be done about it.
//
//   for (const auto& each : nft::drifts_of(row, at, issuer)) …
//
// | drift            | what is so                                           | then            |
// |------------------|------------------------------------------------------|-----------------|
// | record_behind    | the token is there, the record says it is not        | record written  |
// |                  |                                                      | from the chain  |
// | orphan_record    | pending, no token, and no operation is at it         | work item       |
// | not_on_chain     | the record says minted, the address is empty         | work item       |
// | foreign_account  | something else is at the address, or another issuer  | work item       |
// | metadata_missing | minted without metadata                              | work item       |
// | uri_mismatch     | the chain points elsewhere than the record           | work item       |
// | owner_mismatch   | the owner of the record does not hold it (any more)  | work item       |
// | content_lost     | no gateway serves what the URI names                 | uploaded again  |
// |                  |                                                      | from the record |
// |                  |                                                      | and the archive |
// | level_mismatch   | the JSON says another level than the record          | work item       |
//
// Pure; threads: any.

#include "nft/chain_reader.hpp"
#include "nft/records.hpp"

namespace thole::nft {

enum class drift : std::uint8_t {
    record_behind,
    orphan_record,
    not_on_chain,
    foreign_account,
    metadata_missing,
    uri_mismatch,
    owner_mismatch,
    content_lost,
    level_mismatch,
};
BOOST_DESCRIBE_ENUM(drift, record_behind, orphan_record, not_on_chain, foreign_account,
                    metadata_missing, uri_mismatch, owner_mismatch, content_lost, level_mismatch)

enum class remedy : std::uint8_t {
    none,       // a person decides
    would_fix,  // a dry run would have been a repair
    fixed,
};
BOOST_DESCRIBE_ENUM(remedy, none, would_fix, fixed)

struct finding {
    uuid operation_id;
    std::string mint;
    nft::drift drift{};
    nft::remedy remedy{};
    std::string detail;
};
BOOST_DESCRIBE_STRUCT(finding, (), (operation_id, mint, drift, remedy, detail))

// Between the record and the chain; content is not looked at. Precondition: no operation is at it.
[[nodiscard]] std::vector<finding> drifts_of(const record& row, const mint_at& at,
                                             const solana::public_key& issuer);

}  // namespace thole::nft
