#pragma once

// POST /api/v1/mints     Idempotency-Key: KEY     body: nft::mint_request
//
// 202 with the operation and its Location, once it is journaled. The same key with the same payload
// gives the same operation (Idempotent-Replayed: true; 200 when it has ended), with another payload
// 422. `Prefer: wait=N` answers when it has ended or is parked, at the latest after N seconds.
// Every refusal happens before anything is journaled. From before it is journaled to its end the
// image is held (ipfs/content_holds.hpp), however long it waits. Threads: the core loop's.

#include "api/content.hpp"
#include "api/documents.hpp"
#include "engine/engine.hpp"
#include "ipfs/content_holds.hpp"
#include "nft/images.hpp"
#include "nft/mint_input.hpp"

namespace thole::api {

class mints_resource {
  public:
    struct parts {
        saga::engine& engine;
        const documents& docs;
        nft::images& pictures;
        ipfs::content_holds& holds;
        disk_check room;
        const io::loop& time;
        // What new addresses follow from; nothing: no wallet is configured.
        std::optional<nft::mint_base> issuer{};
        nft::metaplex_terms metaplex{};  // what the issuer adds by that standard
    };
    explicit mints_resource(parts p) : p_{std::move(p)} {}
    void add_to(router&);

  private:
    task<io::server_response> post(call);
    // Whether the CID is an image that the store holds.
    task<result<bool>> is_image(ipfs::cid id);
    task<bool> is_known_key(std::string key);
    // Journals the submission; its image is held from before that instant on.
    task<result<saga::submitted>> accept(saga::submission s, std::string image);

    parts p_;
};

}  // namespace thole::api
