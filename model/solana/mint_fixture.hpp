#pragma once

// A Token-2022 mint transaction as a client would build it, for the tests of the models.

#include "model/solana/ledger.hpp"
#include "solana/codec/address.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/system.hpp"
#include "solana/codec/token.hpp"
#include "solana/codec/token_metadata.hpp"

namespace thole::model {

struct mint_fixture {
    solana::keypair wallet = solana::keypair::from_seed({1, 2, 3});
    solana::public_key owner{{9, 9, 9}};
    std::string seed = "0123456789abcdef0123456789abcdef";
    solana::public_key mint =
        solana::create_with_seed(wallet.address(), seed, solana::token_2022_program).value();
    solana::public_key holding =
        solana::associated_token_address(owner, mint, solana::token_2022_program);

    [[nodiscard]] solana::transaction build(const solana::blockhash& recent,
                                            std::uint64_t price = 0) const {
        using namespace solana;
        const auto me = wallet.address();
        token_metadata_fields fields{"Tide 1", "TIDE", "ipfs://x", {{"thole_seed", seed}}};
        const auto lamports = rent_exempt(mint_with_metadata_space(fields));
        const std::vector<instruction> list{
            set_compute_unit_price(price),
            create_account_with_seed(me, {mint, me, seed},
                                     {lamports, mint_with_pointer_space, token_2022_program}),
            initialize_metadata_pointer(mint, std::nullopt, mint),
            initialize_mint(token_2022_program, mint, 0, me, std::nullopt),
            initialize_metadata({mint, me, me}, fields.name, fields.symbol, fields.uri),
            update_field(mint, me, "thole_seed", seed),
            create_associated_token_account(token_2022_program, me, owner, mint),
            mint_to(token_2022_program, {mint, holding, me}, 1),
            set_authority(token_2022_program, mint, me, authority_type::mint_tokens, std::nullopt),
        };
        auto message = compile_message(message_version::legacy, me, recent, list);
        return sign(message.value(), std::array{&wallet}).value();
    }
};

}  // namespace thole::model
