#include "solana/mint_recipe.hpp"

#include <algorithm>

#include "solana/codec/address.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codec/system.hpp"
#include "solana/codec/token.hpp"
#include "solana/codes.hpp"
#include "thole/assert.hpp"

namespace thole::solana {

namespace {

constexpr std::uint64_t spl_mint_space = 82;

// The pairs as they will stand on the chain.
token_metadata_fields with_seed(const mint_terms& terms) {
    auto fields = terms.fields;
    std::erase_if(fields.additional, [](const auto& pair) { return pair.first == seed_field; });
    fields.additional.insert(fields.additional.begin(), {std::string{seed_field}, terms.seed});
    return fields;
}

void add_budget(std::vector<instruction>& out, const mint_terms& terms) {
    out.push_back(set_compute_unit_limit(terms.compute_limit));
    out.push_back(set_compute_unit_price(terms.compute_price));
}

void add_account(std::vector<instruction>& out, const mint_terms& terms, const seeded_address& at,
                 std::uint64_t space, const public_key& program) {
    if (terms.already_held == 0) {
        out.push_back(create_account_with_seed(terms.wallet, at, {terms.rent, space, program}));
        return;
    }
    if (terms.already_held < terms.rent) {
        out.push_back(transfer(terms.wallet, at.address, terms.rent - terms.already_held));
    }
    out.push_back(allocate_with_seed(at, space, program));  // and assigns
}

void add_metadata(std::vector<instruction>& out, const mint_terms& terms, const public_key& mint) {
    const auto fields = with_seed(terms);
    const auto& wallet = terms.wallet;
    out.push_back(
        initialize_metadata({mint, wallet, wallet}, fields.name, fields.symbol, fields.uri));
    for (const auto& [key, value] : fields.additional) {
        out.push_back(update_field(mint, wallet, key, value));
    }
}

// Nobody mints another one; nobody changes what is not to be changed.
void give_up_rights(std::vector<instruction>& out, const mint_terms& terms,
                    const public_key& mint) {
    out.push_back(set_authority(token_2022_program, mint, terms.wallet, authority_type::mint_tokens,
                                std::nullopt));
    if (!terms.is_mutable) {
        out.push_back(update_metadata_authority(mint, terms.wallet, std::nullopt));
    }
}

void add_token_2022(std::vector<instruction>& out, const mint_terms& terms,
                    const seeded_address& at) {
    const auto& mint = at.address;
    const auto& wallet = terms.wallet;
    add_account(out, terms, at, mint_with_pointer_space, token_2022_program);
    out.push_back(initialize_metadata_pointer(mint, std::nullopt, mint));
    out.push_back(initialize_mint(token_2022_program, mint, 0, wallet, std::nullopt));
    add_metadata(out, terms, mint);
    const auto holding = associated_token_address(terms.owner, mint, token_2022_program);
    out.push_back(create_associated_token_account(token_2022_program, wallet, terms.owner, mint));
    out.push_back(mint_to(token_2022_program, {mint, holding, wallet}, 1));
    give_up_rights(out, terms, mint);
}

void add_metaplex_data(std::vector<instruction>& out, const mint_terms& terms,
                       const public_key& mint) {
    const metaplex::create_keys keys{mint, terms.wallet, terms.wallet, terms.wallet};
    out.push_back(metaplex::create_metadata(keys, metaplex_data(terms), terms.is_mutable));
    out.push_back(metaplex::create_master_edition(keys, 0));
    if (!terms.collection) return;
    out.push_back(metaplex::verify_collection(mint, terms.wallet, *terms.collection));
}

void add_metaplex(std::vector<instruction>& out, const mint_terms& terms,
                  const seeded_address& at) {
    const auto& mint = at.address;
    const auto& wallet = terms.wallet;
    add_account(out, terms, at, spl_mint_space, token_program);
    // The edition wants a freeze authority equal to the mint authority; it takes over both.
    out.push_back(initialize_mint(token_program, mint, 0, wallet, wallet));
    const auto holding = associated_token_address(terms.owner, mint, token_program);
    out.push_back(create_associated_token_account(token_program, wallet, terms.owner, mint));
    out.push_back(mint_to(token_program, {mint, holding, wallet}, 1));
    add_metaplex_data(out, terms, mint);
}

result<> check_limits(mint_standard standard, const mint_terms& terms) {
    if (terms.rent == 0) return fail(codes::instruction_invalid, "the rent is not known");
    if (standard == mint_standard::metaplex) return metaplex::check(metaplex_data(terms));
    for (const auto& [key, value] : terms.fields.additional) {
        if (key.empty()) return fail(codes::instruction_invalid, "an additional field has no name");
    }
    return {};
}

result<std::size_t> size_of(const mint_terms& terms, const std::vector<instruction>& all) {
    const auto m = compile_message(message_version::legacy, terms.wallet, {}, all);
    if (!m) return std::unexpected{m.error()};
    return transaction_size(*m);
}

}  // namespace

const public_key& token_program_of(mint_standard standard) noexcept {
    return standard == mint_standard::metaplex ? token_program : token_2022_program;
}

std::uint64_t rent_space(mint_standard standard, const mint_terms& terms) {
    return standard == mint_standard::metaplex ? spl_mint_space
                                               : mint_with_metadata_space(with_seed(terms));
}

metaplex::data metaplex_data(const mint_terms& terms) {
    metaplex::data data;
    data.name = terms.fields.name;
    data.symbol = terms.fields.symbol;
    data.uri = terms.fields.uri;
    data.seller_fee_basis_points = terms.seller_fee_basis_points;
    unsigned others = 0;
    for (const auto& each : terms.creators) others += each.share;
    // The wallet signs, so it may stand there as verified: the issuer check of this standard.
    const auto rest = static_cast<std::uint8_t>(100 - std::min(others, 100U));
    data.creators = {{terms.wallet, true, rest}};
    data.creators->insert(data.creators->end(), terms.creators.begin(), terms.creators.end());
    if (terms.collection) data.collection = metaplex::collection{false, *terms.collection};
    return data;
}

result<mint_plan> plan_mint(mint_standard standard, const mint_terms& terms) {
    if (auto ok = check_limits(standard, terms); !ok) return std::unexpected{ok.error()};
    const auto& program = token_program_of(standard);
    const auto address = create_with_seed(terms.wallet, terms.seed, program);
    if (!address) return std::unexpected{address.error()};
    mint_plan plan;
    plan.mint = *address;
    plan.holding = associated_token_address(terms.owner, plan.mint, program);
    const seeded_address at{plan.mint, terms.wallet, terms.seed};
    add_budget(plan.instructions, terms);
    if (standard == mint_standard::metaplex) {
        add_metaplex(plan.instructions, terms, at);
    } else {
        add_token_2022(plan.instructions, terms, at);
    }
    auto size = size_of(terms, plan.instructions);
    if (!size) return std::unexpected{size.error()};
    if (*size > max_transaction_size) {
        return fail(
            codes::transaction_too_large,
            std::to_string(*size) + " bytes, " + std::to_string(*size - max_transaction_size) +
                " too many: shorten the name, the symbol or the URI, or name fewer creators");
    }
    plan.transaction_size = *size;
    if (terms.memo.empty()) return plan;
    auto longer = plan.instructions;
    longer.push_back(memo(terms.memo));
    const auto with_memo = size_of(terms, longer);
    if (with_memo && *with_memo <= max_transaction_size) {
        plan.instructions = std::move(longer);
        plan.transaction_size = *with_memo;
        plan.memo_included = true;
    }
    return plan;
}

namespace {

// Budget and, where the account grows, what its rent then lacks.
std::vector<instruction> begin_mend(const mint_terms& terms, const public_key& mint) {
    std::vector<instruction> out;
    add_budget(out, terms);
    if (terms.already_held < terms.rent) {
        out.push_back(transfer(terms.wallet, mint, terms.rent - terms.already_held));
    }
    return out;
}

public_key mint_of(mint_standard standard, const mint_terms& terms) {
    const auto mint = create_with_seed(terms.wallet, terms.seed, token_program_of(standard));
    THOLE_ASSERT(mint.has_value(), "the seed of a mint that is there");
    return *mint;
}

}  // namespace

std::vector<instruction> plan_missing_metadata(mint_standard standard, const mint_terms& terms) {
    const auto mint = mint_of(standard, terms);
    auto out = begin_mend(terms, mint);
    if (standard == mint_standard::metaplex) {
        add_metaplex_data(out, terms, mint);
    } else {
        add_metadata(out, terms, mint);
        give_up_rights(out, terms, mint);
    }
    return out;
}

std::vector<instruction> plan_metaplex_uri_update(const mint_terms& terms, const public_key& mint,
                                                  metaplex::data present) {
    std::vector<instruction> out;
    add_budget(out, terms);
    present.uri = terms.fields.uri;
    const metaplex::metadata_change change{std::move(present), {}, {}, {}};
    out.push_back(metaplex::update_metadata(mint, terms.wallet, change));
    return out;
}

std::vector<instruction> plan_uri_update(const mint_terms& terms) {
    const auto mint = mint_of(mint_standard::token_2022, terms);
    auto out = begin_mend(terms, mint);
    out.push_back(update_field(mint, terms.wallet, metadata_field::uri, terms.fields.uri));
    return out;
}

bool issuer_verified(const public_key& mint, const public_key& issuer, std::string_view seed,
                     const public_key& token_program) {
    const auto address = create_with_seed(issuer, seed, token_program);
    return address && *address == mint;
}

bool issuer_verified(const public_key& mint, const mint_account& account,
                     const public_key& issuer) {
    if (!account.metadata) return false;
    const auto seed = account.metadata->find(seed_field);
    return seed && issuer_verified(mint, issuer, *seed, token_2022_program);
}

}  // namespace thole::solana
