#pragma once

// What outlives a process: the chain and the nodes onto it, content nodes, the customer's records,
// the daemon's own content, the journal's storage, the wallet, and the time that has passed.
//
//   world where{today, seed, storage::memory};
//   where.apply(sky);                            // nodes misbehave as the weather says
//   auto journal = where.open_journal();         // as a new process opens it
//   where.judges.violations();
//
// A world is one thread's. Two worlds share nothing.

#include <filesystem>
#include <stdexcept>

#include "engine/model_store.hpp"
#include "engine/sqlite_store.hpp"
#include "ipfs/sqlite_pin_ledger.hpp"
#include "model/content/content_node.hpp"
#include "model/solana/rpc_node.hpp"
#include "nft/drift_flags.hpp"
#include "nft/mint_identity.hpp"
#include "nft/sqlite_records.hpp"
#include "sim/contents.hpp"
#include "sim/court.hpp"
#include "sim/desk.hpp"
#include "sim/disk.hpp"
#include "sim/drift_book.hpp"
#include "sim/leases.hpp"
#include "sim/network.hpp"
#include "sim/records.hpp"
#include "sim/rounds.hpp"
#include "sim/showcase.hpp"
#include "sim/weather.hpp"

namespace thole::sim {

// memory: models of the stores, thousands of mints a second. disk: SQLite files and the production
// content store in a folder, for the tests that are about them. faulty: the journal and the ledger
// of pins are SQLite's on a disk that loses what was not synced (disk.hpp). One daemon only: its
// files belong to one process.
enum class storage : std::uint8_t { memory, disk, faulty };

// Removed with everything in it.
class scratch_folder {
  public:
    explicit scratch_folder(bool wanted);
    ~scratch_folder();
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    [[nodiscard]] std::string file(std::string_view name) const;

  private:
    std::filesystem::path path_;
};

struct rpc_place {
    rpc_place(std::string_view of, model::ledger& chain)
        : label{of}, url{"http://" + label}, model{chain} {}
    std::string label;
    std::string url;
    model::rpc_node model;
    link_state link{};
    int drop_sends = 0, reject_sends = 0, rate_limit = 0;  // ‰
    int lose_generations = 0;                              // the first n of them
    bool away = false;                                     // from the majority
};

struct content_place {
    explicit content_place(std::string_view of) : label{of}, url{"http://" + label} {}
    std::string label;
    std::string url;
    model::content_node model{};
    link_state link{};
    int busy = 0;  // ‰
};

// Its disk is full or fails: no process can begin.
struct no_journal : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class world {
  public:
    world(const day& today, std::uint64_t seed, storage where);
    world(const world&) = delete;

    // ---- the outside as processes meet it -------------------------------------------------------
    [[nodiscard]] reply serve(rpc_place& at, const io::http_request& request);
    [[nodiscard]] reply serve(content_place& at, const io::http_request& request);
    [[nodiscard]] reply serve_desk(const io::http_request& request);
    [[nodiscard]] bool has_orders() const noexcept { return today.workload.orders > 0; }
    [[nodiscard]] bool has_treasury() const noexcept { return today.surroundings.treasury > 0; }
    // Opened anew by each process.
    [[nodiscard]] std::unique_ptr<watched_store> open_journal();  // throws no_journal
    nft::records& open_records();
    ipfs::pin_ledger& open_ledger();
    // Null on disk: there each process opens the folder.
    [[nodiscard]] memory_contents* own_contents() noexcept {
        return where_ != storage::disk ? &contents_ : nullptr;
    }
    // Whether files are open that one process must close before the next can begin.
    [[nodiscard]] bool has_files() const noexcept { return where_ != storage::memory; }
    // A process is gone, and with it what it had open. Killed: nothing more is written, and with
    // the power what was not synced may go.
    void close_files(bool killed, bool power_cut);
    [[nodiscard]] std::string contents_folder() const { return folder_.file("content"); }
    [[nodiscard]] const record_troubles& records_troubles() const noexcept { return records_; }
    // Whether the node of that number can renew its lease now.
    [[nodiscard]] bool reaches_leases(int node) const { return !without_lease_.contains(node); }
    [[nodiscard]] bool is_shared() const noexcept { return today.surroundings.daemons > 1; }
    // Of the daemons, whom a fault means that is about one of them.
    [[nodiscard]] int daemon_of(const fault_event& what) const noexcept {
        return static_cast<int>(what.dice / 6 %
                                static_cast<std::uint64_t>(today.surroundings.daemons));
    }

    // Something that its owner does in the customer's table. Only where day::reconciles().
    void on_records(const std::string& statement);

