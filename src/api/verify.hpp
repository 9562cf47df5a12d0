#pragma once

// GET /api/v1/verify/{wallet}    {wallet, slot, nfts: [...], level}
//
// What a partner who trusts nobody sees: the chain at `finalized` and the content behind each URI
// of our own tokens. Nothing of the daemon's records is in it. Threads: the core loop's.

#include "api/router.hpp"
#include "io/loop.hpp"
#include "nft/partner_view.hpp"

namespace thole::api {

class verify_resource {
  public:
    // `view` may be null: minting is off, and there is no issuer to verify.
    verify_resource(nft::partner_view* view, const io::loop& time) : view_{view}, time_{time} {}
    void add_to(router&);

  private:
    task<io::server_response> get(call);

    nft::partner_view* view_;
    const io::loop& time_;
};

}  // namespace thole::api
