#include "nft/request.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

#include "engine/tags.hpp"
#include "ipfs/codec/cid.hpp"
#include "nft/text.hpp"
#include "solana/codec/base58_value.hpp"

namespace thole::nft {
namespace {

constexpr std::string_view level_trait = "Level";

struct text_rule {
    std::size_t most;
    bool may_be_empty = true;
    bool lines = false;  // "\n" allowed
};

class judge {
  public:
    void add(std::string pointer, std::string_view code, std::string detail) {
        found_.push_back({std::move(pointer), std::string{code}, std::move(detail)});
    }

    void text(const std::string& pointer, std::string_view value, text_rule rule) {
        if (value.empty() && !rule.may_be_empty) {
            return add(pointer, "value.empty", "must not be empty");
        }
        if (value.size() > rule.most) {
            add(pointer, "value.too_long",
                fmt::format("at most {} bytes of UTF-8, this has {}", rule.most, value.size()));
        }
        if (!is_utf8(value)) return add(pointer, "value.not_utf8", "must be well-formed UTF-8");
        if (has_control(value, rule.lines)) {
            add(pointer, "value.control_character",
                rule.lines ? "control characters other than line feeds are refused"
                           : "control characters are refused");
        }
    }

    void add_all(json::problems more) { std::ranges::move(more, std::back_inserter(found_)); }

    [[nodiscard]] json::problems take() { return std::move(found_); }

  private:
    json::problems found_;
};

void judge_wallet(judge& out, const std::string& owner) {
    const auto key = solana::public_key::parse(owner);
    if (!key) {
        out.add("/owner", "value.bad_wallet", "must be a wallet address: base58 of 32 bytes");
    } else if (key->is_zero()) {
        out.add("/owner", "value.bad_wallet",
                "is the System program's address; nobody could ever move the token");
    }
}

void judge_url(judge& out, const std::string& pointer, const std::string& text) {
    const auto before = text.size();
    if (before > mint_limits::url) {
        return out.add(pointer, "value.too_long",
                       fmt::format("at most {} bytes, this has {}", mint_limits::url, before));
    }
    const auto url = boost::urls::parse_uri(text);
    const bool good = url.has_value() && (url->scheme() == "http" || url->scheme() == "https") &&
                      !url->encoded_host().empty() && !url->has_userinfo();
    if (!good) {
        out.add(pointer, "value.bad_url",
                "must be an absolute http or https URL with a host and without credentials");
    }
}

void judge_attributes(judge& out, const mint_request& request) {
    const auto& list = request.attributes;
    if (list.size() > mint_limits::attributes) {
        out.add("/attributes", "value.too_many",
                fmt::format("at most {} attributes, this has {}", mint_limits::attributes,
                            list.size()));
    }
    bool level_known = request.level.has_value();
    for (std::size_t i = 0; i < std::min(list.size(), mint_limits::attributes); ++i) {
        const auto here = fmt::format("/attributes/{}", i);
        out.text(here + "/trait_type", list[i].trait_type,
                 {.most = mint_limits::trait_type, .may_be_empty = false});
        out.text(here + "/value", list[i].value, {.most = mint_limits::trait_value});
        if (!same_ignoring_case(list[i].trait_type, level_trait)) continue;
        if (level_known) {
            out.add(here + "/trait_type", "value.duplicate",
                    "the level is given already; say it once");
        } else if (!parse_level(list[i].value)) {
            out.add(here + "/value", "value.bad_level",
                    "a Level must be a decimal number of 0 to 4294967295");
        }
        level_known = true;
    }
}

}  // namespace

std::expected<mint_request, json::problems> read_mint_request(std::string_view body) {
    auto request = json::read<mint_request>(body);
    if (!request) return request;
    apply_defaults(*request);
    auto found = validate(*request);
    if (!found.empty()) return std::unexpected{std::move(found)};
    return request;
}

void apply_defaults(mint_request& request) {
    if (!request.account) request.account = request.owner;
}

json::problems validate(const mint_request& request) {
    judge out;
    judge_wallet(out, request.owner);
    // A bad wallet is told once, not again as the account that defaults to it.
    if (request.account && *request.account != request.owner) {
        out.text("/account", *request.account,
                 {.most = mint_limits::account, .may_be_empty = false});
    }
    out.text("/name", request.name, {.most = mint_limits::name, .may_be_empty = false});
    out.text("/symbol", request.symbol, {.most = mint_limits::symbol});
    out.text("/description", request.description,
             {.most = mint_limits::description, .lines = true});
    if (!ipfs::cid::parse(request.image)) {
        out.add("/image", "value.bad_cid", "must be the CID that POST /api/v1/content answered");
    }
    judge_attributes(out, request);
    if (request.external_url) judge_url(out, "/external_url", *request.external_url);
    if (request.tags) out.add_all(saga::judge_tags(*request.tags));
    return out.take();
}

sha256_digest payload_hash(const mint_request& request) {
    return sha256(as_bytes(json::canonical(json::to_value(request))));
}

std::optional<std::uint32_t> requested_level(const mint_request& request) {
    if (request.level) return request.level;
    for (const auto& entry : request.attributes) {
        if (same_ignoring_case(entry.trait_type, level_trait)) return parse_level(entry.value);
    }
    return std::nullopt;
}

std::optional<std::uint32_t> parse_level(std::string_view text) {
    if (text.empty() || text.size() > 10 || (text.size() > 1 && text.front() == '0')) {
        return std::nullopt;
    }
    std::uint32_t level = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, level);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return level;
}

}  // namespace thole::nft
