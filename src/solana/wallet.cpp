#include "solana/wallet.hpp"

#include <algorithm>
#include <set>

#include "solana/codec/system.hpp"
#include "solana/codes.hpp"
#include "solana/gather.hpp"
#include "thole/assert.hpp"
#include "thole/codes.hpp"

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

// Who answers alone is believed up to what the network has asked for since its beginning: more of
// it could not be had back.
bool is_plausible(std::uint64_t lamports, std::uint64_t space) {
    constexpr std::uint64_t overhead = 128;  // bytes that each account counts beside its own
    constexpr std::uint64_t lamports_a_byte = 6960;  // for two years
    return lamports > 0 && lamports <= (overhead + space) * lamports_a_byte;
}

std::vector<std::uint64_t> spaces_of(mint_standard standard, const mint_terms& terms) {
    const auto mint = rent_space(standard, terms);
    if (standard == mint_standard::token_2022) return {mint, token_2022_account_space};
    return {mint, spl_account_space, metadata_space, edition_space};
}

}  // namespace

wallet_watch::wallet_watch(rpc::client& client, public_key wallet, std::uint64_t floor, settings s)
    : client_{client}, wallet_{wallet}, floor_{floor}, settings_{s} {
    THOLE_ASSERT(
        s.required_providers >= 1 && s.ask >= static_cast<std::size_t>(s.required_providers),
        "as many are asked as must agree");
}

std::optional<std::uint64_t> wallet_watch::kept_rent(std::uint64_t space) const {
    const auto known = rents_.find(space);
    if (known == rents_.end()) return std::nullopt;
    if (client_.loop().now() - known->second.asked_at >= settings_.keep) return std::nullopt;
    return known->second.lamports;
}

task<result<std::uint64_t>> wallet_watch::rent_of(std::uint64_t space, deadline until) {
    while (asking_.is_busy() && !kept_rent(space)) {
        if (until.expired(client_.loop().now())) co_return fail(thole::codes::policy_deadline);
        const auto waited = co_await asking_.wait();
        if (!waited) co_return std::unexpected{waited.error()};
    }
    if (const auto kept = kept_rent(space)) co_return *kept;
    const busy_flag::holder busy{asking_};
    const auto asked_at = client_.loop().now();
    const auto told = co_await ask_rent(space, until);
    if (!told) co_return told;
    if (rents_.size() >= most_rents) rents_.clear();
    rents_[space] = {*told, asked_at};
    co_return told;
}

task<result<std::uint64_t>> wallet_watch::ask_rent(std::uint64_t space, deadline until) {
    rpc::options how{.until = until};
    std::vector<task<rpc_result<std::uint64_t>>> asks;
    for (const auto endpoint : client_.spread(role::read, settings_.ask)) {
        how.endpoint = endpoint;
        asks.push_back(client_.get_rent_exemption(space, how));
    }
    const auto answers = co_await gather(std::move(asks));
    fault silent{thole::codes::policy_no_endpoint};
    std::map<std::uint64_t, std::set<name>> told;  // by lamports, who says so
    for (const auto& each : answers) {
        if (each) {
            told[each->value].insert(each->provider);
        } else if (silent.is(thole::codes::policy_no_endpoint)) {
            silent = each.error();
        }
    }
    if (told.empty()) co_return fail(std::move(silent));
    const auto most =
        std::ranges::max_element(told, {}, [](const auto& each) { return each.second.size(); });
    const auto alike = most->second.size();
    const bool tied = std::ranges::count_if(told, [alike](const auto& each) {
                          return each.second.size() == alike;
                      }) > 1;
    const auto required = static_cast<std::size_t>(settings_.required_providers);
    const bool alone = told.size() == 1 && alike == 1 && is_plausible(most->first, space);
    if (!tied && (alike >= required || alone)) co_return most->first;
    std::string detail = std::to_string(settings_.required_providers) + " providers must agree;";
    for (const auto& each : answers) {
        if (!each) continue;
        detail += ' ' + std::string{each->endpoint.view()} + " tells " +
                  std::to_string(each->value) + " lamports for " + std::to_string(space) +
                  " bytes;";
    }
    detail.pop_back();
    co_return fail(
        fault{codes::rent_disputed}.with_detail(std::move(detail)).at(client_.dependency()));
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
