#include "sim/world.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <stdexcept>

#include "nft/chain_nft.hpp"
#include "sim/at_once.hpp"

namespace thole::sim {

namespace {

using namespace std::chrono_literals;

constexpr duration slot_time = 400ms;

template <class Place>
Place* find(std::vector<std::unique_ptr<Place>>& places, std::string_view label) {
    for (auto& each : places) {
        if (each->label == label) return each.get();
    }
    return nullptr;
}

// The same in every world; deriving one costs as much as a signature.
const std::string& owner(int number) {
    static thread_local std::vector<std::string> known;
    while (std::ssize(known) <= number) {
        const auto next = known.size();
        const auto low = static_cast<std::uint8_t>(next & 0xFF);
        const auto high = static_cast<std::uint8_t>(next >> 8);
        known.push_back(solana::keypair::from_seed({9, low, high}).address().text());
    }
    return known[static_cast<std::size_t>(number)];
}

}  // namespace

scratch_folder::scratch_folder(bool wanted) {
    if (!wanted) return;
    const std::filesystem::path shared{"/dev/shm"};
    const auto in =
        std::filesystem::exists(shared) ? shared : std::filesystem::temp_directory_path();
    auto pattern = (in / "thole-sim-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no scratch folder"};
    path_ = pattern;
}
scratch_folder::~scratch_folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}
std::string scratch_folder::file(std::string_view name) const {
    return (path_ / name).string();
}

world::world(const day& what, std::uint64_t s, storage where)
    : today{what},
      seed{s},
      chain{{.seed = s}},
      where_{where == storage::memory && what.surroundings.disk ? storage::faulty : where},
      folder_{where == storage::disk || what.reconciles()},
      chance_{s ^ 0x5EED},
      below_{where_ == storage::faulty ? std::make_unique<disk>(s ^ 0xD15C) : nullptr} {
    THOLE_ASSERT(!has_files() || !is_shared(), "a file belongs to one daemon");
    for (const auto label : rpc_labels) {
        rpc_nodes.push_back(std::make_unique<rpc_place>(label, chain));
    }
    for (const auto label : content_labels) {
        content_nodes.push_back(std::make_unique<content_place>(label));
    }
    chain.know(wallet);
    chain.fund(wallet.address(), today.surroundings.lamports);
    if (has_treasury()) chain.fund(treasury.address(), today.surroundings.treasury);
    std::unique_ptr<ipfs::content_store> on_disk;
    if (where == storage::disk) on_disk = open_contents(contents_folder());
    for (int i = 0; i < today.workload.images; ++i) {
        const auto bytes = fmt::format("GIF89a\x01\x01\x01\x01\x01\x01\x01 of image {}", i);
        images_.push_back(contents_.keep(as_bytes(bytes)).text());
        if (on_disk && !on_disk->put(as_bytes(bytes), store_time{})) {
            throw std::runtime_error{"the content store takes no image"};
        }
    }
    for (int i = 0; i < today.workload.accounts; ++i) owners_.push_back(owner(i));
}

// ---- requests -----------------------------------------------------------------------------------

std::string world::key_of(int client) {
    return fmt::format("client-{}", client);
}

nft::mint_request world::request_of(int client) const {
    const auto account = static_cast<std::size_t>(client % today.workload.accounts);
    nft::mint_request r;
    r.owner = owners_.at(account);
    r.account = fmt::format("user-{}", account);
    r.name = fmt::format("Seat {}", client);
    r.symbol = "TIX";
    r.description = "A seat.";
    r.image = images_.at(static_cast<std::size_t>(client % today.workload.images));
    r.level = static_cast<std::uint32_t>(client % 7);
    return r;
}

nft::mint_identity world::identity_of(std::string_view key) const {
    return nft::identify_mint(secret, wallet.address(), {"default", "mint", key},
                              nft::token_standard::token_2022);
}

// ---- serving ------------------------------------------------------------------------------------

void world::set_age(duration age) {
    age_ = std::max(age_, age);
    const auto slots = static_cast<std::uint64_t>(age_ / slot_time);
    if (slots > ticked_) {
        chain.advance(slots - ticked_);
        for (auto& each : rpc_nodes) each->model.advance_fork(slots - ticked_);
    }
    ticked_ = std::max(ticked_, slots);
}

