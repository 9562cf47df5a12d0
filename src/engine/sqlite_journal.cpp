#include "engine/sqlite_journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "engine/codes.hpp"
#include "sql/codes.hpp"

namespace thole::saga {

// Held for as long as the file is open; the kernel lets go of it when the process dies.
class sqlite_journal::lock_file {
  public:
    static result<std::unique_ptr<lock_file>> take(const std::string& path) {
        const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0) return fail(codes::db_cannot_open, path);
        auto held = std::make_unique<lock_file>(fd);
        if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return fail(codes::db_in_use, path);
        return held;
    }
    explicit lock_file(int fd) : fd_{fd} {}
    ~lock_file() { ::close(fd_); }
    lock_file(const lock_file&) = delete;
    lock_file& operator=(const lock_file&) = delete;

  private:
    int fd_;
};

result<std::unique_ptr<sqlite_journal>> sqlite_journal::open(io::loop& loop,
                                                             const std::string& path,
                                                             options opts) {
    auto lock = lock_file::take(path + ".lock");
    if (!lock) return fail(std::move(lock).error());
    auto writer = sqlite_store::open(path, sql::access::read_write, opts.file, opts.cipher);
    if (!writer) return fail(std::move(writer).error());
    auto reader = sqlite_store::open(path, sql::access::read, opts.file, opts.cipher);
    if (!reader) return fail(std::move(reader).error());
    auto latest = (*writer)->latest();
    if (!latest) return fail(std::move(latest).error());
    return std::unique_ptr<sqlite_journal>{new sqlite_journal{
        loop, std::move(*lock), std::move(*writer), std::move(*reader), *latest, opts}};
}

sqlite_journal::sqlite_journal(io::loop& loop, std::unique_ptr<lock_file> lock,
                               std::unique_ptr<sqlite_store> writer,
                               std::unique_ptr<sqlite_store> reader, store_time latest,
                               options opts)
    : loop_{loop},
      options_{opts},
      lock_{std::move(lock)},
      writer_{std::move(writer)},
      reader_{std::move(reader)},
      clock_{loop, latest},
      readers_{loop, {.threads = 1, .queue = opts.read_queue}},
      thread_{[this] { write_until_stopped(); }} {}

sqlite_journal::~sqlite_journal() {
    // Wakes the writer for the last time.
    struct stop_job final : job {
        void work(store&) override {}
        void refuse(const thole::fault&) override {}
        [[nodiscard]] const thole::fault* failed() const override { return nullptr; }
    } last;
    stopping_.store(true);
    push(last);
    thread_.join();
}

// ---- the queue ----------------------------------------------------------------------------------

void sqlite_journal::push(job& j) {
    auto* head = head_.load(std::memory_order_relaxed);
    do {
        j.next = head;
    } while (!head_.compare_exchange_weak(head, &j, std::memory_order_release,
                                          std::memory_order_relaxed));
    // Whoever finds others in the queue need not wake a writer that they have woken.
    if (head == nullptr) head_.notify_one();
}

