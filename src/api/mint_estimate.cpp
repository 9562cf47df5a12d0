#include "api/mint_estimate.hpp"

#include <cmath>

#include "api/codes.hpp"
#include "api/reply.hpp"
#include "base/json.hpp"
#include "nft/request.hpp"
#include "solana/codec/address.hpp"

namespace thole::api {
namespace {

constexpr std::int64_t most_counted = 1'000'000;
constexpr std::int64_t most_bytes = 1'000'000'000'000'000;
constexpr double most_seconds = 4e9;
constexpr auto longest = std::chrono::seconds{10};

struct estimate {
    int v = 1;
    nft::token_standard standard{};
    std::uint64_t count = 0;
    std::uint64_t lamports_each = 0;
    std::uint64_t lamports = 0;
    std::string wallet;
    std::uint64_t wallet_lamports = 0;
    bool enough = false;
    std::vector<money> content_per_month{};
    std::optional<std::uint32_t> seconds{};
};
BOOST_DESCRIBE_STRUCT(estimate, (),
                      (v, standard, count, lamports_each, lamports, wallet, wallet_lamports, enough,
                       content_per_month, seconds))

}  // namespace

void mint_estimate_resource::add_to(router& to) {
    to.add(
        {"GET", "/api/v1/mints/estimate", "estimate", access::read, {"standard", "count", "bytes"}},
        [this](call c) { return get(std::move(c)); });
}

task<io::server_response> mint_estimate_resource::get(call c) {
    const auto text = c.parameter("standard").value_or("token-2022");
    const auto standard = json::read<nft::token_standard>(boost::json::value(text));
    if (!standard) {
        co_return refuse(400, codes::api_bad_parameter, {},
                         {{"standard", "api.unknown_value", "must be token-2022 or metaplex"}});
    }
    auto count = c.number("count", 1, 1, most_counted);
    if (!count) co_return std::move(count.error());
    auto size = c.number("bytes", 0, 0, most_bytes);
    if (!size) co_return std::move(size.error());
    if (p_.funds == nullptr) co_return refuse(503, codes::mint_disabled);

    solana::mint_terms terms;
    terms.wallet = p_.wallet;
    terms.seed = std::string(solana::max_seed_length, 's');
    terms.fields = {std::string(nft::mint_limits::name, 'n'),
                    std::string(nft::mint_limits::symbol, 's'),
                    std::string(p_.uri_bytes, 'u'),
                    {}};
    terms.compute_price = p_.fee_cap;
    const auto until = deadline::after(p_.time.now(), longest);
    const auto cost = co_await p_.funds->cost_of(*standard, std::move(terms), until);
    if (!cost) co_return refuse(cost.error());
    estimate out{.standard = *standard,
                 .count = static_cast<std::uint64_t>(*count),
                 .lamports_each = cost->total(),
                 .wallet = p_.wallet.text()};
    out.lamports = out.lamports_each * out.count;
    const auto wallet = co_await p_.funds->check(out.lamports, until);
    if (!wallet) co_return refuse(wallet.error());
    out.wallet_lamports = wallet->lamports;
    out.enough = wallet->enough;
    out.content_per_month = p_.keeping.of(static_cast<std::uint64_t>(*size), p_.copies);
    if (p_.mints_per_second) {
        const auto long_time = static_cast<double>(*count) / *p_.mints_per_second;
        out.seconds = static_cast<std::uint32_t>(std::min(std::ceil(long_time), most_seconds));
    }
    co_return reply(200, json::to_value(out));
}

}  // namespace thole::api