reply world::serve(rpc_place& at, const io::http_request& request) {
    auto& faults = at.model.faults();
    faults.http_429 = happens(at.rate_limit) ? 1 : 0;
    if (const auto submitted = submitted_by(request); !submitted.empty()) {
        const auto* known = judges.generation_of(submitted);
        const bool lost = known != nullptr && known->generation <= at.lose_generations;
        faults.drop_sends = lost || happens(at.drop_sends) ? 1 : 0;
        faults.reject_sends = happens(at.reject_sends) ? 1 : 0;
    }
    const auto forgotten = at.model.forgotten();
    auto answer = at.model.answer(request.body);
    if (at.model.forgotten() > forgotten) judges.probes.hit(probe::history_lost);
    return {answer.status, std::move(answer.body), {}};
}

reply world::serve(content_place& at, const io::http_request& request) {
    at.model.faults().http_503 = happens(at.busy) ? 1 : 0;
    std::string_view type;
    for (const auto& [key, value] : request.headers) {
        if (key == "Content-Type" || key == "content-type") type = value;
    }
    const auto target = std::string_view{request.url}.substr(at.url.size());
    auto answer = at.model.answer({request.method, target, type, request.body});
    return {answer.status, std::move(answer.body), {}};
}

sql::open_options world::files() const {
    sql::open_options out;
    out.busy_timeout = 0ms;
    if (!below_) return out;
    out.vfs = below_->vfs();
    out.checkpoint_pages = 20;  // often enough for a day's few writes
    return out;
}

std::string world::path_of(std::string_view name) const {
    if (where_ == storage::memory) return ":memory:";
    return below_ ? std::string{name} : folder_.file(name);
}

reply world::serve_desk(const io::http_request& request) {
    if (happens(supplier.busy)) return {503, {}, {}};
    return supplier.answer(request);
}

const saga::plan* world::plan_of(const std::string& kind, int version) const {
    const auto found = plans_.find({kind, version});
    return found == plans_.end() ? nullptr : &found->second;
}

std::unique_ptr<watched_store> world::open_journal() {
    if (has_files()) {
        if (below_) sql::on_lost_fsync([] {});  // until there is a process that it could end
        auto opened =
            saga::sqlite_store::open(path_of("journal.sqlite"), sql::access::read_write, files());
        if (!opened) throw no_journal{opened.error().describe()};
        in_file_ = std::move(*opened);
    }
    if (below_) look_again();
    // Elsewhere the order of the writes is what is proved, not that a commit reaches the platter.
    if (where_ == storage::disk && !in_file_->db().execute("pragma synchronous=off")) {
        throw std::runtime_error{"pragma"};
    }
    auto tell = [this](const commit_seen& seen) { judges.committed(seen); };
    return std::make_unique<watched_store>(journal(), std::move(tell), journal_troubles_,
                                           chance_.next());
}

// What a disk kept is what the court was told, or more: a commit whose sync failed may be there.
void world::look_again() {
    std::set<std::int64_t> there;
    saga::list_filter all;
    all.limit = 500;
    do {
        const auto page = in_file_->list(all);
        THOLE_ASSERT(page.has_value(), "a journal that opened can be read");
        for (const auto& each : page->items) {
            const auto& op = each.op;
            there.insert(op.who.row);
            const auto* known = judges.find(op.who.row);
            const auto told = known != nullptr ? known->now.seq : 0;
            if (op.now.seq < told) judges.offend("acknowledged_stays", op.who.key + " went back");
            if (op.now.seq <= told) continue;
            const auto events = in_file_->events(op.who.row, told, 1000);
            const auto whole = in_file_->load(op.who.id);
            THOLE_ASSERT(events && whole && *whole, "a listed operation can be read");
            const bool signed_anew = std::ranges::any_of(
                *events, [](const saga::event& e) { return e.type == saga::event_type::prepared; });
            const auto& bytes = (*whole)->prepared;
            judges.committed({op, *events, signed_anew && bytes ? &*bytes : nullptr});
        }
        all.before = page->next;
    } while (all.before != 0);
    for (const auto& [row, known] : judges.operations()) {
        if (!there.contains(row)) judges.offend("acknowledged_stays", known.key + " is gone");
    }
}

// The customer's database is not the daemon's: its disk is somebody else's worry.
nft::records& world::open_records() {
    const bool anew = table_ == nullptr || where_ == storage::disk;
    const bool in_file = where_ == storage::disk || today.reconciles();
    const auto path = in_file ? folder_.file("records.sqlite") : ":memory:";
    const sql::open_options options{.busy_timeout = 0ms};
    if (anew) table_ = std::make_unique<nft::sqlite_records>(path, nullptr, options);
    return *table_;
}

