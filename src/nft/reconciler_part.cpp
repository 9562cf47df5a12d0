#include "nft/reconciler_part.hpp"

#include <algorithm>

#include "io/cancellation.hpp"
#include "ipfs/uri.hpp"
#include "nft/codes.hpp"
#include "nft/metadata.hpp"
#include "nft/mint_view.hpp"
#include "nft/recheck.hpp"
#include "solana/codes.hpp"
#include "solana/gather.hpp"

namespace thole::nft {
namespace {

constexpr int page_size = 20;  // five accounts each: one request to the chain
constexpr int owners_at_once = 200;
constexpr std::uint64_t largest_metadata = 1U << 20U;

solana::rpc::options finalized(deadline until) {
    return {.until = until,
            .level = solana::commitment::finalized,
            .min_context_slot = {},
            .endpoint = {}};
}

solana::public_key key_of(const std::string& text) {
    return solana::public_key::parse(text).value_or(solana::public_key{});
}

bool is_about_content(drift what) {
    return what == drift::content_lost || what == drift::uri_dead || what == drift::pin_lost ||
           what == drift::level_mismatch;
}

bool has(const std::vector<finding>& all, drift what) {
    return std::ranges::find(all, what, &finding::drift) != all.end();
}

}  // namespace

void sweep_part::tell(pass& p, finding each) {
    auto& report = p.report;
    ++report.drifted;
    ++report.classes[std::string{json::detail::enum_text(each.drift)}];
    if (each.remedy == remedy::fixed) ++report.fixed;
    note(p, each);
    if (report.findings.size() < reconcile_report::most_findings) {
        report.findings.push_back(std::move(each));
    }
}

void sweep_part::note(pass& p, const finding& each) {
    p.in.note({"found " + std::string{json::detail::enum_text(each.drift)},
               {},
               0,
               {},
               each.mint + ": " + each.detail + "; remedy " +
                   std::string{json::detail::enum_text(each.remedy)}});
    if (p_.on_finding) p_.on_finding(each);
}

task<result<>> question_pace::turn() {
    const auto now = loop_.now();
    const auto mine = std::max(now, free_at_);
    free_at_ = saturating_add(mine, pause_);
    if (mine == now) co_return result<>{};
    co_return co_await loop_.sleep_for(mine - now);
}

void question_pace::owe(std::size_t questions) noexcept {
    free_at_ += pause_ * static_cast<duration::rep>(questions);
}

task<saga::outcome<part_report>> sweep_part::run(saga::step_context& in) {
    const auto& request = in.input<part_request>();
    pass p{.in = in,
           .how = request.how,
           .until = in.until(),
           .at = request.from,
           .report = {},
           .mends = {}};
    auto& loop = p_.rpc.loop();
    const auto enough = saturating_add(loop.now(), d_.part);
    result<> done;
    while (done && p.at.phase != sweep_phase::over && loop.now() < enough) {
        done = co_await next_page(p);
        // What was cut short saw nothing, and nothing is no finding.
        if (done && co_await io::was_cancelled()) done = fail(io::cancelled_fault());
    }
    co_await await_mends(p);
    if (!done) {
        in.note(steps::note_of("reconcile", done.error()));
        co_return steps::failed_call<output>(in, done.error());
    }
    co_return saga::done<output>{{std::move(p.report), std::move(p.at)}};
}

task<result<>> sweep_part::next_page(pass& p) {
    switch (p.at.phase) {
        case sweep_phase::records:
            return page_of_records(p);
        case sweep_phase::journal:
            return page_of_journal(p);
        default:
            return page_of_pins(p);
    }
}

// ---- records ------------------------------------------------------------------------------------

task<result<>> sweep_part::page_of_records(pass& p) {
    auto page = co_await p_.table.page(uuid::parse(p.at.after), page_size);
    if (!page) co_return fail(page.error());
    std::string last;
    for (const auto& row : *page) {
        if (row.operation_id != uuid{}) last = row.operation_id.text();
        if (!row.is_unreadable) continue;
        ++p.report.unseen;
        const auto why = fault{codes::record_conflict}.with_detail("its row cannot be read");
        p.in.note(steps::note_of("unseen " + row.operation_id.text(), why));
    }
    if (last.empty()) {
        p.at = {.phase = sweep_phase::journal, .after = {}, .before = 0};
        co_return result<>{};
    }
    std::erase_if(*page, [](const record& row) { return row.is_unreadable; });
    auto idle = co_await idle_rows(p, std::move(*page));
    if (!idle) co_return fail(idle.error());
    const auto done = co_await compare(p, std::move(*idle));
    if (done) p.at.after = last;
    co_return done;
}

task<result<std::vector<record>>> sweep_part::idle_rows(pass& p, std::vector<record> page) {
    std::vector<record> out;
    for (auto& row : page) {
        const bool open =
            row.status == record_status::pending || row.status == record_status::minted;
        if (open) {
            const auto operation = co_await d_.find(row.operation_id);
            if (!operation) co_return fail(operation.error());
            if (*operation && !(*operation)->view.ended_at) {
                ++p.report.at_work;
                continue;
            }
            // It may have ended between page and journal, and said so in its row.
            auto now = co_await p_.table.find(row.operation_id);
            if (!now) co_return fail(now.error());
            if (!*now) continue;
            row = std::move(**now);
        }
        out.push_back(std::move(row));
    }
    co_return out;
}

task<result<>> sweep_part::compare(pass& p, std::vector<record> rows) {
    if (rows.empty()) co_return result<>{};
    std::vector<token_holder> holders;
    for (const auto& row : rows) holders.push_back({key_of(row.mint), key_of(row.owner)});
    if (const auto turn = co_await pace_.turn(); !turn) co_return turn;
    auto seen = co_await read_mints(p_.rpc, std::move(holders), finalized(p.until));
    if (!seen) co_return fail(seen.error());
    std::vector<task<result<>>> looks;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        ++p.report.records;
        looks.push_back(examine(p, std::move(rows[i]), std::move(seen->at(i))));
    }
    for (auto& look : co_await solana::gather(std::move(looks))) {
        if (!look) co_return std::move(look);
    }
    co_return result<>{};
}

