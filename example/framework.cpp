// With a framework of your own: ask before the call, report after it. Nothing here owns a thread, a
// timer or a callback.

#include <thole/classify.hpp>
#include <thole/compose.hpp>
#include <thole/pipeline.hpp>

#include <cstdio>

using namespace std::chrono_literals;

namespace {

// What a callback of some client library would be handed.
struct answer {
    int status;
    thole::duration took;
};

thole::result<int> in(thole::pipeline& line, const answer& from, thole::time_point now) {
    auto permit = line.admit(now);
    if (!permit) return std::unexpected{permit.error()};
    thole::result<int> outcome = from.status;
    if (from.status >= 400) {
        outcome = std::unexpected{thole::classify_http_status(from.status)};
    }
    permit->record(outcome, from.took, now);
    return outcome;
}

}  // namespace

int main() {
    auto rule = thole::breaker_settings::no_rules();
    rule.consecutive_failures = 2;
    thole::pipeline line{thole::name{"orders"},
                         thole::compose(thole::bulkhead_settings{.limit = 10}, rule)};
    thole::manual_clock clock;
    for (const int status : {200, 503, 503, 200}) {
        const auto outcome = in(line, {status, 20ms}, clock.now());
        std::printf("%d: %s\n", status, outcome ? "ok" : outcome.error().describe().c_str());
    }
    std::printf("%s", line.explain(clock.now()).c_str());
    return 0;
}
