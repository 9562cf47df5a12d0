#include "engine/plan_text.hpp"

#include <boost/describe.hpp>

#include "base/json.hpp"

namespace thole::saga {

BOOST_DESCRIBE_ENUM(step_shape, idempotent, prepared, probed)

namespace {

struct step_text {
    std::string name;
    step_shape shape = step_shape::idempotent;
    bool has_undo = false;
    bool pivot = false;
    bool locks = false;
    std::string shows;
    std::string settled_shows;
    std::optional<bool> beside;  // written only where it is so: older texts stay as they are
};
BOOST_DESCRIBE_STRUCT(step_text, (),
                      (name, shape, has_undo, pivot, locks, shows, settled_shows, beside))

struct text_of_plan {
    std::string kind;
    int version = 1;
    std::vector<step_text> steps;
};
BOOST_DESCRIBE_STRUCT(text_of_plan, (), (kind, version, steps))

}  // namespace

std::string plan_text(const plan& p) {
    text_of_plan out{p.kind, p.version, {}};
    for (const auto& s : p.steps) {
        out.steps.push_back({s.name, s.shape, s.has_undo, s.pivot, s.locks, s.shows,
                             s.settled_shows, s.beside ? std::optional{true} : std::nullopt});
    }
    return json::write(out);
}

std::optional<plan> read_plan(std::string_view text) {
    auto read = json::read<text_of_plan>(text);
    if (!read || read->steps.empty()) return std::nullopt;
    plan out;
    out.kind = std::move(read->kind);
    out.version = read->version;
    for (auto& s : read->steps) {
        auto& made = out.steps.emplace_back();
        made.name = std::move(s.name);
        made.shape = s.shape;
        made.has_undo = s.has_undo;
        made.pivot = s.pivot;
        made.locks = s.locks;
        made.shows = std::move(s.shows);
        made.settled_shows = std::move(s.settled_shows);
        made.beside = s.beside.value_or(false);
    }
    return out;
}

}  // namespace thole::saga
