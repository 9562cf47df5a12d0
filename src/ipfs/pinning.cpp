#include "ipfs/pinning.hpp"

#include <algorithm>

#include "ipfs/codes.hpp"
#include "thole/codes.hpp"

namespace thole::ipfs {

// Counts itself in a map for as long as it lives.
class pinning::busy_mark {
  public:
    busy_mark(std::map<std::string, int>& counts, std::string content)
        : counts_{counts}, content_{std::move(content)} {
        ++counts_[content_];
    }
    ~busy_mark() {
        if (--counts_[content_] == 0) counts_.erase(content_);
    }
    busy_mark(const busy_mark&) = delete;
    busy_mark& operator=(const busy_mark&) = delete;

  private:
    std::map<std::string, int>& counts_;
    std::string content_;
};

// The session of one try, kept beside its row. Remembers a fault of the ledger.
class pinning::ledger_session final : public upload_session {
  public:
    ledger_session(pin_ledger& ledger, pin_row row, std::string token)
        : ledger_{ledger}, row_{std::move(row)}, token_{std::move(token)} {}
    [[nodiscard]] std::string token() const override { return token_; }
    [[nodiscard]] task<result<>> keep(std::string token) override {
        token_ = std::move(token);
        auto kept = co_await ledger_.keep_session(row_, token_);
        if (!kept) failed_ = kept.error();
        co_return kept;
    }
    [[nodiscard]] const std::optional<fault>& failed() const noexcept { return failed_; }

  private:
    pin_ledger& ledger_;
    pin_row row_;
    std::string token_;
    std::optional<fault> failed_;
};

// The bytes of one try. Remembers a fault of where they come from.
class pinning::own_source final : public content_source {
  public:
    explicit own_source(std::shared_ptr<content_source> from) : from_{std::move(from)} {}
    [[nodiscard]] task<result<std::shared_ptr<const bytes>>> load() override {
        auto loaded = co_await from_->load();
        if (!loaded) failed_ = loaded.error();
        co_return loaded;
    }
    [[nodiscard]] const std::optional<fault>& failed() const noexcept { return failed_; }

  private:
    std::shared_ptr<content_source> from_;
    std::optional<fault> failed_;
};

pinning::pinning(archive& local, pin_ledger& ledger, endpoint_set& remotes,
                 std::vector<provider*> providers, const io::loop& time, std::uint64_t seed,
                 archive_use use, content_quotas* quotas)
    : archive_{local},
      ledger_{ledger},
      remotes_{remotes},
      providers_{std::move(providers)},
      loop_{time},
      chance_{seed},
      use_{use},
      quotas_{quotas} {}

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
    auto receipt = co_await put_once(at, what, until, out);
    if (!receipt) co_return receipt;
    const auto answered = cid::parse(receipt->cid);
    if (answered && answered->same_block(predicted)) co_return receipt;
    auto mismatch =
        fault{codes::cid_mismatch}
            .at(remotes_.dependency(), at.label())
            .with_detail("predicted " + predicted.text() + ", answered " + receipt->cid);
    out.calls.push_back(evidence_of("compare", at.label(), {}, &mismatch));
    co_await give_back_wrong(at, what, *std::move(receipt), until);
    co_return std::unexpected(std::move(mismatch));
}

// What cannot be given back now stays in the ledger, for the owner's end.
task<void> pinning::give_back_wrong(provider& at, const upload& what, pin_receipt wrong,
                                    deadline until) {
    pin_row row{what.owner, std::string{at.label().view()}, wrong.cid, wrong.id};
    row.size = what.size;
    // The archive finds its pins by their owner.
    const bool noted = &at != &archive_ && co_await ledger_.confirm(row);
    if (noted) {
        (void)co_await release_remote(row, until);
    } else {
        (void)co_await at.unpin(std::move(wrong), until);
    }
}

// What the ledger is told of a try that has ended.
task<result<>> pinning::write_end(pin_row row, bool surely_nothing, result<pin_receipt> receipt) {
    if (receipt) {
        row.cid = receipt->cid;
        row.id = receipt->id;
        co_return co_await ledger_.confirm(std::move(row));
    }
    if (surely_nothing) co_return co_await ledger_.forget(std::move(row));
    co_return result<>{};
}

task<result<content_quotas::room>> pinning::look_for_room(const upload& what) {
    if (quotas_ == nullptr) co_return content_quotas::room{};
    co_return co_await quotas_->look(what.predicted, what.size.value_or(1));
}

