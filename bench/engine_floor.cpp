#include "bench/engine_floor.hpp"

#include <atomic>
#include <thread>

#include "engine/bench_saga.hpp"
#include "engine/decide.hpp"
#include "engine/sqlite_store.hpp"
#include "engine/transitions.hpp"
#include "io/suspend.hpp"
#include "io/system_loop.hpp"

namespace thole::bench {

namespace {

using namespace saga;

constexpr std::uint64_t boot = 1;

// The life of one operation as the engine would journal it.
struct template_life {
    operation_state first;
    std::vector<event> first_events;
    std::vector<decision> steps;

    explicit template_life(const plan& p) {
        rng chance{1};
        const store_time now{std::chrono::seconds{1'700'000'000}};
        first = initial_state(p, false, now, now, R"({"note":""})", first_events);
        auto s = first;
        auto begun = first_events;
        static_cast<void>(begin_claim(s, boot, now, begun));
        for (int i = 0; i < p.size(); ++i) {
            steps.push_back(decide(s, p, did_complete{"{}"}, {}, now, chance));
            s = steps.back().after;
        }
    }
};

// One batch at a time, on a thread of its own.
class lockstep_writer {
  public:
    lockstep_writer(io::loop& loop, store& to)
        : loop_{loop}, store_{to}, thread_{[this] { work(); }} {}
    ~lockstep_writer() {
        stop_ = true;
        hand_over(nullptr);
        thread_.join();
    }
    lockstep_writer(const lockstep_writer&) = delete;
    lockstep_writer& operator=(const lockstep_writer&) = delete;

    using batch = std::function<void(store&)>;
    task<bool> write(const batch& all) {
        auto start = [this, &all](io::resumption<bool> done) {
            done_.emplace(std::move(done));
            hand_over(&all);
        };
        return io::suspend<bool>(std::move(start));
    }

  private:
    void hand_over(const batch* all) {
        next_ = all;
        waiting_.store(true, std::memory_order_release);
        waiting_.notify_one();
    }
    void work() {
        for (;;) {
            waiting_.wait(false, std::memory_order_acquire);
            waiting_.store(false);
            if (stop_) return;
            THOLE_ASSERT(store_.begin().has_value(), "a transaction begins");
            (*next_)(store_);
            THOLE_ASSERT(store_.commit().has_value(), "a transaction is committed");
            loop_.post([this] { std::exchange(done_, std::nullopt)->resume(true); });
        }
    }
    io::loop& loop_;
    store& store_;
    const batch* next_ = nullptr;
    std::optional<io::resumption<bool>> done_;
    std::atomic<bool> waiting_{false};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

struct floor_run {
    lockstep_writer& writer;
    const template_life& life;
    figures& out;
    int clients;
    system_entropy random;
    int made = 0;
};

task<> one_round(floor_run& f) {
    const auto begun = stopwatch::now();
    const int count = std::min(f.clients, f.out.operations - f.made);
    std::vector<new_operation> fresh(static_cast<std::size_t>(count));
    std::vector<identity> who(fresh.size());
    for (auto& o : fresh) {
        o.who.id = uuid::v7(f.life.first.updated_at, f.random);
        o.who.tenant = "default";
        o.who.kind = "bench";
        o.who.key = "key-" + std::to_string(f.made++);
        o.who.request_hash = sha256(as_bytes(f.life.first_events.front().payload));
        o.who.created_at = f.life.first.updated_at;
        o.first = f.life.first;
        o.events = f.life.first_events;
        o.claim_for = boot;
    }
    const lockstep_writer::batch create = [&](store& s) {
        for (std::size_t i = 0; i < fresh.size(); ++i) {
            auto answer = s.submit(fresh[i]);
            THOLE_ASSERT(answer.has_value(), "a row is written");
            who[i] = answer->made.op.who;
        }
    };
    co_await f.writer.write(create);
    auto seq = f.life.steps.front().after.seq - std::ssize(f.life.steps.front().events);
    for (const auto& step : f.life.steps) {
        const lockstep_writer::batch advance = [&](store& s) {
            for (const auto& each : who) {
                move m;
                m.who = &each, m.fence = 1, m.base_seq = seq;
                m.after = step.after, m.events = step.events;
                THOLE_ASSERT(s.apply(m).has_value(), "a row is written");
            }
        };
        co_await f.writer.write(advance);
        seq = step.after.seq;
    }
    f.out.latency_ms.insert(f.out.latency_ms.end(), static_cast<std::size_t>(count),
                            seconds_since(begun) * 1e3);
}

task<> all_rounds(floor_run& f) {
    const auto cpu = processor_seconds();
    const auto begun = stopwatch::now();
    while (f.made < f.out.operations) co_await one_round(f);
    f.out.seconds = seconds_since(begun);
    f.out.cpu_seconds = processor_seconds() - cpu;
}

}  // namespace

figures run_floor(const std::string& file, int clients, int operations) {
    figures out;
    out.operations = operations;
    const auto saga = make_bench_saga();
    const template_life life{saga.steps()};
    io::system_loop loop;
    auto store = sqlite_store::open(file, sql::access::read_write);
    THOLE_ASSERT(store.has_value(), "the file opens");
    lockstep_writer writer{loop, **store};
    floor_run f{writer, life, out, clients, {}, 0};
    loop.run_until(all_rounds(f));
    return out;
}

}  // namespace thole::bench
