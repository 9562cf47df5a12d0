#pragma once

// Compares every record with the chain, and on request with the content behind its URI (SPEC C3).
//
//   definitions.add(nft::make_reconcile_saga({rpc, providers, gateways, records, issuer,
//   at_work})); engine.submit({.kind = "reconcile", .key = …, .input =
//   R"({"dry_run":true,"content":false})"});
//
// An operation of its own with one step, which may be repeated: it goes through the records in
// pages, so that memory and requests stay bounded however many there are, and leaves rows alone
// that an operation is at. What looks wrong is read again from several providers before it is
// called a drift. Repairs are those of drift.hpp that cannot do harm; all else is a work item in
// the report. Threads: the core loop's.

#include <functional>

#include "engine/definition.hpp"
#include "ipfs/fetcher.hpp"
#include "nft/drift.hpp"

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
    std::uint64_t fixed = 0;
    std::uint64_t drifted = 0;                     // findings, also those not listed
    std::map<std::string, std::uint64_t> classes;  // how many of each drift
    std::vector<finding> findings;                 // the first of them
};
BOOST_DESCRIBE_STRUCT(reconcile_report, (), (records, at_work, fixed, drifted, classes, findings))

struct reconcile_dependencies {
    solana::rpc::client& rpc;
    int providers = 2;  // that must agree before something is called a drift
    ipfs::fetcher& gateways;
    records& table;
    solana::public_key issuer;
    // Whether an operation that has not ended is at this record.
    std::function<task<result<bool>>(uuid)> at_work;
    // Content that no gateway serves any more, brought back; none: that is a work item.
    std::function<task<result<>>(saga::step_context&, record)> upload_again{};
    // Between two pages of 20 records, each of which is one request to the chain; ≥ 0.
    duration pause{};
};

class sweep {
  public:
    static constexpr std::string_view name = "sweep";
    using output = reconcile_report;

    explicit sweep(reconcile_dependencies parts) : p_{std::move(parts)} {}
    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);

  private:
    struct pass {
        saga::step_context& in;
        reconcile_request how;
        deadline until;
        reconcile_report report;
    };
    // The rows of one page that nobody is at.
    [[nodiscard]] task<result<std::vector<record>>> idle_rows(pass& p, std::vector<record> page);
    [[nodiscard]] task<result<>> compare(pass& p, std::vector<record> rows);
    [[nodiscard]] task<result<>> examine(pass& p, record row, mint_at at);
    [[nodiscard]] task<result<>> repair(pass& p, finding& each, record row);
    [[nodiscard]] task<> repair_content(pass& p, finding& each, record row);
    [[nodiscard]] task<result<std::optional<finding>>> content_drift(const pass& p, record row);

    reconcile_dependencies p_;
};

[[nodiscard]] saga::definition make_reconcile_saga(reconcile_dependencies parts);

}  // namespace thole::nft

template <>
inline constexpr auto thole::json::optional_members<thole::nft::reconcile_request> =
    thole::json::all_members;
