#include "nft/steps/record_landed.hpp"

#include "nft/codes.hpp"

namespace thole::nft::steps {

record minted_record(const saga::step_context& in, const subject& about, std::string uri) {
    auto row = pending_record(in, about, in.output<upload_content>());
    row.uri = std::move(uri);
    row.status = record_status::minted;
    row.signature = in.output<submit>().signature;
    row.version = in.output<record_pending>().version + 1;
    return row;
}

task<saga::outcome<record_written>> record_landed::run(saga::step_context& in) {
    const auto about = subject_of(in, base_);
    const auto how = rpc_options(in, solana::commitment::finalized, in.output<submit>().slot);
    const mint_place place{about.id.mint, about.id.token_program, about.owner};
    const auto at = co_await read_mint_agreed(rpc_, place, how, providers_);
    if (!at) {
        in.note(note_of("getMultipleAccounts", at.error()));
        co_return failed_call<output>(in, at.error());
    }
    if (at->state != mint_state::minted) {
        co_return saga::retry{fault{codes::not_visible}.at(thole::name{"solana"}, at->endpoint)};
    }
    const auto there = co_await table_.converge(minted_record(in, about, at->nft->uri));
    if (!there) {
        in.note(note_of("records.converge", there.error()));
        co_return failed_call<output>(in, there.error());
    }
    co_return saga::done<output>{{.version = there->version}};
}

}  // namespace thole::nft::steps
