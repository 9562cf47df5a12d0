#pragma once

// A struct as this program stores it: {"v":2, ...members}, readable by every later version.
//
//   template <> inline constexpr auto json::document_upgrades<mint_input> =
//   std::array{&add_standard}; auto text = json::document<mint_input>::write(input);   // "v" =
//   number of upgrades + 1 auto back = json::document<mint_input>::read(text);
//
// upgrade number i turns the members of version i + 1 into those of version i + 2; upgrades are
// pure and never removed. A newer version than this program knows is the problem
// json.unknown_version, so that the reader can put the work aside instead of guessing.

#include <array>

#include "base/json.hpp"

namespace thole::json {

using document_upgrade = void (*)(boost::json::object&);

template <class T>
inline constexpr std::array<document_upgrade, 0> document_upgrades{};

namespace detail {
void stamp_version(boost::json::object&, std::size_t version);
// Takes "v" off and brings the members to the newest version.
bool open_document(problems&, value&, std::span<const document_upgrade>);
}  // namespace detail

template <class T>
struct document {
    [[nodiscard]] static std::string write(const T& from) {
        boost::json::object out;
        detail::stamp_version(out, document_upgrades<T>.size() + 1);
        detail::append_members(from, out);
        return detail::serialize(out);
    }

    [[nodiscard]] static std::expected<T, problems> read(std::string_view text) {
        problems found;
        auto parsed = detail::parse_collecting(text, found);
        T out{};
        if (parsed && detail::open_document(found, *parsed, document_upgrades<T>)) {
            detail::read_into(found, detail::path{}, *parsed, out);
        }
        if (!found.empty()) return std::unexpected{std::move(found)};
        return out;
    }
};

}  // namespace thole::json
