#pragma once

// Folder, disk and secrets: what must be right before anything else is opened.

#include <string>

#include "app/config.hpp"
#include "nft/chain_nft.hpp"
#include "nft/cluster_secret.hpp"
#include "nft/mint_input.hpp"
#include "nft/records.hpp"

namespace thole::app {

// Makes the data folder (0700) when it is absent. Throws start_error.
void make_data_folder(const config&);

// Whether the data folder's disk has the configured room. Any thread.
[[nodiscard]] bool has_room(const config&) noexcept;

// Reads or makes the cluster secret, refuses a lost or changed one, and keeps its fingerprint.
// Throws start_error.
[[nodiscard]] task<result<nft::cluster_secret>> open_secret(const config& c, nft::records& table,
                                                            entropy& source);

// Refuses another mint wallet than the one under which live mints were accepted, and keeps which
// one it is. A mint that another base has accepted could only wait for that base's signature, and
// whoever retried it by hand would look for its token at the wrong address. Answers this wallet and
// all that were bound before it.
[[nodiscard]] task<result<nft::issuers>> bind_wallet(solana::public_key wallet,
                                                     nft::records& table);

}  // namespace thole::app
