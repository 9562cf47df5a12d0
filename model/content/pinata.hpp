#pragma once

// Pinata as a pure function: files and resumable uploads of version 3, the older pinning API, the
// key check, the limits, and a gateway for what is public.
//
//   model::pinata pinata{{.token = "jwt"}};
//   auto answer = pinata.answer({.method = "POST", .target = "/v3/files", …});
//
// Contract: docs.pinata.cloud (files, upload, TUS, limits) and the requests of the published client
// pinata 2.5.6, which is a test of this model. Where the documents are silent: version 1 CIDs have
// raw leaves of 256 KiB. Single-owner.

#include <map>
#include <optional>

#include "model/web.hpp"

namespace thole::model {

struct pinata_options {
    std::string token = "jwt";
    int calls_per_minute = 60;             // of the free plan; 0 = no limit
    std::size_t most_at_once = 100 << 20;  // bytes of a request that is no resumable upload
    std::size_t most_in_part = (50 << 20) + 1;
};

struct pinata_faults {
    int http_503 = 0;      // answer the next n calls with 503
    int forget_parts = 0;  // the next n resumable uploads are forgotten before their next call
    bool lie = false;      // keep something else than was sent
    bool suspended = false;
};

class pinata {
  public:
    explicit pinata(pinata_options options = {}) : options_{std::move(options)} {}

    struct file {
        std::string id;
        std::string cid;
        std::string name;
        bool is_public = false;
        std::map<std::string, std::string> keyvalues;
        std::string content;
        std::int64_t created = 0;
    };
    [[nodiscard]] pinata_faults& faults() noexcept { return faults_; }
    [[nodiscard]] web_answer answer(const web_request& request);
    [[nodiscard]] const std::vector<file>& files() const noexcept { return files_; }
    // As its owner would by hand, beside us.
    void keep_by_hand(std::string content);
    [[nodiscard]] int calls(const std::string& method_and_path) const;

  private:
    struct partial {
        std::string content;
        std::size_t size = 0;
        file what;
        int version = 1;
    };
    [[nodiscard]] std::optional<web_answer> refuse(const web_request& request);
    [[nodiscard]] web_answer route(const web_request& request);
    [[nodiscard]] web_answer upload(const web_request& request);
    [[nodiscard]] web_answer begin_parts(const web_request& request);
    [[nodiscard]] web_answer parts(const web_request& request, const std::string& id);
    [[nodiscard]] web_answer add_part(const web_request& request, const std::string& id);
    [[nodiscard]] web_answer list(const web_request& request) const;
    [[nodiscard]] web_answer remove(const std::string& id);
    [[nodiscard]] web_answer pin_file(const web_request& request);
    [[nodiscard]] web_answer pin_list(const web_request& request) const;
    [[nodiscard]] web_answer unpin(const std::string& cid);
    [[nodiscard]] web_answer serve(const std::string& cid) const;
    // Answers whether it was there already.
    bool keep(file& what, int cid_version);
    [[nodiscard]] std::string next_id();

    pinata_options options_;
    pinata_faults faults_;
    std::vector<file> files_;
    std::map<std::string, partial> partials_;
    std::map<std::string, int> calls_;
    std::int64_t minute_ = 0;
    int in_minute_ = 0;
    int made_ = 0;
};

}  // namespace thole::model
