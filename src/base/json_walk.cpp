#include "base/json.hpp"

#include <algorithm>
#include <boost/json/kind.hpp>
#include <charconv>

#include "base/json_document.hpp"
#include "base/json_problems.hpp"

namespace thole::json {

namespace {

namespace bj = boost::json;

void append_pointer(std::string& out, const detail::path& here) {
    if (here.parent == nullptr) return;
    append_pointer(out, *here.parent);
    append_token(out, here.is_index ? std::to_string(here.index) : std::string{here.member});
}

std::string_view kind_text(const bj::value& from) {
    switch (from.kind()) {
        case bj::kind::null:
            return "null";
        case bj::kind::bool_:
            return "a boolean";
        case bj::kind::int64:
        case bj::kind::uint64:
        case bj::kind::double_:
            return "a number";
        case bj::kind::string:
            return "a string";
        case bj::kind::array:
            return "an array";
        case bj::kind::object:
            return "an object";
    }
    return "something else";
}

bool wrong_type(problems& found, const detail::path& here, std::string_view wanted,
                const bj::value& from) {
    detail::add_problem(found, here, "json.wrong_type",
                        "must be " + std::string{wanted} + ", not " + std::string{kind_text(from)});
    return false;
}

template <class T>
bool out_of_range(problems& found, const detail::path& here, T lowest, T highest) {
    detail::add_problem(
        found, here, "json.out_of_range",
        "must be from " + std::to_string(lowest) + " to " + std::to_string(highest));
    return false;
}

// Decimal text with exactly one spelling: no plus, no leading zero, no "-0".
bool canonical_integer(std::string_view text) {
    if (text.starts_with('-')) {
        text.remove_prefix(1);
        if (text == "0") return false;
    }
    if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

namespace detail {

void add_problem(problem_list& found, const path& here, std::string_view code, std::string text) {
    std::string pointer;
    append_pointer(pointer, here);
    add(found, std::move(pointer), code, std::move(text));
}

void add_bad_text(problem_list& found, const path& here) {
    add_problem(found, here, "json.bad_text", "the text is not of the form that is expected here");
}

bool read_bool(problem_list& found, const path& here, const value& from, bool& out) {
    const auto* flag = from.if_bool();
    if (flag == nullptr) return wrong_type(found, here, "a boolean", from);
    return out = *flag, true;
}

bool read_double(problem_list& found, const path& here, const value& from, double& out) {
    switch (from.kind()) {
        case bj::kind::int64:
            out = static_cast<double>(from.get_int64());
            return true;
        case bj::kind::uint64:
            out = static_cast<double>(from.get_uint64());
            return true;
        case bj::kind::double_:
            out = from.get_double();
            return true;
        default:
            return wrong_type(found, here, "a number", from);
    }
}

bool read_string(problem_list& found, const path& here, const value& from, std::string& out) {
    const auto* text = from.if_string();
    if (text == nullptr) return wrong_type(found, here, "a string", from);
    return out.assign(text->data(), text->size()), true;
}

bool read_signed(problem_list& found, const path& here, const value& from, std::int64_t lowest,
                 std::int64_t highest, bool wide, std::int64_t& out) {
    const auto* text = wide ? from.if_string() : nullptr;
    if (const auto* number = from.if_int64()) {
        out = *number;
    } else if (from.is_uint64()) {  // larger than any int64
        return out_of_range(found, here, lowest, highest);
    } else if (text != nullptr && canonical_integer(*text)) {
        const auto error = std::from_chars(text->data(), text->data() + text->size(), out).ec;
        if (error != std::errc{}) return out_of_range(found, here, lowest, highest);
    } else {
        return wrong_type(found, here, wide ? "an integer, also as decimal text" : "an integer",
                          from);
    }
    if (out < lowest || out > highest) return out_of_range(found, here, lowest, highest);
    return true;
}

bool read_unsigned(problem_list& found, const path& here, const value& from, std::uint64_t highest,
                   bool wide, std::uint64_t& out) {
    const auto* text = wide ? from.if_string() : nullptr;
    const std::uint64_t lowest = 0;
    if (const auto* large = from.if_uint64()) {
        out = *large;
    } else if (const auto* number = from.if_int64()) {
        if (*number < 0) return out_of_range(found, here, lowest, highest);
        out = static_cast<std::uint64_t>(*number);
    } else if (text != nullptr && canonical_integer(*text)) {
        const auto error = std::from_chars(text->data(), text->data() + text->size(), out).ec;
        if (error != std::errc{}) return out_of_range(found, here, lowest, highest);
    } else {
        return wrong_type(found, here, wide ? "an integer, also as decimal text" : "an integer",
                          from);
    }
    if (out > highest) return out_of_range(found, here, lowest, highest);
    return true;
}

namespace {

constexpr std::string_view time_rule = "must be a time like 2026-01-01T00:00:00.000000Z";

template <class T>
bool read_text_of(std::optional<T> (*parse_text)(std::string_view), std::string_view rule,
                  problem_list& found, const path& here, const value& from, T& out) {
    std::string text;
    if (!read_string(found, here, from, text)) return false;
    const auto parsed = parse_text(text);
    if (!parsed) {
        add_problem(found, here, "json.bad_text", std::string{rule});
        return false;
    }
    return out = *parsed, true;
}

}  // namespace

bool read_time(problem_list& found, const path& here, const value& from, wall_time& out) {
    return read_text_of(&parse_wall_time, time_rule, found, here, from, out);
}

bool read_time(problem_list& found, const path& here, const value& from, store_time& out) {
    return read_text_of(&parse_store_time, time_rule, found, here, from, out);
}

bool read_duration(problem_list& found, const path& here, const value& from, duration& out) {
    return read_text_of(&parse_duration,
                        "must be a duration with its unit, like \"30s\" or \"1m30s\"", found, here,
                        from, out);
}

bool read_choice(problem_list& found, const path& here, const value& from,
                 std::span<const std::string_view> texts, std::size_t& out) {
    std::string text;
    if (!read_string(found, here, from, text)) return false;
    const auto chosen = std::ranges::find(texts, std::string_view{text});
    if (chosen != texts.end()) {
        return out = static_cast<std::size_t>(chosen - texts.begin()), true;
    }
    std::string rule = "must be one of";
    for (const auto each : texts) rule.append(" \"").append(each).append("\"");
    add_problem(found, here, "json.unknown_value", std::move(rule));
    return false;
}

const bj::array* open_array(problem_list& found, const path& here, const value& from) {
    const auto* array = from.if_array();
    if (array == nullptr) wrong_type(found, here, "an array", from);
    return array;
}

const bj::object* open_object(problem_list& found, const path& here, const value& from) {
    const auto* object = from.if_object();
    if (object == nullptr) wrong_type(found, here, "an object", from);
    return object;
}

void check_members(problem_list& found, const path& here, const bj::object& object,
                   std::span<const member_rule> rules) {
    for (const auto& [key, each] : object) {
        if (std::ranges::find(rules, std::string_view{key}, &member_rule::name) == rules.end()) {
            const path inner{&here, key};
            add_problem(found, inner, "json.unknown_member", "no such member is known here");
        }
    }
    for (const auto& rule : rules) {
        if (rule.required && !object.contains(rule.name)) {
            const path inner{&here, rule.name};
            add_problem(found, inner, "json.missing_member", "the member is required");
        }
    }
}

void stamp_version(bj::object& out, std::size_t version) {
    out.emplace("v", static_cast<std::uint64_t>(version));
}

bool open_document(problems& found, value& from, std::span<const document_upgrade> upgrades) {
    auto* object = from.if_object();
    if (object == nullptr) return wrong_type(found, path{}, "an object", from);
    const path root;
    const path version_path{&root, "v"};
    const auto* stamped = object->if_contains("v");
    if (stamped == nullptr) {
        add_problem(found, version_path, "json.missing_member", "the member is required");
        return false;
    }
    std::uint64_t version = 0;
    if (!read_unsigned(found, version_path, *stamped, UINT32_MAX, false, version)) return false;
    if (version == 0 || version > upgrades.size() + 1) {
        add_problem(found, version_path, "json.unknown_version",
                    "this program knows the versions 1 to " + std::to_string(upgrades.size() + 1));
        return false;
    }
    object->erase("v");
    for (const auto upgrade : upgrades.subspan(version - 1)) upgrade(*object);
    return true;
}

}  // namespace detail

}  // namespace thole::json
