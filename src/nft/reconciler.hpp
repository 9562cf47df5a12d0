#pragma once

// Compares records, journal, chain and pins with each other, and on request with the content behind
// the URIs (SPEC C3). What each difference is called and what is done about it: drift.hpp.
//
//   definitions.add(nft::make_reconcile_saga());
//   definitions.add(nft::make_reconcile_part_saga({parts, ledger, find, completed}));
//   engine.submit({.kind = "reconcile", .key = …,
//                  .input = R"({"dry_run":true,"content":false})"});
//
// One operation with one report, which does nothing itself: a child of about a minute looks at what
// it comes to in that time and says how far it came, the next one goes on there
// (reconciler_part.hpp). So a crash repeats a minute at most, and memory and requests stay bounded
// however many records there are. A child that a person ended ends all.
//
// Content costs many more questions than the chain, so what goes on by itself looks at one slice of
// the records each time (reconcile_rounds.hpp). Threads: the core loop's.

#include "engine/engine.hpp"
#include "ipfs/pin_ledger.hpp"
#include "nft/mend.hpp"

namespace thole::nft {

inline constexpr std::string_view reconcile_kind = "reconcile";
inline constexpr std::string_view reconcile_part_kind = "reconcile_part";

// Records on an arc of a ring, where each has its place by its id; `from` = `to`: all of them.
struct content_slice {
    std::uint32_t from = 0;
    std::uint32_t to = 0;  // no more on it

    [[nodiscard]] bool covers(const uuid& id) const;
};
BOOST_DESCRIBE_STRUCT(content_slice, (), (from, to))

struct reconcile_request {
    bool dry_run = true;
    bool content = false;                  // fetch what the URIs name, too
    std::optional<content_slice> slice{};  // of these records; nothing: of all
};
BOOST_DESCRIBE_STRUCT(reconcile_request, (), (dry_run, content, slice))

struct reconcile_report {
    static constexpr std::size_t most_findings = 1000;
    std::uint64_t records = 0;   // compared
    std::uint64_t contents = 0;  // … and with their content, too
    std::uint64_t at_work = 0;   // left alone: an operation is at them
    std::uint64_t unseen = 0;    // of which chain or content could not be seen
    std::uint64_t fixed = 0;
    std::uint64_t drifted = 0;                     // findings, also those not listed
    std::map<std::string, std::uint64_t> classes;  // how many of each drift
    std::vector<finding> findings;                 // the first of them

    // What a later part found, too.
    void add(reconcile_report more);
};
BOOST_DESCRIBE_STRUCT(reconcile_report, (),
                      (records, contents, at_work, unseen, fixed, drifted, classes, findings))

struct reconcile_dependencies {
    mint_dependencies parts;
    ipfs::pin_ledger& ledger;
    find_operation find;
    // Mints that the journal completed, newest first: a page from details_page::next on, 0 = first.
    // Inputs and outputs may be missing.
    std::function<task<result<saga::details_page>>(std::int64_t)> completed;
    steps::replica_counts replicas;  // as of a mint
    // The daemon's own gateway is no witness where there is another: it serves from the archive
    // what nobody else has any more.
    steps::gateway_settings gateways{};
    // Between two questions to a node, a gateway or a provider, of all runs together; ≥ 0.
    duration pause{};
    duration part = std::chrono::minutes{1};  // after which a child hands on; > 0
    // A pending record without a token is marked rolled_back when nobody has touched it for so
    // long. Should the token land all the same, it is record_behind and comes right again.
    store_time::duration settled_after = std::chrono::minutes{10};
    // Slots, a minute: an empty address counts at a state no further behind the newest final one.
    std::uint64_t most_behind = 150;
};

class sweep {
  public:
    static constexpr std::string_view name = "sweep";
    using output = reconcile_report;

    [[nodiscard]] task<saga::outcome<output>> run(saga::step_context& in);
};

[[nodiscard]] saga::definition make_reconcile_saga();
[[nodiscard]] saga::definition make_reconcile_part_saga(reconcile_dependencies parts);

}  // namespace thole::nft

template <>
inline constexpr auto thole::json::optional_members<thole::nft::reconcile_request> =
    thole::json::all_members;
// Reports of earlier versions lack members.
template <>
inline constexpr auto thole::json::optional_members<thole::nft::reconcile_report> =
    thole::json::all_members;
