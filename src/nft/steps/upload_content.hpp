#pragma once

// Brings image and metadata to the providers (INTERFACES: IPFS_UPLOADED).
//
// Both CIDs are computed first, so the URI is known before anything is uploaded and both uploads
// run side by side; a provider that answers another CID is not counted (ipfs/pinning.hpp). Undone,
// the pins of this operation are given back; what other operations refer to stays.

#include "ipfs/pinning.hpp"
#include "nft/images.hpp"
#include "nft/steps/common.hpp"

namespace thole::nft::steps {

// Copies, the archive included; at most one per provider.
struct replica_counts {
    std::uint32_t image = 2;
    std::uint32_t metadata = 2;
};

struct upload_settings {
    std::string uri_prefix = "ipfs://";  // or "https://own.example/ipfs/"
    replica_counts replicas;
};

class upload_content {
  public:
    static constexpr std::string_view name = "upload_content";
    using output = content_refs;

    upload_content(images& pictures, ipfs::pinning& pins, upload_settings s)
        : pictures_{pictures}, pins_{pins}, settings_{std::move(s)} {}
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);
    [[nodiscard]] task<saga::outcome<saga::nothing>> undo(saga::step_context& in);

  private:
    [[nodiscard]] content_refs predict(const mint_request& request, const held_image& image) const;

    images& pictures_;
    ipfs::pinning& pins_;
    upload_settings settings_;
};

// What one mint keeps at the providers.
struct mint_content {
    held_image image;
    std::string metadata_json;
    std::string owner;  // the operation's id
};
// Both uploads side by side, the image's first in the answer. More copies than there are providers
// are not asked for.
[[nodiscard]] task<std::vector<ipfs::replication>> replicate(ipfs::pinning& pins, images& pictures,
                                                             mint_content what,
                                                             replica_counts replicas,
                                                             deadline until);
// The metadata alone, for that owner.
[[nodiscard]] task<ipfs::replication> replicate_document(ipfs::pinning& pins, std::string json,
                                                         std::string owner, std::uint32_t copies,
                                                         deadline until);

// Of an accepted request.
[[nodiscard]] ipfs::cid image_of(const mint_request& request);

// The CID of metadata: one raw block, because its size is limited.
[[nodiscard]] ipfs::cid metadata_cid(std::string_view json);

}  // namespace thole::nft::steps
