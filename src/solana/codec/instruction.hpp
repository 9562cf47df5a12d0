#pragma once

// One call of a program: which program, on which accounts, with which data. The builders of
// concrete instructions are in the header named after their program.

#include <vector>

#include "solana/codec/base58_value.hpp"

namespace thole::solana {

struct account_meta {
    public_key key;
    bool signer = false;
    bool writable = false;
    friend bool operator==(const account_meta&, const account_meta&) = default;
};

[[nodiscard]] inline account_meta readonly(const public_key& k) {
    return {k, false, false};
}
[[nodiscard]] inline account_meta writable(const public_key& k) {
    return {k, false, true};
}
[[nodiscard]] inline account_meta signing(const public_key& k) {
    return {k, true, false};
}
[[nodiscard]] inline account_meta paying(const public_key& k) {
    return {k, true, true};
}

struct instruction {
    public_key program;
    std::vector<account_meta> accounts;
    bytes data;
    friend bool operator==(const instruction&, const instruction&) = default;
};

}  // namespace thole::solana
