// Does not compile, on purpose: the tests compile it with MISTAKE=1… and look for the explanation.

#include <thole/compose.hpp>

int main() {
    using namespace thole;
    using namespace std::chrono_literals;
#if MISTAKE == 0
    (void)compose(total_time{1s}, retry_settings{}, breaker_settings{}, attempt_time{100ms});
#elif MISTAKE == 1
    (void)compose(breaker_settings{}, retry_settings{});
#elif MISTAKE == 2
    (void)compose(attempt_time{1s}, retry_settings{});
#elif MISTAKE == 3
    (void)compose(bulkhead_settings{}, retry_settings{});
#elif MISTAKE == 4
    (void)compose(rate_limit{}, retry_settings{});
#elif MISTAKE == 5
    (void)compose(retry_settings{}, retry_settings{});
#elif MISTAKE == 6
    (void)compose(calls_that_are<call_effect::once>{}, hedge_settings{});
#elif MISTAKE == 7
    (void)compose(attempt_time{1s}, breaker_settings{});
#endif
}
