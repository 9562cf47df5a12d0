// Whatever in the library reads text that others wrote: error sentences and names in a
// configuration. Nothing may crash, and what is recognised must be itself again when it is told
// back.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "thole/assert.hpp"
#include "thole/classify.hpp"
#include "thole/codes.hpp"
#include "thole/pipeline_settings.hpp"
#include "thole/presets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto by_text = thole::classify_text(text);
    THOLE_ASSERT(thole::find_code(by_text.code()) != nullptr, "a sentence becomes a known code");
    (void)thole::classify_sqlstate(text);
    if (const auto* code = thole::find_code(text))
        THOLE_ASSERT(code->text == text, "found by name");
    if (const auto* preset = thole::presets::find(text)) {
        THOLE_ASSERT(preset->name == text, "found by name");
    }
    if (const auto stage = thole::stage_named(text)) {
        THOLE_ASSERT(to_string(*stage) == text, "found by name");
    }
    // Any bytes as settings: validate says what is wrong, and never crashes.
    if (size >= 8) {
        thole::pipeline_settings s;
        const auto word = [&](std::size_t i) {
            std::int64_t value = 0;
            for (std::size_t b = 0; b < 8; ++b) value = (value << 8) | data[(i * 8 + b) % size];
            return value;
        };
        s.total = thole::duration{word(0)};
        s.timeout = thole::duration{word(1)};
        s.breaker.emplace();
        s.breaker->window = thole::duration{word(2)};
        s.breaker->probe_interval = thole::duration{word(3)};
        s.limiter = thole::rate_limit{.permits = static_cast<std::uint32_t>(word(4)),
                                      .per = thole::duration{word(5)},
                                      .burst = static_cast<std::uint32_t>(word(6))};
        for (std::size_t i = 0; i < size && i < 20; ++i) {
            s.order.push_back(static_cast<thole::stage>(data[i] % thole::stage_count));
        }
        (void)validate(s);
    }
    return 0;
}
