#pragma once

// One source of configuration values, and several laid over each other.
//
// The problem: "unknown key" helps nobody who has a file, five drop-ins and an environment. So each
// value keeps where it was set:
//
//   config_layers layers;
//   layers.add_file("/etc/thole/thole.toml", problems);
//   layers.set("/solana/timeout", "5s", "environment SOLANA_TIMEOUT_MS");
//   layers.origin_of("/server/listen");           // "/etc/thole/thole.toml:3"
//
// Tables are merged; any other value, lists of tables too, replaces what lower layers said.
// Addresses are JSON pointers whose members need no escaping. Values only; start-up only.

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace thole::app {

struct config_problem {
    std::string place;  // "FILE:LINE", "environment NAME", "flag --NAME", "" when it is set nowhere
    std::string key;    // "server.listen", "dependency.solana.endpoint[1].url"; "" for a whole file
    std::string rule;   // what must hold

    friend bool operator==(const config_problem&, const config_problem&) = default;
};

class config_layers {
  public:
    // Reads a TOML file; a file that cannot be read or parsed adds a problem.
    void add_file(const std::string& path, std::vector<config_problem>& problems);
    // TOML text, as if it had been in the file `name`.
    void add_text(std::string_view text, const std::string& name,
                  std::vector<config_problem>& problems);
    // One value at a pointer such as "/solana/timeout".
    void set(std::string_view pointer, boost::json::value value, std::string origin);

    [[nodiscard]] const boost::json::object& values() const noexcept { return values_; }
    // Of the value or of the nearest table around it; "" when nobody set it.
    [[nodiscard]] std::string origin_of(std::string_view pointer) const;
    // Of the value itself; "" when nobody set it.
    [[nodiscard]] std::string exact_origin_of(std::string_view pointer) const;

  private:
    friend class toml_reader;

    boost::json::object values_;
    std::map<std::string, std::string, std::less<>> origins_;
};

// "/dependency/solana/endpoint/1/url" → "dependency.solana.endpoint[1].url"
[[nodiscard]] std::string key_of(std::string_view pointer);

}  // namespace thole::app
