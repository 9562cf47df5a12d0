#include "solana/codec/metaplex.hpp"

#include "solana/codec/address.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/wire.hpp"
#include "solana/codes.hpp"

namespace thole::solana::metaplex {

namespace {

enum class op : std::uint8_t {
    update_v2 = 15,
    create_master_edition_v3 = 17,
    create_v3 = 33,
    verify = 52
};
constexpr std::uint8_t verify_collection_v1 = 1;

void write(writer& out, const data& d) {
    out.text(d.name).text(d.symbol).text(d.uri).u16(d.seller_fee_basis_points);
    out.flag(d.creators.has_value());
    if (d.creators) {
        out.u32(static_cast<std::uint32_t>(d.creators->size()));
        for (const auto& c : *d.creators) out.key(c.address).flag(c.verified).u8(c.share);
    }
    out.flag(d.collection.has_value());
    if (d.collection) out.flag(d.collection->verified).key(d.collection->key);
    out.flag(d.uses.has_value());
    if (d.uses) out.u8(d.uses->method).u64(d.uses->remaining).u64(d.uses->total);
}

void write(writer& out, std::optional<bool> v) {
    out.flag(v.has_value());
    if (v) out.flag(*v);
}

}  // namespace

result<> check(const data& d) {
    if (d.name.size() > 32) return fail(codes::instruction_invalid, "name over 32 bytes");
    if (d.symbol.size() > 10) return fail(codes::instruction_invalid, "symbol over 10 bytes");
    if (d.uri.size() > 200) return fail(codes::instruction_invalid, "URI over 200 bytes");
    if (d.seller_fee_basis_points > 10'000) {
        return fail(codes::instruction_invalid, "seller fee over 10000 basis points");
    }
    if (!d.creators) return {};
    if (d.creators->empty() || d.creators->size() > 5) {
        return fail(codes::instruction_invalid, "1 to 5 creators, or none at all");
    }
    unsigned shares = 0;
    for (std::size_t i = 0; i < d.creators->size(); ++i) {
        shares += (*d.creators)[i].share;
        for (std::size_t j = 0; j < i; ++j) {
            if ((*d.creators)[i].address == (*d.creators)[j].address) {
                return fail(codes::instruction_invalid, "the same creator twice");
            }
        }
    }
    if (shares != 100)
        return fail(codes::instruction_invalid, "the creators' shares must sum to 100");
    return {};
}

instruction create_metadata(const create_keys& keys, const data& d, bool is_mutable,
                            std::optional<std::uint64_t> collection_size) {
    writer out;
    out.u8(static_cast<std::uint8_t>(op::create_v3));
    write(out, d);
    out.flag(is_mutable).flag(collection_size.has_value());
    if (collection_size) out.u8(0).u64(*collection_size);
    return {
        metaplex_program,
        {writable(metadata_address(keys.mint)), readonly(keys.mint), signing(keys.mint_authority),
         paying(keys.payer), readonly(keys.update_authority), readonly(system_program)},
        out.take()};
}

instruction create_master_edition(const create_keys& keys,
                                  std::optional<std::uint64_t> max_supply) {
    writer out;
    out.u8(static_cast<std::uint8_t>(op::create_master_edition_v3)).flag(max_supply.has_value());
    if (max_supply) out.u64(*max_supply);
    return {
        metaplex_program,
        {writable(master_edition_address(keys.mint)), writable(keys.mint),
         signing(keys.update_authority), signing(keys.mint_authority), paying(keys.payer),
         writable(metadata_address(keys.mint)), readonly(token_program), readonly(system_program)},
        out.take()};
}

instruction verify_collection(const public_key& mint, const public_key& collection_authority,
                              const public_key& collection) {
    writer out;
    out.u8(static_cast<std::uint8_t>(op::verify)).u8(verify_collection_v1);
    // The program itself stands where an account is left out: here a delegate's.
    return {metaplex_program,
            {signing(collection_authority), readonly(metaplex_program),
             writable(metadata_address(mint)), readonly(collection),
             writable(metadata_address(collection)), readonly(master_edition_address(collection)),
             readonly(system_program), readonly(instructions_sysvar)},
            out.take()};
}

instruction update_metadata(const public_key& mint, const public_key& update_authority,
                            const metadata_change& change) {
    writer out;
    out.u8(static_cast<std::uint8_t>(op::update_v2)).flag(change.data.has_value());
    if (change.data) write(out, *change.data);
    out.optional_key(change.update_authority);
    write(out, change.primary_sale_happened);
    write(out, change.is_mutable);
    return {metaplex_program,
            {writable(metadata_address(mint)), signing(update_authority)},
            out.take()};
}

}  // namespace thole::solana::metaplex