sqlite_journal::job* sqlite_journal::take_all() {
    auto* newest = head_.exchange(nullptr, std::memory_order_acquire);
    job* oldest = nullptr;
    while (newest != nullptr) {
        auto* next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

void sqlite_journal::write_until_stopped() {
    for (;;) {
        head_.wait(nullptr, std::memory_order_acquire);
        if (auto* first = take_all()) write_batch(first);
        if (stopping_.load() && head_.load() == nullptr) return;
    }
}

// ---- a batch ------------------------------------------------------------------------------------

namespace {

// Refusals that are decided before the first write: they leave the transaction as it was.
bool leaves_no_trace(const thole::fault& f) {
    return f.is(codes::engine_fenced) || f.is(codes::engine_key_conflict);
}

// Nobody else would fare better in a transaction of his own.
bool concerns_all(const thole::fault& f) {
    return f.is(codes::db_disk_full) || f.is(codes::db_unavailable) || f.is(codes::db_conflict);
}

}  // namespace

// Carries out a chain of jobs inside the open transaction. False: one of them has spoilt it.
bool sqlite_journal::carry_out(job* first, job*& last, std::size_t& count) {
    for (auto* j = first; j != nullptr; j = j->next) {
        last = j;
        ++count;
        j->work(*writer_);
        if (const auto* f = j->failed(); f != nullptr && !leaves_no_trace(*f)) return false;
    }
    return true;
}

void sqlite_journal::write_batch(job* first) {
    const auto refuse_all = [first](const thole::fault& f) {
        for (auto* j = first; j != nullptr; j = j->next) j->refuse(f);
    };
    if (auto begun = writer_->begin(); !begun) {
        refuse_all(begun.error());
        return answer(first);
    }
    job* last = first;
    std::size_t count = 0;
    bool sound = carry_out(first, last, count);
    while (sound && count < options_.max_batch) {
        auto* late = take_all();
        if (late == nullptr) break;
        last->next = late;
        sound = carry_out(late, last, count);
    }
    if (!sound) {
        writer_->rollback();
        const auto spoilt = *last->failed();
        if (concerns_all(spoilt)) {
            refuse_all(spoilt);
        } else {
            write_singly(first);
        }
        return answer(first);
    }
    if (auto done = writer_->commit(); !done) {
        refuse_all(done.error());
    } else {
        commits_.fetch_add(1, std::memory_order_relaxed);
        moves_.fetch_add(count, std::memory_order_relaxed);
    }
    answer(first);
}

void sqlite_journal::write_singly(job* first) {
    for (auto* j = first; j != nullptr; j = j->next) {
        if (auto begun = writer_->begin(); !begun) {
            j->refuse(begun.error());
            continue;
        }
        j->work(*writer_);
        if (j->failed() != nullptr) {
            writer_->rollback();
        } else if (auto done = writer_->commit(); !done) {
            j->refuse(done.error());
        } else {
            commits_.fetch_add(1, std::memory_order_relaxed);
            moves_.fetch_add(1, std::memory_order_relaxed);
        }
    }
}

// Hands all answers over in one post. A job's memory is its coroutine's: once resumed it is gone.
void sqlite_journal::answer(job* first) {
    // The one that only stops the writer has no coroutine, and does not wait for the loop.
    job* waiting = nullptr;
    job** end = &waiting;
    for (auto* j = first; j != nullptr;) {
        auto* const next = std::exchange(j->next, nullptr);
        if (j->done) {
            *end = j;
            end = &j->next;
        }
        j = next;
    }
    if (waiting == nullptr) return;
    loop_.post([waiting] {
        for (auto* j = waiting; j != nullptr;) {
            auto* const next = j->next;
            std::exchange(j->done, std::nullopt)->resume(true);
            j = next;
        }
    });
}

// ---- the calls ----------------------------------------------------------------------------------

task<result<std::int64_t>> sqlite_journal::begin(node_identity node) {
    const auto at = now();
    return write([node = std::move(node), at](store& s) { return s.recover(node, at); });
}
task<result<submit_answer>> sqlite_journal::submit(const new_operation& o) {
    return write([&o](store& s) { return s.submit(o); });
}
task<result<move_answer>> sqlite_journal::commit(const move& m) {
    return write([&m](store& s) { return s.apply(m); });
}
task<result<claim_answer>> sqlite_journal::claim(claim_request request) {
    return write([request](store& s) { return s.claim(request); });
}
task<result<std::optional<stored_operation>>> sqlite_journal::load(uuid id) {
    return read([id](store& s) { return s.load(id); });
}
task<result<std::optional<operation>>> sqlite_journal::find_key(std::string tenant,
                                                                std::string kind, std::string key) {
    return read([tenant = std::move(tenant), kind = std::move(kind),
                 key = std::move(key)](store& s) { return s.find_key(tenant, kind, key); });
}
task<result<operation_page>> sqlite_journal::list(list_filter filter) {
    return read([filter = std::move(filter)](store& s) { return s.list(filter); });
}
task<result<std::vector<event>>> sqlite_journal::events(std::int64_t row, std::int64_t after,
                                                        int limit) {
    return read([row, after, limit](store& s) { return s.events(row, after, limit); });
}
task<result<operation_counts>> sqlite_journal::counts() {
    return read([](store& s) { return s.counts(); });
}
task<result<std::vector<held_lock>>> sqlite_journal::locks() {
    return read([](store& s) { return s.locks(); });
}

task<result<>> sqlite_journal::hold(hold_record what) {
    return write([what = std::move(what)](store& s) { return s.hold(what); });
}
task<result<std::vector<hold_record>>> sqlite_journal::holds(bool all) {
    return read([all](store& s) { return s.holds(all); });
}

task<result<removable_page>> sqlite_journal::removable(removable_query query) {
    return read([query = std::move(query)](store& s) { return s.removable(query); });
}
task<result<>> sqlite_journal::remove(removal what) {
    return write([what = std::move(what)](store& s) { return s.remove(what); });
}
task<result<std::vector<prepared_row>>> sqlite_journal::prepared(std::int64_t row) {
    return read([row](store& s) { return s.prepared(row); });
}

task<result<reseal_progress>> sqlite_journal::reseal(reseal_progress from, int limit) {
    return write([this, from, limit](store&) { return writer_->reseal(from, limit); });
}

task<result<bool>> sqlite_journal::needs_resealing() {
    return read([this](store&) -> result<bool> {
        if (options_.cipher == nullptr) return false;
        return saga::needs_resealing(reader_->db(), *options_.cipher);
    });
}

}  // namespace thole::saga