fault pinning::without_room(name provider) const {
    return fault{codes::quota_exhausted}
        .at(remotes_.dependency(), provider)
        .with_retry_after(content_quotas::fresh_enough);
}

// The set's refusal counts those among the free that have their copy already. To come back for them
// would upload the same again and again, so the wait is until one of the others is free.
fault pinning::refused(fault f, std::span<const name> tried) const {
    auto wait = duration::max();
    for (const auto& each : remotes_.view(loop_.now())) {
        if (std::ranges::find(tried, each.config.name) != tried.end()) continue;
        wait = std::min(wait, each.blocked_for);
    }
    if (wait != duration::max()) f.with_retry_after(wait);
    return f;
}

// One try. The ledger knows of it before the provider does.
task<pinning::try_end> pinning::try_remote(provider& at, endpoint_pick pick, const upload& what,
                                           deadline until, replication& out) {
    const auto begun = loop_.now();
    pin_row row{what.owner, std::string{at.label().view()}, what.predicted.text()};
    row.size = what.size;
    const auto attempt = co_await ledger_.intend(row);
    if (!attempt) {
        out.failed = attempt.error();
        co_return try_end::our_fault;
    }
    const auto session = std::make_shared<ledger_session>(ledger_, row, attempt->session);
    const auto source = std::make_shared<own_source>(what.source);
    auto tracked = what;
    tracked.session = session;
    tracked.source = source;
    auto receipt = co_await put_checked(at, std::move(tracked), until, out);
    const auto& ours = source->failed() ? source->failed() : session->failed();
    if (!ours) pick.record(receipt, loop_.now() - begun, loop_.now());
    if (!receipt) out.failed = ours ? *ours : receipt.error();
    // Neither now nor earlier. What left a session behind has left something at the provider too.
    const bool surely_nothing = attempt->first && session->token().empty() && !receipt &&
                                receipt.error().effect() == fault_effect::none &&
                                receipt.error().kind() != fault_kind::cancelled;
    if (auto noted = co_await write_end(std::move(row), surely_nothing, receipt); !noted) {
        out.failed = noted.error();
        co_return try_end::our_fault;
    }
    if (receipt) out.receipts.push_back(*std::move(receipt));
    if (ours) co_return try_end::our_fault;
    co_return surely_nothing ? try_end::nothing : try_end::maybe_kept;
}

task<void> pinning::use_remotes(const upload& what, deadline until, replication& out) {
    if (out.enough()) co_return;
    const auto room = co_await look_for_room(what);
    if (!room) {
        out.failed = room.error();
        co_return;
    }
    auto tried = room->full;
    while (!out.enough()) {
        const auto now = loop_.now();
        if (until.expired(now)) {
            if (!out.failed) out.failed = fault{thole::codes::policy_deadline};
            co_return;
        }
        auto pick = remotes_.pick(now, tried, role::send, chance_);
        if (!pick) {
            // A refusal says less than what a provider answered in this pass.
            const bool for_room = !room->full.empty() && tried.size() == remotes_.size();
            if (!out.failed && for_room) out.failed = without_room(room->full.front());
            if (!out.failed) out.failed = refused(pick.error(), tried);
            co_return;
        }
        const auto label = pick->endpoint().name;
        tried.push_back(label);
        auto* at = find(label.view());
        if (at == nullptr) {
            out.failed = fault{codes::unknown_provider}.with_detail(std::string{label.view()});
            continue;
        }
        const bool is_there = std::ranges::find(room->there, label.view()) != room->there.end();
        const auto takes = is_there ? 0 : what.size.value_or(0);
        if (quotas_ != nullptr) quotas_->promise(label.view(), takes);
        const auto end = co_await try_remote(*at, *std::move(pick), what, until, out);
        if (quotas_ != nullptr && end == try_end::nothing) {
            quotas_->take_back(label.view(), takes);
        }
        if (end == try_end::our_fault) co_return;
    }
}

task<replication> pinning::replicate(upload what, std::uint32_t wanted, deadline until) {
    replication out;
    out.wanted = wanted;
    auto content = content_name(what.predicted.text());
    if (releasing_.contains(content)) {
        out.failed = fault{codes::busy};
        if (wanted == 0) out.wanted = 1;
        co_return out;
    }
    const busy_mark mark{uploading_, std::move(content)};
    if (keeps_here()) {
        auto kept = co_await put_checked(archive_, what, until, out);
        if (!kept) {
            // The archive comes first: what is kept nowhere here is not spread either.
            out.failed = kept.error();
            out.wanted = std::max<std::uint32_t>(wanted, 1);
            co_return out;
        }
        out.receipts.push_back(*std::move(kept));
    }
    co_await use_remotes(what, until, out);
    co_return out;
}

