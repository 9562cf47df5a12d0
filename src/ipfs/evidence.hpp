#pragma once

// What one call to a provider or gateway came to: goes into an operation's timeline.

#include <boost/describe.hpp>
#include <cstdint>
#include <string>

#include "thole/fault.hpp"

namespace thole::ipfs {

struct call_evidence {
    std::string what;      // "put", "fetch car" …
    std::string endpoint;  // the provider's or gateway's name
    std::int64_t latency_ms = 0;
    std::string fault;  // code, or empty for success
    std::string detail;
};
BOOST_DESCRIBE_STRUCT(call_evidence, (), (what, endpoint, latency_ms, fault, detail))

[[nodiscard]] inline call_evidence evidence_of(std::string what, name endpoint, duration latency,
                                               const fault* failed = nullptr) {
    call_evidence out;
    out.what = std::move(what);
    out.endpoint = endpoint.view();
    out.latency_ms = std::chrono::duration_cast<std::chrono::milliseconds>(latency).count();
    if (failed != nullptr) {
        out.fault = failed->code();
        out.detail = failed->detail();
    }
    return out;
}

}  // namespace thole::ipfs
