// Any text as a configuration file, and as a pipeline in one: nothing may crash, what is refused
// has a rule, and what is accepted reads the same when it is written out again.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "app/config_rules.hpp"
#include "app/pipeline_config.hpp"
#include "thole/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace thole;
    using namespace thole::app;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    config_layers layers;
    std::vector<config_problem> problems;
    layers.add_text(text, "fuzz", problems);
    for (const auto& each : problems) THOLE_ASSERT(!each.rule.empty(), "a refusal has a rule");
    if (!problems.empty()) return 0;

    const boost::json::value values(layers.values());
    if (const auto read = json::read<config>(values)) {
        std::vector<std::string> notes;
        check_config(*read, layers, environment{}, problems, notes);
        for (const auto& each : problems) THOLE_ASSERT(!each.rule.empty(), "a refusal has a rule");
    } else {
        THOLE_ASSERT(!read.error().empty(), "a refusal has a rule");
    }
    if (const auto pipeline = read_pipeline(values)) {
        THOLE_ASSERT(validate(*pipeline).empty(), "an accepted pipeline can be made");
        const auto again = read_pipeline(json::to_value(table_of(*pipeline)));
        THOLE_ASSERT(again && *again == *pipeline, "a pipeline reads as it is written");
    }
    return 0;
}
