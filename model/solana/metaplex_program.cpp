#include <algorithm>

#include "model/solana/programs.hpp"
#include "solana/codec/address.hpp"
#include "solana/codec/metaplex_accounts.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/token_accounts.hpp"
#include "solana/codec/wire.hpp"

// Metaplex Token Metadata as far as a mint and its repair use it: CreateMetadataAccountV3,
// CreateMasterEditionV3, Verify of a collection, UpdateMetadataAccountV2; after the program's
// source (metaplex-foundation/mpl-token-metadata, c314930), with its errors where they can be met.
// Uses, delegates and print editions are InvalidInstructionData here.

namespace thole::model {

namespace {

using solana::public_key;
using solana::reader;
using solana::writer;
namespace metaplex = solana::metaplex;

enum instruction_tag : std::uint8_t {
    update_v2 = 15,
    create_master_edition_v3 = 17,
    create_v3 = 33,
    verify = 52
};

enum metadata_error : std::uint32_t {
    update_authority_incorrect = 7,
    cannot_verify_another_creator = 54,
    data_is_immutable = 59,
    collection_cannot_be_verified_here = 74,
    collection_not_found = 80,
    collection_must_be_unique = 82,
    no_freeze_authority_set = 130,
};

constexpr std::size_t metadata_space = 607;
constexpr std::size_t edition_space = 20;
constexpr std::uint64_t create_fee = 10'000'000;
constexpr std::uint8_t non_fungible = 0;
constexpr std::uint8_t fungible_asset = 1;

const instruction_error malformed{"InvalidInstructionData"};

metaplex::data read_data(reader& in) {
    metaplex::data out;
    out.name = in.text();
    out.symbol = in.text();
    out.uri = in.text();
    out.seller_fee_basis_points = in.u16();
    if (in.flag()) {
        out.creators.emplace();
        for (auto left = std::min<std::uint32_t>(in.u32(), 5); left > 0; --left) {
            metaplex::creator each;
            each.address = in.key();
            each.verified = in.flag();
            each.share = in.u8();
            out.creators->push_back(each);
        }
    }
    if (in.flag()) {
        out.collection.emplace();
        out.collection->verified = in.flag();
        out.collection->key = in.key();
    }
    if (in.flag()) in.fail();  // uses
    return out;
}

void put_padded(writer& out, std::string_view text, std::size_t width) {
    std::string padded{text};
    padded.resize(width);
    out.text(padded);
}

// The account's bytes; what lies behind the fields, the fee's flag at the end, is kept.
void store(account& at, const metaplex::metadata_account& m) {
    writer out;
    out.u8(4).key(m.update_authority).key(m.mint);
    put_padded(out, m.data.name, 32);
    put_padded(out, m.data.symbol, 10);
    put_padded(out, m.data.uri, 200);
    out.u16(m.data.seller_fee_basis_points).flag(m.data.creators.has_value());
    if (m.data.creators) {
        out.u32(static_cast<std::uint32_t>(m.data.creators->size()));
        for (const auto& c : *m.data.creators) out.key(c.address).flag(c.verified).u8(c.share);
    }
    out.flag(m.primary_sale_happened).flag(m.is_mutable);
    out.flag(m.edition_nonce.has_value());
    if (m.edition_nonce) out.u8(*m.edition_nonce);
    out.flag(m.token_standard.has_value());
    if (m.token_standard) out.u8(*m.token_standard);
    out.flag(m.data.collection.has_value());
    if (m.data.collection) out.flag(m.data.collection->verified).key(m.data.collection->key);
    out.flag(false).flag(m.collection_size.has_value());
    if (m.collection_size) out.u8(0).u64(*m.collection_size);
    const auto fields = out.take();
    std::fill(at.data.begin(), at.data.end() - 1, 0);
    std::ranges::copy(fields, at.data.begin());
}

std::optional<metaplex::metadata_account> load(const account& at) {
    if (at.owner != solana::metaplex_program) return std::nullopt;
    auto read = metaplex::decode_metadata(at.data);
    if (!read) return std::nullopt;
    return std::move(*read);
}

std::optional<solana::mint_account> load_mint(const account& at) {
    if (at.owner != solana::token_program) return std::nullopt;
    auto mint = solana::decode_mint(at.data);
    if (!mint || !mint->initialized) return std::nullopt;
    return std::move(*mint);
}

outcome make_account(account& at, account& payer, std::size_t space, std::uint64_t fee) {
    if (at.owner == solana::metaplex_program) return instruction_error{"AccountAlreadyInitialized"};
    const auto wanted = rent_exempt(space) + fee;
    const auto missing = at.lamports < wanted ? wanted - at.lamports : 0;
    if (payer.lamports < missing) return custom(1);  // ResultWithNegativeLamports
    payer.lamports -= missing;
    at.lamports += missing;
    at.owner = solana::metaplex_program;
    at.data.assign(space, 0);
    return {};
}

std::uint8_t edition_bump(const public_key& mint) {
    const std::array seeds{as_bytes("metadata"), solana::metaplex_program.view(), mint.view(),
                           as_bytes("edition")};
    return solana::find_program_address(seeds, solana::metaplex_program)->bump;
}

// Only who signs as update authority may stand there as verified.
bool creators_signed(const metaplex::data& data, const public_key& authority, bool signs) {
    if (!data.creators) return true;
    return std::ranges::all_of(*data.creators, [&](const auto& each) {
        return !each.verified || (signs && each.address == authority);
    });
}

// [metadata w][mint][mint authority s][payer sw][update authority][system]
outcome create_metadata(scratch& state, const call& c, reader& in) {
    if (c.accounts.size() < 6) return instruction_error{"NotEnoughAccountKeys"};
    metaplex::metadata_account made;
    made.data = read_data(in);
    made.is_mutable = in.flag();
    if (in.flag()) {
        if (in.u8() != 0) return malformed;
        (void)in.u64();  // a new collection has no members, whatever is said
        made.collection_size = 0;
    }
    if (!in.finished() || !metaplex::check(made.data)) return malformed;
    const auto mint = load_mint(state[c.accounts[1]]);
    if (!mint || mint->mint_authority != c.accounts[2]) return instruction_error{"InvalidArgument"};
    for (const auto i : {2U, 3U}) {
        if (!c.signed_by(c.accounts[i])) return instruction_error{"MissingRequiredSignature"};
    }
    if (c.accounts[0] != solana::metadata_address(c.accounts[1])) {
        return instruction_error{"InvalidSeeds"};
    }
    made.mint = c.accounts[1];
    made.update_authority = c.accounts[4];
    if (!creators_signed(made.data, made.update_authority, c.signed_by(c.accounts[4]))) {
        return custom(cannot_verify_another_creator);
    }
    if (made.data.collection && made.data.collection->verified) {
        return custom(collection_cannot_be_verified_here);
    }
    made.edition_nonce = edition_bump(made.mint);
    made.token_standard = fungible_asset;
    auto& at = state[c.accounts[0]];
    if (auto wrong = make_account(at, state[c.accounts[3]], metadata_space, create_fee)) {
        return wrong;
    }
    store(at, made);
    at.data.back() = 1;  // a fee lies here
    return {};
}

// [edition w][mint w][update authority s][mint authority s][payer sw][metadata w][token][system]
outcome create_master_edition(scratch& state, const call& c, reader& in) {
    if (c.accounts.size() < 8) return instruction_error{"NotEnoughAccountKeys"};
    const auto most = in.flag() ? std::optional{in.u64()} : std::nullopt;
    if (!in.finished()) return malformed;
    auto& mint_at = state[c.accounts[1]];
    auto mint = load_mint(mint_at);
    auto metadata = load(state[c.accounts[5]]);
    if (!mint || !metadata || metadata->mint != c.accounts[1] || mint->decimals != 0 ||
        mint->supply != 1 || mint->mint_authority != c.accounts[3]) {
        return instruction_error{"InvalidArgument"};
    }
    if (metadata->update_authority != c.accounts[2]) return custom(update_authority_incorrect);
    for (const auto i : {2U, 3U, 4U}) {
        if (!c.signed_by(c.accounts[i])) return instruction_error{"MissingRequiredSignature"};
    }
    if (mint->freeze_authority != mint->mint_authority) return custom(no_freeze_authority_set);
    if (c.accounts[0] != solana::master_edition_address(c.accounts[1])) {
        return instruction_error{"InvalidSeeds"};
    }
    auto& edition = state[c.accounts[0]];
    if (auto wrong = make_account(edition, state[c.accounts[4]], edition_space, 0)) return wrong;
    writer out;
    out.u8(6).u64(0).flag(most.has_value());
    if (most) out.u64(*most);
    std::ranges::copy(out.take(), edition.data.begin());
    metadata->token_standard = non_fungible;
    store(state[c.accounts[5]], *metadata);
    mint->mint_authority = mint->freeze_authority = c.accounts[0];
    mint_at.data = solana::encode_mint(*mint);
    return {};
}

// [authority s][delegate][metadata w][collection][its metadata w][its edition][system][sysvar]
outcome verify_collection(scratch& state, const call& c, reader& in) {
    if (c.accounts.size() < 8) return instruction_error{"NotEnoughAccountKeys"};
    const bool no_delegate = c.accounts[1] == c.program;
    if (in.u8() != 1 || !in.finished() || !no_delegate) return malformed;
    if (!c.signed_by(c.accounts[0])) return instruction_error{"MissingRequiredSignature"};
    auto item = load(state[c.accounts[2]]);
    auto parent = load(state[c.accounts[4]]);
    if (!item || !parent) return instruction_error{"IllegalOwner"};
    if (item->data.collection && item->data.collection->verified) return {};
    const auto& collection = c.accounts[3];
    if (!item->data.collection || item->data.collection->key != collection ||
        parent->mint != collection) {
        return custom(collection_not_found);
    }
    const auto edition = metaplex::decode_master_edition(state[c.accounts[5]].data);
    if (c.accounts[5] != solana::master_edition_address(collection) || !edition ||
        parent->token_standard != non_fungible || edition->max_supply != std::uint64_t{0}) {
        return custom(collection_must_be_unique);
    }
    if (parent->update_authority != c.accounts[0]) return custom(update_authority_incorrect);
    item->data.collection->verified = true;
    store(state[c.accounts[2]], *item);
    if (parent->collection_size) {
        ++*parent->collection_size;
        store(state[c.accounts[4]], *parent);
    }
    return {};
}

// [metadata w][update authority s]
outcome update_metadata(scratch& state, const call& c, reader& in) {
    if (c.accounts.size() < 2) return instruction_error{"NotEnoughAccountKeys"};
    auto& held = state[c.accounts[0]];
    auto there = load(held);
    if (!there) return instruction_error{"IncorrectProgramId"};
    if (!c.signed_by(c.accounts[1])) return instruction_error{"MissingRequiredSignature"};
    if (there->update_authority != c.accounts[1]) return custom(update_authority_incorrect);
    if (!in.flag()) return malformed;
    auto data = read_data(in);
    const bool nothing_else = !in.flag() && !in.flag() && !in.flag();
    // Other creators or another collection than those that stand there the program would judge.
    const bool known =
        data.creators == there->data.creators && data.collection == there->data.collection;
    if (!in.finished() || !nothing_else || !known || !metaplex::check(data)) return malformed;
    if (!there->is_mutable) return custom(data_is_immutable);
    there->data = std::move(data);
    store(held, *there);
    return {};
}

}  // namespace

outcome run_metaplex(scratch& state, const call& c) {
    reader in{c.data};
    switch (in.u8()) {
        case update_v2:
            return update_metadata(state, c, in);
        case create_master_edition_v3:
            return create_master_edition(state, c, in);
        case create_v3:
            return create_metadata(state, c, in);
        case verify:
            return verify_collection(state, c, in);
        default:
            return malformed;
    }
}

}  // namespace thole::model
