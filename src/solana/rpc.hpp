#pragma once

// The JSON-RPC methods that Thole needs, typed, over an endpoint set.
//
//   rpc::client solana{transport, loop, endpoints, chance};
//   rpc::options how{.until = deadline::after(loop.now(), 5s)};
//   auto hash = co_await solana.latest_blockhash(how);       // rpc_result<latest_blockhash>
//   hash->endpoint, hash->context_slot                       // who said it, from which state
//
// A call makes *one* pass over the endpoints inside its deadline: pick, call, record, and the next
// endpoint only when the fault condemns the endpoint and not the request; that the request itself
// is wrong is believed when a second provider says so. An HTTP status without a JSON-RPC error is
// the endpoint's, and what an endpoint cannot serve is permanent only when no other is left that
// might. No back-off and no second round: retry is
// the caller's (in a saga, the step policy's). send_transaction() goes to the one endpoint it is
// told.
//
// An answer from a state older than options.min_context_slot is a fault of that endpoint
// (codes::context_slot_not_reached), whether or not the method knows minContextSlot.
// Errors: every fault names dependency and endpoint; for send_transaction its effect says whether
// the transaction may have been relayed. Cancellation: stops the transfer. Threads: the loop's.

#include <boost/json/value.hpp>
#include <functional>
#include <map>

#include "io/http.hpp"
#include "io/loop.hpp"
#include "solana/account_gatherer.hpp"
#include "thole/endpoint_set.hpp"

namespace thole::solana::rpc {

struct settings {
    duration read_timeout = std::chrono::seconds{2};     // of one endpoint; > 0
    duration history_timeout = std::chrono::seconds{5};  // searches through history; > 0
    duration send_timeout = std::chrono::seconds{5};     // of one leg; > 0
    std::uint64_t max_response_bytes = 8U << 20U;        // of one answer
    // An endpoint that was so many slots behind where half of the others are is not asked for
    // cordon_for, while there are others; 0 slots: never.
    std::uint64_t max_lag = 100;
    duration cordon_for = std::chrono::seconds{10};
    std::map<name, io::http_headers> headers;  // by endpoint, e.g. an API key
};

struct send_options {
    deadline until;
    bool skip_preflight = false;
    commitment preflight_level = commitment::confirmed;  // that of the blockhash
    std::optional<std::uint64_t> min_context_slot{};
};

class client {
  public:
    // All references outlive the client.
    client(io::http_transport& transport, io::loop& loop, endpoint_set& endpoints, rng& chance,
           settings s = {});
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    [[nodiscard]] task<rpc_result<latest_blockhash>> get_latest_blockhash(options o);
    [[nodiscard]] task<rpc_result<std::uint64_t>> get_block_height(options o);
    [[nodiscard]] task<rpc_result<std::uint64_t>> get_slot(options o);
    [[nodiscard]] task<rpc_result<epoch_info>> get_epoch_info(options o);
    // A healthy node answers; an unhealthy one is codes::node_behind.
    [[nodiscard]] task<rpc_result<bool>> get_health(options o);
    [[nodiscard]] task<rpc_result<std::uint64_t>> get_first_available_block(options o);
    // Whether a transaction with it can still land in a block after the state that is asked.
    [[nodiscard]] task<rpc_result<bool>> is_blockhash_valid(blockhash hash, options o);

    // At most 256. `history` searches beyond the recent ~300 slots.
    [[nodiscard]] task<rpc_result<std::vector<std::optional<signature_status>>>>
    get_signature_statuses(std::vector<signature> signatures, bool history, options o);

    [[nodiscard]] task<rpc_result<std::optional<account_info>>> get_account(public_key key,
                                                                            options o);
    // At most 100, all from one state; those that are asked for at the same instant share a request
    // (account_gatherer.hpp).
    [[nodiscard]] task<rpc_result<std::vector<std::optional<account_info>>>> get_accounts(
        std::vector<public_key> keys, options o);
    [[nodiscard]] task<rpc_result<std::vector<keyed_account>>> get_token_accounts_by_owner(
        public_key owner, public_key token_program, options o);
    [[nodiscard]] task<rpc_result<std::uint64_t>> get_balance(public_key key, options o);
    [[nodiscard]] task<rpc_result<std::uint64_t>> get_rent_exemption(std::uint64_t space,
                                                                     options o);
    // Fees of recent slots for transactions that write these accounts (at most 128).
    [[nodiscard]] task<rpc_result<std::vector<prioritization_fee>>> get_recent_prioritization_fees(
        std::vector<public_key> writable, options o);

