#pragma once

// Fault codes of minting: what is said when the layers of one NFT do not fit together.

#include <array>

#include "thole/fault.hpp"

namespace thole::nft::codes {

using enum fault_kind;
using enum fault_scope;

// What was read back.
inline constexpr fault_code metadata_malformed{
    "nft.metadata_malformed", permanent, request,
    "The bytes behind the URI are not metadata JSON of the Metaplex standard."};
inline constexpr fault_code layer_mismatch{
    "nft.layer_mismatch", transient, request,
    "Read back, a layer disagrees with the request. The detail names layer and field. It is read "
    "again from other endpoints; if it lasts, a person must decide."};
inline constexpr fault_code content_gone{"nft.content_gone", permanent, request,
                                         "Minutes after the mint no gateway has its metadata any "
                                         "more. Pin the content again, then retry "
                                         "the operation."};
inline constexpr fault_code not_visible{
    "nft.not_visible", transient, endpoint,
    "The endpoint does not show an account that is finalized elsewhere: it lags."};
inline constexpr fault_code providers_disagree{
    "nft.providers_disagree", transient, endpoint,
    "The providers tell different things about the mint; one of them lags, is on a fork, or lies. "
    "Nothing is concluded: they are asked again until enough of them agree."};
inline constexpr fault_code mint_foreign{
    "nft.mint_foreign", permanent, request,
    "The mint's address holds an account which this operation did not make."};
inline constexpr fault_code collection_not_ours{
    "nft.collection_not_ours", transient, request,
    "The collection that a mint was to be in cannot be verified by the mint wallet: it is none, or "
    "its update authority is somebody else. Set mint.metaplex.collection right, or hand the "
    "authority over, then retry or cancel the operation."};
inline constexpr fault_code not_mendable{
    "nft.not_mendable", permanent, request,
    "The token cannot be put right by this wallet: the right to change it is somebody else's or "
    "was given up, or the record does not say reliably what is right."};
inline constexpr fault_code program_refused{
    "nft.program_refused", permanent, request,
    "A program on the chain refuses the transaction; the same one would be refused again."};
inline constexpr fault_code not_an_image{
    "nft.not_an_image", permanent, request,
    "The content is held, but by its first bytes it is no PNG, JPEG, GIF or WebP image."};
inline constexpr fault_code too_many_tokens{
    "nft.too_many_tokens", permanent, request,
    "The wallet holds more single tokens than are looked at in one request."};

// The records database's content; its connection is db.*.
inline constexpr fault_code record_conflict{
    "record.conflict", permanent, request,
    "The record already says something else under the same version; somebody else wrote it."};
inline constexpr fault_code record_missing{"record.missing", transient, request,
                                           "The record is not in the records database."};
inline constexpr fault_code record_already_minted{
    "record.already_minted", permanent, request,
    "The record says that the token exists; the mint cannot be rolled back any more. The journal "
    "may have been restored from an older backup."};
inline constexpr fault_code record_url{
    "record.url", permanent, request,
    "DATABASE_URL must be sqlite:// followed by an absolute path."};

// The cluster secret, from which mint addresses follow.
inline constexpr fault_code secret_open_mode{
    "secret.open_mode", permanent, request,
    "A secret file can be read by others. Make it yours alone: chmod 600 FILE."};
inline constexpr fault_code secret_unreadable{
    "secret.unreadable", permanent, request,
    "A secret file cannot be read or written, or does not hold what it should."};
inline constexpr fault_code secret_lost{
    "secret.lost", permanent, request,
    "The cluster secret is gone while mints are live: their addresses could not be computed again. "
    "Restore the file from the backup."};
inline constexpr fault_code secret_changed{
    "secret.changed", permanent, request,
    "The cluster secret is not the one under which live mints were accepted. Restore the file from "
    "the backup."};

inline constexpr fault_code wallet_changed{
    "wallet.changed", permanent, request,
    "The mint was accepted by another wallet than wallet.key names now; only that one can sign for "
    "it. Start with that wallet until its mints have ended."};

inline constexpr fault_code top_up_capped{
    "wallet.top_up_capped", permanent, request,
    "The mint wallet was given as much in 24 hours as wallet.top_up.daily_cap allows. It is filled "
    "again when that is over; raise the cap, or send lamports by hand."};

}  // namespace thole::nft::codes

namespace thole::nft {

// Every code above, for `explain` and for the test against duplicates.
inline constexpr std::array nft_codes{
    &codes::metadata_malformed,    &codes::layer_mismatch,     &codes::not_visible,
    &codes::mint_foreign,          &codes::program_refused,    &codes::not_an_image,
    &codes::too_many_tokens,       &codes::record_conflict,    &codes::record_missing,
    &codes::record_already_minted, &codes::record_url,         &codes::secret_open_mode,
    &codes::secret_unreadable,     &codes::secret_lost,        &codes::secret_changed,
    &codes::wallet_changed,        &codes::providers_disagree, &codes::content_gone,
    &codes::not_mendable,          &codes::top_up_capped,      &codes::collection_not_ours};

}  // namespace thole::nft
