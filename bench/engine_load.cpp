#include "bench/engine_load.hpp"

#include "engine/bench_saga.hpp"
#include "engine/engine.hpp"
#include "engine/sqlite_journal.hpp"
#include "io/event.hpp"
#include "io/scope.hpp"
#include "io/system_loop.hpp"

namespace thole::bench {

namespace {

struct load {
    saga::engine& engine;
    io::loop& loop;
    figures& out;
    int wanted;
    int next = 0;
    int clients = 0;
    io::event all_left{};
};

task<> client(load& l) {
    while (l.next < l.wanted) {
        saga::submission s;
        s.kind = "bench";
        s.key = "key-" + std::to_string(l.next++);
        s.input = "{}";
        const auto begun = stopwatch::now();
        auto accepted = co_await l.engine.submit(std::move(s));
        THOLE_ASSERT(accepted.has_value(), "a submission is accepted");
        const auto until = deadline::after(l.loop.now(), std::chrono::minutes{5});
        const auto ended = co_await l.engine.wait_end(accepted->view.id, until);
        THOLE_ASSERT(ended && ended->view.state == "completed", "it completes");
        l.out.latency_ms.push_back(seconds_since(begun) * 1e3);
    }
    if (--l.clients == 0) l.all_left.set();
}

task<> drive(load& l) {
    const auto started = co_await l.engine.start();
    THOLE_ASSERT(started.has_value(), "the engine starts");
    io::scope work{l.loop};
    const auto cpu = processor_seconds();
    const auto begun = stopwatch::now();
    for (int i = 0, n = l.clients; i < n; ++i) work.spawn(client(l));
    static_cast<void>(co_await l.all_left.wait());
    l.out.seconds = seconds_since(begun);
    l.out.cpu_seconds = processor_seconds() - cpu;
    co_await work.close();
    co_await l.engine.stop(std::chrono::seconds{10});
}

}  // namespace

figures run_engine(const std::string& file, int clients, int operations) {
    figures out;
    out.operations = operations;
    out.latency_ms.reserve(static_cast<std::size_t>(operations));
    io::system_loop loop;
    auto journal = saga::sqlite_journal::open(loop, file);
    THOLE_ASSERT(journal.has_value(), "the journal opens");
    saga::definitions known;
    known.add(saga::make_bench_saga());
    system_entropy random;
    saga::engine_options options;
    options.concurrency = 2048;
    saga::engine engine{loop, **journal, std::move(known), random, std::move(options)};
    load l{engine, loop, out, operations, 0, clients};
    loop.run_until(drive(l));
    return out;
}

}  // namespace thole::bench
