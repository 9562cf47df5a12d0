#pragma once

// One life of a minting process: everything that dies with it.

#include "engine/engine.hpp"
#include "mint_world.hpp"

namespace thole::mint_crash {

// What every call to the outside passes: nothing leaves, and no answer arrives, once the power is
// off; and it goes off at the chosen call.
class gate {
  public:
    gate(saga::crash_switch& power, death end) : power_{power}, end_{end} {}
    [[nodiscard]] int calls() const noexcept { return calls_; }

    // Calls are lazy: what does not pass never begins.
    template <class T>
    task<T> pass(task<T> call) {
        if (power_.is_off()) co_await power_.hang();
        const bool dies = ++calls_ == end_.number && end_.at_a_call();
        if (dies && end_.when == death::moment::unsent) power_.turn_off();
        if (power_.is_off()) co_await power_.hang();
        auto answer = co_await std::move(call);
        if (dies) power_.turn_off();
        if (power_.is_off()) co_await power_.hang();
        co_return answer;
    }

  private:
    saga::crash_switch& power_;
    const death end_;
    int calls_ = 0;
};

class gated_transport final : public io::http_transport {
  public:
    gated_transport(io::http_transport& inner, gate& way, surroundings& world)
        : inner_{inner}, gate_{way}, world_{world} {}
    task<result<io::http_response>> send(io::http_request request) override;

  private:
    task<result<io::http_response>> leave(io::http_request request);

    io::http_transport& inner_;
    gate& gate_;
    surroundings& world_;
};

class gated_records final : public nft::records {
  public:
    gated_records(nft::records& inner, gate& way) : inner_{inner}, gate_{way} {}
    task<result<nft::record>> upsert(nft::record wanted) override;
    task<result<nft::record>> converge(nft::record from_chain) override;
    task<result<bool>> mark_rolled_back(uuid operation, store_time now) override;
    task<result<std::optional<nft::record>>> find(uuid operation) override;
    task<result<std::optional<nft::record>>> find_mint(std::string mint) override;
    task<result<std::vector<nft::record>>> of_account(std::string account, int limit) override;
    task<result<std::vector<nft::record>>> page(std::optional<uuid> after, int limit) override;
    task<result<std::optional<uuid>>> minting(std::string account) override;
    task<result<>> probe() override;
    task<result<std::uint64_t>> live() override;
    task<result<std::optional<std::string>>> meta(std::string name) override;
    task<result<>> set_meta(std::string name, std::string value) override;

  private:
    nft::records& inner_;
    gate& gate_;
};

class gated_ledger final : public ipfs::pin_ledger {
  public:
    gated_ledger(ipfs::pin_ledger& inner, gate& way) : inner_{inner}, gate_{way} {}
    task<result<ipfs::pin_try>> intend(ipfs::pin_row row) override;
    task<result<>> keep_session(ipfs::pin_row row, std::string session) override;
    task<result<>> confirm(ipfs::pin_row row) override;
    task<result<>> forget(ipfs::pin_row row) override;
    task<result<std::vector<ipfs::pin_row>>> of_owner(std::string owner) override;
    task<result<std::size_t>> others(ipfs::pin_row row) override;

  private:
    ipfs::pin_ledger& inner_;
    gate& gate_;
};

// The content store's folder as archive and images, on the loop itself: a simulation has no threads
// for a pool to run on.
class folder_contents final : public ipfs::archive, public nft::images {
  public:
    using store_clock = std::function<store_time()>;
    folder_contents(const std::string& folder, gate& way, store_clock now);

    name label() const noexcept override { return name{"own"}; }
    task<result<ipfs::pin_receipt>> put(ipfs::upload what, deadline until) override;
    task<result<ipfs::pin_state>> status(ipfs::cid id, deadline until) override;
    task<result<>> unpin(ipfs::pin_receipt receipt, deadline until) override;
    task<result<>> check(deadline until) override;
    task<result<>> release(std::string owner, deadline until) override;
    task<result<nft::held_image>> find(ipfs::cid id) override;
    std::shared_ptr<ipfs::content_source> source(const ipfs::cid& id) override;

  private:
    task<result<ipfs::pin_receipt>> keep(ipfs::upload what);
    task<result<>> give_back(ipfs::pin_receipt receipt);
    task<result<>> give_back_all(std::string owner);
    task<result<>> probe();
    task<result<nft::held_image>> look(ipfs::cid id);

    std::unique_ptr<ipfs::content_store> store_;
    gate& gate_;
    store_clock now_;
};

class process {
  public:
    process(surroundings& world, saga::crash_switch& power, death end, std::uint64_t seed);
    ~process();
    process(const process&) = delete;

    [[nodiscard]] saga::engine& engine() { return *engine_; }
    [[nodiscard]] io::virtual_loop& loop() { return *loop_; }
    [[nodiscard]] int calls() const { return gate_.calls(); }
    [[nodiscard]] duration age() const { return loop_->now() - begun_; }

  private:
    void mount_all();
    [[nodiscard]] nft::mint_dependencies parts();
    [[nodiscard]] std::vector<ipfs::provider*> remotes();

    surroundings& world_;
    saga::crash_switch& power_;
    gate gate_;
    // First to go, but for the engine: it holds the coroutines, which hold on to everything below.
    std::unique_ptr<io::virtual_loop> loop_;
    time_point begun_;  // of the world
    rng chance_;
    seeded_entropy ids_;
    sim::network net_;
    gated_transport transport_{net_, gate_, world_};
    saga::inline_journal store_journal_;
    saga::crash_journal journal_{store_journal_, power_};
    nft::sqlite_records table_;
    gated_records records_{table_, gate_};
    folder_contents contents_;

    endpoint_set rpc_endpoints_;
    solana::rpc::client rpc_{transport_, *loop_, rpc_endpoints_, chance_};
    solana::blockhash_cache hashes_{rpc_};
    solana::signature_watcher watcher_{rpc_};
    solana::submitter submitter_{rpc_, hashes_, watcher_};
    solana::wallet_watch funds_{rpc_, world_.wallet.address(), 0};

    std::vector<std::unique_ptr<ipfs::kubo_provider>> kubos_;
    endpoint_set remote_endpoints_;
    ipfs::sqlite_pin_ledger pin_file_;
    gated_ledger ledger_{pin_file_, gate_};
    ipfs::pinning pins_;
    endpoint_set gateway_endpoints_;
    ipfs::fetcher gateways_{transport_, gateway_endpoints_, {}, *loop_, 6};

    std::optional<saga::engine> engine_;
};

}  // namespace thole::mint_crash
