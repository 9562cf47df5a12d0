#include "nft/steps/check.hpp"

#include <fmt/core.h>

#include "nft/codes.hpp"
#include "nft/steps/upload_content.hpp"
#include "solana/codec/address.hpp"
#include "solana/codec/programs.hpp"
#include "thole/codes.hpp"

namespace thole::nft::steps {
namespace {

// Beyond this an answer counts as none: the chain's pace is 400 ms a slot.
constexpr duration slowest_answer = std::chrono::seconds{2};
// What was well so long ago counts as well now.
constexpr duration fresh_enough = std::chrono::seconds{1};
// Content providers ration what this asks more than they do uploads: Pinata 30 a minute.
constexpr duration providers_fresh_enough = std::chrono::seconds{5};

}  // namespace

std::string short_of(const solana::public_key& wallet, std::uint64_t has, std::uint64_t needs) {
    return fmt::format("balance: wallet {} has {} lamports and needs {}", wallet.text(), has,
                       needs);
}

task<saga::outcome<readiness>> check::run(saga::step_context& in) {
    if (auto foreign = foreign_wallet(subject_of(in, base_), base_)) {
        co_return saga::park{std::string{foreign->code()}, std::move(foreign)};
    }
    auto content = [&] { return pins_.check(in.until()); };
    auto records = [&] { return table_.probe(); };
    auto slot = [&] { return rpc_.get_slot(rpc_options(in, solana::commitment::confirmed)); };
    const auto& time = rpc_.loop();
    if (const auto ok = co_await content_.get(time, providers_fresh_enough, content); !ok) {
        in.note(note_of("content providers", ok.error()));
        co_return failed_call<output>(in, ok.error());
    }
    if (const auto ok = co_await check_room(in); !ok) {
        in.note(note_of("room at content providers", ok.error()));
        co_return failed_call<output>(in, ok.error());
    }
    if (const auto ok = co_await records_.get(time, fresh_enough, records); !ok) {
        in.note(note_of("records.probe", ok.error()));
        co_return failed_call<output>(in, ok.error());
    }
    const auto node = co_await slot_.get(time, fresh_enough, slot);
    if (!node) {
        in.note(note_of("getSlot", node.error()));
        co_return failed_call<output>(in, node.error());
    }
    in.note(note_of("getSlot", *node));
    if (node->latency > slowest_answer) {
        co_return saga::retry{fault{thole::codes::net_timeout}
                                  .at(rpc_.dependency(), node->endpoint)
                                  .with_detail("an answer took more than 2 s")};
    }
    if (const auto ok = co_await check_collection(in); !ok) {
        in.note(note_of("collection", ok.error()));
        co_return failed_call<output>(in, ok.error());
    }
    co_return co_await check_funds(in, node->value);
}

// Metadata are a few hundred bytes; the image is what needs room.
task<result<>> check::check_room(saga::step_context& in) {
    if (!pins_.has_quotas()) co_return result<>{};
    const auto image = co_await pictures_.find(image_of(request_of(in)));
    if (!image) co_return fail(image.error());
    ipfs::upload what{.predicted = image->id, .size = image->size};
    co_return co_await pins_.check_room(what, settings_.copies);
}

task<result<>> check::check_collection(saga::step_context& in) {
    const auto about = subject_of(in, base_);
    const auto collection = solana::public_key::parse(about.metaplex.collection);
    if (!collection) co_return result<>{};
    std::vector<solana::public_key> keys{solana::metadata_address(*collection),
                                         solana::master_edition_address(*collection)};
    const auto how = rpc_options(in, solana::commitment::confirmed);
    const auto answer = co_await rpc_.get_accounts(std::move(keys), how);
    if (!answer) co_return fail(answer.error());
    const auto of_metaplex = [&](std::size_t i) -> std::optional<bytes_view> {
        const auto& at = answer->value.at(i);
        if (!at || at->owner != solana::metaplex_program) return std::nullopt;
        return bytes_view{at->data};
    };
    auto problem = collection_problem(*collection, about.id.base, {of_metaplex(0), of_metaplex(1)});
    if (problem.empty()) co_return result<>{};
    fault wrong{codes::collection_not_ours};
    wrong.with_detail(std::move(problem)).at(rpc_.dependency(), answer->endpoint);
    co_return fail(std::move(wrong));
}

task<saga::outcome<readiness>> check::check_funds(saga::step_context& in, std::uint64_t slot) {
    const auto about = subject_of(in, base_);
    solana::mint_terms terms;
    terms.wallet = about.id.base;
    terms.owner = about.owner;
    terms.seed = about.id.seed;
    terms.fields = {
        about.request.name, about.request.symbol, std::string(settings_.uri_bytes, 'x'), {}};
    terms.compute_price = settings_.fees.cap;
    const auto cost = co_await funds_.cost_of(about.request.standard, std::move(terms), in.until());
    if (!cost) {
        in.note(note_of("getMinimumBalanceForRentExemption", cost.error()));
        co_return failed_call<output>(in, cost.error());
    }
    auto balance = [&] { return funds_.check(0, in.until()); };
    const auto wallet = co_await balance_.get(rpc_.loop(), fresh_enough, balance);
    if (!wallet) {
        in.note(note_of("getBalance", wallet.error()));
        co_return failed_call<output>(in, wallet.error());
    }
    if (wallet->lamports < cost->total()) {
        co_return saga::wait{settings_.funds_poll,
                             short_of(about.id.base, wallet->lamports, cost->total())};
    }
    co_return saga::done<output>{
        {.balance = wallet->lamports, .cost = cost->total(), .slot = slot}};
}

}  // namespace thole::nft::steps