// Past the daemon: its customer's own hand in the table.
void world::on_records(const std::string& statement) {
    auto db = sql::database::open(folder_.file("records.sqlite"), sql::access::read_write);
    THOLE_ASSERT(db && db->execute(statement.c_str()), "the table takes it");
}

ipfs::pin_ledger& world::open_ledger() {
    if (ledger_ == nullptr) {
        ledger_ =
            std::make_unique<ipfs::sqlite_pin_ledger>(path_of("pins.sqlite"), nullptr, files());
    }
    return *ledger_;
}

void world::close_files(bool killed, bool power_cut) {
    if (!has_files()) return;
    if (below_ && killed) below_->process_ended();
    in_file_.reset();
    ledger_.reset();
    if (!below_) return;
    if (power_cut) below_->cut_power();
    const auto& met = below_->met();
    if (met.full > 0) judges.probes.hit(probe::disk_was_full);
    if (met.sync_fails > 0) judges.probes.hit(probe::sync_failed);
    if (met.lost > 0) judges.probes.hit(probe::unsynced_lost);
}

// ---- weather ------------------------------------------------------------------------------------

void world::apply(const weather& sky) {
    const auto corrupts = [](const auto& node) { return node->model.faults().corrupt; };
    if (std::ranges::any_of(content_nodes, corrupts)) corrupt_until_ = age_;
    for (auto& each : rpc_nodes) {
        auto& faults = each->model.faults();
        const auto kept = faults.history_from;
        faults = {};
        faults.history_from = kept;
        each->link = {};
        each->drop_sends = each->reject_sends = each->rate_limit = each->lose_generations = 0;
        each->away = false;
    }
    for (auto& each : content_nodes) {
        each->model.faults() = {};
        each->link = {};
        each->busy = 0;
    }
    supplier.link = {};
    shown.partner_link = {};
    supplier.busy = 0;
    records_ = {};
    journal_troubles_ = {};
    without_lease_.clear();
    if (below_) below_->troubles() = {};
    for (const auto& each : sky.active()) apply(each);
    if (sky.is_over()) calm_since = age_;
    part_and_join();
}

// Nodes that leave the majority or come back to it.
void world::part_and_join() {
    for (auto& each : rpc_nodes) {
        if (each->away == each->model.is_away()) continue;
        if (each->away) {
            each->model.leave(seed ^ chain.slot());
        } else if (each->model.come_back() > 0) {
            judges.probes.hit(probe::fork_vanished);
        }
    }
}

void world::apply_link(const fault_event& each, link_state& link) {
    const auto amount = static_cast<int>(each.amount);
    switch (each.kind) {
        case trouble::link_refuse:
            link.refuse = true;
            break;
        case trouble::link_hang:
            link.hang = true;
            break;
        case trouble::link_drop:
            link.drop_permille = amount;
            break;
        case trouble::link_lose_answers:
            link.lose_permille = amount;
            break;
        case trouble::link_duplicate:
            link.duplicate_permille = amount;
            break;
        case trouble::link_slow:
            link.latency_most += std::chrono::milliseconds{each.amount};
            break;
        default:
            break;
    }
}

void world::apply(const fault_event& each) {
    if (auto* rpc = find(rpc_nodes, each.target)) {
        apply_link(each, rpc->link);
        apply_to(*rpc, each);
    }
    if (each.target == desk::label) {
        apply_link(each, supplier.link);
        if (each.kind == trouble::content_busy) supplier.busy = static_cast<int>(each.amount);
    }
    if (each.target == partner_label) apply_link(each, shown.partner_link);
    if (auto* node = find(content_nodes, each.target)) {
        apply_link(each, node->link);
        apply_to(*node, each);
    }
    apply_to_stores(each);
}

void world::apply_to(rpc_place& rpc, const fault_event& each) {
    const auto amount = static_cast<int>(each.amount);
    switch (each.kind) {
        case trouble::rpc_lag:
            rpc.model.faults().lag = static_cast<model::slot_t>(each.amount);
            break;
        case trouble::rpc_drop_sends:
            rpc.drop_sends = amount;
            break;
        case trouble::rpc_lose_first:
            rpc.lose_generations = amount;
            break;
        case trouble::rpc_reject_sends:
            rpc.reject_sends = amount;
            break;
        case trouble::rpc_rate_limit:
            rpc.rate_limit = amount;
            break;
        case trouble::rpc_unhealthy:
            rpc.model.faults().unhealthy = true;
            break;
        case trouble::rpc_lose_history:
            rpc.model.faults().lose_history = true;
            break;
        case trouble::rpc_fork:
            rpc.away = true;
            rpc.drop_sends = amount;
            break;
        case trouble::rpc_deny:
            rpc.model.faults().denies = true;
            rpc.model.faults().ahead = static_cast<model::slot_t>(each.amount);
            break;
        default:
            break;
    }
}

