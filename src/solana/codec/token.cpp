#include "solana/codec/token.hpp"

#include "solana/codec/address.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/wire.hpp"

namespace thole::solana {

instruction initialize_mint(const public_key& program, const public_key& mint,
                            std::uint8_t decimals, const public_key& mint_authority,
                            const std::optional<public_key>& freeze_authority) {
    writer data;
    data.u8(20).u8(decimals).key(mint_authority).optional_key(freeze_authority);
    return {program, {writable(mint)}, data.take()};
}

instruction mint_to(const public_key& program, const mint_to_accounts& accounts,
                    std::uint64_t amount) {
    writer data;
    data.u8(7).u64(amount);
    return {program,
            {writable(accounts.mint), writable(accounts.destination), signing(accounts.authority)},
            data.take()};
}

instruction set_authority(const public_key& program, const public_key& account,
                          const public_key& current, authority_type type,
                          const std::optional<public_key>& next) {
    writer data;
    data.u8(6).u8(static_cast<std::uint8_t>(type)).optional_key(next);
    return {program, {writable(account), signing(current)}, data.take()};
}

instruction create_associated_token_account(const public_key& program, const public_key& payer,
                                            const public_key& owner, const public_key& mint) {
    return {associated_token_program,
            {paying(payer), writable(associated_token_address(owner, mint, program)),
             readonly(owner), readonly(mint), readonly(system_program), readonly(program)},
            bytes{1}};
}

instruction memo(std::string_view text, const std::vector<public_key>& signers) {
    instruction out{memo_program, {}, {}};
    for (const auto& key : signers) out.accounts.push_back(signing(key));
    const auto data = as_bytes(text);
    out.data.assign(data.begin(), data.end());
    return out;
}

}  // namespace thole::solana
