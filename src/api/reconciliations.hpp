#pragma once

// POST /api/v1/reconciliations     Idempotency-Key: KEY     {dry_run = true, content = false}
//
// 202 with the operation that compares all records with the chain (nft/reconciler.hpp); when it has
// ended its document has the member `report`. Threads: the core loop's.

#include "api/documents.hpp"
#include "api/router.hpp"
#include "engine/engine.hpp"

namespace thole::api {

class reconciliations_resource {
  public:
    // `enabled`: a wallet is configured.
    reconciliations_resource(saga::engine& engine, documents& docs, bool enabled);
    void add_to(router&);

  private:
    task<io::server_response> post(call);

    saga::engine& engine_;
    const documents& docs_;
    bool enabled_;
};

}  // namespace thole::api
