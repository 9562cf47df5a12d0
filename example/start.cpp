// Five lines: a pipeline around a call that fails twice and then answers.

#include <thole/compose.hpp>
#include <thole/pipeline.hpp>

#include <cstdio>

using namespace std::chrono_literals;

int main() {
    thole::pipeline prices{thole::name{"prices"},
                           thole::compose(thole::total_time{5s}, thole::retry_settings{},
                                          thole::breaker_settings{}, thole::attempt_time{2s})};
    thole::manual_clock clock;  // thole::system_clock and thole::system_sleeper in a program
    thole::manual_sleeper sleep{clock};
    thole::rng chance{42};
    int calls = 0;
    const auto price = prices.run(
        [&](const thole::call_context&) -> thole::result<int> {
            if (++calls < 3) return thole::fail(thole::codes::net_connect_timeout);
            return 4200;
        },
        {.time = clock, .sleep = sleep, .chance = chance});
    if (!price) {
        std::printf("%s\n", price.error().describe().c_str());
        return 1;
    }
    std::printf("price %d after %d calls\n", *price, calls);
    return 0;
}
