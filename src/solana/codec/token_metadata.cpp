#include "solana/codec/token_metadata.hpp"

#include "solana/codec/programs.hpp"
#include "solana/codec/wire.hpp"

namespace thole::solana {

namespace {

// The first eight bytes of sha256("spl_token_metadata_interface:" + name); a test computes them.
using discriminator = std::array<std::uint8_t, 8>;
constexpr discriminator initialize_account{0xd2, 0xe1, 0x1e, 0xa2, 0x58, 0xb8, 0x4d, 0x8d};
constexpr discriminator updating_field{0xdd, 0xe9, 0x31, 0x2d, 0xb5, 0xca, 0xdc, 0xc8};
constexpr discriminator remove_key_ix{0xea, 0x12, 0x20, 0x38, 0x59, 0x8d, 0x25, 0xb5};
constexpr discriminator update_the_authority{0xd7, 0xe4, 0xa6, 0xe4, 0x54, 0x64, 0x56, 0x7b};

constexpr std::uint64_t extension_head = 4;  // u16 type, u16 length

std::uint64_t text_size(std::string_view s) {
    return 4 + s.size();
}

instruction on_metadata(const public_key& mint, const public_key& authority, writer& data) {
    return {token_2022_program, {writable(mint), signing(authority)}, data.take()};
}

}  // namespace

std::uint64_t mint_with_metadata_space(const token_metadata_fields& fields) noexcept {
    std::uint64_t size = mint_with_pointer_space + extension_head + 2 * public_key::size;
    size += text_size(fields.name) + text_size(fields.symbol) + text_size(fields.uri) + 4;
    for (const auto& [key, value] : fields.additional) size += text_size(key) + text_size(value);
    return size;
}

instruction initialize_metadata_pointer(const public_key& mint,
                                        const std::optional<public_key>& authority,
                                        const public_key& metadata_address) {
    writer data;
    data.u8(39).u8(0).key(authority.value_or(public_key{})).key(metadata_address);
    return {token_2022_program, {writable(mint)}, data.take()};
}

instruction initialize_metadata(const metadata_keys& keys, std::string_view name,
                                std::string_view symbol, std::string_view uri) {
    writer data;
    data.raw(initialize_account).text(name).text(symbol).text(uri);
    return {token_2022_program,
            {writable(keys.mint), readonly(keys.update_authority), readonly(keys.mint),
             signing(keys.mint_authority)},
            data.take()};
}

instruction update_field(const public_key& mint, const public_key& update_authority,
                         metadata_field field, std::string_view value) {
    writer data;
    data.raw(updating_field).u8(static_cast<std::uint8_t>(field)).text(value);
    return on_metadata(mint, update_authority, data);
}

instruction update_field(const public_key& mint, const public_key& update_authority,
                         std::string_view key, std::string_view value) {
    writer data;
    data.raw(updating_field).u8(3).text(key).text(value);
    return on_metadata(mint, update_authority, data);
}

instruction remove_key(const public_key& mint, const public_key& update_authority,
                       std::string_view key, bool idempotent) {
    writer data;
    data.raw(remove_key_ix).flag(idempotent).text(key);
    return on_metadata(mint, update_authority, data);
}

instruction update_metadata_authority(const public_key& mint, const public_key& current,
                                      const std::optional<public_key>& next) {
    writer data;
    data.raw(update_the_authority).key(next.value_or(public_key{}));
    return on_metadata(mint, current, data);
}

}  // namespace thole::solana
