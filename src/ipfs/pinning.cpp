#include "ipfs/pinning.hpp"

#include <algorithm>

#include "ipfs/codes.hpp"
#include "thole/codes.hpp"

namespace thole::ipfs {

// Counts itself in a map for as long as it lives.
class pinning::upload_mark {
  public:
    upload_mark(std::map<cid, int>& counts, const cid& id) : counts_{counts}, id_{id} {
        ++counts_[id_];
    }
    ~upload_mark() {
        if (--counts_[id_] == 0) counts_.erase(id_);
    }
    upload_mark(const upload_mark&) = delete;
    upload_mark& operator=(const upload_mark&) = delete;

  private:
    std::map<cid, int>& counts_;
    cid id_;
};

pinning::pinning(archive* local, endpoint_set& remotes, std::vector<provider*> providers,
                 const io::loop& time, std::uint64_t seed)
    : archive_{local},
      remotes_{remotes},
      providers_{std::move(providers)},
      loop_{time},
      chance_{seed} {}

provider* pinning::find(std::string_view label) const noexcept {
    const auto at = std::ranges::find_if(
        providers_, [&](const provider* each) { return each->label().view() == label; });
    return at == providers_.end() ? nullptr : *at;
}

// One upload; after a missing answer the provider is asked whether it has the content now.
task<result<pin_receipt>> pinning::put_once(provider& at, upload what, deadline until,
                                            replication& out) {
    const auto begin = loop_.now();
    auto receipt = co_await at.put(what, until);
    out.calls.push_back(
        evidence_of("put", at.label(), loop_.now() - begin, receipt ? nullptr : &receipt.error()));
    if (receipt || receipt.error().effect() != fault_effect::unknown) co_return receipt;
    const auto asked = loop_.now();
    const auto state = co_await at.status(what.predicted, until);
    out.calls.push_back(
        evidence_of("status", at.label(), loop_.now() - asked, state ? nullptr : &state.error()));
    if (!state || *state != pin_state::pinned) co_return receipt;
    co_return pin_receipt{std::string{at.label().view()}, what.predicted.text(), {}};
}

// An upload whose CID is the predicted one; else ipfs.cid_mismatch, with the copy given back.
task<result<pin_receipt>> pinning::put_checked(provider& at, upload what, deadline until,
                                               replication& out) {
    const auto predicted = what.predicted;
    auto receipt = co_await put_once(at, std::move(what), until, out);
    if (!receipt) co_return receipt;
    const auto answered = cid::parse(receipt->cid);
    if (answered && answered->same_block(predicted)) co_return receipt;
    auto mismatch =
        fault{codes::cid_mismatch}
            .at(remotes_.dependency(), at.label())
            .with_detail("predicted " + predicted.text() + ", answered " + receipt->cid);
    out.calls.push_back(evidence_of("compare", at.label(), {}, &mismatch));
    const auto removed = co_await at.unpin(*receipt, until);
    if (!removed) out.strays.push_back(*receipt);
    co_return std::unexpected(std::move(mismatch));
}

task<void> pinning::use_remotes(const upload& what, deadline until, replication& out) {
    std::vector<name> tried;
    while (!out.enough()) {
        const auto now = loop_.now();
        if (until.expired(now)) {
            if (!out.failed) out.failed = fault{thole::codes::policy_deadline};
            co_return;
        }
        auto pick = remotes_.pick(now, tried, role::send, chance_);
        if (!pick) {
            // A refusal says less than what a provider answered in this pass.
            if (!out.failed) out.failed = pick.error();
            co_return;
        }
        const auto label = pick->endpoint().name;
        tried.push_back(label);
        auto* at = find(label.view());
        if (at == nullptr) {
            out.failed = fault{codes::unknown_provider}.with_detail(std::string{label.view()});
            continue;
        }
        auto receipt = co_await put_checked(*at, what, until, out);
        pick->record(receipt, loop_.now() - now, loop_.now());
        if (receipt) {
            out.receipts.push_back(*std::move(receipt));
        } else {
            out.failed = receipt.error();
        }
    }
}

task<replication> pinning::replicate(upload what, std::uint32_t wanted, deadline until) {
    replication out;
    out.wanted = wanted;
    if (releasing_.contains(what.predicted)) {
        out.failed = fault{codes::busy};
        if (wanted == 0) out.wanted = 1;
        co_return out;
    }
    const upload_mark mark{uploading_, what.predicted};
    if (archive_ != nullptr) {
        auto kept = co_await put_checked(*archive_, what, until, out);
        if (!kept) {
            // Without the owner's pin in the archive, another operation could give our copies back.
            out.failed = kept.error();
            out.wanted = std::max<std::uint32_t>(wanted, 1);
            co_return out;
        }
        out.receipts.push_back(*std::move(kept));
    }
    co_await use_remotes(what, until, out);
    co_return out;
}

task<result<>> pinning::release_remote(pin_receipt receipt, std::string owner, deadline until) {
    const auto id = cid::parse(receipt.cid);
    if (id) {
        // Ours is gone from the archive; whoever is left still needs the copy.
        if (archive_ != nullptr && archive_->other_owners(*id, owner) > 0) co_return result<>{};
        if (uploading_.contains(*id)) co_return fail(codes::busy);
    }
    auto* at = find(receipt.provider);
    if (at == nullptr) co_return fail(codes::unknown_provider, receipt.provider);
    if (!id) co_return co_await at->unpin(std::move(receipt), until);
    const upload_mark mark{releasing_, *id};
    co_return co_await at->unpin(std::move(receipt), until);
}

task<result<>> pinning::release(std::vector<pin_receipt> receipts, std::string owner,
                                deadline until) {
    result<> outcome;
    const auto is_archive = [&](const pin_receipt& each) {
        return archive_ != nullptr && archive_->label().view() == each.provider;
    };
    for (const auto& each : receipts) {
        if (!is_archive(each)) continue;
        auto done = co_await archive_->unpin(each, until);
        if (!done && outcome) outcome = std::move(done);
    }
    // The reference is the count: while it stands, the remotes stay.
    if (!outcome) co_return outcome;
    for (const auto& each : receipts) {
        if (is_archive(each)) continue;
        auto done = co_await release_remote(each, owner, until);
        if (!done && outcome) outcome = std::move(done);
    }
    co_return outcome;
}

task<std::vector<provider_state>> pinning::where(cid id, deadline until) {
    std::vector<provider_state> out;
    if (archive_ != nullptr) {
        out.push_back(
            {std::string{archive_->label().view()}, co_await archive_->status(id, until)});
    }
    for (auto* each : providers_) {
        auto state = co_await each->status(id, until);
        out.push_back({std::string{each->label().view()}, std::move(state)});
    }
    co_return out;
}

task<result<>> pinning::check(deadline until) {
    if (archive_ != nullptr) {
        auto usable = co_await archive_->check(until);
        if (!usable) co_return usable;
    }
    std::vector<name> tried;
    result<> outcome;
    while (tried.size() < remotes_.size()) {
        const auto now = loop_.now();
        auto pick = remotes_.pick(now, tried, role::send, chance_);
        if (!pick) {
            if (outcome) outcome = std::unexpected(pick.error());
            break;
        }
        const auto label = pick->endpoint().name;
        tried.push_back(label);
        auto* at = find(label.view());
        if (at == nullptr) continue;
        outcome = co_await at->check(until);
        pick->record(outcome, loop_.now() - now, loop_.now());
        if (outcome) break;
    }
    co_return outcome;
}

}  // namespace thole::ipfs
