#pragma once

// What the chain holds at a mint's address and in a wallet, at `finalized`.
//
//   auto there = co_await nft::read_mint(rpc, {id.mint, id.token_program, owner}, how);
//   if (there && there->state == mint_state::minted && there->held == 1) …
//
// One call reads all accounts of a mint from one state of the chain. One node may lag, sit on a
// fork, or lie; what an operation rests on is therefore read with read_mint_agreed(), from several
// providers side by side. Errors: those of the RPC client, solana::codes::account_malformed,
// codes::providers_disagree. Threads: the loop's. Cancellation: as the client.

#include <optional>

#include "nft/chain_nft.hpp"
#include "solana/rpc.hpp"

namespace thole::nft {

enum class mint_state : std::uint8_t {
    absent,   // nothing, or only lamports that somebody sent there
    minted,   // a mint of the expected token program
    foreign,  // something else
};
BOOST_DESCRIBE_ENUM(mint_state, absent, minted, foreign)

struct mint_place {
    solana::public_key mint;
    std::optional<solana::public_key> token_program;  // nothing: whichever it was made with
    solana::public_key owner;                         // who should hold the token
};

struct mint_at {
    mint_state state = mint_state::absent;
    std::uint64_t lamports = 0;    // at the mint's address
    std::optional<chain_nft> nft;  // when minted
    std::uint64_t held = 0;        // by the owner's associated token account
    std::uint64_t slot = 0;
    name endpoint;
    name provider;
};

// The commitment in `o` counts; pass finalized to prove, confirmed to look.
[[nodiscard]] task<result<mint_at>> read_mint(solana::rpc::client& rpc, mint_place place,
                                              solana::rpc::options o);

// The same, as `required` providers tell it alike (fewer only when fewer are configured), with the
// oldest slot among theirs. When they differ: codes::providers_disagree.
[[nodiscard]] task<result<mint_at>> read_mint_agreed(solana::rpc::client& rpc, mint_place place,
                                                     solana::rpc::options o, int required);

struct token_holder {
    solana::public_key mint;
    solana::public_key owner;
};
inline constexpr std::size_t most_mints_at_once = 20;

// Many of them in one call, of whichever token program each is; at most most_mints_at_once.
[[nodiscard]] task<result<std::vector<mint_at>>> read_mints(solana::rpc::client& rpc,
                                                            std::vector<token_holder> wanted,
                                                            solana::rpc::options o);

struct wallet_nfts {
    std::vector<chain_nft> nfts;  // sorted by mint
    std::uint64_t slot = 0;       // the oldest state that any answer came from
    // Of which the providers tell different things: it moved a moment ago, or one of them lies.
    std::vector<solana::public_key> disputed;
};

struct wallet_query {
    solana::public_key wallet;
    std::optional<solana::public_key> only;  // this mint alone, at the associated account
    std::size_t limit = 1000;                // of tokens read in detail; more: too_many_tokens
};

// Every token of either program of which the wallet holds exactly one, decimals 0. What cannot be
// read is passed over: anybody can send a wallet anything.
[[nodiscard]] task<result<wallet_nfts>> read_wallet(solana::rpc::client& rpc, wallet_query query,
                                                    solana::rpc::options o);

// The same, as `required` providers tell it alike. With `only`, the wallet's list is not read.
[[nodiscard]] task<result<wallet_nfts>> read_wallet_agreed(solana::rpc::client& rpc,
                                                           wallet_query query,
                                                           solana::rpc::options o, int required);

}  // namespace thole::nft