task<result<std::optional<mint_at>>> sweep_part::read_agreed(pass& p, const record& row) {
    const mint_place place{key_of(row.mint), {}, key_of(row.owner)};
    const int providers = p_.submitter.settings().required_providers;
    const auto operation = co_await d_.find(row.operation_id);
    if (!operation) co_return fail(operation.error());
    auto how = finalized(p.until);
    const auto since = *operation ? landing_slot(**operation) : 0;
    if (since > 0) how.min_context_slot = since;
    if (const auto turn = co_await pace_.turn(); !turn) co_return fail(turn.error());
    pace_.owe(static_cast<std::size_t>(providers) - 1);
    auto at = co_await read_mint_agreed(p_.rpc, place, std::move(how), providers);
    // Nodes that lag alike show an address empty that is not, and by that pins would be given back.
    const auto final = p_.rpc.final_slot();
    const bool of_before = at && at->state == mint_state::absent && final > at->slot &&
                           final - at->slot > d_.most_behind;
    if (of_before) at = fail(solana::codes::node_behind, "who answers is behind what was final");
    if (at) co_return std::move(*at);
    if (!of_before && !at.error().is(codes::providers_disagree)) {  // too few of them answer
        const auto any = co_await read_mint(p_.rpc, place, finalized(p.until));
        if (!any) co_return fail(any.error());
    }
    ++p.report.unseen;
    p.in.note(steps::note_of("unseen " + row.mint, at.error()));
    co_return std::nullopt;
}

