#pragma once

// Writing and reading the chain's byte layouts: little-endian integers, Borsh strings and options,
// compact-u16 lengths.
//
//   writer out;
//   out.u8(20).u8(decimals).key(authority);
//
//   reader in{data};
//   const auto name = in.text();
//   const auto fee = in.u16();
//   if (!in.ok()) return fail(...);              // one check covers all reads above
//
// A reader never trusts a length: past the end, on a bad flag or bad UTF-8 it fails for good and
// answers zeros from then on. Single-owner; a reader borrows the data.

#include <optional>

#include "solana/codec/base58_value.hpp"

namespace thole::solana {

class writer {
  public:
    writer() { out_.reserve(usual_size); }
    writer& u8(std::uint8_t v);
    writer& u16(std::uint16_t v) { return little(v, 2); }
    writer& u32(std::uint32_t v) { return little(v, 4); }
    writer& u64(std::uint64_t v) { return little(v, 8); }
    writer& flag(bool v) { return u8(v ? 1 : 0); }
    writer& raw(bytes_view data);
    writer& key(const public_key& k) { return raw(k.raw); }
    writer& text(std::string_view s);       // u32 length, then the bytes
    writer& long_text(std::string_view s);  // u64 length (the System program's seeds)
    writer& compact_u16(std::uint16_t v);   // 1 to 3 bytes, 7 bits each
    // 00, or 01 and the key.
    writer& optional_key(const std::optional<public_key>& k);

    [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }
    [[nodiscard]] bytes take() { return std::move(out_); }

  private:
    static constexpr std::size_t usual_size = 256;
    writer& little(std::uint64_t v, int width);
    bytes out_;
};

class reader {
  public:
    explicit reader(bytes_view data) noexcept : data_{data} {}

    [[nodiscard]] std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(little(1)); }
    [[nodiscard]] std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(little(2)); }
    [[nodiscard]] std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(little(4)); }
    [[nodiscard]] std::uint64_t u64() noexcept { return little(8); }
    [[nodiscard]] bool flag() noexcept;  // 0 or 1; anything else fails
    [[nodiscard]] bytes_view raw(std::size_t n) noexcept;
    [[nodiscard]] public_key key() noexcept;
    [[nodiscard]] std::string text();                    // u32 length, valid UTF-8
    [[nodiscard]] std::string long_text();               // u64 length, valid UTF-8
    [[nodiscard]] std::uint16_t compact_u16() noexcept;  // aliases and > 65535 fail
    [[nodiscard]] bytes_view rest() noexcept { return raw(left()); }

    void fail() noexcept { ok_ = false; }
    [[nodiscard]] bool ok() const noexcept { return ok_; }
    [[nodiscard]] std::size_t left() const noexcept { return ok_ ? data_.size() - at_ : 0; }
    [[nodiscard]] std::size_t offset() const noexcept { return at_; }
    // Everything was read, and nothing failed.
    [[nodiscard]] bool finished() const noexcept { return ok_ && at_ == data_.size(); }

  private:
    [[nodiscard]] std::uint64_t little(std::size_t width) noexcept;
    [[nodiscard]] std::string text_of(std::uint64_t length);

    bytes_view data_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace thole::solana
