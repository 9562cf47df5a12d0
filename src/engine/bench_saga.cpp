#include "engine/bench_saga.hpp"

#include <array>

namespace thole::saga {

namespace {

constexpr std::array<std::string_view, 6> names{"one", "two", "three", "four", "five", "six"};

template <std::size_t N>
struct trivial_step {
    static constexpr std::string_view name = names.at(N);
    using output = nothing;
    task<outcome<nothing>> run(step_context&) { co_return done<nothing>{}; }
};

template <std::size_t... N>
definition make(std::index_sequence<N...>) {
    auto may_change = [](const bench_request&, const bench_request&) -> std::optional<std::string> {
        return std::nullopt;
    };
    auto made = define<bench_request>(std::string{bench_kind}, 1);
    (made.step(std::make_shared<trivial_step<N>>()).skippable(), ...);
    return made.editable(may_change).build();
}

}  // namespace

definition make_bench_saga() {
    return make(std::make_index_sequence<names.size()>{});
}

}  // namespace thole::saga
