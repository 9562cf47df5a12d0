#pragma once

// Writes to one SQLite file that come together share a commit.
//
//   sql::shared_commit writes{pool, *this};          // pool: of one thread
//   auto work = [&] { return insert(*database_, row); };
//   auto done = co_await writes.run(std::move(work));
//
// The problem: a commit waits for the disk, and calls that each commit wait one after another. Here
// those that arrive while a commit is on its way make up the next one. Each still stands or falls
// alone (a savepoint of its own), and none is answered before the commit that carries it.
//
// A callable returns a result<T>, runs on the pool's thread, and may itself begin a transaction.
// Ownership: pool and connection outlive it. Threads: run() on the loop's thread. Cancellation: a
// callable that was accepted is finished. Errors: its own; the commit's, for all that it carried;
// policy.bulkhead_full.

#include "io/event.hpp"
#include "sql/blocking_pool.hpp"
#include "sql/sqlite.hpp"

namespace thole::sql {

// Whose connection it is. Called on the pool's thread.
class connection_owner {
  public:
    // Opens it when it is not open.
    [[nodiscard]] virtual result<database*> connection() = 0;
    // An I/O error: the next call opens it anew.
    virtual void lose_connection() = 0;

  protected:
    ~connection_owner() = default;
};

class shared_commit {
  public:
    static constexpr std::size_t most_waiting = 4096;

    shared_commit(blocking_pool& pool, connection_owner& owner) : pool_{pool}, owner_{owner} {}

    template <class F>
    task<std::invoke_result_t<F&>> run(F work) {
        if (waiting_.size() >= most_waiting) co_return fail(codes::policy_bulkhead_full);
        typed_job<F> mine{work};
        waiting_.push_back(&mine);
        while (!mine.over) {
            if (busy_) {
                co_await over_.wait_uncancelled();
                continue;
            }
            busy_ = true;
            std::vector<job*> all;
            all.swap(waiting_);
            auto carry = [this, &all] { carry_out(all); };
            const auto carried = co_await pool_.run(std::move(carry));
            busy_ = false;
            for (auto* each : all) {
                if (!carried) each->refuse(carried.error());
                each->over = true;
            }
            over_.notify_all();
        }
        co_return std::move(*mine.answer);
    }

  private:
    // A call that waits, in the frame of its coroutine.
    struct job {
        virtual void work() = 0;
        virtual void refuse(const fault& why) = 0;
        [[nodiscard]] virtual const fault* failed() const = 0;
        bool over = false;

      protected:
        ~job() = default;
    };
    template <class F>
    struct typed_job final : job {
        explicit typed_job(F& f) : call{f} {}
        void work() override { answer.emplace(call()); }
        void refuse(const fault& why) override { answer.emplace(std::unexpected{why}); }
        [[nodiscard]] const fault* failed() const override {
            return answer && !*answer ? &answer->error() : nullptr;
        }
        F& call;
        std::optional<std::invoke_result_t<F&>> answer;
    };

    void carry_out(std::span<job* const> all);
    static void in_one_transaction(database& db, std::span<job* const> all);
    static void refuse_rest(std::span<job* const> all, const fault& why);

    blocking_pool& pool_;
    connection_owner& owner_;
    std::vector<job*> waiting_;
    bool busy_ = false;
    io::signal over_;
};

}  // namespace thole::sql
