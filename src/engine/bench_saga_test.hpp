#pragma once

// A small world for the engine's tests: a virtual loop, a journal in memory, and sagas whose steps
// do what the test tells them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "engine/codes.hpp"
#include "engine/engine.hpp"
#include "engine/fold.hpp"
#include "engine/inline_journal.hpp"
#include "engine/model_store.hpp"
#include "io/scope.hpp"
#include "io/virtual_loop.hpp"

namespace thole::saga::testing {

using namespace std::chrono_literals;

struct text {
    std::string value;
};
BOOST_DESCRIBE_STRUCT(text, (), (value))

template <std::size_t N>
struct literal {
    char data[N];
    constexpr literal(const char (&from)[N]) { std::copy_n(from, N, data); }
};

// Does what `act` says; counts how often it was called.
template <literal Name>
struct plain_step {
    static constexpr std::string_view name{Name.data};
    using output = text;
    using answer = outcome<text>;
    std::function<task<answer>(step_context&)> act;
    int runs = 0;

    task<answer> run(step_context& in) {
        ++runs;
        if (act) co_return co_await act(in);
        co_return done<text>{{std::string{name}}};
    }
};

template <literal Name>
struct undoable : plain_step<Name> {
    std::function<task<outcome<nothing>>(step_context&)> revert;
    int undos = 0;

    task<outcome<nothing>> undo(step_context& in) {
        ++undos;
        if (revert) co_return co_await revert(in);
        co_return done<nothing>{};
    }
};

template <literal Name>
struct asking : undoable<Name> {
    std::function<task<probed<text>>(step_context&)> ask;
    int probes = 0;

    task<probed<text>> probe(step_context& in) {
        ++probes;
        if (ask) co_return co_await ask(in);
        co_return did_not_happen{};
    }
};

template <literal Name>
struct signing {
    static constexpr std::string_view name{Name.data};
    using prepared = text;
    using output = text;
    std::function<task<outcome<text>>(step_context&)> sign;
    std::function<task<settlement<text>>(step_context&, const journaled<text>&)> look;
    int prepares = 0;
    int settles = 0;
    std::vector<std::string> sent;

    task<outcome<text>> prepare(step_context& in) {
        ++prepares;
        if (sign) co_return co_await sign(in);
        co_return done<text>{{"bytes " + std::to_string(in.generation())}};
    }
    task<result<>> send(step_context&, const journaled<text>& p) {
        sent.push_back(p->value);
        co_return result<>{};
    }
    task<settlement<text>> settle(step_context& in, const journaled<text>& p) {
        ++settles;
        if (look) co_return co_await look(in, p);
        co_return landed<text>{{p->value}};
    }
};

struct order {
    std::string account;
    int amount = 1;
};
BOOST_DESCRIBE_STRUCT(order, (), (account, amount))

// An engine on virtual time over a model journal that outlives it.
class bench {
  public:
    explicit bench(engine_options options = {}) : options_{std::move(options)} {}
    ~bench() { stop(); }

    void define(definition d) { known_.add(std::move(d)); }
    // From the next start on; it outlives that.
    void keep_in(saga::store& other) { kept_in_ = &other; }
    void start() {
        log_.emplace(loop, *kept_in_);
        engine_.emplace(loop, *log_, known_, entropy_, options_);
        EXPECT_TRUE(wait(engine_->start()));
    }
    void stop() {
        if (!engine_) return;
        run(engine_->stop(10s));
        engine_.reset();
    }
    // The process dies: nothing is given back.
    void crash() { engine_.reset(); }
    engine& operator*() { return *engine_; }
    engine* operator->() { return &*engine_; }

    // Runs a call to its end, moving time as far as it needs.
    template <class T>
    T wait(task<T> call) {
        std::optional<T> answer;
        work_.spawn(keep(std::move(call), answer));
        for (int i = 0; i < 100'000 && !answer; ++i) {
            loop.run_ready();
            if (answer) break;
            if (!loop.next_timer()) break;
            loop.advance(*loop.next_timer() - loop.now());
        }
        EXPECT_TRUE(answer.has_value()) << "the call never ends";
        return std::move(*answer);
    }
    void run(task<void> call) { wait(as_bool(std::move(call))); }

    submission an_order(std::string key, std::string account = "alice") {
        submission s;
        s.kind = "order";
        s.key = std::move(key);
        s.input = json::write(order{std::move(account), 1});
        return s;
    }
    uuid accept(submission s) {
        auto answer = wait(engine_->submit(std::move(s)));
        EXPECT_TRUE(answer) << answer.error().describe();
        return answer ? answer->view.id : uuid{};
    }
    operation_details end_of(uuid id) {
        auto answer = wait(engine_->wait_end(id, deadline::after(loop.now(), 24h)));
        EXPECT_TRUE(answer) << answer.error().describe();
        loop.run_ready();
        return answer ? *answer : operation_details{};
    }
    operation_details now(uuid id) {
        auto answer = wait(engine_->get(id));
        EXPECT_TRUE(answer) << answer.error().describe();
        return answer ? *answer : operation_details{};
    }
    std::vector<std::string> story(uuid id) {
        std::vector<std::string> out;
        for (const auto& e : *wait(engine_->events(id, 0, 1000, deadline{loop.now()}))) {
            out.push_back(e.event + (e.step ? " " + *e.step : ""));
        }
        return out;
    }
    // The events tell the same story as the row, for every operation there is.
    void expect_stories_true() {
        const auto& known = engine_ ? engine_->known() : known_;  // the engine adds its own
        for (const auto& item : kept_in_->list({.limit = 500})->items) {
            const auto* d = known.find(item.op.who.kind, item.op.who.version);
            const auto events = *kept_in_->events(item.op.who.row, 0, 100'000);
            const auto other = [this, &item](int version) -> const plan* {
                const auto* found = known_.find(item.op.who.kind, version);
                return found == nullptr ? nullptr : &found->steps();
            };
            const auto told = fold(events, d->steps(), !item.op.who.lock_key.empty(), other);
            EXPECT_EQ(difference(told, item.op.now), "");
        }
    }

    io::virtual_loop loop;
    model_store store;

  private:
    template <class T>
    static task<> keep(task<T> call, std::optional<T>& answer) {
        answer.emplace(co_await std::move(call));
    }
    static task<bool> as_bool(task<void> call) {
        co_await std::move(call);
        co_return true;
    }

    saga::store* kept_in_ = &store;
    io::scope work_{loop};
    seeded_entropy entropy_{7};
    definitions known_;
    engine_options options_;
    std::optional<inline_journal> log_;
    std::optional<engine> engine_;
};

}  // namespace thole::saga::testing
