#pragma once

// The partners' APIs from the configuration ([dependency.partner.NAME]). Pure, but for what is in
// files. Precondition: the configuration was checked.

#include "app/config.hpp"
#include "app/pipeline_config.hpp"
#include "nft/partners.hpp"

namespace thole::app {

[[nodiscard]] std::vector<nft::partner_settings> partners_of(const config&, const environment&);

// The policies around one partner's calls, or what is wrong with them.
[[nodiscard]] std::expected<pipeline_settings, json::problems> partner_pipeline(
    const partner_config&);

}  // namespace thole::app
