#include <algorithm>

#include "model/solana/programs.hpp"
#include "solana/codec/address.hpp"
#include "solana/codec/metaplex_accounts.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/wire.hpp"

// Metaplex Token Metadata as far as a repair uses it: UpdateMetadataAccountV2 of name, symbol, URI
// and fee. Other creators, collections or uses than those that stand there are
// InvalidInstructionData here; the program itself would judge them.

namespace thole::model {

namespace {

using solana::reader;
namespace metaplex = solana::metaplex;

constexpr std::uint8_t update_v2 = 15;

enum metadata_error : std::uint32_t { update_authority_incorrect = 7, data_is_immutable = 59 };

// Where the text of fixed width begins in an account: behind key, authority, mint and its length.
constexpr std::size_t name_at = 1 + 32 + 32 + 4;
constexpr std::size_t symbol_at = name_at + 32 + 4;
constexpr std::size_t uri_at = symbol_at + 10 + 4;
constexpr std::size_t fee_at = uri_at + 200;

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

void put_text(bytes& account, std::size_t at, std::size_t width, std::string_view text) {
    std::fill_n(account.begin() + static_cast<std::ptrdiff_t>(at), width, 0);
    std::ranges::copy(as_bytes(text), account.begin() + static_cast<std::ptrdiff_t>(at));
}

void put_data(bytes& account, const metaplex::data& data) {
    put_text(account, name_at, 32, data.name);
    put_text(account, symbol_at, 10, data.symbol);
    put_text(account, uri_at, 200, data.uri);
    account[fee_at] = static_cast<std::uint8_t>(data.seller_fee_basis_points & 0xFF);
    account[fee_at + 1] = static_cast<std::uint8_t>(data.seller_fee_basis_points >> 8);
}

}  // namespace

outcome run_metaplex(scratch& state, const call& c) {
    reader in{c.data};
    if (in.u8() != update_v2 || c.accounts.size() < 2) {
        return instruction_error{"InvalidInstructionData"};
    }
    auto& held = state[c.accounts[0]];
    const auto there = metaplex::decode_metadata(held.data);
    if (held.owner != c.program || !there) return instruction_error{"IncorrectProgramId"};
    if (!c.signed_by(c.accounts[1])) return instruction_error{"MissingRequiredSignature"};
    if (there->update_authority != c.accounts[1]) return custom(update_authority_incorrect);
    if (!in.flag()) return instruction_error{"InvalidInstructionData"};
    const auto data = read_data(in);
    const bool nothing_else = !in.flag() && !in.flag() && !in.flag();
    const bool known = data.creators == there->data.creators &&
                       data.collection == there->data.collection && !there->data.uses;
    if (!in.finished() || !nothing_else || !known || !metaplex::check(data)) {
        return instruction_error{"InvalidInstructionData"};
    }
    if (!there->is_mutable) return custom(data_is_immutable);
    put_data(held.data, data);
    return {};
}

}  // namespace thole::model
