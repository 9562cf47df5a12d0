#include "nft/reconciler.hpp"

#include <algorithm>

#include "ipfs/uri.hpp"
#include "nft/codes.hpp"
#include "nft/metadata.hpp"
#include "nft/steps/common.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codes.hpp"

namespace thole::nft {
namespace {

using namespace std::chrono_literals;

constexpr int page_size = 20;  // five accounts each: one request to the chain
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

void add(reconcile_report& to, finding each) {
    ++to.drifted;
    ++to.classes[std::string{json::detail::enum_text(each.drift)}];
    if (each.remedy == remedy::fixed) ++to.fixed;
    if (to.findings.size() < reconcile_report::most_findings) {
        to.findings.push_back(std::move(each));
    }
}

}  // namespace

task<saga::outcome<reconcile_report>> sweep::run(saga::step_context& in) {
    pass p{.in = in, .how = in.input<reconcile_request>(), .until = in.until(), .report = {}};
    std::optional<uuid> after;
    for (;;) {
        auto page = co_await p_.table.page(after, page_size);
        if (!page) co_return steps::failed_call<output>(in, page.error());
        if (page->empty()) break;
        after = page->back().operation_id;
        auto idle = co_await idle_rows(p, std::move(*page));
        if (!idle) co_return steps::failed_call<output>(in, idle.error());
        const auto done = co_await compare(p, std::move(*idle));
        if (!done) {
            in.note(steps::note_of("reconcile", done.error()));
            co_return steps::failed_call<output>(in, done.error());
        }
        if (p_.pause == duration::zero()) continue;
        auto& loop = p_.rpc.loop();
        const auto slept = co_await loop.sleep_until(saturating_add(loop.now(), p_.pause));
        if (!slept) co_return saga::retry{slept.error()};
    }
    co_return saga::done<output>{std::move(p.report)};
}

task<result<std::vector<record>>> sweep::idle_rows(pass& p, std::vector<record> page) {
    std::vector<record> out;
    for (auto& row : page) {
        const bool open =
            row.status == record_status::pending || row.status == record_status::minted;
        if (open) {
            const auto busy = co_await p_.at_work(row.operation_id);
            if (!busy) co_return fail(busy.error());
            if (*busy) {
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
        auto& at = seen->at(i);
        if (!drifts_of(rows[i], at, p_.issuer).empty()) {
            // One node may lag or lie: what is called a drift is told alike by several.
            const auto program = at.nft ? at.nft->program : solana::token_2022_program;
            const mint_place place{key_of(rows[i].mint), program, key_of(rows[i].owner)};
            auto agreed =
                co_await read_mint_agreed(p_.rpc, place, finalized(p.until), p_.providers);
            if (agreed) {
                at = std::move(*agreed);
            } else if (!agreed.error().is(solana::codes::account_malformed)) {
                co_return fail(agreed.error());
            }
        }
        const auto examined = co_await examine(p, std::move(rows[i]), std::move(at));
        if (!examined) co_return examined;
    }
    co_return result<>{};
}

task<result<>> sweep::examine(pass& p, record row, mint_at at) {
    auto drifts = drifts_of(row, at, p_.issuer);
    const bool points_there = at.nft && at.nft->uri == row.uri;
    if (p.how.content && points_there) {
        auto lost = co_await content_drift(p, row);
        if (!lost) co_return fail(lost.error());
        if (*lost) drifts.push_back(std::move(**lost));
    }
    for (auto& each : drifts) {
        if (each.drift == drift::record_behind) {
            const auto repaired = co_await repair(p, each, row);
            if (!repaired) co_return repaired;
        }
        if (each.drift == drift::content_lost) co_await repair_content(p, each, row);
        add(p.report, std::move(each));
    }
    co_return result<>{};
}

task<result<>> sweep::repair(pass& p, finding& each, record row) {
    each.remedy = remedy::would_fix;
    if (p.how.dry_run) co_return result<>{};
    row.status = record_status::minted;
    const auto there = co_await p_.table.converge(std::move(row));
    if (!there) co_return fail(there.error());
    each.remedy = remedy::fixed;
    co_return result<>{};
}

// One that fails leaves the finding as a work item, and the sweep goes on.
task<> sweep::repair_content(pass& p, finding& each, record row) {
    if (!p_.upload_again) co_return;
    each.remedy = remedy::would_fix;
    if (p.how.dry_run) co_return;
    auto done = co_await p_.upload_again(p.in, row);
    auto still = result<std::optional<finding>>{std::optional<finding>{}};
    if (done) still = co_await content_drift(p, std::move(row));  // read back
    each.remedy = done && still && !*still ? remedy::fixed : remedy::none;
    if (!done) each.detail += "; not uploaded again: " + done.error().describe();
}

task<result<std::optional<finding>>> sweep::content_drift(const pass& p, record row) {
    finding out{row.operation_id, row.mint, drift::content_lost, remedy::none, {}};
    const auto named = ipfs::parse_uri(row.uri);
    if (!named) {
        out.detail = named.error().describe();
        co_return out;
    }
    ipfs::fetch_request what{.content = named->content,
                             .known = {},
                             .max_bytes = largest_metadata,
                             .only = {},
                             .exclude = {}};
    const auto got = co_await p_.gateways.fetch(std::move(what), p.until);
    if (!got) {
        // Who could not be reached says nothing about the content.
        if (!ipfs::is_about_content(got.error())) co_return fail(got.error());
        out.detail = got.error().describe();
        co_return out;
    }
    const auto json = parse_metadata(as_text(got->content));
    const auto level = json ? json->level : std::nullopt;
    if (json && level == row.level) co_return std::optional<finding>{};
    out.drift = drift::level_mismatch;
    out.detail = json ? "the JSON says " + (level ? std::to_string(*level) : std::string{"none"})
                      : json.error().describe();
    co_return out;
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
