#include "nft/steps/submit.hpp"

#include "ipfs/codes.hpp"
#include "nft/codes.hpp"
#include "solana/codes.hpp"
#include "solana/rpc_error.hpp"

namespace thole::nft::steps {
namespace {

// The empty value that stands for "the token is there already".
bool was_found(const solana::prepared_transaction& p) {
    return p.signature.empty();
}

solana::mint_terms terms_of(const saga::step_context& in, const subject& about) {
    solana::mint_terms terms;
    terms.wallet = about.id.base;
    terms.owner = about.owner;
    terms.seed = about.id.seed;
    terms.fields = {about.request.name, about.request.symbol, in.output<upload_content>().uri, {}};
    terms.is_mutable = about.request.is_mutable;
    apply(about.metaplex, terms);
    terms.memo = in.id().text();
    return terms;
}

std::string congestion_text(const solana::congestion_view& seen) {
    return "congestion: " + std::to_string(seen.late) + " of the last " +
           std::to_string(seen.ends) + " transactions died or landed late, new mints take turns";
}

bool is_ours(const mint_at& at, const subject& about) {
    return at.state == mint_state::minted && issuer_verified(*at.nft, about.id.base);
}

}  // namespace

task<result<mint_at>> submit::look(saga::step_context& in, const subject& about,
                                   std::uint64_t since) {
    const mint_place place{about.id.mint, about.id.token_program, about.owner};
    const auto how = rpc_options(in, solana::commitment::finalized, since);
    auto at = co_await read_mint_agreed(rpc_, place, how, submitter_.settings().required_providers);
    if (!at) in.note(note_of("getMultipleAccounts", at.error()));
    co_return at;
}

// Before anything is signed one node suffices to say that nothing is there: should it be wrong, the
// chain refuses to make the account twice. That something is there is worth more than one word.
task<result<mint_at>> submit::look_ahead(saga::step_context& in, const subject& about) {
    const mint_place place{about.id.mint, about.id.token_program, about.owner};
    auto at = co_await read_mint(rpc_, place, rpc_options(in, solana::commitment::finalized));
    if (at && at->state != mint_state::absent) co_return co_await look(in, about);
    if (!at) in.note(note_of("getMultipleAccounts", at.error()));
    co_return at;
}

// ---- prepare ------------------------------------------------------------------------------------

task<saga::outcome<solana::prepared_transaction>> submit::prepare(saga::step_context& in) {
    // What has a transaction under way goes on; only new ones take turns.
    if (in.generation() == 1) {
        if (const auto pause = submitter_.hold(in.id())) {
            co_return saga::wait{*pause, congestion_text(submitter_.crowding())};
        }
    }
    const auto about = subject_of(in, base_);
    const auto at = co_await look_ahead(in, about);
    if (!at) co_return failed_call<prepared>(in, at.error());
    if (is_ours(*at, about)) co_return saga::done<prepared>{};
    if (at->state != mint_state::absent) {
        auto foreign = fault{codes::mint_foreign}.with_detail(about.id.mint.text());
        co_return saga::park{std::string{foreign.code()}, std::move(foreign)};
    }
    if (in.generation() > 1) {
        if (auto missing = co_await content_missing(in)) co_return std::move(*missing);
    }
    co_return co_await sign(in, about, at->lamports);
}

task<std::optional<saga::outcome<solana::prepared_transaction>>> submit::content_missing(
    saga::step_context& in) {
    constexpr int patience = 3;
    const auto served =
        co_await see_content(in, content_.pictures, content_.gateways, content_.settings);
    if (served) co_return std::nullopt;
    in.note(note_of("content", served.error()));
    if (served.error().is(ipfs::codes::not_found) && in.attempt() > patience) {
        co_return saga::park{std::string{codes::content_gone.text}, served.error()};
    }
    co_return failed_call<prepared>(in, served.error(), patience);
}

task<saga::outcome<solana::prepared_transaction>> submit::sign(saga::step_context& in,
                                                               const subject& about,
                                                               std::uint64_t already_held) {
    if (auto foreign = foreign_wallet(about, base_)) {
        co_return saga::park{std::string{foreign->code()}, std::move(foreign)};
    }
    auto terms = terms_of(in, about);
    terms.already_held = already_held;
    const auto standard = about.request.standard;
    const auto rent = co_await funds_.rent_of(solana::rent_space(standard, terms), in.until());
    if (!rent) {
        in.note(note_of("getMinimumBalanceForRentExemption", rent.error()));
        co_return failed_call<prepared>(in, rent.error());
    }
    terms.rent = *rent;
    solana::transaction_plan plan =
        [terms,
         standard](solana::compute_budget budget) -> result<std::vector<solana::instruction>> {
        auto with_budget = terms;
        with_budget.compute_limit = budget.limit;
        with_budget.compute_price = budget.price;
        auto planned = solana::plan_mint(standard, with_budget);
        if (!planned) return fail(planned.error());
        return std::move(planned->instructions);
    };
    auto made = co_await submitter_.prepare(std::move(plan), wallet_, in.generation(), in.until());
    if (!made) {
        in.note(note_of("prepare", made.error()));
        co_return refused(in, about, made.error());
    }
    co_return saga::done<prepared>{std::move(*made)};
}

saga::outcome<solana::prepared_transaction> submit::refused(const saga::step_context& in,
                                                            const subject& about,
                                                            const fault& why) const {
    if (solana::is_short_of_rent(why)) funds_.forget();
    if (why.is(solana::codes::insufficient_funds)) {
        return saga::wait{settings_.funds_poll,
                          "balance: wallet " + about.id.base.text() + " is short of lamports"};
    }
    // Something is at the address that finalized does not show yet: an earlier transaction of this
    // very mint, or lamports that somebody sent. Finality will tell which.
    if (solana::is_hint_of_success(why)) {
        return saga::wait{settings_.occupied_poll,
                          "the mint's address is being looked at: " + why.describe()};
    }
    return failed_call<prepared>(in, why);
}

// ---- send ---------------------------------------------------------------------------------------

task<result<>> submit::send(saga::step_context& in, const saga::journaled<prepared>& bytes) {
    if (was_found(*bytes)) co_return result<>{};
    co_return co_await sending_.send(in, *bytes);
}

// ---- settle -------------------------------------------------------------------------------------

task<saga::settlement<landed_mint>> submit::settle(saga::step_context& in,
                                                   const saga::journaled<prepared>& bytes) {
    using state = solana::submission_state;
    const auto about = subject_of(in, base_);
    if (was_found(*bytes)) co_return co_await settle_found(in, about);
    auto what = co_await submitter_.settle(*bytes, about.id.mint, in.until());
    if (auto open = co_await sending_.undecided<output>(in, what, bytes->signature)) {
        co_return std::move(*open);
    }
    sending_.decided(bytes->signature);
    if (what.state == state::dead) {
        co_return saga::dead{std::move(what.evidence), true, {}, "expired without landing"};
    }
    if (what.state == state::failed) {
        co_return co_await settle_failed(in, about, std::move(what));
    }
    // The mint is there and nobody knows by which transaction: the chain says the rest.
    if (what.slot == 0) co_return co_await settle_found(in, about);
    co_return saga::landed<output>{{about.id.mint.text(), bytes->signature, what.slot}};
}

std::expected<landed_mint, std::string> submit::landed_as(saga::step_context& in,
                                                          std::string_view reference) {
    if (!solana::signature::parse(reference)) {
        return std::unexpected{
            std::string{"the reference must be a transaction's signature: 64 "
                        "bytes in base58"}};
    }
    return landed_mint{subject_of(in, base_).id.mint.text(), std::string{reference}, 0};
}

task<saga::settlement<landed_mint>> submit::settle_found(saga::step_context& in,
                                                         const subject& about) {
    const auto at = co_await look(in, about);
    if (!at || !is_ours(*at, about)) co_return saga::pending{settings_.unsure_poll};
    co_return saga::landed<output>{{about.id.mint.text(), {}, at->slot}};
}

// A finalized error ends these bytes. It may be the echo of a token that is there: the program
// refuses to make it twice. So the address is read, from a state that knows the error, before
// anything else is concluded.
task<saga::settlement<landed_mint>> submit::settle_failed(saga::step_context& in,
                                                          const subject& about,
                                                          solana::settled what) {
    const auto at = co_await look(in, about, what.slot);
    if (!at) co_return saga::pending{settings_.poll};
    if (is_ours(*at, about)) {
        co_return saga::landed<output>{{about.id.mint.text(), {}, at->slot}};
    }
    if (what.error && solana::is_short_of_rent(*what.error)) funds_.forget();
    const bool occupied = what.error && what.error->is(solana::codes::account_in_use);
    if (at->state == mint_state::absent && (occupied || what.is_curable())) {
        // Somebody's lamports at the address, or too little of ours: the next generation knows.
        co_return saga::dead{std::move(what.evidence), true, settings_.poll,
                             what.error ? what.error->describe() : std::string{}};
    }
    auto why = what.error ? what.error->describe() : std::string{codes::program_refused.text};
    co_return saga::dead{std::move(what.evidence), false, {}, std::move(why)};
}

}  // namespace thole::nft::steps
