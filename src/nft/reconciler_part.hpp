#pragma once

// What a reconciliation does in about a minute, from where the part before it stopped: a child
// operation with one step, which may be repeated.
//
// It goes in pages through the records (20 in one request to the chain, examined side by side), the
// mints that the journal completed, and the owners of pins; and it leaves alone what an operation
// is at. Every question that leaves waits for its turn, of all runs together. What looks wrong is
// read again from several providers before it is called a drift. Each finding is in the timeline,
// and the first thousand are in the report.
//
// A repair that changes the chain is a child operation (mend.hpp), begun at once and awaited at the
// end for some minutes; all others are made here. What could not be seen – gateways away, providers
// that tell different things – is counted and no drift. Threads: the core loop's.

#include "nft/reconciler.hpp"

namespace thole::nft {

// Beside the part's own time: what the last page and the mends may take.
inline constexpr duration longest_page = std::chrono::minutes{20};

enum class sweep_phase : std::uint8_t { records, journal, pins, over };
BOOST_DESCRIBE_ENUM(sweep_phase, records, journal, pins, over)

struct sweep_place {
    sweep_phase phase = sweep_phase::records;
    std::string after;        // the last record's operation, or owner of pins; "": from the first
    std::int64_t before = 0;  // the journal's next page
};
BOOST_DESCRIBE_STRUCT(sweep_place, (), (phase, after, before))

struct part_request {
    reconcile_request how;
    sweep_place from;
};
BOOST_DESCRIBE_STRUCT(part_request, (), (how, from))

struct part_report {
    reconcile_report report;
    sweep_place next;
};
BOOST_DESCRIBE_STRUCT(part_report, (), (report, next))

// So many questions a second.
class question_pace {
  public:
    question_pace(io::loop& loop, duration pause) : loop_{loop}, pause_{pause} {}
    // Waits until one more may leave. Cancellation: its turn is lost.
    [[nodiscard]] task<result<>> turn();
    // Of a call that asked more often than once: whoever comes next waits longer.
    void owe(std::size_t questions) noexcept;

  private:
    io::loop& loop_;
    duration pause_;
    time_point free_at_{};
};

class sweep_part {
  public:
    static constexpr std::string_view name = "part";
    using output = part_report;

    explicit sweep_part(reconcile_dependencies parts)
        : d_{std::move(parts)}, p_{d_.parts}, pace_{p_.rpc.loop(), d_.pause} {}
    sweep_part(const sweep_part&) = delete;
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
        sweep_place at;
        reconcile_report report;
        std::vector<open_mend> mends;
    };
    struct content_state {
        bool reached = true;              // some gateway said something about it
        std::optional<std::string> json;  // the verified bytes
        std::string problem;              // why there are none
        std::optional<std::uint32_t> level;
    };

    [[nodiscard]] task<result<>> next_page(pass& p);
    [[nodiscard]] task<result<>> page_of_records(pass& p);
    [[nodiscard]] task<result<>> page_of_journal(pass& p);
    [[nodiscard]] task<result<>> page_of_pins(pass& p);
    // The rows of one page that nobody is at.
    [[nodiscard]] task<result<std::vector<record>>> idle_rows(pass& p, std::vector<record> page);
    [[nodiscard]] task<result<>> compare(pass& p, std::vector<record> rows);
    [[nodiscard]] task<result<>> examine(pass& p, record row, mint_at at);
    [[nodiscard]] task<result<>> examine_journaled(pass& p, uuid mint);
    [[nodiscard]] task<result<>> examine_owner(pass& p, std::string owner);
    // One node may lag or lie, and several may lag: what is called a drift is told alike by some
    // that know of the mint's time. Nothing: they do not, which must not keep the other records
    // from being looked at. Error: nobody answers.
    [[nodiscard]] task<result<std::optional<mint_at>>> read_agreed(pass& p, const record& row);
    [[nodiscard]] task<content_state> content_of(pass& p, const record& row);
    [[nodiscard]] static std::optional<finding> content_drift(const record& row,
                                                              const content_state& seen);
    [[nodiscard]] task<std::optional<finding>> uri_drift(pass& p, const record& row);
    [[nodiscard]] task<std::optional<finding>> pin_drift(pass& p, const record& row);
    // Of a mint that is flagged for what one of them showed: told while he shows it, cleared when
    // all agree.
    [[nodiscard]] task<> ask_partners(pass& p, const record& row, const mint_at& at);
    void tell(pass& p, finding each);
    void note(pass& p, const finding& each);
    // What of it is open, for the mint's own view. `whole`: its content was looked at, too.
    [[nodiscard]] task<> flag(pass& p, uuid mint, std::optional<drift> open, bool whole);

    // reconciler_repair.cpp: each sets the remedy, and what fails leaves a work item.
    [[nodiscard]] task<result<>> repair(pass& p, finding& each, record& row, const mint_at& at,
                                        const std::optional<content_state>& seen);
    // Before its effect, in the timeline and for log and metrics: a crash hides no repair.
    [[nodiscard]] task<result<>> announce(pass& p, finding& each);
    [[nodiscard]] task<> write_record(finding& each, record& row);
    [[nodiscard]] task<> upload(pass& p, finding& each, const record& row);
    [[nodiscard]] task<> give_up(pass& p, finding& each, const record& row);
    [[nodiscard]] task<> begin_mend(pass& p, finding& each, std::uint64_t slot);
    [[nodiscard]] task<> release_pins(pass& p, finding& each, std::string owner);
    [[nodiscard]] task<> await_mends(pass& p);

    reconcile_dependencies d_;
    mint_dependencies& p_;
    question_pace pace_;
};

}  // namespace thole::nft
