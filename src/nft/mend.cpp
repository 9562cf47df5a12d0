#include "nft/mend.hpp"

#include "nft/codes.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codes.hpp"
#include "solana/rpc_error.hpp"

namespace thole::nft {
namespace {

using namespace std::chrono_literals;

solana::public_key key_of(const std::string& text) {
    return solana::public_key::parse(text).value_or(solana::public_key{});
}

template <class T>
saga::outcome<T> parked(const fault_code& code, std::string detail) {
    return saga::park{std::string{code.text}, fault{code}.with_detail(std::move(detail))};
}

token_standard standard_of(const chain_nft& nft) {
    return nft.program == solana::token_2022_program ? token_standard::token_2022
                                                     : token_standard::metaplex;
}

solana::transaction_plan plan_of(const solana::mint_terms& terms, const chain_nft& nft,
                                 mend_act act) {
    return [terms, nft,
            act](solana::compute_budget budget) -> result<std::vector<solana::instruction>> {
        auto with_budget = terms;
        with_budget.compute_limit = budget.limit;
        with_budget.compute_price = budget.price;
        if (act == mend_act::add_metadata) {
            return solana::plan_missing_metadata(standard_of(nft), with_budget);
        }
        return nft.replaceable
                   ? solana::plan_metaplex_uri_update(with_budget, nft.mint, *nft.replaceable)
                   : solana::plan_uri_update(with_budget);
    };
}

}  // namespace

bool is_own_mint(const mint_base& base, const saga::operation_details& of, const chain_nft& nft) {
    if (of.view.kind != mint_kind) return false;
    const operation_name who{of.tenant, mint_kind, of.view.key};
    const auto input = read_mint_input(of.input);
    const auto id = input ? identity_of(*input, base, who)
                          : identify_mint(base.secret, base.wallet, who, standard_of(nft));
    return id.mint == nft.mint;
}

task<result<mend_subject::seen>> mend_subject::look(saga::step_context& in, std::uint64_t since) {
    const auto request = in.input<mend_request>();
    auto row = co_await d_.parts.table.find(request.operation_id);
    if (!row) co_return fail(row.error());
    if (!*row) co_return fail(codes::record_missing, request.operation_id.text());
    const auto how =
        steps::rpc_options(in, solana::commitment::finalized, std::max(since, request.slot));
    const mint_place place{key_of((*row)->mint), {}, key_of((*row)->owner)};
    auto at = co_await read_mint_agreed(d_.parts.rpc, place, how,
                                        d_.parts.submitter.settings().required_providers);
    if (!at) co_return fail(at.error());
    co_return seen{std::move(**row), std::move(*at)};
}

task<saga::outcome<solana::prepared_transaction>> mend::prepare(saga::step_context& in) {
    auto found = co_await look(in);
    if (!found) {
        in.note(steps::note_of("look", found.error()));
        co_return steps::failed_call<prepared>(in, found.error());
    }
    const auto& at = found->at;
    if (at.nft && at.nft->has_metadata && at.nft->uri == found->row.uri) {
        co_return saga::done<prepared>{};
    }
    const auto act = possible_mend(found->row, at, d_.parts.wallet.address());
    if (act == mend_act::nothing) {
        co_return parked<prepared>(codes::not_mendable, found->row.mint);
    }
    auto mint = co_await d_.find(found->row.operation_id);
    if (!mint) {
        in.note(steps::note_of("find", mint.error()));
        co_return steps::failed_call<prepared>(in, mint.error());
    }
    const mint_base base{d_.parts.secret, d_.parts.wallet.address()};
    if (!*mint || !is_own_mint(base, **mint, *at.nft)) {
        co_return parked<prepared>(codes::not_mendable,
                                   found->row.mint + " is not the mint of its operation");
    }
    auto terms = co_await terms_of(in, *found, act, std::move(**mint));
    if (!terms) {
        in.note(steps::note_of("terms", terms.error()));
        if (terms.error().is(codes::not_mendable)) {
            co_return parked<prepared>(codes::not_mendable, std::string{terms.error().detail()});
        }
        co_return steps::failed_call<prepared>(in, terms.error());
    }
    auto plan = plan_of(*terms, *at.nft, act);
    co_return co_await sign(in, std::move(plan));
}

// The name and symbol of metadata that was never written are those of the request; else they stay.
task<result<solana::mint_terms>> mend::terms_of(saga::step_context& in, seen what, mend_act act,
                                                saga::operation_details of) {
    const auto& nft = *what.at.nft;
    solana::mint_terms terms;
    terms.wallet = d_.parts.wallet.address();
    terms.owner = key_of(what.row.owner);
    terms.fields = {nft.name, nft.symbol, what.row.uri, {}};
    terms.seed = nft.seed.value_or(std::string{});
    bool ours = issuer_verified(nft, terms.wallet);
    if (act == mend_act::add_metadata) {
        const auto input = read_mint_input(of.input);
        if (!input) co_return fail(codes::not_mendable, "the journal does not know the request");
        const mint_base base{d_.parts.secret, terms.wallet};
        terms.seed = identity_of(*input, base, {of.tenant, mint_kind, of.view.key}).seed;
        terms.fields.name = input->request.name;
        terms.fields.symbol = input->request.symbol;
        terms.is_mutable = input->request.is_mutable;
        if (input->metaplex) apply(*input->metaplex, terms);
        ours = solana::issuer_verified(nft.mint, terms.wallet, terms.seed, nft.program);
    }
    if (!ours) co_return fail(codes::not_mendable, "the mint was not made by this wallet");
    // Metaplex keeps its metadata elsewhere: the mint does not grow.
    if (nft.replaceable || standard_of(nft) == token_standard::metaplex) co_return terms;
    const auto space = solana::rent_space(token_standard::token_2022, terms);
    const auto rent = co_await d_.parts.funds.rent_of(space, in.until());
    if (!rent) co_return fail(rent.error());
    terms.rent = *rent;
    terms.already_held = what.at.lamports;
    co_return terms;
}

task<saga::outcome<solana::prepared_transaction>> mend::sign(saga::step_context& in,
                                                             solana::transaction_plan plan) {
    auto made = co_await d_.parts.submitter.prepare(std::move(plan), d_.parts.wallet,
                                                    in.generation(), in.until());
    if (made) co_return saga::done<prepared>{std::move(*made)};
    in.note(steps::note_of("prepare", made.error()));
    if (solana::is_short_of_rent(made.error())) d_.parts.funds.forget();
    if (made.error().is(solana::codes::insufficient_funds)) {
        co_return saga::wait{d_.settings.submit.funds_poll, "balance: the wallet is short"};
    }
    co_return steps::failed_call<prepared>(in, made.error());
}

task<result<>> mend::send(saga::step_context& in, const saga::journaled<prepared>& bytes) {
    if (bytes->signature.empty()) co_return result<>{};
    co_return co_await sending_.send(in, *bytes);
}

task<saga::settlement<mended>> mend::settle(saga::step_context& in,
                                            const saga::journaled<prepared>& bytes) {
    using state = solana::submission_state;
    if (bytes->signature.empty()) co_return saga::landed<output>{};
    const auto what = co_await d_.parts.submitter.settle(*bytes, std::nullopt, in.until());
    if (auto open = co_await sending_.undecided<output>(in, what, bytes->signature)) {
        co_return std::move(*open);
    }
    sending_.decided(bytes->signature);
    if (what.state == state::dead) {
        co_return saga::dead{what.evidence, true, {}, "expired without landing"};
    }
    if (what.state == state::failed) {
        auto why = what.error ? what.error->describe() : std::string{codes::program_refused.text};
        co_return saga::dead{what.evidence, what.is_curable(), {}, std::move(why)};
    }
    co_return saga::landed<output>{{{}, bytes->signature, what.slot}};
}

task<saga::outcome<mended>> read_back::run(saga::step_context& in) {
    auto out = in.output<mend>();
    const auto found = co_await look(in, out.slot);
    if (!found) {
        in.note(steps::note_of("look", found.error()));
        co_return steps::failed_call<output>(in, found.error());
    }
    const auto& [row, at] = *found;
    out.mint = row.mint;
    out.slot = at.slot;
    const issuers ours{d_.parts.wallet.address()};
    const bool right = at.nft && issuer_verified(*at.nft, ours) && at.nft->uri == row.uri;
    if (right) co_return saga::done<output>{std::move(out)};
    auto differs = fault{codes::layer_mismatch}.with_detail("chain: the metadata of " + row.mint);
    in.note(steps::note_of("read_back", differs));
    co_return saga::retry{std::move(differs)};
}

saga::definition make_mend_saga(mend_dependencies d) {
    auto policy = d.settings.chain;
    policy.timeout = 30s;
    policy.generations = d.settings.generations;
    auto check = std::make_shared<read_back>(d);
    return saga::define<mend_request>(std::string{mend_kind}, 1)
        .step(std::make_shared<mend>(std::move(d)))
        .policy(policy)
        .pivot()
        .shows("MEND_SUBMITTED")
        .settles_as("MEND_CONFIRMED")
        .lock([](const mend_request& r) { return "mend " + r.operation_id.text(); })
        .step(std::move(check))
        .policy(policy)
        .critical()
        .shows("MENDED")
        .build();
}

}  // namespace thole::nft
