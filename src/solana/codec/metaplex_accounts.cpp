#include "solana/codec/metaplex_accounts.hpp"

#include <algorithm>

#include "solana/codec/wire.hpp"
#include "solana/codes.hpp"

namespace thole::solana::metaplex {

namespace {

constexpr std::uint8_t key_metadata_v1 = 4;
constexpr std::uint8_t key_master_edition_v2 = 6;

std::string padded_text(reader& in) {
    auto text = in.text();
    text.erase(std::find(text.begin(), text.end(), '\0'), text.end());
    return text;
}

std::optional<std::vector<creator>> read_creators(reader& in) {
    if (!in.flag()) return std::nullopt;
    std::vector<creator> out;
    const auto count = in.u32();
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        creator c;
        c.address = in.key();
        c.verified = in.flag();
        c.share = in.u8();
        out.push_back(c);
    }
    return out;
}

template <class Read>
auto optional_of(reader& in, Read read) -> std::optional<decltype(read(in))> {
    if (!in.flag()) return std::nullopt;
    return read(in);
}

std::uint8_t read_u8(reader& in) {
    return in.u8();
}

collection read_collection(reader& in) {
    const bool verified = in.flag();
    return {verified, in.key()};
}

uses read_uses(reader& in) {
    uses out;
    out.method = in.u8();
    if (out.method > 2) in.fail();
    out.remaining = in.u64();
    out.total = in.u64();
    return out;
}

// V1 counts the members, V2 has eight bytes of fill there. A tag of another version is an error,
// not a guess.
std::uint64_t read_collection_size(reader& in) {
    const auto version = in.u8();
    if (version > 1) in.fail();
    const auto size = in.u64();
    return version == 0 ? size : 0;
}

std::optional<public_key> read_rule_set(reader& in) {
    if (in.u8() != 0) in.fail();
    return optional_of(in, [](reader& r) { return r.key(); });
}

}  // namespace

result<metadata_account> decode_metadata(bytes_view account) {
    reader in{account};
    if (in.u8() != key_metadata_v1) {
        return fail(codes::account_malformed, "not a Metaplex metadata account");
    }
    metadata_account out;
    out.update_authority = in.key();
    out.mint = in.key();
    out.data.name = padded_text(in);
    out.data.symbol = padded_text(in);
    out.data.uri = padded_text(in);
    out.data.seller_fee_basis_points = in.u16();
    out.data.creators = read_creators(in);
    out.primary_sale_happened = in.flag();
    out.is_mutable = in.flag();
    out.edition_nonce = optional_of(in, read_u8);
    out.token_standard = optional_of(in, read_u8);
    out.data.collection = optional_of(in, read_collection);
    out.data.uses = optional_of(in, read_uses);
    out.collection_size = optional_of(in, read_collection_size);
    if (const auto config = optional_of(in, read_rule_set)) {
        out.programmable = true;
        out.rule_set = *config;
    }
    if (!in.ok())
        return fail(codes::account_malformed, "the metadata is cut off or has a bad flag");
    return out;
}

result<edition_account> decode_master_edition(bytes_view account) {
    reader in{account};
    if (in.u8() != key_master_edition_v2) {
        return fail(codes::account_malformed, "not a master edition account");
    }
    edition_account out;
    out.supply = in.u64();
    out.max_supply = optional_of(in, [](reader& r) { return r.u64(); });
    if (!in.ok()) return fail(codes::account_malformed, "the edition is cut off or has a bad flag");
    return out;
}

bool has_verified_creator(const metadata_account& account, const public_key& creator) {
    if (!account.data.creators) return false;
    return std::ranges::any_of(*account.data.creators,
                               [&](const auto& c) { return c.verified && c.address == creator; });
}

}  // namespace thole::solana::metaplex
