#pragma once

// The step_context that the engine hands to a step: a window on the live operation. Internal.

#include "engine/engine_core.hpp"

namespace thole::saga {

class call_context final : public step_context {
  public:
    static constexpr std::size_t most_notes = 64;

    call_context(engine_core::self_ptr core, engine_core::live_ptr op, calls_ptr calls,
                 bool prepares)
        : core_{std::move(core)},
          op_{std::move(op)},
          calls_{std::move(calls)},
          prepares_{prepares} {}

    [[nodiscard]] const uuid& id() const noexcept override { return op_->who().id; }
    [[nodiscard]] std::string_view tenant() const noexcept override { return op_->who().tenant; }
    [[nodiscard]] std::string_view kind() const noexcept override { return op_->who().kind; }
    [[nodiscard]] std::string_view key() const noexcept override { return op_->who().key; }
    [[nodiscard]] int attempt() const noexcept override {
        return calls_->member < 0 ? op_->state().attempt : calls_->attempt;
    }
    [[nodiscard]] int attempts() const noexcept override {
        const int step = calls_->member < 0 ? op_->state().step : calls_->member;
        return op_->saga->steps().at(step).policy.attempts;
    }
    [[nodiscard]] int generation() const noexcept override {
        return op_->state().generation + (prepares_ ? 1 : 0);
    }
    [[nodiscard]] store_time created_at() const noexcept override { return op_->who().created_at; }
    [[nodiscard]] store_time store_now() const noexcept override { return core_->log.now(); }
    [[nodiscard]] deadline until() const noexcept override { return calls_->until; }
    [[nodiscard]] std::string_view input_json() const noexcept override { return op_->what.input; }
    [[nodiscard]] std::optional<std::string_view> output_json(
        std::string_view step) const noexcept override;
    [[nodiscard]] texts_read& texts() const noexcept override { return op_->texts; }
    void note(call_note n) override;
    [[nodiscard]] task<result<>> progress(std::string_view shown) override;
    [[nodiscard]] task<result<child_operation>> child(child_request request) override;
    [[nodiscard]] task<result<>> cancel_child(uuid child, std::string reason) override;

  private:
    template <class T>
    task<T> surely(task<T> work);

    engine_core::self_ptr core_;
    engine_core::live_ptr op_;
    calls_ptr calls_;
    bool prepares_;
};

}  // namespace thole::saga