task<result<>> sweep_part::examine(pass& p, record row, mint_at at) {
    auto drifts = drifts_of(row, at, p_.ours());
    if (!drifts.empty()) {
        auto agreed = co_await read_agreed(p, row);
        if (!agreed) co_return fail(agreed.error());
        if (!*agreed) co_return result<>{};
        at = std::move(**agreed);
        drifts = drifts_of(row, at, p_.ours());
    }
    std::optional<content_state> seen;
    const bool points_there = at.nft && at.nft->uri == row.uri;
    const bool content =
        points_there && p.how.content && (!p.how.slice || p.how.slice->covers(row.operation_id));
    if (content) ++p.report.contents;
    if (points_there && (content || has(drifts, drift::record_behind))) {
        seen = co_await content_of(p, row);
        if (!seen->reached) ++p.report.unseen;
        // First: a record is settled as what it says once its content is right.
        if (auto differs = content_drift(row, *seen)) {
            drifts.insert(drifts.begin(), std::move(*differs));
        }
    }
    if (content && !has(drifts, drift::content_lost)) {
        if (auto lost = co_await pin_drift(p, row)) drifts.push_back(std::move(*lost));
    }
    // What is uploaded again its own address may serve again, too: that is asked the next time.
    const bool is_kept = !has(drifts, drift::content_lost) && !has(drifts, drift::pin_lost);
    if (content && is_kept) {
        if (auto dead = co_await uri_drift(p, row)) drifts.push_back(std::move(*dead));
    }
    std::optional<drift> open;
    for (auto& each : drifts) {
        const auto repaired = co_await repair(p, each, row, at, seen);
        if (!repaired) co_return repaired;
        const bool sold = each.drift == drift::owner_mismatch;
        if (!open && !sold && each.remedy != remedy::fixed) open = each.drift;
        if (each.remedy != remedy::begun) tell(p, std::move(each));
    }
    const auto flagged = p_.flags ? p_.flags->find(row.operation_id) : std::nullopt;
    if (flagged == drift::partner_mismatch) {
        if (!open) co_await ask_partners(p, row, at);
        co_return result<>{};
    }
    const bool whole = content && seen->reached && (is_kept || flagged != drift::uri_dead);
    co_await flag(p, row.operation_id, open, whole);
    co_return result<>{};
}

task<> sweep_part::ask_partners(pass& p, const record& row, const mint_at& at) {
    if (p_.asked == nullptr || !at.nft) co_return;
    if (at.held == 1 && !co_await pace_.turn()) co_return;
    auto shown = co_await shown_otherwise(*p_.asked, p.in, row, at);
    if (!shown) {
        ++p.report.unseen;
        co_return;
    }
    if (*shown) {
        tell(p, std::move(**shown));
        co_return;
    }
    if (p.how.dry_run) co_return;
    const auto cleared = co_await p_.flags->clear(row.operation_id);
    if (!cleared) {
        p.in.note(steps::note_of("flag", cleared.error()));
        co_return;
    }
    note(p, {row.operation_id,
             row.mint,
             drift::partner_mismatch,
             remedy::fixed,
             "no partner shows anything else",
             {}});
}

task<> sweep_part::flag(pass& p, uuid mint, std::optional<drift> open, bool whole) {
    if (p_.flags == nullptr || p.how.dry_run) co_return;
    const auto before = p_.flags->find(mint);
    if (before == drift::partner_mismatch) co_return;  // whoever asked partners
    if (!open && (!before || (is_about_content(*before) && !whole))) co_return;
    const auto kept = open ? co_await p_.flags->set(mint, *open) : co_await p_.flags->clear(mint);
    if (!kept) p.in.note(steps::note_of("flag", kept.error()));
}

