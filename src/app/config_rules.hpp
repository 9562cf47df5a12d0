#pragma once

// What a configuration must obey beyond the types of its values: ranges, unique names, references
// that lead somewhere, two providers before money is spent. Every broken rule is added, not only
// the first. Start-up only; reads the secret files that are referred to, to judge their modes.

#include "app/config.hpp"
#include "app/config_layer.hpp"

namespace thole::app {

void check_config(const config&, const config_layers&, const environment&,
                  std::vector<config_problem>& problems, std::vector<std::string>& notes);

// Minting is on when a wallet is configured.
[[nodiscard]] inline bool mints(const config& c) {
    return c.wallet.key.has_value();
}

// The URL itself, when it is a reference then what that names (trimmed).
// The token that the reference of a checked configuration names, without white space at its end.
[[nodiscard]] secret<std::string> read_token(const reference&, const environment&);

[[nodiscard]] result<std::string> resolve_url(const std::string& url, const environment&);

// `provider` as configured, else derived from the URL.
[[nodiscard]] std::string provider_name(const endpoint_config&, const environment&);

}  // namespace thole::app
