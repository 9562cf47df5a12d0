// A test of your own code, without sleeping: the clock is manual, the trouble is seeded.

#include <thole/compose.hpp>
#include <thole/pipeline.hpp>

#include <cstdio>
#include <cstdlib>

using namespace std::chrono_literals;

int main() {
    thole::manual_clock clock;
    thole::manual_sleeper sleep{clock};
    thole::rng chance{1};
    thole::pipeline line{
        thole::name{"under test"},
        thole::compose(thole::total_time{1min}, thole::retry_settings{.attempts = 5},
                       thole::chaos_settings{.seed = 7, .fault_permille = 300})};
    int good = 0;
    for (int i = 0; i < 100; ++i) {
        good += line.run([]() -> thole::result<int> { return 1; },
                         {.time = clock, .sleep = sleep, .chance = chance})
                    .has_value();
    }
    std::printf("%d of 100 calls succeeded although 30 %% of the attempts fail\n", good);
    return good >= 90 ? EXIT_SUCCESS : EXIT_FAILURE;
}
