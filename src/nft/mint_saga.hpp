#pragma once

// Minting as a durable saga: the steps of SPEC M1, in order, with what each needs.
//
//   nft::mint_dependencies parts{secret, wallet, rpc, submitter, funds, pins, gateways, images,
//   records}; nft::add_mint_sagas(definitions, parts, settings);
//
// New operations get the newest version. The others have the same steps and less in their input
// (mint_input.hpp); they are there for operations that were accepted under them.
//
// Everything in the dependencies outlives the definition. Threads: the steps run on the core loop.

#include <functional>

#include "engine/definition.hpp"
#include "nft/drift_flags.hpp"
#include "nft/partners.hpp"
#include "nft/steps/complete.hpp"

namespace thole::nft {

inline constexpr std::string_view mint_kind = "mint";
inline constexpr std::string_view recheck_kind = "recheck";
inline constexpr int mint_version = mint_input::newest;

struct mint_dependencies {
    const cluster_secret& secret;
    const solana::keypair& wallet;  // pays, signs, and is the issuer
    solana::rpc::client& rpc;
    solana::submitter& submitter;
    solana::wallet_watch& funds;
    ipfs::pinning& pins;
    ipfs::fetcher& gateways;
    images& pictures;
    records& table;
    partners* asked = nullptr;  // those whose view counts too; null = none
    issuers earlier{};          // wallets that minted before this one: their tokens are ours too
    // What the second look and the reconciler find, for log and metrics, and what of it is open.
    std::function<void(const finding&)> on_finding{};
    drift_flags* flags = nullptr;  // null = none are kept

    [[nodiscard]] issuers ours() const;  // this wallet first
};

struct mint_settings {
    steps::upload_settings upload;
    steps::gateway_settings gateways;
    steps::submit_settings submit;
    // Generations that may be signed, each only after the one before was proved dead.
    int generations = 3;
    // True: when all of them are proved dead, everything is undone; else a person decides.
    bool rollback_when_exhausted = false;
    // A finished mint is looked at again after this, by a child operation (recheck.hpp); 0: never.
    duration recheck_after{};
    // How often the steps are repeated that ask the chain, keep content, or write the records.
    saga::step_policy chain = saga::presets::solana;
    saga::step_policy content = saga::presets::ipfs;
    saga::step_policy database = saga::presets::database;
};

// `version` 1 to mint_version.
[[nodiscard]] saga::definition make_mint_saga(const mint_dependencies& parts,
                                              const mint_settings& settings,
                                              int version = mint_version);
// Every version, and the recheck.
void add_mint_sagas(saga::definitions& to, const mint_dependencies& parts,
                    const mint_settings& settings);

}  // namespace thole::nft
