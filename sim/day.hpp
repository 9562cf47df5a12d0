#pragma once

// A simulated day as data: what is asked for (workload), where (surroundings), and what goes wrong
// (faults). A day is a distribution; with a seed it becomes one course of events (weather.hpp).
//
//   summary = "Many mints at once while links and nodes fail now and then"
//   [workload]
//   operations = 60            # clients, each with a key of its own
//   accounts = 6               # mints of one account go one after another
//   [[fault]]
//   kind = "rpc_lag"           # one of `trouble`
//   target = "any"             # a node's label, "rpc", "content", "all", or "any" one of them
//   count = "1..3"             # how many such faults
//   at = "0s..2m"              # when each begins
//   lasts = "5s..1m"
//   amount = "20..300"         # its unit stands beside the kind, below
//
// Every key is known or an error that names file, key and rule. Values only.

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "nft/drift.hpp"
#include "thole/time.hpp"

namespace thole::sim {

// "3" or "1..3", both ends included.
struct count_range {
    std::int64_t least = 1;
    std::int64_t most = 1;
    [[nodiscard]] std::string text() const;
    [[nodiscard]] static std::optional<count_range> parse(std::string_view);
    friend bool operator==(const count_range&, const count_range&) = default;
};

// "5s" or "5s..1m".
struct time_range {
    duration least{};
    duration most{};
    [[nodiscard]] std::string text() const;
    [[nodiscard]] static std::optional<time_range> parse(std::string_view);
    friend bool operator==(const time_range&, const time_range&) = default;
};

enum class trouble : std::uint8_t {
    link_refuse,        // nothing listens
    link_hang,          // requests take effect and are never answered
    link_drop,          // amount ‰ of the requests vanish on their way
    link_lose_answers,  // amount ‰ of the requests take effect and are cut off
    link_duplicate,     // amount ‰ of the requests arrive twice
    link_slow,          // every way takes up to amount ms longer
    link_creep,         // … growing from 0 to amount ms over the fault's time
    rpc_lag,            // amount slots behind
    rpc_drop_sends,     // amount ‰ of the submissions reach no leader
    rpc_lose_first,     // submissions of the first amount generations reach no leader
    rpc_reject_sends,   // amount ‰ are refused for no reason
    rpc_rate_limit,     // amount ‰ of the calls are answered 429
    rpc_unhealthy,      // says that it is behind
    rpc_lose_history,   // statuses of before now are gone
    rpc_deny,           // tells of no transaction at all, and is amount slots ahead
    rpc_fork,           // leaves the majority: what it shows was never; amount ‰ of the submissions
                        // reach its side alone
    content_busy,       // amount ‰ of the calls are answered 503
    content_corrupt,    // flips a bit of what it serves
    content_lie,        // answers an upload with another CID
    content_full,       // stores nothing
    content_lose,       // everything it holds at that moment is gone
    records_conflict,   // amount ‰ of the writes deadlock
    records_cut,        // amount ‰ are committed, and the connection is gone
    records_away,       // no connection
    journal_full,       // amount ‰ of the commits fail, nothing written
    journal_cut,        // amount ‰ are written, and nobody is told
    journal_doubt,      // amount ‰ are not written, and nobody can tell
    process_die,        // at the amount-th write from then, on one of its three sides
    process_die_call,   // at the amount-th call to the outside: unsent, or unanswered
    process_kill,       // at that instant; down for the fault's time
    process_restart,    // stopped in order; down for the fault's time
    process_pause,      // stands still for the fault's time, and does not know it
    power_cut,          // … at that instant, and the disk loses what was not synced
    disk_full,          // amount ‰ of the writes that need room have none
    disk_sync_fails,    // amount ‰ of the syncs fail, which ends the process
    lease_away,         // its lease cannot be renewed; nodes of a shared journal only
    clock_step,         // the wall clock jumps by amount seconds
    wallet_fund,        // amount lamports arrive
    drift,              // one mint that has ended comes apart, by the class of the same key
};
BOOST_DESCRIBE_ENUM(trouble, link_refuse, link_hang, link_drop, link_lose_answers, link_duplicate,
                    link_slow, link_creep, rpc_lag, rpc_drop_sends, rpc_lose_first,
                    rpc_reject_sends, rpc_rate_limit, rpc_unhealthy, rpc_lose_history, rpc_deny,
                    rpc_fork, content_busy, content_corrupt, content_lie, content_full,
                    content_lose, records_conflict, records_cut, records_away, journal_full,
                    journal_cut, journal_doubt, process_die, process_die_call, process_kill,
                    process_restart, process_pause, power_cut, disk_full, disk_sync_fails,
                    lease_away, clock_step, wallet_fund, drift)

struct fault_rule {
    trouble kind = trouble::link_refuse;
    std::string target = "any";
    count_range count{1, 1};
    time_range at{};
    time_range lasts{std::chrono::seconds{10}, std::chrono::seconds{10}};
    count_range amount{1, 1};
    std::optional<nft::drift> drift{};  // of that kind alone
};
BOOST_DESCRIBE_STRUCT(fault_rule, (), (kind, target, count, at, lasts, amount, drift))

struct workload {
    int operations = 1;
    int accounts = 1;
    int images = 1;           // shared by the operations
    time_range over{};        // submissions are spread over that time
    int duplicates = 0;       // % of the clients that ask again with the same key
    int conflicting = 0;      // % that ask again with another payload
    int cancels = 0;          // % that think better of it
    int verbs = 0;            // % of the operations that an operator touches at random
    int interventions = 0;    // % that one pauses, holds back, hurries or decides by what he sees
    std::string cancel_at{};  // step at which every client thinks better of it
    int orders = 0;           // clients of the second saga (orders.hpp), after those of mints
    int order_verbs = 0;      // % of them that an operator touches, up to four times
    int bulk_acts = 0;        // on all orders of a tag, every other one undone
    std::string rounds{};     // orders that begin by the clock (rounds.hpp)
    time_range rechecks{};    // the second look at a mint, so long after it; 0s: none
    time_range reconciles{};  // the daemon reconciles so often; 0s: never
};
BOOST_DESCRIBE_STRUCT(workload, (),
                      (operations, accounts, images, over, duplicates, conflicting, cancels, verbs,
                       interventions, cancel_at, orders, order_verbs, bulk_acts, rounds, rechecks,
                       reconciles))

struct surroundings {
    std::uint64_t lamports = 1'000'000'000'000;
    int concurrency = 1024;  // of the engine
    int max_waiting = 100'000;
    int generations = 3;
    int daemons = 1;    // on one journal
    bool disk = false;  // the daemon's databases are files on a disk that loses what is not synced
    bool site = false;  // URIs are addresses of a site (showcase.hpp), else ipfs://
    std::uint64_t treasury = 0;         // lamports that the wallet is filled from; 0: it is not
    std::uint64_t top_up = 20'000'000;  // a time, when the wallet has less than that
    std::uint64_t daily_cap = 100'000'000;
    bool partner = false;  // one is asked about each mint, at its end and at the second look
};
BOOST_DESCRIBE_STRUCT(surroundings, (),
                      (lamports, concurrency, max_waiting, generations, daemons, disk, site,
                       treasury, top_up, daily_cap, partner))

struct day {
    std::string name{};  // of the file
    std::string summary;
    sim::workload workload{};
    sim::surroundings surroundings{};
    std::vector<fault_rule> fault{};

