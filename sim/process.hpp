#pragma once

// One life of a minting process: the production engine, saga, clients and policies on a loop of
// virtual time, and everything of it that dies with it.
//
//   process p{where, {}};
//   p.loop().advance(1s);
//   p.way().power.turn_off();                    // from now on nothing leaves it
//
// The destructor throws away what is left, as a kill does: nothing is written.

#include <boost/asio/cancellation_signal.hpp>

#include "engine/engine.hpp"
#include "engine/inline_journal.hpp"
#include "io/virtual_loop.hpp"
#include "ipfs/kubo_provider.hpp"
#include "nft/reconcile_rounds.hpp"
#include "nft/refill.hpp"
#include "sim/gates.hpp"
#include "sim/seams.hpp"
#include "sim/world.hpp"

namespace thole::sim {

// The innermost transport: tells the court what leaves and what comes back.
class watched_network final : public io::http_transport {
  public:
    watched_network(network& net, court& judges, int life)
        : net_{net}, judges_{judges}, life_{life} {}
    task<result<io::http_response>> send(io::http_request request) override;

  private:
    network& net_;
    court& judges_;
    const int life_;
};

// What stands at a seam: what was planted there, or the part itself.
template <class Part>
class planted {
  public:
    template <class Plant>
    planted(const Plant& plant, Part& inner, const seam_parts& at)
        : owned_{plant ? plant(inner, at) : nullptr}, part_{owned_ ? owned_.get() : &inner} {}
    [[nodiscard]] Part& operator*() const noexcept { return *part_; }
    [[nodiscard]] Part* operator->() const noexcept { return part_; }

  private:
    std::unique_ptr<Part> owned_;
    Part* part_;
};

class process {
  public:
    // `number`: of the daemon, from 0.
    process(world& where, const seams& with, int number = 0);
    ~process();
    process(const process&) = delete;
    process& operator=(const process&) = delete;

    [[nodiscard]] saga::engine& engine() { return *engine_; }
    // As a daemon does: what it must know first, the engine, and what goes on by itself.
    [[nodiscard]] task<result<>> start();
    // From now on it reconciles only when it is asked to.
    void end_rounds() {
        if (keeps_rounds_) rounds_end_.emit(boost::asio::cancellation_type::terminal);
    }
    // … and looks after its wallet no more.
    void end_filling() {
        if (keeps_filled_) no_more_filling_.emit(boost::asio::cancellation_type::terminal);
    }
    [[nodiscard]] io::virtual_loop& loop() { return *loop_; }
    [[nodiscard]] gate& way() noexcept { return gate_; }
    // Of the world, by this process's own time.
    [[nodiscard]] duration age() const { return loop_->now() - begun_; }
    // By its journal's clock, which is behind the world's when somebody has set that back.
    [[nodiscard]] store_time store_now() { return journal_->now(); }
    // How it ended by itself: it stopped in order, or found no journal when it began.
    bool stopped = false;
    bool gave_up = false;
    // Looks at the clock from now on. Once, when the engine has started.
    void start_clock();
    // The links as the world has them now.
    void apply_links();
    // Tells the court who is still calling.
    void report_in_flight() const;

  private:
    void mount_all();
    [[nodiscard]] nft::mint_dependencies parts();
    [[nodiscard]] std::vector<ipfs::provider*> remotes();
    [[nodiscard]] solana::submission_settings submission() const;
    void make_engine();
    void add_orders(saga::definitions& known);
    void add_filling(saga::definitions& known);
    [[nodiscard]] task<> keep_time();
    [[nodiscard]] task<> keep_filled();
    [[nodiscard]] task<result<std::uint64_t>> filled_so_far(uuid before);
    void add(saga::definitions& to, saga::definition made);
    void add_consistency(saga::definitions& known, const nft::mint_settings& settings);
    [[nodiscard]] task<result<std::optional<saga::operation_details>>> look_up(uuid id);
    [[nodiscard]] task<result<saga::details_page>> completed_mints(std::int64_t before);
    [[nodiscard]] task<> keep_rounds();

    world& world_;
    const seams& seams_;
    const int number_;
    bool gone_ = false;
    gate gate_;
    // First to go, but for the engine: it holds the coroutines, which hold on to everything below.
    std::unique_ptr<io::virtual_loop> loop_;
    time_point begun_;  // of the world
    rng chance_;
    seeded_entropy ids_;
    network net_;
    watched_network watched_;
    gated_transport gated_;

    std::unique_ptr<watched_store> storage_;
    saga::inline_journal store_journal_;
    leased_journal leased_;
    saga::crash_journal crash_journal_;

    reached_records reached_;
    gated_records gated_records_;

    std::unique_ptr<folder_contents> on_disk_;
    gated_contents contents_;
    gated_ledger gated_ledger_;

    seam_parts at_;
    planted<io::http_transport> transport_;
    planted<saga::journal> journal_;
    planted<nft::records> records_;
    planted<ipfs::pin_ledger> ledger_;

    endpoint_set rpc_endpoints_;
    solana::rpc::client rpc_;
    solana::blockhash_cache hashes_;
    solana::signature_watcher watcher_;
    solana::submitter submitter_;
    solana::wallet_watch funds_;

    std::vector<std::unique_ptr<ipfs::kubo_provider>> kubos_;
    endpoint_set remote_endpoints_;
    ipfs::pinning pins_;
    endpoint_set gateway_endpoints_;
    ipfs::fetcher gateways_;
    nft::partners partners_;

    nft::drift_flags flags_;
    std::shared_ptr<void> held_;
    std::optional<saga::engine> engine_;
    std::optional<saga::cron_runner> runner_;
    boost::asio::cancellation_signal no_more_time_;
    bool keeps_time_ = false;  // before this Asio must not be told of a cancellation
    std::optional<nft::refill> refill_;
    boost::asio::cancellation_signal no_more_filling_;
    bool keeps_filled_ = false;
    std::optional<nft::reconcile_rounds> rounds_;
    boost::asio::cancellation_signal rounds_end_;
    bool keeps_rounds_ = false;
};

}  // namespace thole::sim
