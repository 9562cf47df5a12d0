#pragma once

// Where a life ends: every call to the outside passes a gate, which knows whether the power is on.
//
//   gate way;                                    // also the crash_switch of the journal
//   way.arm_call(7, call_side::unanswered);      // the 7th call from now is the last one
//   gated_transport out{net, way};               // nothing leaves once the power is off
//
// Calls are lazy: what does not pass never begins. Threads: the loop's.

#include "engine/crash_journal.hpp"
#include "io/http.hpp"
#include "ipfs/pin_ledger.hpp"
#include "nft/records.hpp"
#include "sim/contents.hpp"
#include "sim/court.hpp"

namespace thole::sim {

enum class call_side : std::uint8_t {
    unsent,     // it never leaves
    unanswered  // it takes effect, and its answer is lost
};

class gate {
  public:
    saga::crash_switch power;

    [[nodiscard]] int calls() const noexcept { return calls_; }
    void arm_call(int from_now, call_side side) {
        last_ = calls_ + from_now;
        side_ = side;
    }
    void arm_write(int from_now, saga::crash_when when) {
        power.arm({power.writes() + from_now, when});
    }

    template <class T>
    task<T> pass(task<T> call) {
        if (power.is_off()) co_await power.hang();
        const bool dies = ++calls_ == last_;
        if (dies && side_ == call_side::unsent) power.turn_off();
        if (power.is_off()) co_await power.hang();
        auto answer = co_await std::move(call);
        if (dies) power.turn_off();
        if (power.is_off()) co_await power.hang();
        co_return answer;
    }

  private:
    int calls_ = 0;
    int last_ = 0;
    call_side side_ = call_side::unsent;
};

class gated_transport final : public io::http_transport {
  public:
    gated_transport(io::http_transport& inner, gate& way) : inner_{inner}, gate_{way} {}
    task<result<io::http_response>> send(io::http_request request) override {
        return gate_.pass(inner_.send(std::move(request)));
    }

  private:
    io::http_transport& inner_;
    gate& gate_;
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
    task<result<std::vector<uuid>>> missing(std::vector<uuid> of) override;
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
    task<result<std::vector<std::string>>> owners(std::string after, int limit) override;
    task<result<std::vector<ipfs::pin_row>>> of_owner(std::string owner) override;
    task<result<bool>> leave(ipfs::pin_row row) override;

  private:
    ipfs::pin_ledger& inner_;
    gate& gate_;
};

class gated_contents final : public contents {
  public:
    gated_contents(contents& inner, gate& way, court& judges)
        : inner_{inner}, gate_{way}, judges_{judges} {}
    name label() const noexcept override { return inner_.label(); }
    task<result<ipfs::pin_receipt>> put(ipfs::upload what, deadline until) override;
    task<result<ipfs::pin_state>> status(ipfs::cid id, deadline until) override;
    task<result<>> unpin(ipfs::pin_receipt receipt, deadline until) override;
    task<result<>> check(deadline until) override;
    task<result<>> release(std::string owner, deadline until) override;
    task<result<nft::held_image>> find(ipfs::cid id) override;
    std::shared_ptr<ipfs::content_source> source(const ipfs::cid& id) override;

  private:
    task<result<>> unpin_seen(ipfs::pin_receipt receipt, deadline until);
    task<result<>> release_seen(std::string owner, deadline until);

    contents& inner_;
    gate& gate_;
    court& judges_;
};

}  // namespace thole::sim
