#include "nft/steps/sending.hpp"

#include <utility>

namespace thole::nft::steps {

task<result<>> sending::send(saga::step_context& in, solana::prepared_transaction bytes) {
    const auto now = loop_.now();
    const auto known = sent_.find(bytes.signature);
    const auto since_first = known == sent_.end() ? duration::zero() : now - known->second.first;
    if (known != sent_.end() &&
        now - known->second.last < solana::submitter::rebroadcast_after(since_first)) {
        co_return result<>{};
    }
    const auto signature = bytes.signature;
    const auto [place, is_first] = sent_.try_emplace(signature, times{now, now});
    place->second.last = now;
    if (is_first && settings_.sent) settings_.sent(in.id(), signature);
    const auto report = co_await submitter_.fan_out(std::move(bytes), since_first, in.until());
    for (const auto& leg : report.legs) {
        using std::chrono::milliseconds;
        const auto took = std::chrono::duration_cast<milliseconds>(leg.latency).count();
        saga::call_note note{"sendTransaction", std::string{leg.endpoint.view()}, took, {}, {}};
        if (leg.refusal) {
            note.fault = leg.refusal->code();
            note.detail = leg.refusal->detail();
        }
        in.note(std::move(note));
    }
    if (report.widened) tell_late(in, signature);
    co_return result<>{};
}

void sending::tell_late(saga::step_context& in, const std::string& signature) {
    const auto known = sent_.find(signature);
    if (known == sent_.end() || std::exchange(known->second.late, true)) return;
    in.note({"sendTransaction", {}, 0, {}, "without an end so far: sent to every endpoint"});
    if (settings_.late) settings_.late(in.id(), signature);
}

}  // namespace thole::nft::steps
