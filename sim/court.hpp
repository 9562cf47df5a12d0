#pragma once

// Who watches a run and judges it. The court keeps a book of what was journaled and of what left,
// and hands each fact to its checkers, one small file each (checkers/).
//
// A checker never asks the code under test: it compares what the world knows (the ledger, the
// journal's commits, the bytes on the wire) with what must be true.

#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "engine/view.hpp"
#include "io/http.hpp"
#include "nft/reconciler.hpp"
#include "sim/probes.hpp"
#include "sim/trace.hpp"
#include "sim/watched_store.hpp"

namespace thole::sim {

class world;

struct violation {
    std::string checker;
    std::string what;
};

// Signed bytes that are journaled.
struct known_generation {
    std::string signature;
    int generation = 0;
    std::uint64_t last_valid_height = 0;
    duration since{};  // journaled
    std::size_t sends = 0;
    bool abandoned = false;  // proved dead, says the engine
};

struct known_operation {
    std::int64_t row = 0;
    uuid id;
    std::string kind;
    std::string key;
    int client = 0;  // -1: nobody's, as a child
    std::optional<uuid> parent;
    saga::operation_state now;
    std::vector<known_generation> generations;
    std::string metadata_cid;  // once uploaded
    std::string image_cid;
    duration landed_at{};  // when record_landed was complete: verify reads from then on
    int claims = 0;        // times that somebody began to work on it
    int resumed = 0;       // after an operator had let it rest
    std::map<std::string, int, std::less<>> completed;  // steps, how often
    std::set<std::string, std::less<>> skipped;         // whose output a person gave
};

// A person closed it or called it failed: what it left is that person's to decide.
[[nodiscard]] inline bool ended_by_person(const known_operation& op) {
    return op.now.ending == saga::op_ending::closed || op.now.ending == saga::op_ending::failed;
}

struct figures {
    std::uint64_t requests = 0, sends = 0, uploads = 0, fetches = 0, statuses = 0;
    std::uint64_t commits = 0, events = 0;
};

class checker;

class court {
  public:
    explicit court(world& w);
    ~court();
    court(const court&) = delete;

    // ---- facts ----------------------------------------------------------------------------------
    void committed(const commit_seen& seen);
    void accepted(int client, const uuid& id, bool replayed);
    void leaving(const io::http_request& request, int life);
    void answered(std::string_view url, const result<io::http_response>& answer);
    void recorded(const nft::record& row);
    void unpinned(std::string_view cid, std::string_view owner);
    void found(const nft::finding& what);  // by the second look or a reconciliation
    void in_flight(std::string_view endpoint, std::uint32_t calls);  // when nothing is to be done
    void filing(int orders);  // are in that step at once, in one life
    void at_rest();           // all is over

    void offend(std::string_view by, std::string what);
    // Called after each commit was judged.
    void listen(std::function<void(const known_operation&)> ear) { ear_ = std::move(ear); }

    // ---- the book -------------------------------------------------------------------------------
    [[nodiscard]] const std::map<std::int64_t, known_operation>& operations() const {
        return book_;
    }
    [[nodiscard]] const known_operation* find(std::int64_t row) const;
    [[nodiscard]] const known_operation* find(const uuid& id) const;
    // Of a signed transaction in base64; null when it was never journaled.
    [[nodiscard]] const known_generation* generation_of(std::string_view transaction) const;
    // Not yet ended, parked or blocked behind a parked one, nor waiting for a child that is.
    [[nodiscard]] std::size_t unsettled() const;
    [[nodiscard]] std::size_t unended() const noexcept { return unended_; }
    [[nodiscard]] const std::vector<violation>& violations() const noexcept { return violations_; }
    [[nodiscard]] const figures& counted() const noexcept { return figures_; }
    // Of the reconciliations that were completed, in order.
    [[nodiscard]] const std::vector<nft::reconcile_report>& reports() const noexcept {
        return reports_;
    }
    // When a gateway last served this content truly.
    [[nodiscard]] std::optional<duration> served(const std::string& cid) const;
    // Whether an upload there was carried out and its answer lost: nobody can know what it left.
    [[nodiscard]] bool lost_an_upload(const std::string& origin) const {
        return untold_.contains(origin);
    }

    trace log;
    probe_log probes;

  private:
    void note(known_operation& op, const saga::event& e);
    void note_order(known_operation& op, const saga::event& e);
    void note_report(const saga::event& e);
    void note_generation(known_operation& op, const saga::prepared_row& row);
    void recount(const known_operation& op, const saga::operation_state& after);

    world& world_;
    std::vector<std::unique_ptr<checker>> checkers_;
    std::map<std::int64_t, known_operation> book_;
    std::map<uuid, std::int64_t> by_id_;
    struct text_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    std::unordered_map<std::string, std::pair<std::int64_t, std::size_t>, text_hash,
                       std::equal_to<>>
        by_transaction_;
    std::unordered_map<std::string, duration> served_;
    std::set<std::string> untold_;  // origins
    std::vector<nft::reconcile_report> reports_;
    std::vector<violation> violations_;
    figures figures_;
    std::function<void(const known_operation&)> ear_;
    std::size_t unsettled_ = 0;
    std::set<std::int64_t> awaiting_;  // of them, rows that wait for a child
    std::size_t unended_ = 0;
};

// The base64 of what a request submits; empty when it submits nothing.
[[nodiscard]] std::string_view submitted_by(const io::http_request& request);

}  // namespace thole::sim
