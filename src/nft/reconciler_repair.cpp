#include <fmt/core.h>

#include "ipfs/codes.hpp"
#include "nft/codes.hpp"
#include "nft/mint_view.hpp"
#include "nft/recheck.hpp"
#include "nft/reconciler_part.hpp"

namespace thole::nft {
namespace {

using namespace std::chrono_literals;

// How long repairs on the chain are awaited at the end; a later one ends by itself.
constexpr duration longest_mend = 3min;
constexpr duration mend_poll = 500ms;

std::string mend_meta(const uuid& mint) {
    return "mend " + mint.text();
}

void failed(finding& each, const fault& why) {
    each.remedy = remedy::none;
    each.detail += "; not repaired: " + why.describe();
}

task<result<bool>> is_own(reconcile_dependencies& d, const record& row, const mint_at& at) {
    const auto mint = co_await d.find(row.operation_id);
    if (!mint) co_return fail(mint.error());
    const mint_base base{d.parts.secret, d.parts.wallet.address()};
    co_return mint->has_value() && is_own_mint(base, **mint, *at.nft);
}

// A mend that waits for lamports or for a person is the repair of this drift as well: a further one
// would only stand behind it. Which was the last is kept beside the records; that of this very
// part, before a crash, is awaited as its own.
task<result<std::optional<uuid>>> open_mend_of(reconcile_dependencies& d, uuid mint, uuid part) {
    const auto kept = co_await d.parts.table.meta(mend_meta(mint));
    if (!kept) co_return fail(kept.error());
    const auto id = *kept ? uuid::parse(**kept) : std::nullopt;
    if (!id) co_return std::nullopt;
    const auto last = co_await d.find(*id);
    if (!last) co_return fail(last.error());
    const bool open = *last && (*last)->view.kind == mend_kind && !(*last)->view.ended_at &&
                      (*last)->view.parent != part;
    co_return open ? id : std::nullopt;
}

}  // namespace

// What must not fail alone – the chain cannot be read – is an error; what fails in one repair is a
// work item, and the sweep goes on.
task<result<>> sweep_part::repair(pass& p, finding& each, record& row, const mint_at& at,
                                  const std::optional<content_state>& seen) {
    const bool there = at.nft && issuer_verified(*at.nft, p_.ours());
    switch (each.drift) {
        case drift::record_behind: {
            // Every layer was read back by now, or only the chain. Who holds it is no part of it:
            // where it was sold, the owner's drift says so.
            const bool whole = seen && seen->json && !content_drift(row, *seen);
            const auto now = whole ? record_status::completed : record_status::minted;
            if (row.status == now) {
                each.detail += "; its content was not read back";
                co_return result<>{};
            }
            row.status = now;
            break;
        }
        case drift::record_missing:
            if (!there || at.nft->uri != row.uri) co_return result<>{};
            row.status = record_status::completed;
            break;
        case drift::level_mismatch:
            if (!seen || !seen->json || !seen->problem.empty()) co_return result<>{};
            row.level = seen->level;
            row.metadata_json = *seen->json;
            break;
        case drift::orphan_record:
            if (p.in.store_now() - row.updated_at < d_.settled_after) co_return result<>{};
            break;
        case drift::metadata_missing:
        case drift::uri_mismatch:
            if (possible_mend(row, at, p_.wallet.address()) == mend_act::nothing) {
                co_return result<>{};
            }
            if (const auto own = co_await is_own(d_, row, at); !own || !*own) {
                if (!own) co_return fail(own.error());
                each.detail += "; it is not the mint of its operation";
                co_return result<>{};
            }
            break;
        case drift::content_lost:
        case drift::pin_lost:
            break;
        default:
            co_return result<>{};
    }
    each.remedy = remedy::would_fix;
    if (p.how.dry_run) co_return result<>{};
    if (auto told = co_await announce(p, each); !told) co_return told;
    if (each.drift == drift::content_lost || each.drift == drift::pin_lost) {
        co_await upload(p, each, row);
    } else if (each.drift == drift::orphan_record) {
        co_await give_up(p, each, row);
    } else if (each.drift == drift::metadata_missing || each.drift == drift::uri_mismatch) {
        co_await begin_mend(p, each, at.slot);
    } else {
        co_await write_record(each, row);
    }
    co_return result<>{};
}

task<result<>> sweep_part::announce(pass& p, finding& each) {
    each.remedy = remedy::begun;
    note(p, each);
    const auto shown =
        fmt::format("REPAIRS {} of {}", json::detail::enum_text(each.drift), each.mint);
    co_return co_await p.in.progress(shown);
}

task<> sweep_part::write_record(finding& each, record& row) {
    if (row.signature.empty()) {  // the chain does not tell it; the journal may
        const auto mint = co_await d_.find(row.operation_id);
        const auto known = mint && *mint
                               ? journaled_record({p_.secret, p_.wallet.address()}, **mint)
                               : std::nullopt;
        if (known) row.signature = known->signature;
    }
    auto there = co_await p_.table.converge(row);
    if (!there) {
        failed(each, there.error());
        co_return;
    }
    const bool changed = each.drift == drift::record_missing || there->version > row.version;
    each.remedy = changed ? remedy::fixed : remedy::none;
    row = std::move(*there);
}

task<> sweep_part::upload(pass& p, finding& each, const record& row) {
    if (!co_await pace_.turn()) co_return;
    pace_.owe(2 * p_.pins.providers());
    const auto done = co_await upload_again(p_, d_.replicas, p.in, row);
    // Without the image only metadata can have come back. A provider that is silent at the
    // read-back counts as one that keeps it, so what was told of the image itself stays open.
    const bool of_image = each.drift == drift::pin_lost && each.detail.starts_with(row.image_cid);
    if (!done && (of_image || !done.error().is(ipfs::codes::not_held))) {
        failed(each, done.error());
        co_return;
    }
    std::string still;  // read back
    if (const auto lost = co_await pin_drift(p, row)) {
        still = lost->detail;
    } else if (const auto now = co_await content_of(p, row); !now.json) {
        still = "not served: " + now.problem;
    }
    each.remedy = still.empty() ? remedy::fixed : remedy::none;
    if (still.empty()) co_return;
    each.detail += "; uploaded again, and still " + still;
    if (!done) failed(each, done.error());
}

task<> sweep_part::give_up(pass& p, finding& each, const record& row) {
    const auto marked = co_await p_.table.mark_rolled_back(row.operation_id, p.in.store_now());
    if (!marked) {
        failed(each, marked.error());
        co_return;
    }
    each.remedy = remedy::fixed;
}

task<> sweep_part::release_pins(pass& p, finding& each, std::string owner) {
    each.remedy = remedy::would_fix;
    if (p.how.dry_run) co_return;
    if (!co_await announce(p, each)) co_return;
    if (!co_await pace_.turn()) co_return;
    const auto released = co_await p_.pins.release(std::move(owner), {}, p.until);
    if (!released) {
        failed(each, released.error());
        co_return;
    }
    each.remedy = remedy::fixed;
}

task<> sweep_part::begin_mend(pass& p, finding& each, std::uint64_t slot) {
    if (p.mends.size() >= reconcile_report::most_findings) {
        each.remedy = remedy::none;
        each.detail += "; left to the next run";
        co_return;
    }
    const auto open = co_await open_mend_of(d_, each.operation_id, p.in.id());
    if (!open) {
        failed(each, open.error());
        co_return;
    }
    if (*open) {
        each.repair = **open;
        p.mends.push_back({each, {}});  // not ours to await
        co_return;
    }
    saga::child_request request{.kind = std::string{mend_kind},
                                .input = json::write(mend_request{each.operation_id, slot}),
                                .name = each.operation_id.text(),
                                .not_before = {}};
    const auto child = co_await p.in.child(request);
    if (!child) {
        failed(each, child.error());
        co_return;
    }
    each.remedy = remedy::begun;
    each.repair = child->id;
    const auto kept = co_await p_.table.set_meta(mend_meta(each.operation_id), child->id.text());
    if (!kept) p.in.note(steps::note_of("mend", kept.error()));
    p.mends.push_back({each, std::move(request)});
}

task<> sweep_part::await_mends(pass& p) {
    auto& loop = p_.rpc.loop();
    const auto until = deadline::after(loop.now(), longest_mend);
    for (auto& [each, request] : p.mends) {
        while (!request.kind.empty()) {
            const auto child = co_await p.in.child(request);
            if (child && child->ending) {
                each.remedy = *child->ending == "completed" ? remedy::fixed : remedy::none;
                break;
            }
            const bool stuck = child && (child->state == "parked" || child->state == "blocked");
            if (stuck || until.expired(loop.now()) || !co_await loop.sleep_for(mend_poll)) break;
        }
        if (each.remedy == remedy::fixed) co_await flag(p, each.operation_id, {}, false);
        tell(p, std::move(each));
    }
    p.mends.clear();
}

}  // namespace thole::nft
