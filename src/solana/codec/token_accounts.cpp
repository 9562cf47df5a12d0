#include "solana/codec/token_accounts.hpp"

#include <algorithm>

#include "solana/codec/wire.hpp"
#include "solana/codes.hpp"

namespace thole::solana {

namespace {

constexpr std::size_t mint_size = 82;
constexpr std::size_t account_size = 165;
constexpr std::uint8_t account_type_mint = 1;
constexpr std::uint8_t account_type_account = 2;
constexpr std::uint16_t extension_metadata_pointer = 18;
constexpr std::uint16_t extension_token_metadata = 19;

// u32 tag, then 32 bytes that mean something only when the tag is 1.
std::optional<public_key> tagged_key(reader& in) {
    const auto tag = in.u32();
    const auto key = in.key();
    if (tag > 1) in.fail();
    return tag == 1 ? std::optional{key} : std::nullopt;
}

void tagged_key(writer& out, const std::optional<public_key>& key) {
    out.u32(key ? 1 : 0).key(key.value_or(public_key{}));
}

// Zeros mean "none" here, without a tag.
std::optional<public_key> zeroable_key(reader& in) {
    const auto key = in.key();
    return key.is_zero() ? std::nullopt : std::optional{key};
}

token_metadata read_metadata(reader& in) {
    token_metadata out;
    out.update_authority = zeroable_key(in);
    out.mint = in.key();
    out.fields.name = in.text();
    out.fields.symbol = in.text();
    out.fields.uri = in.text();
    const auto count = in.u32();
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        auto key = in.text();
        out.fields.additional.emplace_back(std::move(key), in.text());
    }
    return out;
}

void read_extension(std::uint16_t type, bytes_view value, mint_account& out, reader& whole) {
    reader in{value};
    if (type == extension_metadata_pointer) {
        metadata_pointer pointer;
        pointer.authority = zeroable_key(in);
        pointer.address = zeroable_key(in);
        out.pointer = pointer;
    } else if (type == extension_token_metadata) {
        out.metadata = read_metadata(in);
    } else {
        return;
    }
    if (!in.finished()) whole.fail();
}

// Type-length-value records up to the end, or to the zero fill behind the last one.
void read_extensions(reader& in, mint_account& out) {
    while (in.ok() && in.left() >= 2) {
        const auto type = in.u16();
        if (type == 0) return;
        const auto length = in.u16();
        const auto value = in.raw(length);
        if (in.ok()) read_extension(type, value, out, in);
    }
}

// Behind the base layout: zeros up to byte 165, then the account type.
bool read_account_type(reader& in, std::uint8_t wanted) {
    const auto padding = in.raw(account_size - in.offset());
    const bool zero = std::ranges::all_of(padding, [](std::uint8_t b) { return b == 0; });
    return zero && in.u8() == wanted && in.ok();
}

}  // namespace

std::optional<std::string_view> token_metadata::find(std::string_view key) const noexcept {
    std::optional<std::string_view> found;
    for (const auto& [k, v] : fields.additional) {
        if (k != key) continue;
        if (found) return std::nullopt;
        found = v;
    }
    return found;
}

result<mint_account> decode_mint(bytes_view data) {
    reader in{data};
    mint_account out;
    out.mint_authority = tagged_key(in);
    out.supply = in.u64();
    out.decimals = in.u8();
    out.initialized = in.flag();
    out.freeze_authority = tagged_key(in);
    if (!in.ok()) return fail(codes::account_malformed, "not a mint: cut off or a bad flag");
    if (in.left() == 0) return out;
    if (!read_account_type(in, account_type_mint)) {
        return fail(codes::account_malformed, "not a mint: another account type");
    }
    read_extensions(in, out);
    if (!in.ok()) return fail(codes::account_malformed, "an extension of the mint is malformed");
    return out;
}

result<token_account> decode_token_account(bytes_view data) {
    reader in{data};
    token_account out;
    out.mint = in.key();
    out.owner = in.key();
    out.amount = in.u64();
    out.delegate = tagged_key(in);
    const auto state = in.u8();
    out.state = static_cast<token_account_state>(state);
    const auto native = in.u32();
    static_cast<void>(in.u64());  // the rent reserve of wrapped SOL
    out.delegated = in.u64();
    out.close_authority = tagged_key(in);
    if (!in.ok() || state > 2 || native > 1) {
        return fail(codes::account_malformed, "not a token account: cut off or a bad flag");
    }
    if (in.left() > 0 && in.u8() != account_type_account) {
        return fail(codes::account_malformed, "not a token account: another account type");
    }
    return out;
}

result<token_metadata> decode_token_metadata(bytes_view value) {
    reader in{value};
    auto out = read_metadata(in);
    if (!in.finished()) return fail(codes::account_malformed, "token metadata is malformed");
    return out;
}

bytes encode_mint(const mint_account& mint) {
    writer out;
    tagged_key(out, mint.mint_authority);
    out.u64(mint.supply).u8(mint.decimals).flag(mint.initialized);
    tagged_key(out, mint.freeze_authority);
    if (!mint.pointer && !mint.metadata) return out.take();
    out.raw(bytes(account_size - mint_size)).u8(account_type_mint);
    if (mint.pointer) {
        out.u16(extension_metadata_pointer).u16(2 * public_key::size);
        out.key(mint.pointer->authority.value_or(public_key{}));
        out.key(mint.pointer->address.value_or(public_key{}));
    }
    if (mint.metadata) {
        const auto& m = *mint.metadata;
        writer value;
        value.key(m.update_authority.value_or(public_key{})).key(m.mint);
        value.text(m.fields.name).text(m.fields.symbol).text(m.fields.uri);
        value.u32(static_cast<std::uint32_t>(m.fields.additional.size()));
        for (const auto& [key, v] : m.fields.additional) value.text(key).text(v);
        out.u16(extension_token_metadata).u16(static_cast<std::uint16_t>(value.size()));
        out.raw(value.take());
    }
    return out.take();
}

bytes encode_token_account(const token_account& account) {
    writer out;
    out.key(account.mint).key(account.owner).u64(account.amount);
    tagged_key(out, account.delegate);
    out.u8(static_cast<std::uint8_t>(account.state)).u32(0).u64(0).u64(account.delegated);
    tagged_key(out, account.close_authority);
    return out.take();
}

}  // namespace thole::solana
