#pragma once

// Compares records, journal, chain and pins with each other, and on request with the content behind
// the URIs (SPEC C3). What each difference is called and what is done about it: drift.hpp.
//
//   definitions.add(nft::make_reconcile_saga({parts, ledger, find, completed}));
//   engine.submit({.kind = "reconcile", .key = …,
//                  .input = R"({"dry_run":true,"content":false})"});
//
// An operation of its own with one step, which may be repeated. It goes in pages, so that memory
// and requests stay bounded however many there are, through the records (20 in one request to the
// chain), the mints that the journal completed, and the owners of pins; and it leaves alone what an
// operation is at. What looks wrong is read again from several providers before it is called a
// drift. Each finding is in the timeline, and the first thousand are in the report.
//
// A repair that changes the chain is a child operation (mend.hpp), begun at once and awaited at the
// end for some minutes; all others are made here. What could not be seen – gateways away, providers
// that tell different things – is counted and no drift. Threads: the core loop's.

#include "engine/engine.hpp"
#include "ipfs/pin_ledger.hpp"
#include "nft/mend.hpp"

namespace thole::nft {

inline constexpr std::string_view reconcile_kind = "reconcile";

struct reconcile_request {
    bool dry_run = true;
    bool content = false;  // fetch what the URIs name, too
};
BOOST_DESCRIBE_STRUCT(reconcile_request, (), (dry_run, content))

struct reconcile_report {
    static constexpr std::size_t most_findings = 1000;
    std::uint64_t records = 0;  // compared
    std::uint64_t at_work = 0;  // left alone: an operation is at them
    std::uint64_t unseen = 0;   // of which chain or content could not be seen
    std::uint64_t fixed = 0;
    std::uint64_t drifted = 0;                     // findings, also those not listed
    std::map<std::string, std::uint64_t> classes;  // how many of each drift
    std::vector<finding> findings;                 // the first of them
};
BOOST_DESCRIBE_STRUCT(reconcile_report, (),
                      (records, at_work, unseen, fixed, drifted, classes, findings))

struct reconcile_dependencies {
    mint_dependencies parts;
    ipfs::pin_ledger& ledger;
    find_operation find;
    // Mints that the journal completed, newest first: a page from details_page::next on, 0 = first.
    // Inputs and outputs may be missing.
    std::function<task<result<saga::details_page>>(std::int64_t)> completed;
    std::uint32_t replicas = 2;  // of image and metadata, as of a mint
    // The daemon's own gateway is no witness where there is another: it serves from the archive
    // what nobody else has any more.
    steps::gateway_settings gateways{};
    // Between two pages of 20 records, each of which is one request to the chain; ≥ 0.
    duration pause{};
    // A pending record without a token is marked rolled_back when nobody has touched it for so
    // long. Should the token land all the same, it is record_behind and comes right again.
    store_time::duration settled_after = std::chrono::minutes{10};
    std::function<void(const finding&)> on_finding{};  // for log and metrics
};

class sweep {
  public:
    static constexpr std::string_view name = "sweep";
    using output = reconcile_report;

    explicit sweep(reconcile_dependencies parts) : d_{std::move(parts)}, p_{d_.parts} {}
    sweep(const sweep&) = delete;
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);

  private:
    struct open_mend {
        finding found;
        saga::child_request request;
    };
    struct pass {
        saga::step_context& in;
        reconcile_request how;
        deadline until;
        reconcile_report report;
        std::vector<open_mend> mends;
    };
    struct content_state {
        bool reached = true;              // some gateway said something about it
        std::optional<std::string> json;  // the verified bytes
        std::string problem;              // why there are none
        std::optional<std::uint32_t> level;
    };

    [[nodiscard]] task<result<>> go_through_records(pass& p);
    [[nodiscard]] task<result<>> rest();
    [[nodiscard]] task<result<>> go_through_journal(pass& p);
    [[nodiscard]] task<result<>> go_through_pins(pass& p);
    // The rows of one page that nobody is at.
    [[nodiscard]] task<result<std::vector<record>>> idle_rows(pass& p, std::vector<record> page);
    [[nodiscard]] task<result<>> compare(pass& p, std::vector<record> rows);
    [[nodiscard]] task<result<>> examine(pass& p, record row, mint_at at);
    [[nodiscard]] task<result<>> examine_journaled(pass& p, uuid mint);
    [[nodiscard]] task<result<>> examine_owner(pass& p, std::string owner);
    // One node may lag or lie: what is called a drift is told alike by several. Nothing: they do
    // not, which must not keep the other records from being looked at. Error: nobody answers.
    [[nodiscard]] task<result<std::optional<mint_at>>> read_agreed(pass& p, const record& row);
    [[nodiscard]] task<content_state> content_of(pass& p, const record& row);
    [[nodiscard]] static std::optional<finding> content_drift(const record& row,
                                                              const content_state& seen);
    [[nodiscard]] task<std::optional<finding>> pin_drift(pass& p, const record& row);
    void tell(pass& p, finding each);

    // reconciler_repair.cpp: each sets the remedy, and what fails leaves a work item.
    [[nodiscard]] task<result<>> repair(pass& p, finding& each, record& row, const mint_at& at,
                                        const std::optional<content_state>& seen);
    [[nodiscard]] task<> write_record(finding& each, record& row);
    [[nodiscard]] task<> upload(pass& p, finding& each, const record& row);
    [[nodiscard]] task<> give_up(pass& p, finding& each, const record& row);
    [[nodiscard]] task<> begin_mend(pass& p, finding& each);
    [[nodiscard]] task<> release_pins(pass& p, finding& each, std::string owner);
    [[nodiscard]] task<> await_mends(pass& p);

    reconcile_dependencies d_;
    mint_dependencies& p_;
};

[[nodiscard]] saga::definition make_reconcile_saga(reconcile_dependencies parts);

}  // namespace thole::nft

template <>
inline constexpr auto thole::json::optional_members<thole::nft::reconcile_request> =
    thole::json::all_members;
// Reports of earlier versions lack members.
template <>
inline constexpr auto thole::json::optional_members<thole::nft::reconcile_report> =
    thole::json::all_members;
