#include "nft/partners.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>

#include "ipfs/provider_http.hpp"
#include "nft/codes.hpp"
#include "nft/steps/common.hpp"
#include "thole/codes.hpp"

namespace thole::nft {
namespace {

constexpr std::uint64_t most_bytes = 4U << 20U;

std::string url_for(const std::string& pattern, const solana::public_key& wallet) {
    auto out = pattern;
    const auto at = out.find(wallet_in_url);
    THOLE_ASSERT(at != std::string::npos, "a partner's URL names the wallet");
    return out.replace(at, wallet_in_url.size(), wallet.text());
}

// A number, or its decimal text; empty for anything else.
std::optional<std::int64_t> number_in(const boost::json::value& from) {
    if (const auto* number = from.if_int64()) return *number;
    const auto* text = from.if_string();
    std::int64_t out = 0;
    if (text == nullptr) return std::nullopt;
    const auto end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, out);
    if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    return out;
}

bool denied(const boost::json::object& nft, std::string_view member) {
    const auto* found = nft.if_contains(member);
    return found != nullptr && found->is_bool() && !found->get_bool();
}

// What a partner answers today is no word about tomorrow: the mint is there, and he is asked again.
fault for_now(fault f) {
    if (f.kind() == fault_kind::permanent && f.code().starts_with("http.")) {
        f.as(fault_kind::transient);
    }
    return f;
}

// Nothing: he does not know the wallet, or not yet.
task<result<std::optional<boost::json::value>>> look(const ipfs::provider_http& http,
                                                     io::http_request request) {
    auto answer = co_await http.exchange(std::move(request));
    if (!answer) co_return fail(for_now(answer.error()));
    if (answer->status == 404) co_return std::nullopt;
    const auto good = http.judge(*std::move(answer));
    if (!good) co_return fail(for_now(good.error()));
    boost::system::error_code error;
    auto value = boost::json::parse(good->body, error);
    if (error) co_return fail(http.malformed(good->body));
    co_return value;
}

std::string difference_in(const boost::json::object& nft, const shown_nft& what) {
    if (denied(nft, "issuer_verified")) return "it does not hold the issuer proved";
    if (denied(nft, "content_verified")) return "it does not hold the content proved";
    if (const auto* uri = nft.if_contains("uri"); uri != nullptr) {
        if (!uri->is_string()) return "answer: uri is no text";
        if (uri->get_string() != what.uri) {
            return fmt::format("URI is {}", std::string_view{uri->get_string()});
        }
    }
    const auto* level = nft.if_contains("level");
    const bool has_level = level != nullptr && !level->is_null();
    if (!what.level) return has_level ? "it shows a level" : "";
    if (!has_level) return "it shows no level";
    const auto number = number_in(*level);
    if (!number) return "answer: level is no number";
    return *number == *what.level ? "" : fmt::format("level is {}", *number);
}

}  // namespace

std::string partner_difference(const boost::json::value& answer, const shown_nft& what) {
    const auto* object = answer.if_object();
    const auto* nfts = object == nullptr ? nullptr : object->if_contains("nfts");
    if (nfts == nullptr || !nfts->is_array()) return "answer: it has no list \"nfts\"";
    const auto mint = what.mint.text();
    for (const auto& each : nfts->get_array()) {
        const auto* nft = each.if_object();
        const auto* its = nft == nullptr ? nullptr : nft->if_contains("mint");
        if (its != nullptr && its->is_string() && its->get_string() == mint) {
            return difference_in(*nft, what);
        }
    }
    return "the wallet does not show it";
}

struct partners::partner {
    partner(const surroundings& from, partner_settings s)
        : settings{std::move(s)},
          http{settings.id, settings.token, from.transport, from.time},
          calls{settings.id, settings.calls, from.watch} {}

    partner_settings settings;
    ipfs::provider_http http;
    pipeline calls;
};

partners::partners(const surroundings& from, std::vector<partner_settings> declared) : from_{from} {
    for (auto& each : declared) {
        THOLE_ASSERT(!each.calls.retry && validate_calls(each.calls).empty(),
                     "the step repeats the calls, nobody else");
        all_.push_back(std::make_unique<partner>(from, std::move(each)));
    }
}
partners::~partners() = default;

task<result<>> partners::ask(partner& one, const shown_nft& what, deadline until) {
    const auto began = from_.time.now();
    auto permit = one.calls.admit(began);
    if (!permit) co_return fail(permit.error());
    const auto most = one.calls.settings().timeout;
    const auto ends = most > duration::zero() ? until.child(began, most) : until;
    auto request = one.http.request("GET", url_for(one.settings.url, what.wallet), ends);
    request.headers.emplace_back("Accept", "application/json");
    request.max_response_bytes = most_bytes;
    const auto answer = co_await look(one.http, std::move(request));
    const auto ended = from_.time.now();
    permit->record(answer, ended - began, ended);
    if (!answer) co_return fail(answer.error());
    auto difference = *answer ? partner_difference(**answer, what) : "the wallet is not shown";
    if (difference.empty()) co_return result<>{};
    const auto& code =
        difference.starts_with("answer") ? thole::codes::http_malformed : codes::layer_mismatch;
    co_return fail(
        fault{code}
            .at(one.settings.id, one.settings.id)
            .with_detail(fmt::format("partner {}: {}", one.settings.id.view(), difference)));
}

task<result<>> partners::agree(partner_place where, shown_nft what, saga::step_context& in) {
    result<> first;
    for (const auto& each : all_) {
        const auto& called = each->settings.called;
        if (std::ranges::find(called, where) == called.end()) continue;
        const auto began = from_.time.now();
        const auto seen = co_await ask(*each, what, in.until());
        if (!seen) {
            in.note(steps::note_of("partner", seen.error()));
            if (first) first = seen;
            continue;
        }
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(from_.time.now() - began);
        in.note({"partner", std::string{each->settings.id.view()}, took.count(), {}, {}});
    }
    co_return first;
}

void partners::reconfigure(name id, const pipeline_settings& calls) {
    for (const auto& each : all_) {
        if (each->settings.id == id) each->calls.reconfigure(calls, from_.time.now());
    }
}

std::vector<const pipeline*> partners::pipelines() const {
    std::vector<const pipeline*> out;
    for (const auto& each : all_) out.push_back(&each->calls);
    return out;
}

}  // namespace thole::nft
