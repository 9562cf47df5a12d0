#pragma once

// Operations as clients see them: the engine's members, and what a kind adds to them.
//
//   api::documents documents;
//   documents.add("mint", [](const saga::operation_details& o, boost::json::object& out) { … });
//   documents.of(details);      // {v, id, kind, …, mint, image_cid, …}
//
// Threads: built at start-up, then immutable.

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <string>

#include "engine/view.hpp"

namespace thole::api {

class documents {
  public:
    using addition = std::function<void(const saga::operation_details&, boost::json::object&)>;

    void add(std::string kind, addition more) { by_kind_[std::move(kind)] = std::move(more); }
    [[nodiscard]] boost::json::object of(const saga::operation_details&) const;

  private:
    std::map<std::string, addition, std::less<>> by_kind_;
};

// Whether nothing but a person can change it any more: ended, or parked.
[[nodiscard]] bool is_over(const saga::operation_view&);
[[nodiscard]] bool has_ended(const saga::operation_view&);

}  // namespace thole::api
