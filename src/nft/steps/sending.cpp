#include "nft/steps/sending.hpp"

#include <algorithm>
#include <utility>

namespace thole::nft::steps {

task<result<>> sending::send(saga::step_context& in, solana::prepared_transaction bytes) {
    const auto now = loop_.now();
    const auto known = sent_.find(bytes.signature);
    const auto since_first = known == sent_.end() ? duration::zero() : now - known->second.first;
    const auto pause = solana::submitter::rebroadcast_after(since_first);
    const bool is_due =
        known == sent_.end() || (!known->second.rests && now - known->second.last >= pause);
    if (!is_due) co_return result<>{};
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

duration sending::pause_of(const std::string& signature) const {
    constexpr duration longest = std::chrono::seconds{10};
    const auto known = sent_.find(signature);
    if (known == sent_.end() || !known->second.rests) return settings_.poll;
    const auto so_far = loop_.now() - *known->second.rests;
    // Where none has come to its end yet, each look waits a little longer than the one before.
    const auto left = rested_ == duration::zero() ? so_far / 4 : rested_ * 9 / 10 - so_far;
    return std::clamp(left, settings_.poll, std::max(settings_.poll, longest));
}

void sending::decided(const std::string& signature) {
    const auto known = sent_.find(signature);
    if (known == sent_.end()) return;
    if (known->second.rests) rested_ = loop_.now() - *known->second.rests;
    sent_.erase(known);
}

void sending::tell_late(saga::step_context& in, const std::string& signature) {
    const auto known = sent_.find(signature);
    if (known == sent_.end() || std::exchange(known->second.late, true)) return;
    in.note({"sendTransaction", {}, 0, {}, "without an end so far: sent to every endpoint"});
    if (settings_.late) settings_.late(in.id(), signature);
}

}  // namespace thole::nft::steps
