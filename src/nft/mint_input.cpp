#include "nft/mint_input.hpp"

#include <fmt/core.h>

#include <algorithm>

#include <boost/json/object.hpp>

#include "base/known_answers.hpp"
#include "nft/codes.hpp"

namespace thole::nft {

mint_input accept_mint(mint_request request, const mint_base& base, operation_name name,
                       const metaplex_terms& terms) {
    mint_input input;
    input.identity = identify_mint(base.secret, base.wallet, name, request.standard);
    const bool adds = request.standard == token_standard::metaplex && terms != metaplex_terms{};
    if (adds) input.metaplex = terms;
    input.request = std::move(request);
    return input;
}

mint_input upgrade_1(mint_request request) {
    mint_input input;
    input.request = std::move(request);
    return input;
}

namespace {

std::optional<mint_input> parse_mint_input(std::string_view text) {
    const auto value = json::parse(text);
    if (!value || !value->is_object()) return std::nullopt;
    if (!value->get_object().contains("v")) {
        auto request = json::read<mint_request>(*value);
        if (!request) return std::nullopt;
        return upgrade_1(std::move(*request));
    }
    auto input = json::read<mint_input>(*value);
    if (!input || input->v < 2 || input->v > mint_input::newest) return std::nullopt;
    return std::move(*input);
}

}  // namespace

// Each look at what was sent begins with it.
std::optional<mint_input> read_mint_input(std::string_view text) {
    static thread_local known_answers<mint_input, 1024> known;
    if (const auto* before = known.find(text)) return *before;
    auto input = parse_mint_input(text);
    if (input) known.keep(text, *input);
    return input;
}

mint_identity identity_of(const mint_input& input, const mint_base& base, operation_name name) {
    if (input.identity) return *input.identity;
    return identify_mint(base.secret, base.wallet, name, input.request.standard);
}

result<> check_wallet(const solana::public_key& wallet, const std::optional<std::string>& stored,
                      std::uint64_t live) {
    if (!stored || live == 0 || *stored == wallet.text()) return {};
    return fail(codes::wallet_changed,
                fmt::format("wallet.key is {}, but {} mints are live that {} accepted: the wallet "
                            "must stay the same until they have ended",
                            wallet.text(), live, *stored));
}

std::vector<solana::public_key> wallets_of(const solana::public_key& present,
                                           std::string_view earlier) {
    std::vector<solana::public_key> out{present};
    while (!earlier.empty()) {
        const auto end = earlier.find(',');
        const auto key = solana::public_key::parse(earlier.substr(0, end));
        if (key && std::ranges::find(out, *key) == out.end()) out.push_back(*key);
        earlier.remove_prefix(end == std::string_view::npos ? earlier.size() : end + 1);
    }
    return out;
}

}  // namespace thole::nft