    [[nodiscard]] bool reconciles() const noexcept {
        return workload.reconciles.most > duration::zero();
    }
};
BOOST_DESCRIBE_STRUCT(day, (), (name, summary, workload, surroundings, fault))

// Every mistake, one a line: "storm.toml: fault[2].kind: …".
[[nodiscard]] std::expected<day, std::string> read_day(std::string_view toml, std::string name);
[[nodiscard]] std::expected<day, std::string> load_day(const std::string& path);

// Labels of the nodes of every simulated world.
inline constexpr std::array<std::string_view, 3> rpc_labels{"north", "south", "west"};
inline constexpr std::array<std::string_view, 2> content_labels{"kubo-1", "kubo-2"};
// Others, never "any" one: the supplier of orders, and the partner.
inline constexpr std::string_view desk_label = "desk";
inline constexpr std::string_view partner_label = "partner";

}  // namespace thole::sim

template <>
inline constexpr auto thole::json::optional_members<thole::sim::fault_rule> =
    thole::json::all_members;
template <>
inline constexpr auto thole::json::optional_members<thole::sim::workload> =
    thole::json::all_members;
template <>
inline constexpr auto thole::json::optional_members<thole::sim::surroundings> =
    thole::json::all_members;
template <>
inline constexpr auto thole::json::optional_members<thole::sim::day> =
    std::array<std::string_view, 4>{"name", "workload", "surroundings", "fault"};
