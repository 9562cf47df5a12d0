// The environment names: each is one value of the configuration.

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "app/config_load.hpp"
#include "app/url_parts.hpp"

#include <fmt/format.h>

namespace thole::app {
namespace {

class environment_reader {
  public:
    environment_reader(config_layers& layers, const environment& env,
                       std::vector<config_problem>& problems)
        : layers_{layers}, env_{env}, problems_{problems} {}

    [[nodiscard]] const std::string* find(std::string_view name) const {
        const auto found = env_.find(name);
        return found == env_.end() || found->second.empty() ? nullptr : &found->second;
    }

    void text(std::string_view name, std::string_view pointer) {
        if (const auto* value = find(name)) {
            layers_.set(pointer, boost::json::value(std::string_view{*value}), origin(name));
        }
    }

    void number(std::string_view name, std::string_view pointer) {
        if (const auto n = read_number(name)) {
            layers_.set(pointer, boost::json::value(*n), origin(name));
        }
    }

    void milliseconds(std::string_view name, std::string_view pointer) {
        if (const auto n = read_number(name)) {
            const auto written = fmt::format("{}ms", *n);
            layers_.set(pointer, boost::json::value(std::string_view{written}), origin(name));
        }
    }

    // "https://a/,https://b/": the order is the priority, so each has its own tier.
    void endpoints(std::string_view name, std::string_view pointer) {
        const auto* value = find(name);
        if (value == nullptr) return;
        boost::json::array out;
        std::string_view rest{*value};
        while (!rest.empty()) {
            const auto comma = std::min(rest.find(','), rest.size());
            auto url = rest.substr(0, comma);
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            while (url.starts_with(' ')) url.remove_prefix(1);
            while (url.ends_with(' ')) url.remove_suffix(1);
            if (url.empty()) {
                problems_.push_back({origin(name), key_of(pointer),
                                     "a list of URLs divided by commas, none of them empty"});
                return;
            }
            const auto tier = static_cast<std::int64_t>(out.size());
            const auto label = fmt::format("env-{}", tier + 1);
            out.push_back({{"name", label}, {"url", url}, {"tier", tier}});
        }
        layers_.set(pointer, std::move(out), origin(name));
    }

  private:
    static std::string origin(std::string_view name) { return fmt::format("environment {}", name); }

    std::optional<std::int64_t> read_number(std::string_view name) {
        const auto* value = find(name);
        if (value == nullptr) return std::nullopt;
        std::uint32_t out = 0;
        const auto* end = value->data() + value->size();
        const auto [at, error] = std::from_chars(value->data(), end, out);
        if (error != std::errc{} || at != end) {
            problems_.push_back({origin(name), std::string{name},
                                 "must be a whole number without sign, at most 4294967295"});
            return std::nullopt;
        }
        return out;
    }

    config_layers& layers_;
    const environment& env_;
    std::vector<config_problem>& problems_;
};

}  // namespace

void apply_environment(config_layers& layers, const environment& env,
                       std::vector<config_problem>& problems, std::vector<std::string>& notes) {
    environment_reader read{layers, env, problems};
    read.endpoints("SOLANA_RPC_ENDPOINTS", "/dependency/solana/endpoint");
    read.number("SOLANA_RETRY_ATTEMPTS", "/dependency/solana/retry/attempts");
    read.milliseconds("SOLANA_TIMEOUT_MS", "/dependency/solana/timeout");
    read.endpoints("IPFS_GATEWAYS", "/dependency/gateway/endpoint");
    read.number("IPFS_RETRY_ATTEMPTS", "/dependency/ipfs/retry/attempts");
    read.text("DATABASE_URL", "/records/url");
    read.number("DB_POOL_MIN", "/records/pool_min");
    read.number("DB_POOL_MAX", "/records/pool_max");
    read.number("CB_FAILURE_THRESHOLD", "/dependency/standard/breaker/failures");
    read.milliseconds("CB_TIMEOUT_MS", "/dependency/standard/breaker/open");
    read.text("THOLE_DATA", "/data/folder");
    if (read.find("PINATA_API_KEY") != nullptr) {
        notes.emplace_back(
            "environment PINATA_API_KEY is the key of the providers of kind \"pinata\" that name "
            "none; without one, it adds one");
    }
}

}  // namespace thole::app