task<result<std::vector<pin_row>>> pinning::rows_of(const std::string& owner,
                                                    const std::vector<pin_receipt>& receipts) {
    auto rows = co_await ledger_.of_owner(owner);
    if (!rows) co_return rows;
    for (const auto& each : receipts) {
        if (each.id == owner) continue;  // the archive's
        const auto content = content_name(each.cid);
        const bool known = std::ranges::any_of(*rows, [&](const pin_row& row) {
            return row.provider == each.provider && content_name(row.cid) == content;
        });
        if (!known) rows->push_back({owner, each.provider, each.cid, each.id, true});
    }
    co_return rows;
}

// Nobody else keeps it. Marked before that is asked for the last time, so that no upload can come
// in between.
task<result<>> pinning::release_last(const pin_row& row, deadline until) {
    const auto content = content_name(row.cid);
    if (uploading_.contains(content)) co_return fail(codes::busy);
    const busy_mark mark{releasing_, content};
    const auto last = co_await ledger_.leave(row);
    if (!last) co_return std::unexpected(last.error());
    if (!*last) co_return result<>{};
    auto* at = find(row.provider);
    if (at == nullptr) co_return fail(codes::unknown_provider, row.provider);
    const pin_receipt receipt{row.provider, row.cid, row.id};
    if (auto gone = co_await at->unpin(receipt, until); !gone) co_return gone;
    co_return co_await ledger_.forget(row);
}

task<result<>> pinning::release_remote(const pin_row& row, deadline until) {
    const auto last = co_await ledger_.leave(row);
    if (!last) co_return std::unexpected(last.error());
    if (*last) co_return co_await release_last(row, until);
    co_return result<>{};
}

task<result<>> pinning::release_remotes(std::vector<pin_row> rows, deadline until) {
    result<> outcome;
    for (const auto& row : rows) {
        auto done = co_await release_remote(row, until);
        if (!done && outcome) outcome = std::move(done);
    }
    co_return outcome;
}

task<result<>> pinning::release(std::string owner, std::vector<pin_receipt> receipts,
                                deadline until) {
    auto outcome = co_await archive_.release(owner, until);
    auto rows = co_await rows_of(owner, receipts);
    if (!rows) co_return std::unexpected(rows.error());
    auto remotes = co_await release_remotes(*std::move(rows), until);
    co_return outcome ? std::move(remotes) : std::move(outcome);
}

task<result<>> pinning::release_strays(std::string owner, std::vector<std::string> kept,
                                       deadline until) {
    auto rows = co_await ledger_.of_owner(std::move(owner));
    if (!rows) co_return std::unexpected(rows.error());
    for (auto& each : kept) each = content_name(each);
    std::erase_if(*rows, [&](const pin_row& row) {
        return std::ranges::find(kept, content_name(row.cid)) != kept.end();
    });
    co_return co_await release_remotes(*std::move(rows), until);
}

task<std::vector<provider_state>> pinning::where(cid id, deadline until) {
    std::vector<provider_state> out;
    if (keeps_here()) {
        out.push_back({std::string{archive_.label().view()}, co_await archive_.status(id, until)});
    }
    for (auto* each : providers_) {
        auto state = co_await each->status(id, until);
        out.push_back({std::string{each->label().view()}, std::move(state)});
    }
    co_return out;
}

task<result<>> pinning::check(deadline until) {
    if (keeps_here()) {
        auto usable = co_await archive_.check(until);
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

task<result<>> pinning::check_room(const upload& what, std::uint32_t copies) {
    const auto room = co_await look_for_room(what);
    if (!room) co_return fail(room.error());
    const auto wanted = std::min<std::size_t>(copies, providers()) - (keeps_here() ? 1 : 0);
    if (room->full.empty() || remotes_.size() - room->full.size() >= wanted) co_return result<>{};
    co_return std::unexpected{without_room(room->full.front())};
}

task<result<>> pinning::check_remote(name provider, deadline until) {
    auto* const at = find(provider.view());
    if (at == nullptr) co_return fail(codes::unknown_provider, std::string{provider.view()});
    co_return co_await at->check(until);
}

}  // namespace thole::ipfs
