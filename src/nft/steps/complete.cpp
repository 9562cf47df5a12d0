#include "nft/steps/complete.hpp"

#include "nft/codes.hpp"

namespace thole::nft::steps {

task<saga::outcome<record_written>> complete::run(saga::step_context& in) {
    const auto about = subject_of(in, base_);
    auto row = minted_record(in, about, in.output<upload_content>().uri);
    row.status = record_status::completed;
    row.version = in.output<record_landed>().version + 1;
    const auto there = co_await table_.converge(std::move(row));
    if (!there) {
        in.note(note_of("records.converge", there.error()));
        co_return failed_call<output>(in, there.error());
    }
    co_return saga::done<output>{{.version = there->version}};
}

}  // namespace thole::nft::steps
