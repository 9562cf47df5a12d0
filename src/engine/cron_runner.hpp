#pragma once

// Starts operations by the clock: each tick exactly one, over crashes and restarts.
//
//   saga::cron_runner runner{{loop, engine, [&] { return journal.now(); }, tell}, jobs};
//   background.spawn(runner.run());            // once the engine has started
//
// An operation's key is made of the job's name and the tick, so whoever starts it twice finds it. A
// tick is missed when the daemon did not run, or when no work was accepted until the one after it:
// `skip` forgets those that passed while it was down, `one` starts an operation for the newest of
// them. (How far it had come is known by its newest operation; one that retention has removed is
// not.) Ticks do not wait for the operation before them to end; [engine.kind.NAME] bounds that.
//
// Ownership: loop and engine outlive it. Threads: the loop's. Cancellation: ends run() between two
// submissions.

#include "engine/cron.hpp"
#include "engine/engine.hpp"

namespace thole::saga {

struct cron_job {
    std::string name;
    cron at;
    std::string kind;
    std::string input;
    missed_ticks missed = missed_ticks::skip;
};

struct cron_view {
    std::string name;
    std::string at;
    std::string kind;
    missed_ticks missed = missed_ticks::skip;
    std::vector<store_time> next;
    std::optional<uuid> last;  // the newest operation that it started
    std::optional<std::string> last_state;
};
BOOST_DESCRIBE_STRUCT(cron_view, (), (name, at, kind, missed, next, last, last_state))

class cron_runner {
  public:
    struct surroundings {
        io::loop& loop;
        engine& work;
        std::function<store_time()> now;
        // A tick that could not be started (yet).
        std::function<void(const std::string& job, const thole::fault&)> on_fault{};
    };
    cron_runner(surroundings at, std::vector<cron_job> jobs);

    task<> run();
    // With so many ticks ahead.
    task<result<std::vector<cron_view>>> view(int ticks);

    [[nodiscard]] static std::string key_of(std::string_view job, store_time tick);

  private:
    struct running_job {
        cron_job what;
        std::optional<store_time> after{};  // ticks up to here are settled
    };
    // The newest operation of that job.
    task<result<std::optional<operation_details>>> newest_of(const cron_job& job);
    task<bool> find_begin(running_job& job);
    task<bool> start_newest(running_job& job, store_time now);
    void tell(const cron_job& job, const thole::fault& f) {
        if (at_.on_fault) at_.on_fault(job.name, f);
    }

    surroundings at_;
    std::vector<running_job> jobs_;
};

}  // namespace thole::saga
