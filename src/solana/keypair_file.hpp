#pragma once

// Reads a signing key from a file that nobody but its owner may read.
//
//   auto wallet = load_keypair("/etc/thole/wallet.json");
//
// A regular file of at most 4 KiB with no permission for group or others; the mode is that of the
// opened file, so it cannot be exchanged in between. Errors: codes::keypair_unreadable,
// keypair_exposed, keypair_invalid; none carries any of the file's text. Blocking: start-up only.

#include <string>

#include "solana/codec/keypair.hpp"

namespace thole::solana {

[[nodiscard]] result<keypair> load_keypair(const std::string& path);

}  // namespace thole::solana
