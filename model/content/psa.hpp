#pragma once

// A service of the IPFS Pinning Service API 1.0.0 as a pure function.
//
//   model::pinning_service psa{{.token = "key"}};
//   psa.offer(cid);                       // the content can be found in the network
//   auto answer = psa.answer(request);
//
// A request is queued, pinned `takes` seconds after it was made when its content can be found, and
// fails after `gives_up` seconds. Contract: ipfs.github.io/pinning-services-api-spec. Single-owner.

#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <set>

#include "model/web.hpp"

namespace thole::model {

struct psa_options {
    std::string token = "key";
    std::int64_t takes = 3;         // seconds until it is pinned
    std::int64_t gives_up = 86400;  // seconds
    int calls_per_minute = 0;       // 0 = no limit
};

struct psa_faults {
    int http_503 = 0;  // answer the next n calls with 503
    int http_429 = 0;  // … with 429
    int http_403 = 0;  // … with 403
    bool no_funds = false;
};

class pinning_service {
  public:
    explicit pinning_service(psa_options options = {}) : options_{std::move(options)} {}

    struct request {
        std::string cid;
        std::string name;
        std::map<std::string, std::string> meta;
        std::vector<std::string> origins;
        std::int64_t created = 0;
    };
    [[nodiscard]] psa_faults& faults() noexcept { return faults_; }
    void offer(std::string cid) { findable_.insert(std::move(cid)); }
    [[nodiscard]] web_answer answer(const web_request& call);
    [[nodiscard]] const std::map<std::string, request>& requests() const noexcept {
        return requests_;
    }

  private:
    [[nodiscard]] std::optional<web_answer> refuse(const web_request& call);
    [[nodiscard]] web_answer list(const web_request& call) const;
    [[nodiscard]] web_answer add(const web_request& call, const std::string& replaces);
    [[nodiscard]] web_answer one(const web_request& call, const std::string& id);
    [[nodiscard]] std::string status_of(const request& r, std::int64_t now) const;
    [[nodiscard]] boost::json::value shown(const std::string& id, const request& r,
                                           std::int64_t now) const;

    psa_options options_;
    psa_faults faults_;
    std::set<std::string> findable_;
    std::map<std::string, request> requests_;
    std::int64_t minute_ = 0;
    int in_minute_ = 0;
    int made_ = 0;
};

}  // namespace thole::model
