#pragma once

// What thole-fake serves: one model, or several that belong together, behind one port.

#include <boost/describe.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "base/json.hpp"
#include "io/loop.hpp"
#include "model/web.hpp"

namespace thole::localnet {

struct fault_orders {
    std::uint32_t http_503 = 0;
    std::uint32_t forget_parts = 0;
    bool lie = false;
    bool suspended = false;
    bool no_funds = false;
    std::string offer;  // a CID that the network has from now on (psa)
    std::string fund;   // a key that gets a million SOL (mint)
};
BOOST_DESCRIBE_STRUCT(fault_orders, (),
                      (http_503, forget_parts, lie, suspended, no_funds, offer, fund))

struct orders {
    std::string service;
    std::string token = "key";
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    int per_minute = 0;
    int slot_ms = 400;  // mint
};

class service {
  public:
    virtual ~service() = default;
    [[nodiscard]] virtual model::web_answer answer(const model::web_request& request) = 0;
    virtual void set(const fault_orders& wanted) = 0;
    [[nodiscard]] virtual boost::json::value kept() const = 0;
};

// A ledger behind three nodes, /rpc/0 to /rpc/2, and a content node: all that a mint needs. Its
// slots follow the loop's clock; finality comes after four of them. kept() counts the calls.
[[nodiscard]] std::unique_ptr<service> make_mint_service(const orders& o, const io::loop& time);

}  // namespace thole::localnet

template <>
inline constexpr auto thole::json::optional_members<thole::localnet::fault_orders> =
    thole::json::all_members;