task<sweep_part::content_state> sweep_part::content_of(pass& p, const record& row) {
    content_state out;
    const auto named = ipfs::parse_uri(row.uri);
    if (!named) {
        out.problem = named.error().describe();
        co_return out;
    }
    ipfs::fetch_request what{.content = named->content,
                             .known = {},
                             .max_bytes = largest_metadata,
                             .only = {},
                             .exclude = steps::not_counted(p_.gateways, d_.gateways)};
    if (const auto turn = co_await pace_.turn(); !turn) {
        out.reached = false;
        co_return out;
    }
    const auto report = co_await p_.gateways.fetch_reported(std::move(what), p.until);
    pace_.owe(std::max<std::size_t>(report.calls.size(), 1) - 1);
    const auto& got = report.outcome;
    if (!got) {
        out.reached = ipfs::is_about_content(got.error());
        out.problem = got.error().describe();
        co_return out;
    }
    out.json = std::string{as_text(got->content)};
    const auto parsed = parse_metadata(*out.json);
    if (parsed) out.level = parsed->level;
    if (!parsed) out.problem = parsed.error().describe();
    co_return out;
}

std::optional<finding> sweep_part::content_drift(const record& row, const content_state& seen) {
    finding out{row.operation_id, row.mint, drift::content_lost, remedy::none, seen.problem, {}};
    if (!seen.reached) return std::nullopt;
    if (!seen.json) return out;
    if (seen.problem.empty() && seen.level == row.level && *seen.json == row.metadata_json) {
        return std::nullopt;
    }
    out.drift = drift::level_mismatch;
    if (out.detail.empty()) {
        out.detail = seen.level == row.level ? "the record's copy of the metadata differs"
                                             : "the metadata has another level";
    }
    return out;
}

// A host that is away for a moment is not dead: it is asked again in its turn.
task<std::optional<finding>> sweep_part::uri_drift(pass& p, const record& row) {
    const auto named = ipfs::parse_uri(row.uri);
    if (!named || named->gateway.empty()) co_return std::nullopt;
    for (bool again = false;; again = true) {
        if (!co_await pace_.turn()) co_return std::nullopt;
        const auto served = co_await steps::follow_uri(p_.gateways, row.uri, p.until);
        if (served || served.error().kind() == fault_kind::cancelled) co_return std::nullopt;
        if (!again) continue;
        co_return finding{row.operation_id,
                          row.mint,
                          drift::uri_dead,
                          remedy::none,
                          row.uri + ": " + served.error().describe(),
                          {}};
    }
}

// A gateway may go on serving for a while what nobody keeps any more. Providers that do not answer
// are taken to keep it.
task<std::optional<finding>> sweep_part::pin_drift(pass& p, const record& row) {
    const std::pair<const std::string*, std::uint32_t> contents[] = {
        {&row.image_cid, d_.replicas.image}, {&row.metadata_cid, d_.replicas.metadata}};
    for (const auto& [text, copies] : contents) {
        const auto wanted = std::min<std::size_t>(copies, p_.pins.providers());
        const auto id = ipfs::cid::parse(*text);
        if (!id) continue;
        if (!co_await pace_.turn()) co_return std::nullopt;
        const auto states = co_await p_.pins.where(*id, p.until);
        pace_.owe(states.size() - 1);
        std::string absent;
        std::size_t kept = 0;
        for (const auto& each : states) {
            const bool gone = each.state && (*each.state == ipfs::pin_state::absent ||
                                             *each.state == ipfs::pin_state::failed);
            kept += gone ? 0 : 1;
            if (gone) absent += (absent.empty() ? "" : ", ") + each.provider;
        }
        if (kept >= wanted) continue;
        co_return finding{row.operation_id,
                          row.mint,
                          drift::pin_lost,
                          remedy::none,
                          *text + " is not kept at " + absent,
                          {}};
    }
    co_return std::nullopt;
}

// ---- journal ------------------------------------------------------------------------------------

