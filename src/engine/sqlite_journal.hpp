#pragma once

// The journal in a SQLite file: one writer thread, many moves to a commit.
//
//   auto journal = sqlite_journal::open(loop, "/var/lib/thole/journal.db");
//
// Group commit without a timer: the writer takes everything that waits, carries it out in one
// transaction, sweeps up who came meanwhile, and commits; the time of a commit is the window in
// which the next batch gathers. A sleeping writer is woken only by the first who finds the queue
// empty. All answers of a commit go to the loop in one post. A move that fails never takes its
// neighbours with it: the batch is then repeated one by one.
//
// Reads go over a second connection on a thread of their own and see every acknowledged move.
//
// Ownership: dies before its loop; the destructor finishes what was handed over. One process per
// file (db.in_use), held by a lock on "<path>.lock". Threads: calls on the loop's thread. Errors:
// disk full → db.disk_full, nothing was written, repeat when there is room; engine.commit_unknown
// → read back; a failed fsync ends the process (sql/sqlite.hpp says why).

#include <atomic>
#include <thread>

#include "engine/sqlite_store.hpp"
#include "io/loop.hpp"
#include "io/suspend.hpp"
#include "sql/blocking_pool.hpp"

namespace thole::saga {

struct sqlite_journal_options {
    std::size_t max_batch = 512;    // moves in one commit; more only lengthens the wait for all
    std::size_t read_queue = 1024;  // reads that may wait; more are refused (policy.bulkhead_full)
    sql::open_options file{};
    payload_cipher::ptr cipher{};  // seals what operations carry; none: it stands in the clear
};

class sqlite_journal final : public journal, public upkeep {
  public:
    using options = sqlite_journal_options;
    static result<std::unique_ptr<sqlite_journal>> open(io::loop& loop, const std::string& path,
                                                        options opts = {});
    ~sqlite_journal() override;

    task<result<std::int64_t>> begin(node_identity node) override;
    [[nodiscard]] store_time now() override { return clock_.now(); }
    // One process owns the file: there is no lease to lose.
    [[nodiscard]] bool may_start_effects() const noexcept override { return true; }
    task<result<submit_answer>> submit(const new_operation& o) override;
    task<result<move_answer>> commit(const move& m) override;
    task<result<claim_answer>> claim(claim_request request) override;
    task<result<std::optional<stored_operation>>> load(uuid id) override;
    task<result<std::optional<operation>>> find_key(std::string tenant, std::string kind,
                                                    std::string key) override;
    task<result<operation_page>> list(list_filter filter) override;
    task<result<std::vector<event>>> events(std::int64_t row, std::int64_t after,
                                            int limit) override;
    task<result<operation_counts>> counts() override;
    task<result<std::vector<held_lock>>> locks() override;
    task<result<>> hold(hold_record what) override;
    task<result<std::vector<hold_record>>> holds(bool all) override;

    task<result<removable_page>> removable(removable_query query) override;
    task<result<>> remove(removal what) override;
    task<result<std::vector<prepared_row>>> prepared(std::int64_t row) override;

    // Goes on with a pass over everything that is not sealed under the newest key; at most `limit`
    // values in one commit. See reseal.hpp.
    task<result<reseal_progress>> reseal(reseal_progress from, int limit);
    task<result<bool>> needs_resealing();

    // Commits made and moves carried in them, since the start.
    [[nodiscard]] std::uint64_t commits() const noexcept { return commits_.load(); }
    [[nodiscard]] std::uint64_t moves() const noexcept { return moves_.load(); }

  private:
    class lock_file;
    // A call waiting for the writer. Lives in the frame of the coroutine that made it.
    struct job {
        job* next = nullptr;
        std::optional<io::resumption<bool>> done;
        virtual void work(store& s) = 0;
        virtual void refuse(const thole::fault& f) = 0;
        [[nodiscard]] virtual const thole::fault* failed() const = 0;

      protected:
        ~job() = default;
    };
    template <class F>
    struct typed_job final : job {
        explicit typed_job(F& f) : call{f} {}
        void work(store& s) override { answer.emplace(call(s)); }
        void refuse(const thole::fault& f) override { answer.emplace(std::unexpected{f}); }
        [[nodiscard]] const thole::fault* failed() const override {
            return *answer ? nullptr : &answer->error();
        }
        F& call;
        std::optional<std::invoke_result_t<F&, store&>> answer;
    };

    sqlite_journal(io::loop& loop, std::unique_ptr<lock_file> lock,
                   std::unique_ptr<sqlite_store> writer, std::unique_ptr<sqlite_store> reader,
                   store_time latest, options opts);

    template <class F>
    task<std::invoke_result_t<F&, store&>> write(F call) {
        typed_job<F> mine{call};
        auto start = [this, &mine](io::resumption<bool> done) {
            mine.done.emplace(std::move(done));
            push(mine);
        };
        co_await io::suspend<bool>(std::move(start));
        co_return std::move(*mine.answer);
    }
    template <class F>
    task<std::invoke_result_t<F&, store&>> read(F call) {
        auto work = [this, &call] { return call(static_cast<store&>(*reader_)); };
        co_return co_await readers_.run(std::move(work));
    }

    void push(job& j);
    // What waits, in the order of arrival; nullptr when nothing does.
    job* take_all();
    void write_until_stopped();
    void write_batch(job* first);
    bool carry_out(job* first, job*& last, std::size_t& count);
    void write_singly(job* first);
    void answer(job* first);

    io::loop& loop_;
    const options options_;
    const std::unique_ptr<lock_file> lock_;
    const std::unique_ptr<sqlite_store> writer_;
    const std::unique_ptr<sqlite_store> reader_;
    store_clock clock_;
    std::atomic<job*> head_{nullptr};  // newest first
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> commits_{0};
    std::atomic<std::uint64_t> moves_{0};
    sql::blocking_pool readers_;
    std::thread thread_;
};

}  // namespace thole::saga
