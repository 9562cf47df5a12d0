#include "sim/court.hpp"

#include <charconv>

#include "ipfs/codec/dag_builder.hpp"
#include "nft/mend.hpp"
#include "nft/mint_outputs.hpp"
#include "nft/top_up.hpp"
#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"
#include "solana/submission.hpp"

namespace thole::sim {

namespace {

using saga::event_type;
using saga::op_state;

int client_of(std::string_view key) {
    int out = -1;
    constexpr std::string_view whose = "client-";
    if (!key.starts_with(whose)) return out;
    const auto digits = key.substr(whose.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return out;
}

bool is_settled(const saga::operation_state& s) {
    return s.state == op_state::terminal || s.state == op_state::parked ||
           s.state == op_state::blocked;
}

// Whose prepared bytes are transactions.
bool signs(std::string_view kind) {
    return kind == nft::mint_kind || kind == nft::mend_kind || kind == nft::top_up_kind;
}

bool mentions(const saga::event& e, std::string_view text) {
    return e.fault.find(text) != std::string::npos || e.data.find(text) != std::string::npos;
}

}  // namespace

std::string_view submitted_by(const io::http_request& request) {
    const std::string_view body = request.body;
    if (body.find("\"sendTransaction\"") == std::string_view::npos) return {};
    constexpr std::string_view opening = "\"params\":[\"";
    const auto from = body.find(opening);
    if (from == std::string_view::npos) return {};
    const auto start = from + opening.size();
    return body.substr(start, body.find('"', start) - start);
}

court::court(world& w) : world_{w} {
    for (const auto make : all_checkers()) checkers_.push_back(make(*this, w));
}
court::~court() = default;

void court::offend(std::string_view by, std::string what) {
    log.add(world_.age(), "violation", violations_.size(), what);
    constexpr std::size_t most = 100;  // one mistake often shows everywhere
    if (violations_.size() < most) violations_.push_back({std::string{by}, std::move(what)});
}

const known_operation* court::find(std::int64_t row) const {
    const auto found = book_.find(row);
    return found == book_.end() ? nullptr : &found->second;
}
const known_operation* court::find(const uuid& id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : find(found->second);
}
const known_generation* court::generation_of(std::string_view transaction) const {
    const auto found = by_transaction_.find(transaction);
    if (found == by_transaction_.end()) return nullptr;
    return &book_.at(found->second.first).generations.at(found->second.second);
}
std::optional<duration> court::served(const std::string& cid) const {
    const auto found = served_.find(cid);
    if (found == served_.end()) return std::nullopt;
    return found->second;
}

// ---- commits ------------------------------------------------------------------------------------

void court::recount(const known_operation& op, const saga::operation_state& after) {
    const auto& before = op.now;
    if (after.awaits && after.state == op_state::ready) {
        awaiting_.insert(op.row);
    } else if (!awaiting_.empty()) {
        awaiting_.erase(op.row);
    }
    unsettled_ += static_cast<std::size_t>(!is_settled(after));
    unsettled_ -= static_cast<std::size_t>(!is_settled(before));
    unended_ += static_cast<std::size_t>(after.state != op_state::terminal);
    unended_ -= static_cast<std::size_t>(before.state != op_state::terminal);
}

std::size_t court::unsettled() const {
    const auto child_rests = [this](std::int64_t row) {
        const auto* child = find(*book_.at(row).now.awaits);
        return child != nullptr && child->now.state == op_state::parked;
    };
    return unsettled_ - static_cast<std::size_t>(std::ranges::count_if(awaiting_, child_rests));
}

void court::committed(const commit_seen& seen) {
    ++figures_.commits;
    const auto [place, fresh] = book_.try_emplace(seen.op.who.row);
    auto& op = place->second;
    if (fresh) {
        op.row = seen.op.who.row;
        op.id = seen.op.who.id;
        op.kind = seen.op.who.kind;
        op.key = seen.op.who.key;
        op.parent = seen.op.who.parent;
        op.client = client_of(op.key);
        by_id_.emplace(op.id, op.row);
        op.now.state = op_state::terminal;  // for recount(): it was nothing yet
        ++figures_.events;
    }
    recount(op, seen.op.now);
    if (seen.prepared != nullptr && signs(op.kind)) note_generation(op, *seen.prepared);
    for (const auto& e : seen.events) {
        ++figures_.events;
        log.add(world_.age(), to_string(e.type), static_cast<std::uint64_t>(op.row), e.step);
        note(op, e);
        if (op.kind != "mint") note_order(op, e);
    }
    op.now = seen.op.now;
    for (auto& each : checkers_) {
        if (each->judges(op.kind)) each->committed(seen, op);
    }
    if (ear_) ear_(op);
}

void court::note_generation(known_operation& op, const saga::prepared_row& row) {
    const auto read = json::read<solana::prepared_transaction>(row.bytes);
    if (!read) return offend("court", "what was prepared does not read back: " + row.bytes);
    if (op.kind == nft::mend_kind && read->transaction.empty()) return;  // nothing was to be done
    known_generation made{.signature = read->signature,
                          .generation = row.generation,
                          .last_valid_height = read->last_valid_block_height,
                          .since = world_.age()};
    if (row.generation == 2) probes.hit(probe::generation_2);
    if (row.generation >= 3) probes.hit(probe::generation_3);
    by_transaction_.emplace(read->transaction, std::pair{op.row, op.generations.size()});
    op.generations.push_back(std::move(made));
}

void court::note_report(const saga::event& e) {
    auto read = json::read<nft::reconcile_report>(e.payload);
    if (!read) return offend("court", "a report does not read back: " + e.payload);
    reports_.push_back(std::move(*read));
}

void court::note(known_operation& op, const saga::event& e) {
    switch (e.type) {
        case event_type::step_started:
            ++op.claims;
            break;
        case event_type::step_completed: {
            ++op.completed[e.step];
            if (op.kind == nft::reconcile_kind) note_report(e);
            if (e.step == "record_landed") op.landed_at = world_.age();
            if (e.step != "upload_content") break;
            if (const auto refs = json::read<nft::content_refs>(e.payload)) {
                op.metadata_cid = refs->metadata_cid;
                op.image_cid = refs->image_cid;
            }
            break;
        }
        case event_type::proved_dead:
            if (!op.generations.empty()) op.generations.back().abandoned = true;
            probes.hit(probe::proved_dead);
            break;
        case event_type::resolved:
            if (mentions(e, "\"dead\"")) {
                if (!op.generations.empty()) op.generations.back().abandoned = true;
                probes.hit(probe::resolved_dead);
            } else {
                probes.hit(probe::resolved_landed);
            }
            break;
        case event_type::resumed:
            ++op.resumed;
            break;
        case event_type::recovered:
            probes.hit(op.now.live ? probe::recovered_undecided : probe::recovered);
            break;
        case event_type::step_failed:
            probes.hit(probe::attempt_failed);
            if (mentions(e, "db.conflict")) probes.hit(probe::conflict_retried);
            break;
        case event_type::step_waiting:
            if (mentions(e, "policy.no_endpoint") || mentions(e, "policy.breaker_open")) {
                probes.hit(probe::deferred_by_breaker);
            }
            if (mentions(e, "balance: ")) probes.hit(probe::waited_for_balance);
            break;
        case event_type::ended:
            if (mentions(e, "\"rolled_back\"")) probes.hit(probe::rolled_back);
            break;
        default:
            break;
    }
    constexpr std::array plain{std::pair{event_type::uncertain, probe::uncertain},
                               std::pair{event_type::certain, probe::certain_again},
                               std::pair{event_type::blocked, probe::blocked},
                               std::pair{event_type::lock_acquired, probe::lock_passed_on},
                               std::pair{event_type::parked, probe::parked},
                               std::pair{event_type::retried, probe::retried_by_person},
                               std::pair{event_type::paused, probe::paused_by_person},
                               std::pair{event_type::prioritised, probe::moved_up_by_person},
                               std::pair{event_type::cancel_requested, probe::cancel_accepted},
                               std::pair{event_type::compensating, probe::compensated},
                               std::pair{event_type::undo_failed, probe::undo_failed}};
    for (const auto& [type, which] : plain) {
        if (e.type == type) probes.hit(which);
    }
    if (mentions(e, "ipfs.cid_mismatch")) probes.hit(probe::cid_mismatch);
    if (mentions(e, "rate_limited")) probes.hit(probe::rate_limited);
    if (mentions(e, "ipfs.wrong_bytes")) probes.hit(probe::bytes_corrupt);
}

// What a mint never does.
void court::note_order(known_operation& op, const saga::event& e) {
    if (e.type == event_type::skipped) op.skipped.insert(e.step);
    if (const auto tick = rounds::tick_of(op.key); tick && e.type == event_type::submitted) {
        const bool late = e.at - *tick > std::chrono::minutes{1} / 2;
        probes.hit(late ? order_probe::made_up_for : order_probe::begun_by_the_clock);
    }
    constexpr std::array plain{std::pair{event_type::skipped, order_probe::skipped_by_person},
                               std::pair{event_type::reopened, order_probe::reopened_by_person},
                               std::pair{event_type::edited, order_probe::edited_by_person},
                               std::pair{event_type::migrated, order_probe::migrated_by_person},
                               std::pair{event_type::child_ended, order_probe::child_awaited},
                               std::pair{event_type::given_up, order_probe::gave_up_beside_others},
                               std::pair{event_type::paced, order_probe::paced_by_key}};
    for (const auto& [type, which] : plain) {
        if (e.type == type) probes.hit(which);
    }
    if (e.type == event_type::recovered && !op.now.members.empty()) {
        probes.hit(order_probe::recovered_side_by_side);
    }
    if (e.type != event_type::ended) return;
    const bool undone = mentions(e, "\"rolled_back\"");
    if (op.kind == "act") {
        probes.hit(undone ? order_probe::act_undone : order_probe::acted_on_many);
    } else if (op.parent && undone) {
        probes.hit(order_probe::child_undone);
    }
}

// ---- everything else ----------------------------------------------------------------------------

void court::accepted(int client, const uuid& id, bool replayed) {
    log.add(world_.age(), replayed ? "replayed" : "accepted", static_cast<std::uint64_t>(client),
            id.text());
    if (replayed) probes.hit(probe::key_replayed);
    for (auto& each : checkers_) each->accepted(client, id, replayed);
}

void court::leaving(const io::http_request& request, int life) {
    log.add(world_.age(), request.url, ++figures_.requests, request.body);
    const auto submitted = submitted_by(request);
    if (!submitted.empty()) {
        ++figures_.sends;
        const auto found = by_transaction_.find(submitted);
        if (found != by_transaction_.end()) {
            ++book_.at(found->second.first).generations.at(found->second.second).sends;
        }
    } else if (request.body.find("\"getSignatureStatuses\"") != std::string::npos) {
        ++figures_.statuses;
    } else if (request.url.find("/api/v0/add") != std::string::npos) {
        ++figures_.uploads;
    } else if (request.url.find("/ipfs/") != std::string::npos) {
        ++figures_.fetches;
    }
    const departure left{request, submitted, life};
    for (auto& each : checkers_) each->leaving(left);
}

void court::answered(std::string_view url, const result<io::http_response>& answer) {
    const auto upload = url.find("/api/v0/add");
    if (upload != std::string_view::npos && !answer) untold_.emplace(url.substr(0, upload));
    constexpr std::string_view gateway = "/ipfs/";
    const auto at = url.find(gateway);
    if (at == std::string_view::npos || !answer || answer->status != 200) return;
    if (url.starts_with(showcase::site_url)) return;
    auto cid = std::string{url.substr(at + gateway.size())};
    cid.resize(std::min(cid.find('?'), cid.size()));
    if (ipfs::cid_of(as_bytes(answer->body)).text() == cid) served_[std::move(cid)] = world_.age();
}

void court::recorded(const nft::record& row) {
    log.add(world_.age(), "record", static_cast<std::uint64_t>(row.version), row.mint);
    for (auto& each : checkers_) each->recorded(row);
}

void court::unpinned(std::string_view cid, std::string_view owner) {
    for (auto& each : checkers_) each->unpinned(cid, owner);
}

void court::filing(int orders) {
    if (orders > 1) probes.hit(order_probe::filed_at_once);
    for (auto& each : checkers_) each->filing(orders);
}

void court::found(const nft::finding& what) {
    const auto class_of = json::detail::enum_text(what.drift);
    log.add(world_.age(), class_of, static_cast<std::uint64_t>(what.remedy), what.detail);
    world_.drifts.told(what);
    for (auto& each : checkers_) each->found(what);
}

void court::in_flight(std::string_view endpoint, std::uint32_t calls) {
    for (auto& each : checkers_) each->in_flight(endpoint, calls);
}

void court::at_rest() {
    for (auto& each : checkers_) each->at_rest();
}

}  // namespace thole::sim
