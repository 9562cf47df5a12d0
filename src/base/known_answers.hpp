#pragma once

// What a pure function answered before, for one that costs more than looking it up.
//
//   static thread_local known_answers<derived_address, 1024> known;
//   if (const auto* before = known.find(question)) return *before;
//   return known.keep(question, answer_to(question));
//
// One place for each hash: a question whose place is taken replaces what is there, so it never
// grows. Questions are compared whole. Single-owner.

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace thole {

template <class Answer, std::size_t Places>
class known_answers {
  public:
    // Null: not known, or no longer. Valid until the next keep().
    [[nodiscard]] const Answer* find(std::string_view question) const {
        const auto& at = (*places_)[place_of(question)];
        return at.question == question && !question.empty() ? &at.answer : nullptr;
    }
    // Precondition: the question is not empty.
    const Answer& keep(std::string_view question, Answer answer) {
        auto& at = (*places_)[place_of(question)];
        at.question = question;
        at.answer = std::move(answer);
        return at.answer;
    }

  private:
    struct entry {
        std::string question;
        Answer answer{};
    };
    [[nodiscard]] static std::size_t place_of(std::string_view question) noexcept {
        return std::hash<std::string_view>{}(question) % Places;
    }
    std::unique_ptr<std::array<entry, Places>> places_ =
        std::make_unique<std::array<entry, Places>>();
};

}  // namespace thole
