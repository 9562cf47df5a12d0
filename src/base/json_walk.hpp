#pragma once

// The templates behind json.hpp, which is what to include.
//
// What depends on T is only the loop over members; checks, messages and problem pointers are plain
// functions in json.cpp, so that a described struct costs little to compile.

#include <array>
#include <boost/describe.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>
#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <type_traits>

#include "base/json.hpp"
#include "base/time_text.hpp"
#include "thole/assert.hpp"

namespace thole::json::detail {

using boost::json::value;

// Where in the document the walker stands: a chain on the stack, made text only for a problem.
struct path {
    const path* parent = nullptr;
    std::string_view member{};
    std::size_t index = 0;
    bool is_index = false;
};

struct member_rule {
    std::string_view name;
    bool required;
};

using problem_list = problems;

// Reading helpers. Each adds a problem and answers false (or null) when the value does not fit.
bool read_bool(problem_list&, const path&, const value&, bool& out);
bool read_double(problem_list&, const path&, const value&, double& out);
bool read_string(problem_list&, const path&, const value&, std::string& out);
// `wide`: 64-bit integers, which may also come as decimal text.
bool read_signed(problem_list&, const path&, const value&, std::int64_t lowest,
                 std::int64_t highest, bool wide, std::int64_t& out);
bool read_unsigned(problem_list&, const path&, const value&, std::uint64_t highest, bool wide,
                   std::uint64_t& out);
bool read_time(problem_list&, const path&, const value&, wall_time& out);
bool read_time(problem_list&, const path&, const value&, store_time& out);
bool read_duration(problem_list&, const path&, const value&, duration& out);
// The index of the text among `texts`.
bool read_choice(problem_list&, const path&, const value&, std::span<const std::string_view> texts,
                 std::size_t& out);
const boost::json::array* open_array(problem_list&, const path&, const value&);
const boost::json::object* open_object(problem_list&, const path&, const value&);
// Reports unknown and missing members.
void check_members(problem_list&, const path&, const boost::json::object&,
                   std::span<const member_rule>);
void add_bad_text(problem_list&, const path&);
void add_problem(problem_list&, const path&, std::string_view code, std::string detail);

// Parses as far as the text is JSON; duplicates become problems and the first one counts.
std::optional<value> parse_collecting(std::string_view text, problem_list&);
std::string serialize(const value&);

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_map : std::false_type {};
template <class T>
struct is_map<std::map<std::string, T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class T>
concept textual = requires(const T& t, std::string_view text) {
    { t.text() } -> std::convertible_to<std::string>;
    { T::parse(text) } -> std::same_as<std::optional<T>>;
};

template <class T>
concept timestamp = std::same_as<T, wall_time> || std::same_as<T, store_time>;

template <class T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_public |
                                                            boost::describe::mod_inherited>;

template <class T, class Member>
using member_type = std::remove_cvref_t<decltype(std::declval<T&>().*Member::pointer)>;

template <class T>
constexpr bool named_optional(std::string_view name) {
    using rule = std::remove_cvref_t<decltype(optional_members<T>)>;
    if constexpr (std::same_as<rule, all_members_t>) {
        return true;
    } else if constexpr (std::same_as<rule, no_members_t>) {
        return false;
    } else {
        for (const std::string_view each : optional_members<T>) {
            if (each == name) return true;
        }
        return false;
    }
}

template <class T>
constexpr auto make_member_rules() {
    std::array<member_rule, boost::mp11::mp_size<members_of<T>>::value> rules{};
    std::size_t next = 0;
    boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
        using type = member_type<T, decltype(member)>;
        rules[next++] = {member.name, !is_optional<type>::value && !named_optional<T>(member.name)};
    });
    return rules;
}
template <class T>
inline constexpr auto member_rules = make_member_rules<T>();

// Catches optional_members that name no member.
template <class T>
constexpr bool optional_members_exist() {
    using rule = std::remove_cvref_t<decltype(optional_members<T>)>;
    if constexpr (!std::same_as<rule, all_members_t> && !std::same_as<rule, no_members_t>) {
        for (const std::string_view each : optional_members<T>) {
            bool found = false;
            for (const auto& known : member_rules<T>) found = found || known.name == each;
            if (!found) return false;
        }
    }
    return true;
}

