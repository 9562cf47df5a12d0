#pragma once

// For tests only: the golden files of test/golden, which hold bytes as the published packages build
// them (see the README there).

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <iterator>

#include "solana/codec/instruction.hpp"

namespace thole::solana::golden {

// "solana" or "metaplex".
inline boost::json::object load(const std::string& folder) {
    std::ifstream file{std::string{THOLE_SOURCE_DIR} + "/test/golden/" + folder + "/golden.json"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    return boost::json::parse(text).as_object();
}

inline std::string text(const boost::json::value& v) {
    return std::string{v.as_string().begin(), v.as_string().end()};
}
inline bytes hex(const boost::json::value& v) {
    return from_hex(text(v)).value();
}
inline public_key key(const boost::json::value& v) {
    return public_key::parse(text(v)).value();
}
inline std::optional<public_key> optional_key(const boost::json::value& v) {
    return v.is_null() ? std::nullopt : std::optional{key(v)};
}
// 64-bit integers are decimal strings in the files, smaller ones numbers.
inline std::uint64_t number(const boost::json::value& v) {
    return v.is_string() ? std::stoull(text(v)) : v.to_number<std::uint64_t>();
}

inline instruction read_instruction(const boost::json::value& v) {
    const auto& o = v.as_object();
    instruction out{key(o.at("program_id")), {}, hex(o.at("data"))};
    for (const auto& k : o.at("keys").as_array()) {
        out.accounts.push_back(
            {key(k.at("pubkey")), k.at("signer").as_bool(), k.at("writable").as_bool()});
    }
    return out;
}

inline void expect_same(const instruction& made, const instruction& wanted) {
    EXPECT_EQ(made.program.text(), wanted.program.text());
    EXPECT_EQ(to_hex(made.data), to_hex(wanted.data));
    ASSERT_EQ(made.accounts.size(), wanted.accounts.size());
    for (std::size_t i = 0; i < made.accounts.size(); ++i) {
        EXPECT_EQ(made.accounts[i].key.text(), wanted.accounts[i].key.text()) << i;
        EXPECT_EQ(made.accounts[i].signer, wanted.accounts[i].signer) << i;
        EXPECT_EQ(made.accounts[i].writable, wanted.accounts[i].writable) << i;
    }
}

}  // namespace thole::solana::golden
