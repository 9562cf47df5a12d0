#pragma once

// Steps of a saga behind a decorator, for planted bugs.
//
//   return at_step<early_sender>("submit");          // seams
//
// What is planted lives as long as the definition.

#include "sim/mutants/mutants.hpp"

namespace thole::sim {

class passing_step : public saga::any_step {
  public:
    passing_step(saga::any_step& inner, const seam_parts& at) : inner_{inner}, at_{at} {}
    task<saga::input> run(saga::step_context& in) override { return inner_.run(in); }
    task<saga::input> probe(saga::step_context& in) override { return inner_.probe(in); }
    task<saga::input> prepare(saga::step_context& in) override { return inner_.prepare(in); }
    task<result<>> send(saga::step_context& in, std::string_view bytes, int generation,
                        const saga::journaled_key& key) override {
        return inner_.send(in, bytes, generation, key);
    }
    task<saga::input> settle(saga::step_context& in, std::string_view bytes, int generation,
                             const saga::journaled_key& key) override {
        return inner_.settle(in, bytes, generation, key);
    }
    task<saga::input> undo(saga::step_context& in) override { return inner_.undo(in); }
    given_output read_output(std::string_view json) const override {
        return inner_.read_output(json);
    }
    given_output landed_as(saga::step_context& in, std::string_view reference) override {
        return inner_.landed_as(in, reference);
    }

  protected:
    saga::any_step& inner_;
    const seam_parts at_;
};

// Says that it is done, with an output of its type.
template <class Output>
class pretender final : public passing_step {
  public:
    using passing_step::passing_step;
    task<saga::input> run(saga::step_context&) override {
        co_return saga::did_complete{json::write(Output{})};
    }
};

// The saga with some of its steps replaced: `plant` answers null for those that stay.
template <class Plant>
saga::definition replant(const saga::definition& saga, Plant plant) {
    const auto held = std::make_shared<saga::definition>(saga);
    saga::definition::parts parts;
    parts.steps = saga.steps();
    parts.normalise = [held](std::string_view text) { return held->normalise(text); };
    parts.lock = [held](std::string_view text) { return held->lock_key(text); };
    for (int i = 0; i < parts.steps.size(); ++i) {
        std::shared_ptr<saga::any_step> code = plant(parts.steps.at(i).name, held->at(i));
        if (code == nullptr) code = std::shared_ptr<saga::any_step>{held, &held->at(i)};
        parts.code.push_back(std::move(code));
    }
    return saga::definition{std::move(parts)};
}

// `Planted` before the step of that name, or before every one.
template <class Planted>
seams at_step(std::string_view name) {
    seams out;
    out.definition = [name](saga::definition saga, const seam_parts& at) {
        return replant(saga, [&](const std::string& step, saga::any_step& inner) {
            const bool meant = name.empty() || step == name;
            return meant ? std::make_shared<Planted>(inner, at) : nullptr;
        });
    };
    return out;
}

}  // namespace thole::sim
