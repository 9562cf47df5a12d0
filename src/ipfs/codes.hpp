#pragma once

// The fault codes of content addressing, the content store, pinning and gateways.

#include <array>

#include "thole/fault.hpp"

namespace thole::ipfs::codes {

using enum fault_kind;
using enum fault_scope;

// What was handed to us.
inline constexpr fault_code bad_cid{
    "ipfs.bad_cid", permanent, request,
    "The text or bytes are not a CID. A CID starts with Qm (version 0), b or z (version 1)."};
inline constexpr fault_code unsupported_cid{"ipfs.unsupported_cid", permanent, request,
                                            "A well-formed CID of a kind that is not used for "
                                            "files: only raw and dag-pb with sha2-256 are read."};
inline constexpr fault_code bad_uri{
    "ipfs.bad_uri", permanent, request,
    "The URI names no content: expected ipfs://CID, or an http(s) URL with /ipfs/CID in its path."};
inline constexpr fault_code bad_owner{
    "ipfs.bad_owner", permanent, request,
    "The owner of a pin must be 1 to 128 letters, digits or any of . _ : -"};
inline constexpr fault_code too_large{"ipfs.too_large", permanent, request,
                                      "The content is larger than the configured limit."};
inline constexpr fault_code not_a_file{
    "ipfs.not_a_file", permanent, request,
    "The CID names something other than a file (a directory, a broken or an unsupported node)."};

// What came back from a gateway or provider.
inline constexpr fault_code malformed_car{
    "ipfs.malformed_car", outage, endpoint,
    "The answer is not a complete CAR of the requested content. Another gateway is asked."};
inline constexpr fault_code wrong_bytes{
    "ipfs.wrong_bytes", outage, endpoint,
    "The bytes do not hash to the requested CID: they are refused and another gateway is asked."};
inline constexpr fault_code unknown_profile{"ipfs.unknown_profile", permanent, request,
                                            "The bytes match the CID under no known chunking "
                                            "profile; only a trustless gateway can prove them."};
inline constexpr fault_code not_found{"ipfs.not_found", transient, endpoint,
                                      "This gateway or provider does not have the content (yet)."};
inline constexpr fault_code cid_mismatch{
    "ipfs.cid_mismatch", outage, endpoint,
    "The provider answered another CID than the one computed here. Its copy is not counted; "
    "another "
    "provider is used. Check the provider's add options (CID version, chunker, raw leaves)."};

inline constexpr fault_code upload_out_of_step{
    "ipfs.upload_out_of_step", conflict, request,
    "The provider has another part of the upload than we thought. It is asked where it stands."};
inline constexpr fault_code provider_payment{
    "ipfs.provider_payment", outage, endpoint,
    "The pinning service wants to be paid first (insufficient funds). Add funds; others are used."};
inline constexpr fault_code quota_exhausted{
    "ipfs.quota_exhausted", rate_limited, endpoint,
    "What the provider may keep (quota_bytes) is used up, so nothing is sent there; others are "
    "used. Raise the quota, or give back what is not needed."};
inline constexpr fault_code pin_failed{
    "ipfs.pin_failed", outage, endpoint,
    "The pinning service could not fetch the content. Check that the origins it was given are "
    "reachable from outside; other providers are used."};

inline constexpr fault_code busy{
    "ipfs.busy", conflict, request,
    "The same content is being uploaded or given back by another operation; this one tries again."};
inline constexpr fault_code unknown_provider{
    "ipfs.unknown_provider", permanent, request,
    "A pin is held by a provider that is no longer configured. Add it again, or unpin by hand."};

// The embedded content store.
inline constexpr fault_code not_held{"ipfs.not_held", permanent, request,
                                     "The content store does not hold this CID."};
inline constexpr fault_code disk_full{
    "ipfs.disk_full", transient, dependency,
    "The content store's disk is full. Nothing was stored; free space and work goes on by itself."};
inline constexpr fault_code disk_error{"ipfs.disk_error", transient, dependency,
                                       "The content store's folder could not be read or written. "
                                       "The system's message is in the detail."};
inline constexpr fault_code corrupt{"ipfs.corrupt", outage, endpoint,
                                    "Stored bytes no longer hash to their CID. They are not "
                                    "served; put the same content again to repair."};
inline constexpr fault_code pins_damaged{
    "ipfs.pins_damaged", permanent, dependency,
    "The log of pins (content/pins.log in the data folder) is damaged before its last entry, so it "
    "is not known what may be removed. Nothing was changed. Restore the file from a backup; or set "
    "data.unreferenced_content to \"0s\", so that nothing is removed, and move the file away."};
inline constexpr fault_code store_locked{
    "ipfs.store_locked", permanent, dependency,
    "Another process uses this content folder. Two daemons need two data folders."};

}  // namespace thole::ipfs::codes

namespace thole::ipfs {

// Every code above, for `explain` and for the test against duplicates.
inline constexpr std::array ipfs_codes{&codes::bad_cid,          &codes::unsupported_cid,
                                       &codes::bad_uri,          &codes::bad_owner,
                                       &codes::too_large,        &codes::not_a_file,
                                       &codes::malformed_car,    &codes::wrong_bytes,
                                       &codes::unknown_profile,  &codes::not_found,
                                       &codes::cid_mismatch,     &codes::not_held,
                                       &codes::disk_full,        &codes::disk_error,
                                       &codes::corrupt,          &codes::pins_damaged,
                                       &codes::store_locked,     &codes::upload_out_of_step,
                                       &codes::provider_payment, &codes::quota_exhausted,
                                       &codes::pin_failed,       &codes::busy,
                                       &codes::unknown_provider};

}  // namespace thole::ipfs
