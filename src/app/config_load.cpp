#include "app/config_load.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <boost/mp11/algorithm.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <tuple>

#include "app/config_rules.hpp"

namespace thole::app {
namespace {

namespace fs = std::filesystem;

// ---- suggestions for misspelt keys --------------------------------------------------------------

template <class T>
void collect_names(std::vector<std::string_view>& names) {
    if constexpr (json::detail::is_vector<T>::value || json::detail::is_optional<T>::value) {
        collect_names<typename T::value_type>(names);
    } else if constexpr (json::detail::is_map<T>::value) {
        collect_names<typename T::mapped_type>(names);
    } else if constexpr (boost::describe::has_describe_members<T>::value) {
        boost::mp11::mp_for_each<json::detail::members_of<T>>([&](auto member) {
            names.emplace_back(member.name);
            collect_names<json::detail::member_type<T, decltype(member)>>(names);
        });
    }
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto above = row[j];
            row[j] =
                std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

std::string suggestion(std::string_view unknown) {
    std::vector<std::string_view> names;
    collect_names<config>(names);
    std::string_view best;
    std::size_t least = 3;
    for (const auto name : names) {
        if (const auto distance = edit_distance(unknown, name); distance < least) {
            least = distance;
            best = name;
        }
    }
    return best.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", best);
}

// ---- reading ------------------------------------------------------------------------------------

std::string rule_of(const json::problem& p) {
    const auto member = p.pointer.substr(p.pointer.rfind('/') + 1);
    if (p.code == "json.unknown_member") return "no such key is known" + suggestion(member);
    if (p.code == "json.bad_text") {
        if (member == "price_per_gb_month") {
            return "must be an amount with its currency, like \"0.15 USD\", from 0 to 9000 with at "
                   "most six decimals";
        }
        if (member == "rate") {
            return "must be calls and the time for them, like \"10/s\", \"600/m\" or \"5000/h\", "
                   "from 1 to 1000000";
        }
        const bool is_reference = member == "key" || member == "secret" || member == "token";
        return is_reference ? "must say where the secret is: file:PATH, env:NAME or credential:NAME"
                            : "must be a duration with its unit, like \"30s\" or \"1m30s\"";
    }
    return p.detail;
}

void add_files(const config_sources& from, loaded_config& to,
               std::vector<config_problem>& problems) {
    std::string file;
    if (from.file) {
        file = *from.file;
    } else if (std::error_code error; fs::exists(from.default_file, error)) {
        file = from.default_file;
    }
    if (file.empty()) return;
    to.files.push_back(file);
    const auto folder = fs::path{file}.parent_path() / "conf.d";
    std::vector<std::string> dropins;
    std::error_code error;
    for (auto it = fs::directory_iterator{folder, error}; !error && it != fs::directory_iterator{};
         it.increment(error)) {
        if (it->path().extension() == ".toml") dropins.push_back(it->path().string());
    }
    std::ranges::sort(dropins);
    to.files.insert(to.files.end(), dropins.begin(), dropins.end());
    for (const auto& each : to.files) to.layers.add_file(each, problems);
}

std::string env_or(const environment& env, std::string_view name) {
    const auto found = env.find(name);
    return found == env.end() ? std::string{} : found->second;
}

std::string default_folder(const environment& env) {
    // systemd's StateDirectory=, a colon-separated list of which ours is the first.
    if (const auto state = env_or(env, "STATE_DIRECTORY"); !state.empty()) {
        return state.substr(0, state.find(':'));
    }
    if (const auto data = env_or(env, "XDG_DATA_HOME"); !data.empty()) return data + "/thole";
    if (const auto home = env_or(env, "HOME"); !home.empty()) return home + "/.local/share/thole";
    return "/var/lib/thole";
}

// The key in the environment is enough to use Pinata.
void add_pinata(std::vector<ipfs_provider_config>& providers, const environment& env) {
    const reference pinata_key{reference_kind::env, "PINATA_API_KEY"};
    bool has_pinata = false;
    for (auto& each : providers) {
        if (each.kind != provider_kind::pinata) continue;
        has_pinata = true;
        if (!each.token) each.token = pinata_key;
    }
    if (has_pinata || env_or(env, pinata_key.name).empty()) return;
    auto& added = providers.emplace_back();
    added.name = "pinata";
    added.kind = provider_kind::pinata;
    added.token = pinata_key;
}

// What Pinata's own servers keep is on the public network, where these serve it.
void add_public_gateways(dependencies_config& to) {
    const auto is_public = [](const ipfs_provider_config& each) {
        return each.kind == provider_kind::pinata && each.url.empty();
    };
    auto& gateways = to.gateway.endpoint;
    if (!gateways.empty() || std::ranges::none_of(to.ipfs.provider, is_public)) return;
    for (const auto& [name, url] :
         {std::pair{"dweb", "https://dweb.link"}, std::pair{"ipfs-io", "https://ipfs.io"}}) {
        endpoint_config next;
        next.name = name;
        next.url = url;
        next.tier = static_cast<std::uint32_t>(gateways.size());  // in this order
        gateways.push_back(std::move(next));
    }
}

void resolve_places(config& c, const environment& env) {
    if (c.data.folder.empty()) c.data.folder = default_folder(env);
    c.data.folder = fs::absolute(c.data.folder).lexically_normal().string();
    if (c.data.folder.size() > 1 && c.data.folder.ends_with('/')) c.data.folder.pop_back();
    if (c.server.socket.empty()) c.server.socket = c.data.folder + "/thole.sock";
    if (c.records.url.empty()) c.records.url = "sqlite://" + c.data.folder + "/records.sqlite";
    auto& providers = c.dependency.ipfs.provider;
    if (providers.empty()) providers.emplace_back().name = "own";
    add_pinata(providers, env);
    add_public_gateways(c.dependency);
}

// Takes the member of the nearest object around a pointer away.
void remove_at(boost::json::object& from, std::string_view pointer) {
    std::vector<std::string_view> tokens;
    while (!pointer.empty()) {
        const auto next = std::min(pointer.find('/', 1), pointer.size());
        tokens.push_back(pointer.substr(1, next - 1));
        pointer.remove_prefix(next);
    }
    auto* around = &from;
    auto member = tokens.empty() ? std::string_view{} : tokens.front();
    boost::json::value* at = around->if_contains(member);
    for (std::size_t i = 1; i < tokens.size() && at != nullptr; ++i) {
        if (auto* object = at->if_object()) {
            around = object;
            member = tokens[i];
            at = around->if_contains(member);
        } else if (auto* array = at->if_array()) {
            std::size_t index = 0;
            std::from_chars(tokens[i].data(), tokens[i].data() + tokens[i].size(), index);
            at = index < array->size() ? &(*array)[index] : nullptr;
        }
    }
    around->erase(member);
}

// What can be read; what cannot becomes problems, and the defaults stand in for it, so that the
// rules can be checked on the rest: all mistakes are told at once.
config read_values(const config_layers& layers, std::vector<config_problem>& problems) {
    auto values = layers.values();
    auto read = json::read<config>(boost::json::value(values));
    if (read) return std::move(*read);
    for (const auto& each : read.error()) {
        problems.push_back({layers.origin_of(each.pointer), key_of(each.pointer), rule_of(each)});
        remove_at(values, each.pointer);
    }
    read = json::read<config>(boost::json::value(values));
    return read ? std::move(*read) : config{};
}

// A key whose value could not even be read has no further rules to break.
void add_unless_told(std::vector<config_problem>& problems,
                     const std::vector<config_problem>& more) {
    const auto told = problems.size();
    for (const auto& each : more) {
        const auto known = [&each](const config_problem& p) { return p.key.starts_with(each.key); };
        const auto end = problems.begin() + static_cast<std::ptrdiff_t>(told);
        if (std::find_if(problems.begin(), end, known) == end) problems.push_back(each);
    }
}

// In the order in which a person meets them: by file (or other source), then by line.
void sort_by_place(std::vector<config_problem>& problems) {
    const auto line = [](const config_problem& p) {
        const auto colon = p.place.rfind(':');
        std::size_t number = 0;
        if (colon != std::string::npos) {
            std::from_chars(p.place.data() + colon + 1, p.place.data() + p.place.size(), number);
        }
        return std::tuple{p.place.substr(0, colon), number, p.key, p.rule};
    };
    std::ranges::sort(problems, {}, line);
}

}  // namespace

environment system_environment() {
    environment out;
    for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
        const std::string_view pair{*each};
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) continue;
        out.emplace(pair.substr(0, equals), pair.substr(equals + 1));
    }
    return out;
}