void world::apply_to(content_place& node, const fault_event& each) {
    switch (each.kind) {
        case trouble::content_busy:
            node.busy = static_cast<int>(each.amount);
            break;
        case trouble::content_corrupt:
            node.model.faults().corrupt = true;
            break;
        case trouble::content_lie:
            node.model.faults().lie = true;
            break;
        case trouble::content_full:
            node.model.faults().full = true;
            break;
        default:
            break;
    }
}

void world::apply_to_stores(const fault_event& each) {
    const auto amount = static_cast<int>(each.amount);
    switch (each.kind) {
        case trouble::records_conflict:
            records_.conflict = amount;
            break;
        case trouble::records_cut:
            records_.cut = amount;
            break;
        case trouble::records_away:
            records_.away = true;
            break;
        case trouble::journal_full:
            journal_troubles_.full = amount;
            break;
        case trouble::journal_cut:
            journal_troubles_.cut = amount;
            break;
        case trouble::journal_doubt:
            journal_troubles_.doubt = amount;
            break;
        case trouble::disk_full:
            if (below_) below_->troubles().full = amount;
            break;
        case trouble::disk_sync_fails:
            if (below_) below_->troubles().sync_fails = amount;
            break;
        case trouble::lease_away:
            without_lease_.insert(daemon_of(each));
            break;
        default:
            break;
    }
}

void world::happen(const fault_event& what) {
    if (what.kind == trouble::wallet_fund) {
        chain.fund(wallet.address(), static_cast<std::uint64_t>(what.amount));
    }
    if (what.kind == trouble::rpc_lose_history) {
        find(rpc_nodes, what.target)->model.faults().history_from = chain.slot();
    }
    if (what.kind == trouble::drift) drifts.make(what);
    if (what.kind != trouble::content_lose) return;
    auto& at = *find(content_nodes, what.target);
    const auto pinned = at.model.pins();
    if (!pinned.empty()) judges.probes.hit(probe::content_lost);
    for (const auto& cid : pinned) {
        lost_.emplace(at.label, cid);
        at.model.lose(cid);
    }
}

// ---- the truth ----------------------------------------------------------------------------------

std::optional<nft::record> world::record_of(const uuid& operation) {
    auto found = at_once(table_->find(operation));
    return found ? std::move(*found) : std::nullopt;
}
std::optional<nft::chain_nft> world::token_of(std::string_view key) const {
    const auto id = identity_of(key);
    const auto& final = chain.view(model::commitment::finalized, 0);
    const auto* account = chain.accounts().at(id.mint, final.slot);
    if (account == nullptr) return std::nullopt;
    auto nft = nft::decode_nft({id.mint, account->owner, account->data, {}, {}});
    if (!nft || !nft::issuer_verified(*nft, id.base)) return std::nullopt;
    return std::move(*nft);
}
std::vector<ipfs::pin_row> world::ledger_of(const uuid& owner) {
    auto found = at_once(open_ledger().of_owner(owner.text()));
    return found ? std::move(*found) : std::vector<ipfs::pin_row>{};
}
std::string world::open_flags() {
    const auto text = at_once(table_->meta(std::string{nft::drift_flags::meta_name}));
    return text && *text ? **text : "{}";
}
bool world::content_is_doubtful() const {
    for (const auto& node : content_nodes) {
        if (node->model.faults().corrupt) return true;
    }
    return corrupt_until_ && age_ - *corrupt_until_ < 2min;
}
std::vector<nft::record> world::records_of(const std::string& account) {
    auto found = at_once(table_->of_account(account, 1000));
    return found ? std::move(*found) : std::vector<nft::record>{};
}
std::map<std::string, std::set<std::string>> world::own_pins() const {
    if (where_ != storage::disk) return contents_.pins();
    return pins_of(*open_contents(contents_folder()));
}
bool world::was_lost(const std::string& label, const std::string& cid) const {
    return lost_.contains({label, cid});
}

}  // namespace thole::sim
