#pragma once

// A Kubo-like content node and gateway as a pure function: add, pin/ls, pin/rm, version, and
// GET /ipfs/{cid}. It stores whole files under the CID that it computes itself.
//
// Single-owner.

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace thole::model {

struct content_faults {
    int http_503 = 0;      // answer the next n calls with 503
    bool corrupt = false;  // flip a bit of what is served
    bool lie = false;      // answer add with a CID of something else
    bool full = false;     // refuse to store
};

struct content_request {
    std::string_view method;
    std::string_view target;  // path and query
    std::string_view content_type;
    std::string_view body;
};

struct content_answer {
    int status = 200;
    std::string body;
};

class content_node {
  public:
    [[nodiscard]] content_faults& faults() noexcept { return faults_; }
    [[nodiscard]] content_answer answer(const content_request& request);
    [[nodiscard]] const std::set<std::string>& pins() const noexcept { return pins_; }
    // The CID under which a lying node keeps what it is given.
    [[nodiscard]] static const std::string& lied_about();
    // Content vanishes, as an unreliable service loses it.
    void lose(const std::string& cid);

  private:
    [[nodiscard]] content_answer add(const content_request& request);
    [[nodiscard]] content_answer serve(std::string_view cid);
    [[nodiscard]] content_answer list_pins(const std::string& cid) const;
    [[nodiscard]] content_answer remove_pin(const std::string& cid);

    content_faults faults_;
    std::map<std::string, std::string> files_;
    std::set<std::string> pins_;
};

}  // namespace thole::model
