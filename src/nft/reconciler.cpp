#include "nft/reconciler.hpp"

#include <algorithm>

#include "ipfs/uri.hpp"
#include "nft/codes.hpp"
#include "nft/metadata.hpp"
#include "nft/mint_view.hpp"

namespace thole::nft {
namespace {

using namespace std::chrono_literals;

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

bool has(const std::vector<finding>& all, drift what) {
    return std::ranges::find(all, what, &finding::drift) != all.end();
}

}  // namespace

void sweep::tell(pass& p, finding each) {
    auto& report = p.report;
    ++report.drifted;
    ++report.classes[std::string{json::detail::enum_text(each.drift)}];
    if (each.remedy == remedy::fixed) ++report.fixed;
    p.in.note({"found " + std::string{json::detail::enum_text(each.drift)},
               {},
               0,
               {},
               each.mint + ": " + each.detail + "; remedy " +
                   std::string{json::detail::enum_text(each.remedy)}});
    if (d_.on_finding) d_.on_finding(each);
    if (report.findings.size() < reconcile_report::most_findings) {
        report.findings.push_back(std::move(each));
    }
}

task<saga::outcome<reconcile_report>> sweep::run(saga::step_context& in) {
    pass p{.in = in,
           .how = in.input<reconcile_request>(),
           .until = in.until(),
           .report = {},
           .mends = {}};
    auto done = co_await go_through_records(p);
    if (done) done = co_await go_through_journal(p);
    if (done) done = co_await go_through_pins(p);
    co_await await_mends(p);
    if (!done) {
        in.note(steps::note_of("reconcile", done.error()));
        co_return steps::failed_call<output>(in, done.error());
    }
    co_return saga::done<output>{std::move(p.report)};
}

// ---- records ------------------------------------------------------------------------------------

task<result<>> sweep::go_through_records(pass& p) {
    std::optional<uuid> after;
    for (;;) {
        auto page = co_await p_.table.page(after, page_size);
        if (!page) co_return fail(page.error());
        if (page->empty()) co_return result<>{};
        after = page->back().operation_id;
        auto idle = co_await idle_rows(p, std::move(*page));
        if (!idle) co_return fail(idle.error());
        const auto done = co_await compare(p, std::move(*idle));
        if (!done) co_return done;
        const auto slept = co_await rest();
        if (!slept) co_return slept;
    }
}

// Between two pages.
task<result<>> sweep::rest() {
    if (d_.pause == duration::zero()) co_return result<>{};
    auto& loop = p_.rpc.loop();
    co_return co_await loop.sleep_for(d_.pause);
}

task<result<std::vector<record>>> sweep::idle_rows(pass& p, std::vector<record> page) {
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
        }
        out.push_back(std::move(row));
    }
    co_return out;
}

task<result<>> sweep::compare(pass& p, std::vector<record> rows) {
    std::vector<token_holder> holders;
    for (const auto& row : rows) holders.push_back({key_of(row.mint), key_of(row.owner)});
    auto seen = co_await read_mints(p_.rpc, std::move(holders), finalized(p.until));
    if (!seen) co_return fail(seen.error());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        ++p.report.records;
        auto at = std::move(seen->at(i));
        if (!drifts_of(rows[i], at, p_.ours()).empty()) {
            auto agreed = co_await read_agreed(p, rows[i]);
            if (!agreed) co_return fail(agreed.error());
            if (!*agreed) continue;
            at = std::move(**agreed);
        }
        const auto examined = co_await examine(p, std::move(rows[i]), std::move(at));
        if (!examined) co_return examined;
    }
    co_return result<>{};
}

task<result<std::optional<mint_at>>> sweep::read_agreed(pass& p, const record& row) {
    const mint_place place{key_of(row.mint), {}, key_of(row.owner)};
    const int providers = p_.submitter.settings().required_providers;
    auto at = co_await read_mint_agreed(p_.rpc, place, finalized(p.until), providers);
    if (at) co_return std::move(*at);
    if (!at.error().is(codes::providers_disagree)) {  // too few of them answer
        const auto any = co_await read_mint(p_.rpc, place, finalized(p.until));
        if (!any) co_return fail(any.error());
    }
    ++p.report.unseen;
    p.in.note(steps::note_of("unseen " + row.mint, at.error()));
    co_return std::nullopt;
}

