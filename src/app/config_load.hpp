#pragma once

// From files, environment and flags to one configuration, or to everything that is wrong with it.
//
// Later ones win: built-in defaults, the file (--config, else /etc/thole/thole.toml when it
// exists), conf.d/*.toml beside it in the order of their names, the environment, flags.
//
//   auto loaded = load_config({.file = {}, .env = system_environment(), .flags = {}});
//   if (!loaded) return print_problems(loaded.error());      // all of them, each with its place
//   serve(loaded->value);
//
// Start-up only.

#include <expected>
#include <utility>

#include "app/config.hpp"
#include "app/config_layer.hpp"

namespace thole::app {

struct config_sources {
    std::optional<std::string> file;  // --config
    environment env;
    // Pointer, value and the flag's name: {"/server/listen", "127.0.0.1:0", "--listen"}
    struct flag {
        std::string pointer;
        std::string value;
        std::string name;
    };
    std::vector<flag> flags;
    std::string default_file = "/etc/thole/thole.toml";
};

struct loaded_config {
    config value;  // with folder, socket and records resolved to absolute places
    config_layers layers;
    std::vector<std::string> files;  // those that were read, in order
    std::vector<std::string> notes;  // warnings for a person
};

[[nodiscard]] environment system_environment();

[[nodiscard]] std::expected<loaded_config, std::vector<config_problem>> load_config(
    const config_sources&);

// Only server.socket and data.folder: where things are is known also when the rest of the
// configuration has mistakes.
[[nodiscard]] config configured_places(const config_sources&);

// The environment names of the project as values over `layers`. Names that are known but not used
// by this version are noted.
void apply_environment(config_layers& layers, const environment& env,
                       std::vector<config_problem>& problems, std::vector<std::string>& notes);

}  // namespace thole::app
