#include "bench/engine_fill.hpp"

#include <array>

#include "bench/engine_load.hpp"
#include "engine/bench_saga.hpp"
#include "engine/decide.hpp"
#include "engine/engine.hpp"
#include "engine/sqlite_journal.hpp"
#include "engine/transitions.hpp"
#include "io/system_loop.hpp"

namespace thole::bench {

namespace {

using namespace saga;
using namespace std::chrono_literals;

constexpr std::uint64_t gone = 77;  // the boot of a node that is no more
constexpr int per_transaction = 10'000;

store_time wall_now() {
    return store_time{std::chrono::floor<std::chrono::microseconds>(
        std::chrono::system_clock::now().time_since_epoch())};
}

std::unique_ptr<sqlite_store> open_store(const std::string& file) {
    auto store = sqlite_store::open(file, sql::access::read_write);
    THOLE_ASSERT(store.has_value(), "the file opens");
    return std::move(*store);
}

new_operation make(const plan& p, crowd what, int number, entropy& random) {
    const auto now = wall_now();
    new_operation o;
    o.who.id = uuid::v7(now, random);
    o.who.tenant = "default";
    o.who.kind = "bench";
    static constexpr const char* kinds[] = {"waiting", "blocked", "running", "due"};
    o.who.key = kinds[static_cast<int>(what)] + ("-" + std::to_string(number));
    o.who.created_at = now;
    const auto due = what == crowd::waiting ? now + 24h * 365 : now;
    const bool locks = what == crowd::blocked;
    if (locks) o.who.lock_key = "default/one";
    o.first = initial_state(p, locks, now, due, R"({"note":""})", o.events);
    if (what == crowd::running || what == crowd::blocked) o.claim_for = gone;
    return o;
}

// Three of its six steps are done.
void advance(store& to, const operation& op, const plan& p) {
    rng chance{1};
    auto now = op;
    for (int i = 0; i < 3; ++i) {
        auto d = decide(now.now, p, did_complete{"{}"}, {}, wall_now(), chance);
        move m;
        m.who = &op.who, m.fence = now.now.fence, m.base_seq = now.now.seq;
        m.after = d.after, m.events = d.events;
        THOLE_ASSERT(to.apply(m).has_value(), "a row is written");
        now.now = d.after;
    }
}

// The engine's first step tells when it is called.
struct watch {
    stopwatch::time_point begun;
    double first_ms = 0;
};

constexpr std::array<std::string_view, 6> step_names{"one", "two", "three", "four", "five", "six"};

template <std::size_t N>
struct watched_step {
    static constexpr std::string_view name = step_names.at(N);
    using output = nothing;
    watch& at;
    explicit watched_step(watch& w) : at{w} {}
    task<outcome<nothing>> run(step_context&) {
        if (at.first_ms == 0) at.first_ms = seconds_since(at.begun) * 1e3;
        co_return done<nothing>{};
    }
};

template <std::size_t... N>
definition watched(watch& w, std::index_sequence<N...>) {
    auto made = define<bench_request>("bench", 1);
    (made.step(std::make_shared<watched_step<N>>(w)), ...);
    return made.build();
}

task<> until_first(engine& e, io::loop& loop, const watch& w) {
    const auto started = co_await e.start();
    THOLE_ASSERT(started.has_value(), "the engine starts");
    while (w.first_ms == 0) static_cast<void>(co_await loop.sleep_until(loop.now() + 1ms));
    co_await e.stop(1min);
}

}  // namespace

void fill(const std::string& file, crowd what, int count) {
    auto store = open_store(file);
    auto p = make_bench_saga().steps();
    p.steps.front().locks = what == crowd::blocked;
    system_entropy random;
    for (int done = 0; done < count;) {
        THOLE_ASSERT(store->begin().has_value(), "a transaction begins");
        for (int i = 0; i < per_transaction && done < count; ++i, ++done) {
            const auto answer = store->submit(make(p, what, done, random));
            THOLE_ASSERT(answer.has_value(), "a row is written");
            if (what == crowd::running) advance(*store, answer->made.op, p);
        }
        THOLE_ASSERT(store->commit().has_value(), "a transaction is committed");
    }
}

double claim_microseconds(const std::string& file, int rounds) {
    auto store = open_store(file);
    claim_request request;
    request.owner = 1, request.now = wall_now(), request.limit = 1;
    std::vector<double> samples;
    for (int i = 0; i < rounds; ++i) {
        THOLE_ASSERT(store->begin().has_value(), "a transaction begins");
        const auto begun = stopwatch::now();
        const auto answer = store->claim(request);
        samples.push_back(seconds_since(begun) * 1e6);
        THOLE_ASSERT(answer && answer->claimed.size() == 1, "one is due");
        THOLE_ASSERT(store->commit().has_value(), "a transaction is committed");
    }
    return quantile(samples, 0.5);
}

double first_step_milliseconds(const std::string& file) {
    watch w{stopwatch::now()};
    io::system_loop loop;
    auto journal = sqlite_journal::open(loop, file);
    THOLE_ASSERT(journal.has_value(), "the journal opens");
    definitions known;
    known.add(watched(w, std::make_index_sequence<6>{}));
    system_entropy random;
    engine e{loop, **journal, std::move(known), random, {}};
    loop.run_until(until_first(e, loop, w));
    return w.first_ms;
}

}  // namespace thole::bench