    // Runs it on a fresh blockhash without checking signatures. A refusal by the runtime is in the
    // value, not a fault.
    [[nodiscard]] task<rpc_result<simulation>> simulate(bytes transaction, options o);

    // One endpoint, maxRetries 0. An answer means "accepted for relay", never "landed".
    [[nodiscard]] task<rpc_result<signature>> send_transaction(name endpoint,
                                                               std::string transaction_base64,
                                                               send_options o);

    // Endpoints with that role that are not drained: first those which may be called now and do not
    // lag, by tier and then by latency; then the others.
    [[nodiscard]] std::vector<name> ranked(role wanted) const;
    // The best of each provider first, then the rest: at most `most` of ranked().
    [[nodiscard]] std::vector<name> spread(role wanted, std::size_t most) const;
    // How many providers are configured for that role, whatever their state.
    [[nodiscard]] std::size_t providers(role wanted) const;
    // Slots behind where the others were, when it last answered.
    [[nodiscard]] std::uint64_t lag_of(name endpoint) const;
    // Where the chain is, as endpoints told it within the last minute: the highest slot that half
    // of them are near. What one alone makes up does not count against several; 0: nobody told.
    [[nodiscard]] std::uint64_t front_slot() const;
    // The newest final slot that any endpoint answered from, or since a quarter of an hour no other
    // was further; 0: none yet. A state from far before it is one of nodes that lag.
    [[nodiscard]] std::uint64_t final_slot() const noexcept { return final_.slot; }
    // The newest slot that it answered from, at processed or confirmed; 0: none yet.
    [[nodiscard]] std::uint64_t seen_slot(name endpoint) const;
    [[nodiscard]] name provider_of(name endpoint) const;
    [[nodiscard]] io::loop& loop() noexcept { return loop_; }
    [[nodiscard]] name dependency() const noexcept;

  private:
    using json_value = boost::json::value;
    struct call {
        std::string_view method;  // a literal
        std::string params;
        role wanted = role::read;
        bool has_context = true;
        // Takes what the node said, or says what is wrong with it; set by typed().
        std::function<std::optional<fault>(const json_value&)> take{};
    };
    struct taken {};  // by call::take
    using raw = rpc_result<taken>;
    struct position {
        std::uint64_t lag = 0;
        std::uint64_t slot = 0;
        time_point seen{};
    };

    template <auto Read>
    [[nodiscard]] auto typed(call c, options o)
        -> task<rpc_result<typename decltype(Read(std::declval<const json_value&>()))::value_type>>;
    [[nodiscard]] task<account_gatherer::answer> ask_accounts(std::vector<public_key> keys,
                                                              options o);
    [[nodiscard]] task<raw> run(call c, options o);
    [[nodiscard]] task<raw> attempt(endpoint_pick pick, const call& c, const options& o);
    [[nodiscard]] task<raw> exchange(const endpoint_config& to, const call& c, const options& o,
                                     deadline until);
    [[nodiscard]] raw judge(io::http_response response, const endpoint_config& from, const call& c,
                            const options& o, std::uint64_t id) const;
    [[nodiscard]] duration timeout_of(role wanted) const noexcept;
    [[nodiscard]] std::vector<name> all_but(name endpoint) const;
    [[nodiscard]] std::vector<endpoint_view> ranked_views(role wanted) const;
    [[nodiscard]] role role_for(name endpoint, role wanted) const;
    [[nodiscard]] fault refused_by(name endpoint, fault why) const;
    [[nodiscard]] fault of_all(fault last, std::size_t unable, role wanted) const;
    [[nodiscard]] std::vector<name> cordoned(role wanted) const;
    void note_slot(name endpoint, commitment level, std::uint64_t slot);

    io::http_transport& transport_;
    io::loop& loop_;
    endpoint_set& endpoints_;
    rng& chance_;
    settings settings_;
    std::uint64_t next_id_ = 1;
    std::map<name, position> positions_;  // at processed or confirmed
    position final_;                      // of whoever was furthest
    account_gatherer accounts_;
};

}  // namespace thole::solana::rpc
