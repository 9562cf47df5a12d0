#include "nft/recheck.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "ipfs/codes.hpp"
#include "nft/codes.hpp"
#include "nft/partner_view.hpp"

namespace thole::nft {
namespace {

using namespace std::chrono_literals;

constexpr int looks = 4;
constexpr std::uint64_t least_room = 1U << 20U;  // for a gateway's error page
constexpr std::size_t all_of_them = SIZE_MAX;
constexpr std::size_t most_remembered = 1000;
constexpr store_time::duration longest_wait = 24h;

template <class T>
bool has(const std::vector<T>& all, const T& one) {
    return std::ranges::find(all, one) != all.end();
}

// An eighth of the operation's age: so each wait is longer than the one before.
duration next_look(const saga::step_context& in) {
    const auto age = std::chrono::duration_cast<duration>(in.store_now() - in.created_at());
    return std::clamp<duration>(age / 8, 30s, 1h);
}

finding drift_of(const record& row, drift what, std::string detail) {
    return {row.operation_id, row.mint, what, remedy::none, std::move(detail), {}};
}

// Why the token, as the partner sees it, is not what the record says.
std::optional<finding> partner_drift(const record& row, const mint_at& at, const seen_nft& nft) {
    if (!at.nft->has_metadata)
        return drift_of(row, drift::metadata_missing, "partner: no metadata");
    if (!nft.issuer_verified)
        return drift_of(row, drift::foreign_account, "partner: " + nft.reason);
    if (nft.uri != row.uri) return drift_of(row, drift::uri_mismatch, "partner: URI is " + nft.uri);
    if (!nft.reason.empty()) return drift_of(row, drift::content_lost, "partner: " + nft.reason);
    if (nft.level != row.level) return drift_of(row, drift::level_mismatch, "partner: level");
    return std::nullopt;
}

}  // namespace

task<recheck::served> recheck::ask(saga::step_context& in, ipfs::cid content,
                                   std::uint64_t max_bytes, std::size_t enough, served before) {
    served out{.by = std::move(before.by), .not_by = {}, .unreachable = {}};
    const auto no_witnesses = steps::not_counted(p_.gateways, gateways_);
    for (const auto& each : p_.gateways.gateways().view(p_.rpc.loop().now())) {
        const std::string label{each.config.name.view()};
        if (out.by.size() >= enough) break;
        if (has(no_witnesses, each.config.name) || has(out.by, label)) continue;
        ipfs::fetch_request how{.content = content,
                                .known = {},
                                .max_bytes = std::max(max_bytes, least_room),
                                .only = each.config.name,
                                .exclude = {}};
        auto report = co_await p_.gateways.fetch_reported(std::move(how), in.until());
        for (const auto& call : report.calls) {
            in.note({call.what, call.endpoint, call.latency_ms, call.fault, call.detail});
        }
        auto& list = report.outcome                                   ? out.by
                     : ipfs::is_about_content(report.outcome.error()) ? out.not_by
                                                                      : out.unreachable;
        list.push_back(label);
    }
    co_return out;
}

task<result<recheck::partner_look>> recheck::look_as_partner(saga::step_context& in,
                                                             const record& row) {
    const auto owner = solana::public_key::parse(row.owner);
    const auto mint = solana::public_key::parse(row.mint);
    if (!mint) {
        co_return partner_look{
            0, drift_of(row, drift::not_on_chain, "record: its mint is no address")};
    }
    if (!owner) {
        co_return partner_look{
            0, drift_of(row, drift::owner_mismatch, "record: its owner is no address")};
    }
    const int providers = p_.submitter.settings().required_providers;
    const mint_place place{*mint, {}, *owner};
    const auto how =
        steps::rpc_options(in, solana::commitment::finalized, in.input<recheck_request>().slot);
    const auto at = co_await read_mint_agreed(p_.rpc, place, how, providers);
    if (!at) co_return fail(at.error());
    partner_look out{at->slot, {}};
    if (!at->nft) {
        out.differs = drift_of(row, drift::not_on_chain, "chain: no mint at its address");
        co_return out;
    }
    partner_view partner{p_.rpc, p_.gateways, p_.ours(), providers};
    const auto nft = co_await partner.see(*at->nft, in.until());
    if (nft.away) co_return fail(*nft.away);
    out.differs = partner_drift(row, *at, nft);
    if (out.differs || p_.asked == nullptr) co_return out;
    auto shown = co_await shown_otherwise(*p_.asked, in, row, *at);
    if (!shown) co_return fail(shown.error());
    out.differs = std::move(*shown);
    co_return out;
}

task<result<std::optional<finding>>> shown_otherwise(partners& asked, saga::step_context& in,
                                                     const record& row, const mint_at& at) {
    const auto owner = solana::public_key::parse(row.owner);
    const auto mint = solana::public_key::parse(row.mint);
    // Partners look into wallets: of one that it has left they say nothing.
    if (at.held != 1 || !owner || !mint) co_return std::nullopt;
    shown_nft shown{*owner, *mint, row.uri, row.level};
    const auto same = co_await asked.agree(partner_place::recheck, std::move(shown), in);
    if (same) co_return std::nullopt;
    if (!same.error().is(codes::layer_mismatch)) co_return fail(same.error());
    co_return drift_of(row, drift::partner_mismatch, std::string{same.error().detail()});
}

task<result<>> upload_again(mint_dependencies p, steps::replica_counts replicas,
                            saga::step_context& in, record row) {
    if (steps::metadata_cid(row.metadata_json).text() != row.metadata_cid) {
        co_return fail(codes::layer_mismatch, "record: its metadata is not what its CID names");
    }
    const auto picture = ipfs::cid::parse(row.image_cid);
    if (!picture) co_return fail(codes::layer_mismatch, "record: its image_cid is no CID");
    const auto image = co_await p.pictures.find(*picture);
    if (!image && !image.error().is(ipfs::codes::not_held)) co_return fail(image.error());
    auto owner = row.operation_id.text();
    std::vector<ipfs::replication> copies;
    if (image) {
        steps::mint_content content{*image, std::move(row.metadata_json), std::move(owner)};
        copies =
            co_await steps::replicate(p.pins, p.pictures, std::move(content), replicas, in.until());
    } else {
        copies.push_back(co_await steps::replicate_document(
            p.pins, std::move(row.metadata_json), std::move(owner), replicas.metadata, in.until()));
    }
    result<> outcome;
    for (const auto& each : copies) {
        for (const auto& call : each.calls) {
            in.note(
                {"repair: " + call.what, call.endpoint, call.latency_ms, call.fault, call.detail});
        }
        if (!each.enough() && outcome) outcome = fail(each.cause());
    }
    if (!image && outcome) outcome = fail(image.error());
    co_return outcome;
}

task<saga::outcome<recheck_report>> recheck::differs(saga::step_context& in, finding what) {
    auto why = fault{codes::layer_mismatch}.with_detail(what.detail);
    in.note(steps::note_of("recheck", why));
    const bool last = in.attempt() >= std::min(looks, in.attempts());
    what.remedy = last ? remedy::none : remedy::begun;
    const bool news = p_.flags == nullptr || p_.flags->find(what.operation_id) != what.drift;
    if (p_.flags != nullptr) {
        const auto kept = co_await p_.flags->set(what.operation_id, what.drift);
        if (!kept) in.note(steps::note_of("flag", kept.error()));
    }
    if (p_.on_finding && (news || last)) p_.on_finding(what);
    if (!last) co_return saga::retry{std::move(why)};
    co_return saga::park{std::string{why.code()}, std::move(why)};
}

task<saga::outcome<recheck_report>> recheck::agrees(saga::step_context& in, const record& row,
                                                    recheck_report report) {
    const auto flag = p_.flags == nullptr ? std::nullopt : p_.flags->find(row.operation_id);
    if (flag) {
        const auto cleared = co_await p_.flags->clear(row.operation_id);
        if (!cleared) co_return steps::failed_call<output>(in, cleared.error());
        auto mended = drift_of(row, *flag, "every layer agrees again");
        mended.remedy = remedy::fixed;
        if (p_.on_finding) p_.on_finding(mended);
    }
    co_return saga::done<output>{std::move(report)};
}

task<saga::outcome<recheck_report>> recheck::run(saga::step_context& in) {
    const auto request = in.input<recheck_request>();
    const auto row = co_await p_.table.find(request.operation_id);
    if (!row) co_return steps::failed_call<output>(in, row.error());
    if (!*row) {
        record none;
        none.operation_id = request.operation_id;
        co_return co_await differs(in,
                                   drift_of(none, drift::record_missing, "record: it is missing"));
    }
    if ((*row)->status != record_status::completed) {
        co_return co_await differs(
            in, drift_of(**row, drift::record_behind, "record: it is left behind"));
    }
    auto seen = seen_[in.id()];
    auto out = co_await look(in, **row, seen);
    seen_.erase(in.id());
    const bool again =
        std::holds_alternative<saga::retry>(out) || std::holds_alternative<saga::wait>(out);
    if (again) seen_[in.id()] = std::move(seen);
    if (seen_.size() > most_remembered) seen_.erase(seen_.begin());  // the oldest operation's
    co_return out;
}

task<saga::outcome<recheck_report>> recheck::look(saga::step_context& in, const record& row,
                                                  contents& seen) {
    const auto json_id = ipfs::cid::parse(row.metadata_cid);
    const auto image_id = ipfs::cid::parse(row.image_cid);
    if (!json_id || !image_id) {
        auto which =
            fmt::format("record: its {} is no CID", json_id ? "image_cid" : "metadata_cid");
        co_return co_await differs(in, drift_of(row, drift::content_lost, std::move(which)));
    }
    const auto image = co_await p_.pictures.find(*image_id);
    const auto size = image ? image->size : std::uint64_t{50} << 20U;
    const auto witnesses =
        p_.gateways.gateways().size() - steps::not_counted(p_.gateways, gateways_).size();
    const auto enough = std::min<std::size_t>(2, witnesses);
    auto& [metadata, picture] = seen;
    metadata = co_await ask(in, *json_id, least_room, all_of_them, std::move(metadata));
    picture = co_await ask(in, *image_id, size, enough, std::move(picture));
    if (!metadata.not_by.empty() || !picture.not_by.empty()) {
        auto lost = fmt::format("content: the metadata is missing at [{}], the image at [{}]",
                                fmt::join(metadata.not_by, ", "), fmt::join(picture.not_by, ", "));
        // Told before its effect: a crash hides no repair.
        auto found = drift_of(row, drift::content_lost, std::move(lost));
        auto told = co_await differs(in, std::move(found));
        const auto again = co_await upload_again(p_, replicas_, in, row);
        if (!again) in.note(steps::note_of("repair", again.error()));
        co_return told;
    }
    if (metadata.by.empty() || picture.by.size() < enough) {
        auto away = fmt::format("unreachable: gateways [{}]", fmt::join(picture.unreachable, ", "));
        if (in.store_now() - in.created_at() < longest_wait) {
            co_return saga::wait{next_look(in), std::move(away)};
        }
        auto why = fault{codes::layer_mismatch}.with_detail(std::move(away));
        co_return saga::park{std::string{why.code()}, std::move(why)};
    }
    if (const auto own = co_await steps::follow_uri(p_.gateways, row.uri, in.until()); !own) {
        if (own.error().kind() == fault_kind::cancelled) {
            co_return steps::failed_call<output>(in, own.error());
        }
        auto dead = row.uri + ": " + own.error().describe();
        co_return co_await differs(in, drift_of(row, drift::uri_dead, std::move(dead)));
    }
    const auto partner = co_await look_as_partner(in, row);
    if (!partner) co_return steps::failed_call<output>(in, partner.error());
    if (partner->differs) co_return co_await differs(in, *partner->differs);
    recheck_report report{.slot = partner->slot,
                          .metadata_gateways = metadata.by,
                          .image_gateways = picture.by,
                          .unreachable = picture.unreachable};
    co_return co_await agrees(in, row, std::move(report));
}

saga::definition make_recheck_saga(const mint_dependencies& parts, const mint_settings& settings) {
    auto policy = settings.chain;
    policy.timeout = 120s;
    return saga::define<recheck_request>(std::string{recheck_kind}, 1)
        .step(std::make_shared<recheck>(parts, settings))
        .policy(policy)
        .critical()
        .shows("RECHECKED")
        .build();
}

}  // namespace thole::nft
