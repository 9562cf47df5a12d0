#include "solana/wallet.hpp"

#include "solana/codec/system.hpp"

namespace thole::solana {

namespace {

constexpr std::uint64_t spl_account_space = 165;
constexpr std::uint64_t token_2022_account_space = 170;  // with the immutable owner extension
// The longer of the forms that programs of this kind create.
constexpr std::uint64_t metadata_space = 679;
constexpr std::uint64_t edition_space = 282;
// What the current Metaplex program asks for each created metadata account.
constexpr std::uint64_t metaplex_create_fee = 10'000'000;
constexpr std::size_t most_rents = 1024;

std::vector<std::uint64_t> spaces_of(mint_standard standard, const mint_terms& terms) {
    const auto mint = rent_space(standard, terms);
    if (standard == mint_standard::token_2022) return {mint, token_2022_account_space};
    return {mint, spl_account_space, metadata_space, edition_space};
}

}  // namespace

task<result<std::uint64_t>> wallet_watch::rent_of(std::uint64_t space, deadline until) {
    if (const auto known = rents_.find(space); known != rents_.end()) co_return known->second;
    const rpc::options how{.until = until};
    const auto asked = co_await client_.get_rent_exemption(space, how);
    if (!asked) co_return std::unexpected{asked.error()};
    if (rents_.size() >= most_rents) rents_.clear();
    rents_[space] = asked->value;
    co_return asked->value;
}

task<result<mint_cost>> wallet_watch::cost_of(mint_standard standard, mint_terms terms,
                                              deadline until) {
    mint_cost cost;
    for (const auto space : spaces_of(standard, terms)) {
        const auto rent = co_await rent_of(space, until);
        if (!rent) co_return std::unexpected{rent.error()};
        cost.rent += *rent;
    }
    if (standard == mint_standard::metaplex) cost.program_fee = metaplex_create_fee;
    cost.network_fee = transaction_fee(1, terms.compute_limit, terms.compute_price);
    co_return cost;
}

task<result<wallet_state>> wallet_watch::check(std::uint64_t needed, deadline until) {
    const rpc::options how{.until = until};
    const auto balance = co_await client_.get_balance(wallet_, how);
    if (!balance) co_return std::unexpected{balance.error()};
    wallet_state out;
    out.lamports = balance->value;
    out.enough = out.lamports >= needed;
    out.below_floor = out.lamports < floor_;
    out.endpoint = balance->endpoint;
    co_return out;
}

}  // namespace thole::solana
