#pragma once

// Where others see a mint: the site that its URI is an address of – the daemon's own gateway, as a
// stranger meets it – and a partner who lists what is in a wallet and final.
//
//   GET http://site/ipfs/CID       200 the content · 404
//   GET http://partner/WALLET      200 {"nfts":[{"mint":…,"uri":…,"level":…}]}
//
// Both show what drift_book made of them, until that is over.

#include "sim/contents.hpp"
#include "sim/day.hpp"
#include "sim/network.hpp"

namespace thole::sim {

class world;

class showcase {
  public:
    static constexpr std::string_view site_url = "http://site";
    static constexpr std::string_view partner_url = "http://partner";

    explicit showcase(world& where) : world_{where} {}

    [[nodiscard]] reply site(const io::http_request& request, contents& published) const;
    [[nodiscard]] reply partner(const io::http_request& request) const;

    link_state partner_link{};

  private:
    world& world_;
};

}  // namespace thole::sim
