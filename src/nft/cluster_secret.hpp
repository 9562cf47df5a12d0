#pragma once

// The secret from which mint addresses follow, and the check that it is still the right one.
//
// The problem: a mint's address is HMAC(secret; tenant, kind, key), so that no second mint of one
// operation can exist – as long as the secret stays the same. A daemon that silently made a new
// one after the file was lost would mint live operations twice. So the secret's fingerprint is
// kept beside the records, and a start with another secret is refused while mints are live:
//
//   auto stored = co_await records.meta(cluster_secret::meta_name);
//   auto live = co_await records.live();
//   auto secret = nft::open_cluster_secret(folder / "cluster-secret", *stored, *live, entropy);
//   if (!secret) return refuse_to_start(secret.error());
//   co_await records.set_meta(cluster_secret::meta_name, secret->fingerprint());
//
// Files: 64 hexadecimal digits and a line end, mode 0600, written whole or not at all. Threads:
// start-up only; the value may be read from any.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/digest.hpp"
#include "base/entropy.hpp"
#include "base/secret.hpp"
#include "thole/result.hpp"

namespace thole::nft {

class cluster_secret {
  public:
    static constexpr std::string_view meta_name = "cluster_secret_fingerprint";

    explicit cluster_secret(const sha256_digest& value);

    // HMAC-SHA256 under the secret.
    [[nodiscard]] sha256_digest sign(bytes_view data) const;
    // 32 hexadecimal digits that name the secret and do not reveal it.
    [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }

  private:
    secret<sha256_digest> value_;
    std::string fingerprint_;
};

// Reads the file, or makes it when it does not exist. `stored` is the fingerprint that the last
// start left, `live` how many mints have not ended. Errors: codes::secret_*.
[[nodiscard]] result<cluster_secret> open_cluster_secret(const std::filesystem::path& file,
                                                         const std::optional<std::string>& stored,
                                                         std::uint64_t live, entropy& source);

}  // namespace thole::nft
