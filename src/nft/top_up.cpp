#include "nft/top_up.hpp"

#include <fmt/format.h>

#include "nft/codes.hpp"
#include "nft/steps/common.hpp"
#include "solana/codec/keypair.hpp"
#include "solana/codec/system.hpp"
#include "solana/codec/token.hpp"
#include "solana/codes.hpp"

namespace thole::nft {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::hours day{24};

}  // namespace

task<saga::outcome<solana::prepared_transaction>> top_up::prepare(saga::step_context& in) {
    const auto lamports = in.input<top_up_request>().lamports;
    const auto counted = co_await p_.counted(in.id());
    if (!counted) co_return saga::retry{counted.error()};
    if (*counted > p_.daily_cap || lamports > p_.daily_cap - *counted) {
        auto why = fault{codes::top_up_capped}.with_detail(fmt::format(
            "{} of {} lamports in 24 hours, {} more wanted", *counted, p_.daily_cap, lamports));
        co_return saga::compensate{std::string{why.code()}, std::move(why)};
    }
    solana::transaction_plan plan =
        [from = p_.treasury.address(), to = p_.wallet, lamports, id = in.id().text()](
            solana::compute_budget budget) -> result<std::vector<solana::instruction>> {
        return std::vector{solana::set_compute_unit_limit(budget.limit),
                           solana::set_compute_unit_price(budget.price),
                           solana::transfer(from, to, lamports), solana::memo(id)};
    };
    auto made =
        co_await p_.submitter.prepare(std::move(plan), p_.treasury, in.generation(), in.until());
    if (made) co_return saga::done<prepared>{std::move(*made)};
    in.note(steps::note_of("prepare", made.error()));
    if (made.error().is(solana::codes::insufficient_funds)) {
        co_return saga::wait{
            p_.waits.funds_poll,
            "balance: treasury " + p_.treasury.address().text() + " is short of lamports"};
    }
    co_return steps::failed_call<prepared>(in, made.error());
}

task<result<>> top_up::send(saga::step_context& in, const saga::journaled<prepared>& bytes) {
    co_return co_await sending_.send(in, *bytes);
}

task<saga::settlement<topped_up>> top_up::settle(saga::step_context& in,
                                                 const saga::journaled<prepared>& bytes) {
    using state = solana::submission_state;
    const auto what = co_await p_.submitter.settle(*bytes, std::nullopt, in.until());
    if (auto open = co_await sending_.undecided<output>(in, what, bytes->signature)) {
        co_return std::move(*open);
    }
    sending_.decided(bytes->signature);
    if (what.state == state::landed) {
        co_return saga::landed<output>{
            {bytes->signature, what.slot, in.input<top_up_request>().lamports}};
    }
    auto why = what.error ? what.error->describe() : std::string{"expired without landing"};
    co_return saga::dead{what.evidence, true, {}, std::move(why)};
}

saga::definition make_top_up_saga(top_up_parts parts) {
    auto policy = parts.policy;
    policy.timeout = 30s;
    policy.generations = 1;
    policy.on_exhausted = saga::exhausted::compensate;
    return saga::define<top_up_request>(std::string{top_up_kind}, 1)
        .step(std::make_shared<top_up>(std::move(parts)))
        .policy(policy)
        .pivot()
        .shows("TOP_UP_SUBMITTED")
        .settles_as("TOP_UP_CONFIRMED")
        .lock([](const top_up_request&) { return std::string{top_up_kind}; })
        .build();
}

std::uint64_t counted_lamports(const saga::operation_details& o, store_time now) {
    const auto& state = o.view.state;
    if (state == "rolled_back" || state == "failed") return 0;
    if (o.view.ended_at && *o.view.ended_at + day <= now) return 0;
    const auto input = o.find_input<top_up_request>();
    return input ? input->lamports : 0;
}

}  // namespace thole::nft
