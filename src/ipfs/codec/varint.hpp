#pragma once

// Unsigned LEB128, as multiformats and protobuf write their numbers, and a cursor over bytes.
//
// Strict: only the shortest form of a number is read, so what is accepted encodes back to the same
// bytes. A cursor never reads past its end; std::nullopt means "not there or not well-formed".

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"

namespace thole::ipfs {

void put_varint(bytes& out, std::uint64_t value);
[[nodiscard]] std::size_t varint_size(std::uint64_t value) noexcept;

// A view that is consumed from the front. Does not own the bytes.
struct byte_cursor {
    bytes_view rest;

    [[nodiscard]] bool empty() const noexcept { return rest.empty(); }
    [[nodiscard]] std::optional<std::uint64_t> varint() noexcept;
    [[nodiscard]] std::optional<bytes_view> take(std::uint64_t count) noexcept;
};

}  // namespace thole::ipfs
