#pragma once

// Steps of any type behind one interface: what a step answers becomes an input of decide(), its
// typed values become the JSON that is journaled. Which of the three shapes a type has is detected
// from its member functions; a type with none of them does not compile, and says what is missing.

#include <concepts>
#include <memory>

#include "engine/codes.hpp"
#include "engine/decide.hpp"

namespace thole::saga {

class any_step {
  public:
    virtual ~any_step() = default;
    // Which of these are called follows from step_plan::shape and has_undo.
    virtual task<input> run(step_context& in) = 0;
    virtual task<input> probe(step_context& in) = 0;
    virtual task<input> prepare(step_context& in) = 0;
    virtual task<result<>> send(step_context& in, std::string_view bytes, int generation,
                                const journaled_key& key) = 0;
    virtual task<input> settle(step_context& in, std::string_view bytes, int generation,
                               const journaled_key& key) = 0;
    virtual task<input> undo(step_context& in) = 0;

    // What a person says that the step's output is, in the form in which it is journaled; or what
    // is wrong with it, in words.
    using given_output = std::expected<std::string, std::string>;
    [[nodiscard]] virtual given_output read_output(std::string_view json) const = 0;
    [[nodiscard]] virtual given_output landed_as(step_context& in, std::string_view reference) = 0;
};

template <class S>
concept named_step = requires {
    { S::name } -> std::convertible_to<std::string_view>;
    typename S::output;
};
template <class S>
concept running_step = named_step<S> && requires(S& s, step_context& in) {
    { s.run(in) } -> std::same_as<task<outcome<typename S::output>>>;
};
template <class S>
concept probed_step = running_step<S> && requires(S& s, step_context& in) {
    { s.probe(in) } -> std::same_as<task<probed<typename S::output>>>;
};
template <class S>
concept prepared_step = named_step<S> && requires(S& s, step_context& in,
                                                  const journaled<typename S::prepared>& bytes) {
    { s.prepare(in) } -> std::same_as<task<outcome<typename S::prepared>>>;
    { s.send(in, bytes) } -> std::same_as<task<result<>>>;
    { s.settle(in, bytes) } -> std::same_as<task<settlement<typename S::output>>>;
};
template <class S>
concept step_with_reference = requires(S& s, step_context& in, std::string_view reference) {
    { s.landed_as(in, reference) } -> std::same_as<std::expected<typename S::output, std::string>>;
};
template <class S>
concept undoable_step = requires(S& s, step_context& in) {
    { s.undo(in) } -> std::same_as<task<outcome<nothing>>>;
};
template <class S>
concept any_shape_of_step = running_step<S> || prepared_step<S>;

template <any_shape_of_step S>
constexpr step_shape shape_of() {
    if (prepared_step<S>) return step_shape::prepared;
    return probed_step<S> ? step_shape::probed : step_shape::idempotent;
}

namespace detail {

template <class... Fs>
struct overload : Fs... {
    using Fs::operator()...;
};
template <class... Fs>
overload(Fs...) -> overload<Fs...>;

template <class T>
input to_input(outcome<T>&& from) {
    return std::visit(
        overload{
            [](done<T>& d) -> input { return did_complete{json::write(d.output)}; },
            [](retry& r) -> input { return did_fail{std::move(r.cause)}; },
            [](wait& w) -> input { return must_wait{w.again, std::move(w.reason)}; },
            [](park& p) -> input { return must_park{std::move(p.reason), std::move(p.cause)}; },
            [](compensate& c) -> input {
                return must_compensate{std::move(c.reason), std::move(c.cause)};
            },
            [](await_end& a) -> input { return must_await{a.child, a.at_most}; }},
        from);
}
template <class T>
input to_input(probed<T>&& from) {
    return std::visit(
        overload{
            [](done<T>& d) -> input { return did_complete{json::write(d.output)}; },
            [](did_not_happen&) -> input { return did_not_happen_after_all{}; },
            [](retry& r) -> input { return did_fail{std::move(r.cause)}; },
            [](park& p) -> input { return must_park{std::move(p.reason), std::move(p.cause)}; }},
        from);
}
template <class T>
input to_input(settlement<T>&& from) {
    return std::visit(
        overload{
            [](landed<T>& l) -> input { return has_landed{json::write(l.output)}; },
            [](pending& p) -> input { return is_pending{p.again}; },
            [](dead& d) -> input {
                return is_dead{std::move(d.evidence), d.resign, d.again, std::move(d.reason)};
            },
            [](uncertain& u) -> input { return is_uncertain{u.again, std::move(u.evidence)}; }},
        from);
}

}  // namespace detail

template <any_shape_of_step S>
class erased_step final : public any_step {
  public:
    explicit erased_step(std::shared_ptr<S> step) : step_{std::move(step)} {}

    task<input> run(step_context& in) override {
        if constexpr (running_step<S>) {
            co_return detail::to_input<typename S::output>(co_await step_->run(in));
        }
        co_return impossible();
    }
    task<input> probe(step_context& in) override {
        if constexpr (probed_step<S>) {
            co_return detail::to_input<typename S::output>(co_await step_->probe(in));
        }
        co_return impossible();
    }
    task<input> prepare(step_context& in) override {
        if constexpr (prepared_step<S>) {
            co_return detail::to_input<typename S::prepared>(co_await step_->prepare(in));
        }
        co_return impossible();
    }
    task<result<>> send(step_context& in, std::string_view bytes, int generation,
                        const journaled_key& key) override {
        if constexpr (prepared_step<S>) {
            const auto* read = in.texts().find<typename S::prepared>(bytes);
            if (read == nullptr) co_return fail(codes::engine_unreadable);
            const journaled<typename S::prepared> safe{*read, generation, key};
            co_return co_await step_->send(in, safe);
        }
        co_return fail(codes::engine_unreadable);
    }
    task<input> settle(step_context& in, std::string_view bytes, int generation,
                       const journaled_key& key) override {
        if constexpr (prepared_step<S>) {
            const auto* read = in.texts().find<typename S::prepared>(bytes);
            if (read == nullptr) {
                co_return must_park{std::string{codes::engine_unreadable.text}, {}};
            }
            const journaled<typename S::prepared> safe{*read, generation, key};
            co_return detail::to_input<typename S::output>(co_await step_->settle(in, safe));
        }
        co_return impossible();
    }
    task<input> undo(step_context& in) override {
        if constexpr (undoable_step<S>) {
            co_return detail::to_input<nothing>(co_await step_->undo(in));
        }
        co_return impossible();
    }

    [[nodiscard]] given_output read_output(std::string_view text) const override {
        auto read = json::read<typename S::output>(text);
        if (read) return json::write(*read);
        std::string words;
        for (const auto& p : read.error()) {
            if (!words.empty()) words += "; ";
            words.append(p.pointer.empty() ? "/" : p.pointer).append(": ").append(p.detail);
        }
        return std::unexpected{std::move(words)};
    }
    [[nodiscard]] given_output landed_as(step_context& in, std::string_view reference) override {
        if constexpr (step_with_reference<S>) {
            auto made = step_->landed_as(in, reference);
            if (!made) return std::unexpected{std::move(made).error()};
            return json::write(*made);
        }
        return std::unexpected{
            std::string{"a reference does not suffice for this step: give its "
                        "whole output"}};
    }

  private:
    static input impossible() { THOLE_ASSERT(false, "the plan calls only what the step has"); }

    std::shared_ptr<S> step_;
};

}  // namespace thole::saga
