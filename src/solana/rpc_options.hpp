#pragma once

// How a JSON-RPC method is to be called. Plain data; threads: any.

#include "solana/rpc_types.hpp"
#include "thole/deadline.hpp"

namespace thole::solana::rpc {

struct options {
    deadline until;  // must not be never()
    commitment level = commitment::confirmed;
    std::optional<std::uint64_t> min_context_slot{};
    name endpoint{};  // ask this one only, whatever its roles; empty: the set picks
    // For what must not stop (status reads of live signatures, proofs): when no endpoint may be
    // called, the least bad one is, at the set's own rate for that.
    bool vital = false;
};

}  // namespace thole::solana::rpc