    // ---- weather and time -----------------------------------------------------------------------
    void apply(const weather& sky);
    void happen(const fault_event& what);  // content_lose, wallet_fund and drift
    // Since it began. The chain's clock is the world's: a slot every 400 ms.
    [[nodiscard]] duration age() const noexcept { return age_; }
    void set_age(duration age);
    std::chrono::microseconds wall_offset{};

    // ---- requests -------------------------------------------------------------------------------
    [[nodiscard]] static std::string key_of(int client);
    [[nodiscard]] nft::mint_request request_of(int client) const;
    [[nodiscard]] nft::mint_identity identity_of(std::string_view key) const;
    [[nodiscard]] nft::mint_base base() const { return {secret, wallet.address()}; }
    [[nodiscard]] std::string uri_prefix() const {
        return today.surroundings.site ? std::string{showcase::site_url} + "/ipfs/" : "ipfs://";
    }

    // ---- the truth, for checkers ----------------------------------------------------------------
    [[nodiscard]] std::optional<nft::record> record_of(const uuid& operation);
    [[nodiscard]] std::vector<nft::record> records_of(const std::string& account);
    [[nodiscard]] std::map<std::string, std::set<std::string>> own_pins() const;
    [[nodiscard]] saga::store& journal() noexcept {
        return in_file_ ? static_cast<saga::store&>(*in_file_) : in_memory_;
    }
    // Final, and of this wallet.
    [[nodiscard]] std::optional<nft::chain_nft> token_of(std::string_view key) const;
    [[nodiscard]] std::vector<ipfs::pin_row> ledger_of(const uuid& owner);
    [[nodiscard]] std::string open_flags();  // as they are kept beside the records
    // A gateway serves other bytes, or did a moment ago.
    [[nodiscard]] bool content_is_doubtful() const;
    // Contents that a node lost for no fault of ours.
    [[nodiscard]] bool was_lost(const std::string& label, const std::string& cid) const;

    const day today;
    const std::uint64_t seed;
    model::ledger chain;
    std::vector<std::unique_ptr<rpc_place>> rpc_nodes;
    std::vector<std::unique_ptr<content_place>> content_nodes;
    nft::cluster_secret secret{sha256(as_bytes("a cluster"))};
    solana::keypair wallet = solana::keypair::from_seed({1, 2, 3});
    solana::keypair treasury = solana::keypair::from_seed({4, 5, 6});
    saga::plan steps{};  // of the mint saga, told by the first process
    // … and of every saga, by kind and version; null: none that a process told of.
    [[nodiscard]] const saga::plan* plan_of(const std::string& kind, int version) const;
    void tell_plan(const saga::plan& of) { plans_[{of.kind, of.version}] = of; }
    desk supplier{};
    showcase shown{*this};
    const rounds by_the_clock{today.workload.rounds};
    duration clock_since{};  // the process that is up looks at the clock
    duration calm_since{};   // no fault is active
    bool clock_was_set = false;
    drift_book drifts{*this};
    bool last_hour = false;  // nobody reconciles by himself any more
    int lives = 0;           // so far
    lease_table leases{};
    court judges{*this};

  private:
    [[nodiscard]] bool happens(int permille) {
        return permille > 0 && chance_.chance(static_cast<std::uint64_t>(permille), 1000);
    }
    void apply(const fault_event& each);
    void apply_link(const fault_event& each, link_state& link);
    void apply_to(rpc_place& rpc, const fault_event& each);
    void apply_to(content_place& node, const fault_event& each);
    void apply_to_stores(const fault_event& each);
    [[nodiscard]] sql::open_options files() const;
    [[nodiscard]] std::string path_of(std::string_view name) const;
    void look_again();
    void part_and_join();

    const storage where_;
    scratch_folder folder_;
    rng chance_;
    duration age_{};
    std::uint64_t ticked_ = 0;  // slots
    record_troubles records_;
    store_troubles journal_troubles_;
    memory_contents contents_;
    std::vector<std::string> images_;  // CIDs
    std::vector<std::string> owners_;  // wallets, by account
    std::set<std::pair<std::string, std::string>> lost_;
    std::set<int> without_lease_;  // daemons
    std::map<std::pair<std::string, int>, saga::plan> plans_;
    std::optional<duration> corrupt_until_;

    saga::model_store in_memory_;
    std::unique_ptr<disk> below_;  // of faulty storage
    std::unique_ptr<saga::sqlite_store> in_file_;
    std::unique_ptr<nft::sqlite_records> table_;
    std::unique_ptr<ipfs::sqlite_pin_ledger> ledger_;
};

}  // namespace thole::sim
