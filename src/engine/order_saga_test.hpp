#pragma once

// The saga that tests of the engine run, and their fixture.

#include "engine/bench_saga_test.hpp"
#include "thole/codes.hpp"

namespace thole::saga::testing {

// reserve (undoable, under a lock) → pay (pivot) → ship
struct order_saga {
    std::shared_ptr<undoable<"reserve">> reserve = std::make_shared<undoable<"reserve">>();
    std::shared_ptr<signing<"pay">> pay = std::make_shared<signing<"pay">>();
    std::shared_ptr<plain_step<"ship">> ship = std::make_shared<plain_step<"ship">>();

    definition make(step_policy policy = presets::standard) const {
        return define<order>("order", 1)
            .step(reserve)
            .policy(policy)
            .shows("RESERVED")
            .lock([](const order& o) { return o.account; })
            .step(pay)
            .policy(policy)
            .pivot()
            .shows("PAID")
            .settles_as("CLEARED")
            .step(ship)
            .policy(policy)
            .shows("SHIPPED")
            .build();
    }
};

class engine_test : public ::testing::Test {
  protected:
    void begin(step_policy policy = presets::standard, engine_options options = {}) {
        b.emplace(std::move(options));
        b->define(steps.make(policy));
        b->start();
    }
    ~engine_test() override {
        if (b) b->expect_stories_true();
    }
    order_saga steps;
    std::optional<bench> b;
};

template <class T>
task<T> with(T what) {
    co_return what;
}
inline task<> keep_answer(task<result<operation_details>> call,
                          std::optional<result<operation_details>>& answer) {
    answer.emplace(co_await std::move(call));
}
inline task<outcome<text>> failing(thole::fault f) {
    return with<outcome<text>>(retry{std::move(f)});
}
inline task<outcome<text>> fine() {
    return with<outcome<text>>(done<text>{{"fine"}});
}
inline task<settlement<text>> settled(settlement<text> s) {
    return with(std::move(s));
}

}  // namespace thole::saga::testing
