#pragma once

// Fetches image and metadata as the world will, and checks every byte, before anything is signed.
//
// When a gateway other than the daemon's own is configured, one of those must serve both: what only
// we serve is not yet published.

#include "ipfs/fetcher.hpp"
#include "nft/steps/upload_content.hpp"

namespace thole::nft::steps {

struct gateway_settings {
    std::vector<thole::name> own;  // the daemon's own gateways: no witnesses
};

// The daemon's own gateways when there are others, else nothing.
[[nodiscard]] std::vector<thole::name> not_counted(const ipfs::fetcher& gateways,
                                                   const gateway_settings& s);

// Who served image and metadata just now, every byte checked; what a further generation of a
// transaction wants to know, too.
[[nodiscard]] task<result<served_content>> see_content(saga::step_context& in, images& pictures,
                                                       ipfs::fetcher& gateways,
                                                       const gateway_settings& s);

class fetch_uris {
  public:
    static constexpr std::string_view name = "fetch_uris";
    using output = served_content;

    fetch_uris(images& pictures, ipfs::fetcher& gateways, gateway_settings s)
        : pictures_{pictures}, gateways_{gateways}, settings_{std::move(s)} {}
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);

  private:
    images& pictures_;
    ipfs::fetcher& gateways_;
    gateway_settings settings_;
};

// A URI that is an address of its own, https://…/ipfs/CID: asked for itself, since gateways that
// serve the CID do not help who reads the token. An ipfs:// one has no such host.
[[nodiscard]] task<result<>> follow_uri(ipfs::fetcher& gateways, std::string uri, deadline until);

// One content by its URI, with the evidence of every gateway asked.
[[nodiscard]] task<result<ipfs::fetched>> fetch_uri(saga::step_context& in, ipfs::fetcher& gateways,
                                                    std::string uri, ipfs::fetch_request how);

}  // namespace thole::nft::steps
