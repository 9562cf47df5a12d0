#pragma once

// One thing that must always be true. Each fact reaches every checker; what it does not care for
// it does not override. Adding one: a file here, its maker below, its line in all_checkers().

#include "sim/court.hpp"

namespace thole::sim {

// A request on its way out.
struct departure {
    const io::http_request& request;
    std::string_view submitted;  // the base64 of the transaction; empty: none
    int life = 1;                // of the process that sends it
};

class checker {
  public:
    checker(court& of, world& where) : court_{of}, world_{where} {}
    virtual ~checker() = default;
    [[nodiscard]] virtual std::string_view name() const noexcept = 0;

    // Of which operations it hears: mints, unless it says otherwise.
    [[nodiscard]] virtual bool judges(std::string_view kind) const { return kind == "mint"; }
    virtual void committed(const commit_seen&, const known_operation&) {}
    virtual void accepted(int /*client*/, const uuid&, bool /*replayed*/) {}
    virtual void leaving(const departure&) {}
    virtual void recorded(const nft::record&) {}
    virtual void unpinned(std::string_view /*cid*/, std::string_view /*owner*/) {}
    virtual void filing(int /*orders*/) {}
    virtual void found(const nft::finding&) {}
    virtual void in_flight(std::string_view /*endpoint*/, std::uint32_t /*calls*/) {}
    virtual void at_rest() {}

  protected:
    void offend(std::string what) { court_.offend(name(), std::move(what)); }

    court& court_;
    world& world_;
};

using checker_maker = std::unique_ptr<checker> (*)(court&, world&);

std::unique_ptr<checker> nothing_is_lost(court&, world&);        // accepted.cpp
std::unique_ptr<checker> one_key_one_operation(court&, world&);  // same_key.cpp
std::unique_ptr<checker> one_mint(court&, world&);               // one_mint.cpp
std::unique_ptr<checker> completed_holds(court&, world&);        // completed_holds.cpp
std::unique_ptr<checker> death_is_true(court&, world&);          // death_is_true.cpp
std::unique_ptr<checker> journaled_first(court&, world&);        // journaled_first.cpp
std::unique_ptr<checker> events_fold(court&, world&);            // events_fold.cpp
std::unique_ptr<checker> step_once(court&, world&);              // step_once.cpp
std::unique_ptr<checker> nothing_left(court&, world&);           // nothing_left.cpp
std::unique_ptr<checker> one_at_a_time(court&, world&);          // one_at_a_time.cpp
std::unique_ptr<checker> undone_in_reverse(court&, world&);      // undone_in_reverse.cpp
std::unique_ptr<checker> load_within_budget(court&, world&);     // load.cpp
std::unique_ptr<checker> one_home_for_retry(court&, world&);     // one_home.cpp
std::unique_ptr<checker> attempts_are_true(court&, world&);      // attempts.cpp
std::unique_ptr<checker> fence_holds(court&, world&);            // fence.cpp
std::unique_ptr<checker> within_limits(court&, world&);          // limits.cpp
std::unique_ptr<checker> orders_hold(court&, world&);            // orders_hold.cpp
std::unique_ptr<checker> children_first(court&, world&);         // children_first.cpp
std::unique_ptr<checker> rounds_begin(court&, world&);           // rounds_begin.cpp
std::unique_ptr<checker> drifts_end(court&, world&);             // drifts_end.cpp
std::unique_ptr<checker> within_pace(court&, world&);            // pace.cpp
std::unique_ptr<checker> filled_once(court&, world&);            // filled_once.cpp

[[nodiscard]] std::vector<checker_maker> all_checkers();

}  // namespace thole::sim
