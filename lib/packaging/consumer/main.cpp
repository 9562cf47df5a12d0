// Prints "done after 3 calls": a call that fails twice, under retry and a breaker.

#include <thole/circuit_breaker.hpp>
#include <thole/codes.hpp>
#include <thole/run.hpp>

#include <cstdio>

int main() {
    thole::manual_clock clock;
    thole::manual_sleeper sleep{clock};
    thole::rng chance{1};
    thole::circuit_breaker breaker;
    int calls = 0;
    const auto answer = thole::run(
        [&]() -> thole::result<int> {
            if (++calls < 3) return thole::fail(thole::codes::net_connect_timeout);
            return calls;
        },
        {.time = clock, .sleep = sleep, .chance = chance, .breaker = &breaker});
    if (!answer) {
        std::printf("%s\n", answer.error().describe().c_str());
        return 1;
    }
    std::printf("done after %d calls\n", *answer);
    return 0;
}
