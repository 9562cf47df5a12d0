#include "app/config_layer.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace thole::app {

// Lays a TOML table over what is there. Locations come from the parser, per value.
class toml_reader {
  public:
    toml_reader(config_layers& into, std::string name, std::vector<config_problem>& problems)
        : into_{into}, name_{std::move(name)}, problems_{problems} {}

    void merge(const toml::table& from) { merge_table(from, into_.values_, ""); }

  private:
    void mark(const std::string& pointer, const toml::node& node) {
        into_.origins_[pointer] = fmt::format("{}:{}", name_, node.source().begin.line);
    }

    void forget_below(const std::string& pointer) {
        const auto inside = pointer + "/";
        for (auto it = into_.origins_.lower_bound(inside);
             it != into_.origins_.end() && it->first.starts_with(inside);) {
            it = into_.origins_.erase(it);
        }
    }

    void merge_table(const toml::table& from, boost::json::object& to, const std::string& at) {
        for (const auto& [key, node] : from) {
            const auto pointer = fmt::format("{}/{}", at, key.str());
            mark(pointer, node);
            if (const auto* table = node.as_table()) {
                auto& inner = to[std::string_view{key.str()}];
                if (!inner.is_object()) inner = boost::json::object{};
                merge_table(*table, inner.as_object(), pointer);
            } else {
                forget_below(pointer);
                to[std::string_view{key.str()}] = value_of(node, pointer);
            }
        }
    }

    boost::json::value value_of(const toml::node& node, const std::string& pointer) {
        mark(pointer, node);
        if (const auto* table = node.as_table()) {
            boost::json::object out;
            merge_table(*table, out, pointer);
            return out;
        }
        if (const auto* array = node.as_array()) {
            boost::json::array out;
            for (std::size_t i = 0; i < array->size(); ++i) {
                out.push_back(value_of((*array)[i], fmt::format("{}/{}", pointer, i)));
            }
            return out;
        }
        if (const auto* text = node.as_string())
            return boost::json::value(std::string_view{text->get()});
        if (const auto* number = node.as_integer()) return boost::json::value(number->get());
        if (const auto* real = node.as_floating_point()) return boost::json::value(real->get());
        if (const auto* flag = node.as_boolean()) return boost::json::value(flag->get());
        problems_.push_back(
            {into_.origin_of(pointer), key_of(pointer),
             "dates and times are not used here; write a text, a number or a list"});
        return nullptr;
    }

    config_layers& into_;
    std::string name_;
    std::vector<config_problem>& problems_;
};

void config_layers::add_text(std::string_view text, const std::string& name,
                             std::vector<config_problem>& problems) {
    try {
        const auto parsed = toml::parse(text, std::string_view{name});
        toml_reader{*this, name, problems}.merge(parsed);
    } catch (const toml::parse_error& error) {
        problems.push_back({fmt::format("{}:{}", name, error.source().begin.line), "",
                            fmt::format("not TOML: {}", error.description())});
    }
}

void config_layers::add_file(const std::string& path, std::vector<config_problem>& problems) {
    std::ifstream in{path, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (!in.is_open() || in.bad()) {
        problems.push_back({path, "", "the file cannot be read"});
        return;
    }
    add_text(text, path, problems);
}

void config_layers::set(std::string_view pointer, boost::json::value value, std::string origin) {
    auto* at = &values_;
    std::size_t from = 1;
    for (auto slash = pointer.find('/', from); slash != std::string_view::npos;
         slash = pointer.find('/', from)) {
        auto& inner = (*at)[pointer.substr(from, slash - from)];
        if (!inner.is_object()) inner = boost::json::object{};
        at = &inner.as_object();
        from = slash + 1;
    }
    (*at)[pointer.substr(from)] = std::move(value);
    const auto inside = std::string{pointer} + "/";
    std::erase_if(origins_, [&](const auto& each) { return each.first.starts_with(inside); });
    origins_[std::string{pointer}] = std::move(origin);
}

std::string config_layers::origin_of(std::string_view pointer) const {
    for (;;) {
        if (const auto found = origins_.find(pointer); found != origins_.end())
            return found->second;
        const auto slash = pointer.rfind('/');
        if (slash == std::string_view::npos) return {};
        pointer = pointer.substr(0, slash);
    }
}

std::string config_layers::exact_origin_of(std::string_view pointer) const {
    const auto found = origins_.find(pointer);
    return found == origins_.end() ? std::string{} : found->second;
}

std::string key_of(std::string_view pointer) {
    std::string out;
    while (!pointer.empty()) {
        const auto next = pointer.find('/', 1);
        const auto token = pointer.substr(1, next == std::string_view::npos ? next : next - 1);
        const bool index = !token.empty() &&
                           std::ranges::all_of(token, [](char c) { return c >= '0' && c <= '9'; });
        if (index) {
            fmt::format_to(std::back_inserter(out), "[{}]", token);
        } else {
            fmt::format_to(std::back_inserter(out), "{}{}", out.empty() ? "" : ".", token);
        }
        pointer = next == std::string_view::npos ? std::string_view{} : pointer.substr(next);
    }
    return out;
}

}  // namespace thole::app
