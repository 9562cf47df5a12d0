#include "nft/steps/record_pending.hpp"

#include "nft/codes.hpp"

namespace thole::nft::steps {

task<saga::outcome<record_written>> record_pending::run(saga::step_context& in) {
    const auto about = subject_of(in, base_);
    auto row = pending_record(in, about, in.output<upload_content>());
    const auto there = co_await table_.upsert(std::move(row));
    if (!there) {
        in.note(note_of("records.upsert", there.error()));
        co_return failed_call<output>(in, there.error());
    }
    co_return saga::done<output>{{.version = there->version}};
}

task<saga::outcome<saga::nothing>> record_pending::undo(saga::step_context& in) {
    const auto marked = co_await table_.mark_rolled_back(in.id(), in.store_now());
    if (!marked) {
        in.note(note_of("records.mark_rolled_back", marked.error()));
        // The content of a token that exists must stay where it is: a person decides.
        if (marked.error().is(codes::record_already_minted)) {
            co_return saga::park{std::string{marked.error().code()}, marked.error()};
        }
        co_return failed_call<saga::nothing>(in, marked.error());
    }
    co_return saga::done<saga::nothing>{};
}

}  // namespace thole::nft::steps
