#pragma once

// A supplier's service, as orders (orders.hpp) meet it: what an operation leaves there is kept
// under its id and the name of the step, however often it is asked for, until it is taken back.
// What was taken back is never accepted again, so that a request that comes late brings nothing to
// life.
//
//   PUT http://desk/OPERATION/STEP     200 · 409 a person must see to it · 410 it was taken back
//   GET …                              200 it is there · 404
//   DELETE …                           200, whether it was there or not

#include <map>
#include <set>

#include "sim/day.hpp"
#include "sim/network.hpp"

namespace thole::sim {

class desk {
  public:
    static constexpr std::string_view label = desk_label;
    static constexpr std::string_view url = "http://desk";
    // An order with this word in it has no invitation without a person's help.
    static constexpr std::string_view difficult = "difficult";

    [[nodiscard]] reply answer(const io::http_request& request);
    // By operation, the steps that left something.
    [[nodiscard]] const std::map<std::string, std::set<std::string>>& kept() const { return kept_; }

    link_state link{};
    int busy = 0;  // ‰ of the calls are answered 503

  private:
    std::map<std::string, std::set<std::string>> kept_;
    std::set<std::string> taken_back_;  // "/OPERATION/STEP"
};

}  // namespace thole::sim
