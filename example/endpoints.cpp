// Two endpoints, the first of them down: the call goes to the other one at once.

#include <thole/compose.hpp>
#include <thole/endpoint_set.hpp>
#include <thole/explain.hpp>
#include <thole/pipeline.hpp>
#include <thole/presets.hpp>

#include <array>
#include <cstdio>

int main() {
    const std::array endpoints{
        thole::endpoint_config{.name = thole::name{"primary"}, .url = "https://a.example/"},
        thole::endpoint_config{
            .name = thole::name{"backup"}, .url = "https://b.example/", .tier = 1}};
    thole::endpoint_set_settings each;
    each.breaker = thole::presets::solana_rpc.breaker;
    thole::endpoint_set rpc{thole::name{"rpc"}, each, endpoints};
    thole::pipeline line{thole::name{"rpc"}, thole::compose(thole::presets::solana_rpc.retry),
                         nullptr, &rpc};

    thole::manual_clock clock;
    thole::manual_sleeper sleep{clock};
    thole::rng chance{7};
    for (int i = 0; i < 4; ++i) {
        const auto slot = line.run(
            [&](const thole::call_context& c) -> thole::result<int> {
                if (c.endpoint->name == thole::name{"primary"}) {
                    return thole::fail(thole::codes::net_connection_refused);
                }
                return 1000 + i;
            },
            {.time = clock, .sleep = sleep, .chance = chance});
        std::printf("slot %d\n", slot.value_or(-1));
    }
    for (const auto& e : rpc.view(clock.now())) std::printf("%s\n", thole::explain(e).c_str());
    return 0;
}