template <class E>
constexpr auto make_enum_names() {
    if constexpr (!std::same_as<std::remove_cvref_t<decltype(enum_texts<E>)>, no_texts_t>) {
        std::array<std::string_view, enum_texts<E>.size()> names{};
        for (std::size_t i = 0; i < names.size(); ++i) names[i] = enum_texts<E>[i].second;
        return names;
    } else {
        using list = boost::describe::describe_enumerators<E>;
        std::array<std::string_view, boost::mp11::mp_size<list>::value> names{};
        std::size_t next = 0;
        boost::mp11::mp_for_each<list>([&](auto each) { names[next++] = each.name; });
        return names;
    }
}
template <class E>
constexpr auto make_enum_values() {
    if constexpr (!std::same_as<std::remove_cvref_t<decltype(enum_texts<E>)>, no_texts_t>) {
        std::array<E, enum_texts<E>.size()> values{};
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = enum_texts<E>[i].first;
        return values;
    } else {
        using list = boost::describe::describe_enumerators<E>;
        std::array<E, boost::mp11::mp_size<list>::value> values{};
        std::size_t next = 0;
        boost::mp11::mp_for_each<list>([&](auto each) { values[next++] = each.value; });
        return values;
    }
}
template <class E>
inline constexpr auto enum_names = make_enum_names<E>();
template <class E>
inline constexpr auto enum_values = make_enum_values<E>();

template <class E>
std::string_view enum_text(E from) {
    for (std::size_t i = 0; i < enum_values<E>.size(); ++i) {
        if (enum_values<E>[i] == from) return enum_names<E>[i];
    }
    THOLE_ASSERT(false, "an enum that is written has one of its described values");
}

template <class T>
bool read_into(problem_list& found, const path& here, const value& from, T& out);

template <class T>
bool read_integer(problem_list& found, const path& here, const value& from, T& out) {
    using limits = std::numeric_limits<T>;
    constexpr bool wide = sizeof(T) == 8;
    if constexpr (std::signed_integral<T>) {
        std::int64_t number = 0;
        if (!read_signed(found, here, from, limits::min(), limits::max(), wide, number)) {
            return false;
        }
        out = static_cast<T>(number);
    } else {
        std::uint64_t number = 0;
        if (!read_unsigned(found, here, from, limits::max(), wide, number)) return false;
        out = static_cast<T>(number);
    }
    return true;
}

template <class T>
bool read_elements(problem_list& found, const path& here, const value& from, T& out) {
    const auto* array = open_array(found, here, from);
    if (array == nullptr) return false;
    out.clear();
    out.reserve(array->size());
    bool ok = true;
    for (std::size_t i = 0; i < array->size(); ++i) {
        typename T::value_type element{};
        const path inner{&here, {}, i, true};
        ok = read_into(found, inner, (*array)[i], element) && ok;
        out.push_back(std::move(element));
    }
    return ok;
}

template <class T>
bool read_entries(problem_list& found, const path& here, const value& from, T& out) {
    const auto* object = open_object(found, here, from);
    if (object == nullptr) return false;
    out.clear();
    bool ok = true;
    for (const auto& [key, each] : *object) {
        const path inner{&here, key};
        ok = read_into(found, inner, each, out[std::string{key}]) && ok;
    }
    return ok;
}

template <class T>
bool read_members(problem_list& found, const path& here, const value& from, T& out) {
    static_assert(optional_members_exist<T>(), "optional_members names a member that T lacks");
    const auto* object = open_object(found, here, from);
    if (object == nullptr) return false;
    const auto before = found.size();
    check_members(found, here, *object, member_rules<T>);
    boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
        const auto* each = object->if_contains(member.name);
        if (each == nullptr) return;
        const path inner{&here, member.name};
        read_into(found, inner, *each, out.*decltype(member)::pointer);
    });
    return found.size() == before;
}