config configured_places(const config_sources& from) {
    loaded_config out;
    std::vector<config_problem> ignored;
    add_files(from, out, ignored);
    apply_environment(out.layers, from.env, ignored, out.notes);
    for (const auto& flag : from.flags) {
        out.layers.set(flag.pointer, boost::json::value(std::string_view{flag.value}), flag.name);
    }
    const auto text = [&](std::string_view table, std::string_view key) -> std::string {
        const auto* found = out.layers.values().if_contains(table);
        const auto* fields = found == nullptr ? nullptr : found->if_object();
        const auto* value = fields == nullptr ? nullptr : fields->if_contains(key);
        return value != nullptr && value->is_string() ? std::string{value->as_string()} : "";
    };
    out.value.server.socket = text("server", "socket");
    out.value.data.folder = text("data", "folder");
    resolve_places(out.value, from.env);
    return out.value;
}

std::expected<loaded_config, std::vector<config_problem>> load_config(const config_sources& from) {
    loaded_config out;
    std::vector<config_problem> problems;
    add_files(from, out, problems);
    apply_environment(out.layers, from.env, problems, out.notes);
    for (const auto& flag : from.flags) {
        out.layers.set(flag.pointer, boost::json::value(std::string_view{flag.value}),
                       "flag " + flag.name);
    }
    out.value = read_values(out.layers, problems);
    resolve_places(out.value, from.env);
    std::vector<config_problem> broken;
    check_config(out.value, out.layers, from.env, broken, out.notes);
    add_unless_told(problems, broken);
    if (problems.empty()) return out;
    sort_by_place(problems);
    return std::unexpected{std::move(problems)};
}

}  // namespace thole::app
