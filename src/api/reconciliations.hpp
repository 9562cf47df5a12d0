#pragma once

// POST /api/v1/reconciliations     Idempotency-Key: KEY     {dry_run = true, content = false}
//
// 202 with the operation that compares all records with the chain (nft/reconciler.hpp), or 200 when
// `Prefer: wait=N` or a replay finds it ended: its document then has the member `report`. Threads:
// the core loop's.

#include "api/documents.hpp"
#include "api/router.hpp"
#include "engine/engine.hpp"

namespace thole::api {

class reconciliations_resource {
  public:
    struct parts {
        saga::engine& engine;
        documents& docs;
        const clock& time;
        bool enabled = false;  // a wallet is configured
    };
    explicit reconciliations_resource(parts p);
    void add_to(router&);

  private:
    task<io::server_response> post(call);

    parts p_;
};

}  // namespace thole::api
