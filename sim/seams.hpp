#pragma once

// Where a test may put something of its own between the parts of a process. Each is given the
// production part and answers what is used instead; unset means: the part itself.
//
//   seams bug;
//   bug.transport = [](io::http_transport& inner, const seam_parts&) {
//       return std::make_unique<retrying_transport>(inner); };
//
// Production code knows nothing of it. What a seam answers lives as long as the process.

#include <functional>
#include <memory>

#include "engine/store.hpp"
#include "ipfs/pin_ledger.hpp"
#include "nft/mint_saga.hpp"
#include "nft/reconciler.hpp"

namespace thole::sim {

// What a decorator may need beside the part that it stands before.
struct seam_parts {
    io::loop& loop;
    saga::store& storage;         // what is committed now
    io::http_transport& network;  // behind every seam
    int life = 1;
};

struct seams {
    std::function<std::unique_ptr<saga::journal>(saga::journal&, const seam_parts&)> journal;
    std::function<std::unique_ptr<io::http_transport>(io::http_transport&, const seam_parts&)>
        transport;
    std::function<std::unique_ptr<nft::records>(nft::records&, const seam_parts&)> records;
    std::function<std::unique_ptr<ipfs::pin_ledger>(ipfs::pin_ledger&, const seam_parts&)> ledger;
    std::function<saga::definition(saga::definition, const seam_parts&)>
        definition;  // of each saga
    std::function<nft::reconcile_dependencies(nft::reconcile_dependencies)> reconciler;
    std::function<void(solana::submission_settings&)> submission;
    // Called with the endpoint sets once the process stands: {rpc, remotes, gateways}.
    std::function<std::shared_ptr<void>(endpoint_set& rpc, io::loop&)> holder;
};

}  // namespace thole::sim
