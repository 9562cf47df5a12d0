#pragma once

// JSON <-> plain structs, by one walker over Boost.Describe.
//
// The problem: hand-written parsers accept unknown members, miss duplicates, and say "bad request"
// without saying where. Here a struct is described once and read strictly:
//
//   struct mint_request { std::string owner; std::optional<std::uint32_t> level; bool is_mutable =
//   true; }; BOOST_DESCRIBE_STRUCT(mint_request, (), (owner, level, is_mutable))
//
//   auto read = json::read<mint_request>(text);      // std::expected<mint_request, json::problems>
//   json::write(request);                            // compact text, members in declaration order
//
// Rules: every unknown member, duplicate member, missing member, wrong type and out-of-range number
// is one problem with its JSON pointer; all of them are reported, not only the first. A member is
// optional when its type is std::optional<T> or when json::optional_members<T> names it (it then
// keeps the struct's default). Supported: bool, integers (range checked; 64-bit ones are written as
// strings and read from either), double, std::string, enums described with BOOST_DESCRIBE_ENUM (by
// name), std::vector, std::map<std::string, T>, std::optional, described structs,
// boost::json::value (anything), wall_time and store_time (RFC 3339), duration ("1m30s"), and any
// type with text() and static parse() (uuid ...), as text. An empty std::optional member is left
// out on writing; null reads as empty.
//
// json::document<T> reads what this program itself stored: it demands "v" and tolerates nothing
// else. See json_document.hpp.

#include <boost/describe.hpp>
#include <boost/json/value.hpp>
#include <concepts>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thole::json {

struct problem {
    std::string pointer;  // RFC 6901, "" for the whole document
    std::string code;     // "json.unknown_member", "json.wrong_type" ...
    std::string detail;   // for a person: names the rule
};
using problems = std::vector<problem>;

// Limits that hold for every parse: depth 32; the caller bounds the size of the text.
[[nodiscard]] std::expected<boost::json::value, problems> parse(std::string_view text);

// RFC 8785 (JSON Canonicalization Scheme): equal values, equal bytes.
[[nodiscard]] std::string canonical(const boost::json::value&);

template <class T>
[[nodiscard]] std::expected<T, problems> read(std::string_view text);
// For a boost::json::value and nothing that merely converts to one (a literal would).
template <class T, std::same_as<boost::json::value> Value>
[[nodiscard]] std::expected<T, problems> read(const Value&);
// Over what is there: optional members that `from` does not have keep their value, in structs
// inside too. After a problem `out` holds what could be read.
template <class T, std::same_as<boost::json::value> Value>
[[nodiscard]] problems read_over(T& out, const Value& from);
template <class T>
[[nodiscard]] boost::json::value to_value(const T&);
template <class T>
[[nodiscard]] std::string write(const T&);

// Specialise to make members with defaults optional on reading:
//   template <> inline constexpr auto optional_members<mint_request> = std::array{"is_mutable"sv};
// or `all_members` to make every member optional.
struct all_members_t {};
inline constexpr all_members_t all_members{};
struct no_members_t {};
template <class T>
inline constexpr no_members_t optional_members{};

// Specialise for an enum whose texts are no C++ names:
//   template <> inline constexpr auto enum_texts<standard> =
//       std::array{std::pair{standard::token_2022, "token-2022"sv}, ...};
struct no_texts_t {};
template <class E>
inline constexpr no_texts_t enum_texts{};

}  // namespace thole::json

#include "base/json_walk.hpp"
