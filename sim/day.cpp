#include "sim/day.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/time_text.hpp"
#include "sim/probes.hpp"
#include "sim/rounds.hpp"

namespace thole::sim {

namespace {

std::optional<std::int64_t> parse_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// "a..b" or "a": both ends, read by `parse`.
template <class Range, class Parse>
std::optional<Range> parse_range(std::string_view text, Parse parse) {
    const auto dots = text.find("..");
    const auto least = parse(text.substr(0, dots));
    const auto most = dots == std::string_view::npos ? least : parse(text.substr(dots + 2));
    if (!least || !most || *least > *most) return std::nullopt;
    return Range{*least, *most};
}

boost::json::value to_json(const toml::node& node) {
    if (const auto* table = node.as_table()) {
        boost::json::object out;
        for (const auto& [key, value] : *table) out[std::string_view{key.str()}] = to_json(value);
        return out;
    }
    if (const auto* list = node.as_array()) {
        boost::json::array out;
        for (const auto& each : *list) out.push_back(to_json(each));
        return out;
    }
    if (const auto text = node.value_exact<std::string>()) return boost::json::string{*text};
    if (const auto number = node.value_exact<std::int64_t>()) return *number;
    if (const auto truth = node.value_exact<bool>()) return *truth;
    return nullptr;  // dates and fractions: nothing here takes them, so they are refused by type
}

bool is_percent(int value) {
    return value >= 0 && value <= 100;
}

bool is_known_target(std::string_view target) {
    constexpr std::array<std::string_view, 4> groups{"any", "all", "rpc", "content"};
    return std::ranges::find(groups, target) != groups.end() ||
           std::ranges::find(rpc_labels, target) != rpc_labels.end() ||
           std::ranges::find(content_labels, target) != content_labels.end() ||
           target == desk_label || target == partner_label;
}

void check(const day& d, std::vector<std::string>& mistakes) {
    const auto demand = [&](bool holds, std::string_view key, std::string_view rule) {
        if (!holds) mistakes.push_back(fmt::format("{}: {}", key, rule));
    };
    const auto& w = d.workload;
    demand(w.operations >= 0 && w.orders >= 0 && w.operations + w.orders >= 1,
           "workload.operations", "must be at least 1, or orders");
    demand(w.accounts >= 1, "workload.accounts", "must be at least 1");
    demand(w.images >= 1, "workload.images", "must be at least 1");
    demand(is_percent(w.duplicates), "workload.duplicates", "must be 0 to 100 (per cent)");
    demand(is_percent(w.conflicting), "workload.conflicting", "must be 0 to 100 (per cent)");
    demand(is_percent(w.cancels), "workload.cancels", "must be 0 to 100 (per cent)");
    demand(is_percent(w.verbs), "workload.verbs", "must be 0 to 100 (per cent)");
    demand(is_percent(w.interventions), "workload.interventions", "must be 0 to 100 (per cent)");
    demand(is_percent(w.order_verbs), "workload.order_verbs", "must be 0 to 100 (per cent)");
    demand(w.bulk_acts >= 0 && w.bulk_acts <= 100, "workload.bulk_acts", "must be 0 to 100");
    const auto no_rounds = rounds::why_not(w.rounds);
    demand(no_rounds.empty(), "workload.rounds", no_rounds);
    demand(w.rounds.empty() || w.orders > 0, "workload.rounds", "must be empty without orders");
    demand(d.surroundings.daemons == 1 || w.orders == 0, "workload.orders",
           "must be 0 with several daemons: their limits count on one node");
    demand(w.reconciles.least > duration::zero() || !d.reconciles(), "workload.reconciles",
           "must begin above 0s, or be 0s");
    demand(d.surroundings.daemons == 1 || !d.reconciles(), "workload.reconciles",
           "must be 0s with several daemons: each would have a pace of its own");
    demand(d.surroundings.daemons == 1 || w.interventions == 0, "workload.interventions",
           "must be 0 with several daemons: they do not hear what another was told to hold back");
    demand(d.surroundings.concurrency >= 1, "surroundings.concurrency", "must be at least 1");
    demand(d.surroundings.max_waiting >= 1, "surroundings.max_waiting", "must be at least 1");
    demand(d.surroundings.generations >= 1, "surroundings.generations", "must be at least 1");
    demand(d.surroundings.daemons >= 1 && d.surroundings.daemons <= 9, "surroundings.daemons",
           "must be 1 to 9");
    demand(d.surroundings.daemons == 1 || d.surroundings.treasury == 0, "surroundings.treasury",
           "must be 0 with several daemons: each would look after the wallet");
    demand(!d.surroundings.disk || d.surroundings.daemons == 1, "surroundings.disk",
           "must be false with several daemons: a file belongs to one");
    for (std::size_t i = 0; i < d.fault.size(); ++i) {
        const auto& each = d.fault[i];
        const auto key = fmt::format("fault[{}]", i);
        demand(is_known_target(each.target), key + ".target",
               "must be a node's label, \"rpc\", \"content\", \"all\" or \"any\"");
        const bool drifts = each.kind == trouble::drift;
        demand(drifts == each.drift.has_value(), key + ".drift",
               "must be there with the kind \"drift\", and with no other");
        demand(each.drift != nft::drift::uri_dead || d.surroundings.site, "surroundings.site",
               "must be true where an address dies");
        demand(each.drift != nft::drift::partner_mismatch || d.surroundings.partner,
               "surroundings.partner", "must be true where a partner shows something else");
        demand(!drifts || d.reconciles(), "workload.reconciles",
               "must be more than 0s where something drifts");
        demand(each.count.least >= 0 && each.count.most <= 1000, key + ".count",
               "must be within 0..1000");
    }
}

}  // namespace

std::string count_range::text() const {
    return least == most ? fmt::format("{}", least) : fmt::format("{}..{}", least, most);
}
std::optional<count_range> count_range::parse(std::string_view text) {
    return parse_range<count_range>(text, parse_number);
}
std::string time_range::text() const {
    return least == most ? duration_text(least) : duration_text(least) + ".." + duration_text(most);
}
std::optional<time_range> time_range::parse(std::string_view text) {
    return parse_range<time_range>(text, parse_duration);
}

std::expected<day, std::string> read_day(std::string_view toml, std::string name) {
    boost::json::value values;
    try {
        values = to_json(toml::parse(toml, std::string_view{name}));
    } catch (const toml::parse_error& error) {
        return std::unexpected{fmt::format("{}:{}: not TOML: {}\n", name, error.source().begin.line,
                                           error.description())};
    }
    auto read = json::read<day>(values);
    std::vector<std::string> mistakes;
    if (!read) {
        for (const auto& p : read.error()) {
            mistakes.push_back(fmt::format("{}: {}", p.pointer, p.detail));
        }
    } else {
        check(*read, mistakes);
    }
    if (!mistakes.empty()) {
        std::string text;
        for (const auto& each : mistakes) text += fmt::format("{}: {}\n", name, each);
        return std::unexpected{text};
    }
    read->name = std::move(name);
    return std::move(*read);
}

std::expected<day, std::string> load_day(const std::string& path) {
    std::ifstream file{path};
    if (!file) return std::unexpected{path + ": cannot be read"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    return read_day(text, std::filesystem::path{path}.stem().string());
}

}  // namespace thole::sim