task<result<>> sweep_part::page_of_journal(pass& p) {
    const auto page = co_await d_.completed(p.at.before);
    if (!page) co_return fail(page.error());
    std::vector<uuid> mints;
    for (const auto& mint : page->items) mints.push_back(mint.view.id);
    const auto missing = co_await p_.table.missing(std::move(mints));
    if (!missing) co_return fail(missing.error());
    for (const auto& mint : *missing) {
        const auto done = co_await examine_journaled(p, mint);
        if (!done) co_return done;
    }
    p.at.before = page->next;
    if (page->next == 0) p.at.phase = sweep_phase::pins;
    // Nothing was asked outside; the journal has others to serve, too.
    co_return co_await pace_.turn();
}

task<result<>> sweep_part::examine_journaled(pass& p, uuid mint) {
    const auto known = co_await d_.find(mint);
    if (!known) co_return fail(known.error());
    if (!*known) co_return result<>{};
    auto row = journaled_record({p_.secret, p_.wallet.address()}, **known);
    if (!row) co_return result<>{};
    // Under another id it is the same mint, accepted again after a restore.
    const auto other = co_await p_.table.find_mint(row->mint);
    if (!other && other.error().is(codes::record_conflict)) co_return result<>{};
    if (!other) co_return fail(other.error());
    if (*other) co_return result<>{};
    row->updated_at = p.in.store_now();
    const auto at = co_await read_agreed(p, *row);
    if (!at) co_return fail(at.error());
    if (!*at) co_return result<>{};
    finding each{row->operation_id,          row->mint, drift::record_missing, remedy::none,
                 "completed in the journal", {}};
    const auto repaired = co_await repair(p, each, *row, **at, std::nullopt);
    if (!repaired) co_return repaired;
    tell(p, std::move(each));
    co_return result<>{};
}

// ---- pins ---------------------------------------------------------------------------------------

task<result<>> sweep_part::page_of_pins(pass& p) {
    const auto owners = co_await d_.ledger.owners(p.at.after, owners_at_once);
    if (!owners) co_return fail(owners.error());
    if (owners->empty()) {
        p.at.phase = sweep_phase::over;
        co_return result<>{};
    }
    for (const auto& each : *owners) {
        const auto done = co_await examine_owner(p, each);
        if (!done) co_return done;
        p.at.after = each;
    }
    co_return result<>{};
}

// Pins are orphans when the operation has ended and left neither a record nor a token. Where nobody
// knows the owner any more – journal and records are both older than the ledger – a token may still
// point to the content: that is for a person.
task<result<>> sweep_part::examine_owner(pass& p, std::string owner) {
    const auto id = uuid::parse(owner);
    if (!id) co_return result<>{};
    const auto row = co_await p_.table.find(*id);
    // A row that cannot be read is there, so the pins stay; it was counted with the records.
    if (!row && row.error().is(codes::record_conflict)) co_return result<>{};
    if (!row) co_return fail(row.error());
    if (*row && (*row)->status != record_status::rolled_back) co_return result<>{};
    const auto operation = co_await d_.find(*id);
    if (!operation) co_return fail(operation.error());
    const bool known = operation->has_value();
    if (known && (!(*operation)->view.ended_at || (*operation)->view.state == "completed")) {
        co_return result<>{};  // at work; or a record is missing, which is another drift
    }
    finding each{*id, {}, drift::orphan_pin, remedy::none, "no record and no operation know it",
                 {}};
    record place;  // as far as it says where a token would be
    if (*row) place = **row;
    if (known && !*row) {
        if (const auto mint = view_mint({p_.secret, p_.wallet.address()}, **operation)) {
            place.mint = mint->mint;
            place.owner = mint->owner;
        }
    }
    if (!place.mint.empty()) {
        const auto at = co_await read_agreed(p, place);
        if (!at) co_return fail(at.error());
        if (!*at) co_return result<>{};
        if ((*at)->state != mint_state::absent) co_return result<>{};  // record_behind, or foreign
        each.mint = place.mint;
        each.detail = "the operation left nothing but its pins";
        co_await release_pins(p, each, std::move(owner));
    }
    tell(p, std::move(each));
    co_return result<>{};
}

}  // namespace thole::nft
