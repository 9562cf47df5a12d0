#include <algorithm>

#include "model/solana/programs.hpp"
#include "solana/codec/address.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/token_accounts.hpp"
#include "solana/codec/wire.hpp"

// SPL Token and Token-2022, which takes the same instructions and has more: a mint is kept decoded
// while an instruction runs and written back as bytes.

namespace thole::model {

namespace {

using solana::public_key;
using solana::reader;

enum token_error : std::uint32_t {
    not_rent_exempt = 0,
    insufficient_funds = 1,
    invalid_mint = 2,
    owner_mismatch = 4,
    fixed_supply = 5,
    already_in_use = 6,
    uninitialized = 9,
    immutable_metadata = 901'952'961,
};

constexpr std::array<std::uint8_t, 8> initialize_metadata_tag{0xd2, 0xe1, 0x1e, 0xa2,
                                                              0x58, 0xb8, 0x4d, 0x8d};
constexpr std::array<std::uint8_t, 8> update_field_tag{0xdd, 0xe9, 0x31, 0x2d,
                                                       0xb5, 0xca, 0xdc, 0xc8};
constexpr std::size_t token_account_space = 165;
constexpr std::size_t extended_account_space = 170;  // with account type and ImmutableOwner

std::optional<solana::mint_account> load_mint(scratch& state, const public_key& key,
                                              const public_key& program) {
    const auto& held = state[key];
    if (held.owner != program) return std::nullopt;
    auto mint = solana::decode_mint(held.data);
    if (!mint || !mint->initialized) return std::nullopt;
    return *mint;
}

void store_mint(scratch& state, const public_key& key, const solana::mint_account& mint) {
    state[key].data = solana::encode_mint(mint);
}

// The pointer comes before the mint itself: its bytes are laid down in an uninitialized mint.
outcome initialize_pointer(scratch& state, const call& c, reader& in) {
    if (in.u8() != 0 || c.accounts.empty()) return instruction_error{"InvalidInstructionData"};
    solana::metadata_pointer pointer;
    const auto authority = in.key();
    const auto address = in.key();
    if (!in.finished()) return instruction_error{"InvalidInstructionData"};
    if (!authority.is_zero()) pointer.authority = authority;
    if (!address.is_zero()) pointer.address = address;
    auto& held = state[c.accounts[0]];
    if (held.owner != solana::token_2022_program) return instruction_error{"IncorrectProgramId"};
    solana::mint_account fresh;
    fresh.pointer = pointer;
    const auto encoded = solana::encode_mint(fresh);
    if (encoded.size() != held.data.size()) return instruction_error{"InvalidAccountData"};
    held.data = encoded;
    return {};
}

outcome initialize_mint(scratch& state, const call& c, reader& in) {
    if (c.accounts.empty()) return instruction_error{"NotEnoughAccountKeys"};
    auto& held = state[c.accounts[0]];
    if (held.owner != c.program) return instruction_error{"IncorrectProgramId"};
    auto mint = solana::decode_mint(held.data);
    if (!mint) return instruction_error{"InvalidAccountData"};
    if (mint->initialized) return custom(already_in_use);
    if (held.lamports < rent_exempt(held.data.size())) return custom(not_rent_exempt);
    mint->decimals = in.u8();
    mint->mint_authority = in.key();
    if (in.flag()) mint->freeze_authority = in.key();
    if (!in.finished()) return instruction_error{"InvalidInstructionData"};
    mint->initialized = true;
    store_mint(state, c.accounts[0], *mint);
    return {};
}

outcome initialize_metadata(scratch& state, const call& c, reader& in) {
    if (c.accounts.size() < 4) return instruction_error{"NotEnoughAccountKeys"};
    auto mint = load_mint(state, c.accounts[2], c.program);
    if (!mint || c.accounts[0] != c.accounts[2]) return instruction_error{"InvalidAccountData"};
    if (mint->metadata) return custom(already_in_use);
    if (mint->mint_authority != c.accounts[3] || !c.signed_by(c.accounts[3])) {
        return instruction_error{"MissingRequiredSignature"};
    }
    solana::token_metadata metadata;
    metadata.update_authority = c.accounts[1];
    metadata.mint = c.accounts[2];
    metadata.fields.name = in.text();
    metadata.fields.symbol = in.text();
    metadata.fields.uri = in.text();
    if (!in.finished()) return instruction_error{"InvalidInstructionData"};
    mint->metadata = metadata;
    store_mint(state, c.accounts[2], *mint);
    return {};
}

void set_field(solana::token_metadata_fields& fields, std::uint8_t which, const std::string& key,
               std::string value) {
    switch (which) {
        case 0:
            fields.name = std::move(value);
            return;
        case 1:
            fields.symbol = std::move(value);
            return;
        case 2:
            fields.uri = std::move(value);
            return;
        default:
            break;
    }
    const auto known = std::ranges::find(fields.additional, key, &solana::metadata_pair::first);
    if (known != fields.additional.end()) {
        known->second = std::move(value);
    } else {
        fields.additional.emplace_back(key, std::move(value));
    }
}

outcome update_field(scratch& state, const call& c, reader& in) {
    if (c.accounts.size() < 2) return instruction_error{"NotEnoughAccountKeys"};
    auto mint = load_mint(state, c.accounts[0], c.program);
    if (!mint || !mint->metadata) return instruction_error{"UninitializedAccount"};
    const auto which = in.u8();
    const auto key = which == 3 ? in.text() : std::string{};
    auto value = in.text();
    if (!in.finished() || which > 3) return instruction_error{"InvalidInstructionData"};
    if (!mint->metadata->update_authority) return custom(immutable_metadata);
    if (*mint->metadata->update_authority != c.accounts[1] || !c.signed_by(c.accounts[1])) {
        return instruction_error{"MissingRequiredSignature"};
    }
    set_field(mint->metadata->fields, which, key, std::move(value));
    store_mint(state, c.accounts[0], *mint);
    return {};
}

outcome mint_to(scratch& state, const call& c, reader& in) {
    const auto amount = in.u64();
    if (!in.finished() || c.accounts.size() < 3) return instruction_error{"InvalidInstructionData"};
    auto mint = load_mint(state, c.accounts[0], c.program);
    if (!mint) return custom(invalid_mint);
    if (!mint->mint_authority) return custom(fixed_supply);
    if (*mint->mint_authority != c.accounts[2]) return custom(owner_mismatch);
    if (!c.signed_by(c.accounts[2])) return instruction_error{"MissingRequiredSignature"};
    auto& held = state[c.accounts[1]];
    auto to = solana::decode_token_account(held.data);
    if (!to || to->mint != c.accounts[0]) return custom(invalid_mint);
    to->amount += amount;
    mint->supply += amount;
    const auto encoded = solana::encode_token_account(*to);
    std::ranges::copy(encoded, held.data.begin());
    store_mint(state, c.accounts[0], *mint);
    return {};
}

outcome set_authority(scratch& state, const call& c, reader& in) {
    const auto type = in.u8();
    const auto next = in.flag() ? std::optional{in.key()} : std::nullopt;
    if (!in.finished() || c.accounts.size() < 2) return instruction_error{"InvalidInstructionData"};
    auto mint = load_mint(state, c.accounts[0], c.program);
    if (!mint || type > 1) return instruction_error{"InvalidAccountData"};
    auto& authority = type == 0 ? mint->mint_authority : mint->freeze_authority;
    if (!authority) return custom(fixed_supply);
    if (*authority != c.accounts[1]) return custom(owner_mismatch);
    if (!c.signed_by(c.accounts[1])) return instruction_error{"MissingRequiredSignature"};
    authority = next;
    store_mint(state, c.accounts[0], *mint);
    return {};
}

bool starts_with(const bytes& data, const std::array<std::uint8_t, 8>& tag) {
    return data.size() >= tag.size() && std::equal(tag.begin(), tag.end(), data.begin());
}

}  // namespace

outcome run_token(scratch& state, const call& c) {
    reader in{c.data};
    const bool extends = c.program == solana::token_2022_program;
    if (extends && starts_with(c.data, initialize_metadata_tag)) {
        (void)in.raw(8);
        return initialize_metadata(state, c, in);
    }
    if (extends && starts_with(c.data, update_field_tag)) {
        (void)in.raw(8);
        return update_field(state, c, in);
    }
    switch (in.u8()) {
        case 6:
            return set_authority(state, c, in);
        case 7:
            return mint_to(state, c, in);
        case 20:
            return initialize_mint(state, c, in);
        case 39:
            if (extends) return initialize_pointer(state, c, in);
            return instruction_error{"InvalidInstructionData"};
        default:
            return instruction_error{"InvalidInstructionData"};
    }
}

// CreateIdempotent: [payer, account, owner, mint, system, token program].
outcome run_associated_token(scratch& state, const call& c) {
    if (c.accounts.size() < 6 || c.data != bytes{1}) {
        return instruction_error{"InvalidInstructionData"};
    }
    const auto& owner = c.accounts[2];
    const auto& mint = c.accounts[3];
    const auto& program = c.accounts[5];
    if (solana::associated_token_address(owner, mint, program) != c.accounts[1]) {
        return instruction_error{"InvalidSeeds"};
    }
    if (!load_mint(state, mint, program)) return instruction_error{"InvalidAccountData"};
    auto& target = state[c.accounts[1]];
    if (target.owner == program) return {};
    const bool extends = program == solana::token_2022_program;
    const auto rent = rent_exempt(extends ? extended_account_space : token_account_space);
    auto& payer = state[c.accounts[0]];
    if (payer.lamports < rent) return custom(insufficient_funds);
    payer.lamports -= rent;
    solana::token_account fresh;
    fresh.mint = mint;
    fresh.owner = owner;
    fresh.state = solana::token_account_state::initialized;
    target = {rent, solana::encode_token_account(fresh), program};
    target.data.resize(token_account_space);
    if (!extends) return {};
    for (const int byte : {2, 7, 0, 0, 0}) target.data.push_back(static_cast<std::uint8_t>(byte));
    return {};
}

}  // namespace thole::model