task<result<>> sweep::examine(pass& p, record row, mint_at at) {
    auto drifts = drifts_of(row, at, p_.ours());
    std::optional<content_state> seen;
    const bool points_there = at.nft && at.nft->uri == row.uri;
    if (points_there && (p.how.content || has(drifts, drift::record_behind))) {
        seen = co_await content_of(p, row);
        if (!seen->reached) ++p.report.unseen;
        // First: a record is settled as what it says once its content is right.
        if (auto differs = content_drift(row, *seen)) {
            drifts.insert(drifts.begin(), std::move(*differs));
        }
    }
    if (points_there && p.how.content && !has(drifts, drift::content_lost)) {
        if (auto lost = co_await pin_drift(p, row)) drifts.push_back(std::move(*lost));
    }
    for (auto& each : drifts) {
        const auto repaired = co_await repair(p, each, row, at, seen);
        if (!repaired) co_return repaired;
        if (each.remedy != remedy::begun) tell(p, std::move(each));
    }
    co_return result<>{};
}

task<sweep::content_state> sweep::content_of(pass& p, const record& row) {
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
    const auto got = co_await p_.gateways.fetch(std::move(what), p.until);
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

std::optional<finding> sweep::content_drift(const record& row, const content_state& seen) {
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

// A gateway may go on serving for a while what nobody keeps any more. Providers that do not answer
// are taken to keep it.
task<std::optional<finding>> sweep::pin_drift(pass& p, const record& row) {
    const auto wanted = std::min<std::size_t>(d_.replicas, p_.pins.providers());
    for (const auto* text : {&row.image_cid, &row.metadata_cid}) {
        const auto id = ipfs::cid::parse(*text);
        if (!id) continue;
        const auto states = co_await p_.pins.where(*id, p.until);
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

task<result<>> sweep::go_through_journal(pass& p) {
    std::int64_t next = 0;
    do {
        const auto page = co_await d_.completed(next);
        if (!page) co_return fail(page.error());
        std::vector<uuid> mints;
        for (const auto& mint : page->items) mints.push_back(mint.view.id);
        const auto missing = co_await p_.table.missing(std::move(mints));
        if (!missing) co_return fail(missing.error());
        for (const auto& mint : *missing) {
            const auto done = co_await examine_journaled(p, mint);
            if (!done) co_return done;
        }
        next = page->next;
        const auto slept = co_await rest();
        if (!slept) co_return slept;
    } while (next != 0);
    co_return result<>{};
}

task<result<>> sweep::examine_journaled(pass& p, uuid mint) {
    const auto known = co_await d_.find(mint);
    if (!known) co_return fail(known.error());
    if (!*known) co_return result<>{};
    auto row = journaled_record({p_.secret, p_.wallet.address()}, **known);
    if (!row) co_return result<>{};
    // Under another id it is the same mint, accepted again after a restore.
    const auto other = co_await p_.table.find_mint(row->mint);
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

task<result<>> sweep::go_through_pins(pass& p) {
    std::string after;
    for (;;) {
        const auto owners = co_await d_.ledger.owners(after, owners_at_once);
        if (!owners) co_return fail(owners.error());
        if (owners->empty()) co_return result<>{};
        for (const auto& each : *owners) {
            const auto done = co_await examine_owner(p, each);
            if (!done) co_return done;
        }
        after = owners->back();
    }
}

// Pins are orphans when the operation has ended and left neither a record nor a token. Where nobody
// knows the owner any more – journal and records are both older than the ledger – a token may still
// point to the content: that is for a person.
task<result<>> sweep::examine_owner(pass& p, std::string owner) {
    const auto id = uuid::parse(owner);
    if (!id) co_return result<>{};
    const auto row = co_await p_.table.find(*id);
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

saga::definition make_reconcile_saga(reconcile_dependencies parts) {
    auto policy = saga::presets::solana;
    policy.timeout = 1h;
    return saga::define<reconcile_request>(std::string{reconcile_kind}, 1)
        .step(std::make_shared<sweep>(std::move(parts)))
        .policy(policy)
        .shows("RECONCILED")
        .build();
}

}  // namespace thole::nft
