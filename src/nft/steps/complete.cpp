#include "nft/steps/complete.hpp"

#include "nft/codes.hpp"

namespace thole::nft::steps {

task<saga::outcome<record_written>> complete::run(saga::step_context& in) {
    const auto about = subject_of(in, base_);
    const auto& content = in.output<upload_content>();
    std::vector needed{content.image_cid, content.metadata_cid};
    const auto tidy = co_await pins_.release_strays(in.id().text(), std::move(needed), in.until());
    if (!tidy) {
        in.note(note_of("release strays", tidy.error()));
        co_return failed_call<output>(in, tidy.error());
    }
    auto row = minted_record(in, about, content.uri);
    row.status = record_status::completed;
    row.version = in.output<record_landed>().version + 1;
    const auto there = co_await table_.converge(std::move(row));
    if (!there) {
        in.note(note_of("records.converge", there.error()));
        co_return failed_call<output>(in, there.error());
    }
    if (recheck_after_ > duration::zero()) {
        saga::child_request again;
        again.kind = "recheck";
        again.input = R"({"operation_id":")" + in.id().text() + R"(","slot":)" +
                      std::to_string(in.output<submit>().slot) + "}";
        again.not_before =
            in.store_now() + std::chrono::duration_cast<store_time::duration>(recheck_after_);
        const auto child = co_await in.child(std::move(again));
        if (!child) {
            in.note(note_of("recheck", child.error()));
            co_return failed_call<output>(in, child.error());
        }
    }
    co_return saga::done<output>{{.version = there->version}};
}

}  // namespace thole::nft::steps