template <class T>
bool read_into(problem_list& found, const path& here, const value& from, T& out) {
    if constexpr (std::same_as<T, value>) {
        out = from;
        return true;
    } else if constexpr (std::same_as<T, bool>) {
        return read_bool(found, here, from, out);
    } else if constexpr (std::integral<T>) {
        return read_integer(found, here, from, out);
    } else if constexpr (std::same_as<T, double>) {
        return read_double(found, here, from, out);
    } else if constexpr (std::same_as<T, std::string>) {
        return read_string(found, here, from, out);
    } else if constexpr (timestamp<T>) {
        return read_time(found, here, from, out);
    } else if constexpr (std::same_as<T, duration>) {
        return read_duration(found, here, from, out);
    } else if constexpr (is_optional<T>::value) {
        if (from.is_null()) return out.reset(), true;
        return read_into(found, here, from, out ? *out : out.emplace());
    } else if constexpr (is_vector<T>::value) {
        return read_elements(found, here, from, out);
    } else if constexpr (is_map<T>::value) {
        return read_entries(found, here, from, out);
    } else if constexpr (std::is_enum_v<T>) {
        std::size_t choice = 0;
        if (!read_choice(found, here, from, enum_names<T>, choice)) return false;
        return out = enum_values<T>[choice], true;
    } else if constexpr (textual<T>) {
        std::string text;
        if (!read_string(found, here, from, text)) return false;
        auto parsed = T::parse(text);
        if (!parsed) return add_bad_text(found, here), false;
        return out = std::move(*parsed), true;
    } else {
        static_assert(boost::describe::has_describe_members<T>::value,
                      "describe the type with BOOST_DESCRIBE_STRUCT");
        return read_members(found, here, from, out);
    }
}

template <class T>
void append_members(const T& from, boost::json::object& out);

template <class T>
value value_of(const T& from) {
    if constexpr (std::same_as<T, value> || std::same_as<T, bool> || std::same_as<T, double>) {
        return value(from);
    } else if constexpr (std::integral<T>) {
        if constexpr (sizeof(T) == 8) return value(std::to_string(from));
        if constexpr (std::signed_integral<T>) return value(std::int64_t{from});
        return value(static_cast<std::uint64_t>(from));
    } else if constexpr (std::same_as<T, std::string>) {
        return value(std::string_view{from});
    } else if constexpr (timestamp<T>) {
        return value(std::string_view{rfc3339(from)});
    } else if constexpr (std::same_as<T, duration>) {
        return value(std::string_view{duration_text(from)});
    } else if constexpr (is_optional<T>::value) {
        return from ? value_of(*from) : value(nullptr);
    } else if constexpr (is_vector<T>::value) {
        boost::json::array out;
        out.reserve(from.size());
        for (const auto& each : from) {
            out.push_back(value_of<typename T::value_type>(each));
        }
        return out;
    } else if constexpr (is_map<T>::value) {
        boost::json::object out;
        for (const auto& [key, each] : from) out.emplace(key, value_of(each));
        return out;
    } else if constexpr (std::is_enum_v<T>) {
        return value(enum_text(from));
    } else if constexpr (textual<T>) {
        return value(std::string_view{std::string{from.text()}});
    } else {
        static_assert(boost::describe::has_describe_members<T>::value,
                      "describe the type with BOOST_DESCRIBE_STRUCT");
        boost::json::object out;
        append_members(from, out);
        return out;
    }
}

template <class T>
void append_members(const T& from, boost::json::object& out) {
    boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
        const auto& each = from.*decltype(member)::pointer;
        if constexpr (is_optional<member_type<T, decltype(member)>>::value) {
            if (!each) return;
        }
        out.emplace(member.name, value_of(each));
    });
}

}  // namespace thole::json::detail

namespace thole::json {

template <class T, std::same_as<boost::json::value> Value>
std::expected<T, problems> read(const Value& from) {
    T out{};
    problems found;
    detail::read_into(found, detail::path{}, from, out);
    if (!found.empty()) return std::unexpected{std::move(found)};
    return out;
}

template <class T>
std::expected<T, problems> read(std::string_view text) {
    T out{};
    problems found;
    const auto parsed = detail::parse_collecting(text, found);
    if (parsed) detail::read_into(found, detail::path{}, *parsed, out);
    if (!found.empty()) return std::unexpected{std::move(found)};
    return out;
}

template <class T, std::same_as<boost::json::value> Value>
problems read_over(T& out, const Value& from) {
    problems found;
    detail::read_into(found, detail::path{}, from, out);
    return found;
}

template <class T>
boost::json::value to_value(const T& from) {
    return detail::value_of(from);
}

template <class T>
std::string write(const T& from) {
    return detail::serialize(detail::value_of(from));
}

}  // namespace thole::json
