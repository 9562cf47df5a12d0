#pragma once

// A saga as its author writes it: steps in order, what each needs, and where there is no way back.
//
//   const auto mint = saga::define<mint_request>("mint", 1)
//       .step(std::make_shared<upload_content>(ipfs)).policy(saga::presets::ipfs).shows("IPFS_UPLOADED")
//       .step(std::make_shared<record_pending>(db)).shows("DATABASE_UPDATED")
//           .lock([](const mint_request& r) { return r.account; })
//       .step(std::make_shared<submit_transaction>(rpc)).pivot().shows("BLOCKCHAIN_SUBMITTED")
//       .step(std::make_shared<verify_layers>(all)).critical().shows("VERIFIED")
//       .build();
//
// Everything after .step() is about that step. build() checks the whole and throws
// std::invalid_argument with every mistake in words: a definition is made at start-up.
//
// A definition is immutable and shared by its operations, which pin its version for life: change
// the steps and you raise the version, and keep the old one registered while operations of it live.
// Threads: immutable; the steps themselves run on the core loop.

#include <functional>
#include <map>
#include <stdexcept>

#include "engine/any_step.hpp"

namespace thole::saga {

class definition {
  public:
    [[nodiscard]] const plan& steps() const noexcept { return parts_->steps; }
    [[nodiscard]] const std::string& kind() const noexcept { return parts_->steps.kind; }
    [[nodiscard]] int version() const noexcept { return parts_->steps.version; }
    [[nodiscard]] any_step& at(int step) const {
        return *parts_->code.at(static_cast<std::size_t>(step));
    }
    // Checks an input against its type and brings it to the one form that is hashed and stored
    // (RFC 8785, defaults filled in).
    [[nodiscard]] std::expected<std::string, json::problems> normalise(
        std::string_view input) const {
        return parts_->normalise(input);
    }
    // The name of the lock, without the tenant; empty = this operation takes none.
    [[nodiscard]] std::string lock_key(std::string_view input) const {
        return parts_->lock ? parts_->lock(input) : std::string{};
    }

    // An idempotency key of this kind never expires, so its operations are never removed whole.
    [[nodiscard]] bool keys_never_expire() const noexcept { return parts_->keys_never_expire; }

    // What the steps of that earlier version are called here; nullptr: its operations stay with it.
    [[nodiscard]] const std::map<std::string, std::string>* names_from(int version) const {
        const auto found = parts_->from.find(version);
        return found == parts_->from.end() ? nullptr : &found->second;
    }
    [[nodiscard]] bool editable() const noexcept { return parts_->why_not_edit != nullptr; }
    // What a person's new input breaks, in words; nothing when it may replace the old one. Both are
    // normalised. Precondition: editable().
    [[nodiscard]] std::optional<std::string> why_not_edit(std::string_view before,
                                                          std::string_view after) const {
        return parts_->why_not_edit(before, after);
    }

    struct parts {
        std::map<int, std::map<std::string, std::string>> from;
        std::function<std::optional<std::string>(std::string_view, std::string_view)> why_not_edit;
        bool keys_never_expire = false;
        plan steps;
        std::vector<std::shared_ptr<any_step>> code;
        std::function<std::expected<std::string, json::problems>(std::string_view)> normalise;
        std::function<std::string(std::string_view)> lock;
    };
    explicit definition(parts p) : parts_{std::make_shared<const parts>(std::move(p))} {}

  private:
    std::shared_ptr<const parts> parts_;
};

// Every mistake in words; empty when the plan is sound.
[[nodiscard]] std::vector<std::string> mistakes_of(const plan& p);

template <class Input>
class builder {
  public:
    builder(std::string kind, int version) {
        parts_.steps.kind = std::move(kind);
        parts_.steps.version = version;
        parts_.normalise = [](std::string_view text) -> std::expected<std::string, json::problems> {
            auto read = json::read<Input>(text);
            if (!read) return std::unexpected{std::move(read).error()};
            return json::canonical(json::to_value(*read));
        };
    }

    template <any_shape_of_step S>
    builder& step(std::shared_ptr<S> step) {
        THOLE_ASSERT(step != nullptr, "a step is an object");
        auto& made = parts_.steps.steps.emplace_back();
        made.name = std::string_view{S::name};
        made.shape = shape_of<S>();
        made.has_undo = undoable_step<S>;
        parts_.code.push_back(std::make_shared<erased_step<S>>(std::move(step)));
        return *this;
    }
    builder& policy(step_policy p) { return last().policy = p, *this; }
    // Progress shown when the step is complete; of a prepared step, when its bytes are journaled.
    builder& shows(std::string progress) { return last().shows = std::move(progress), *this; }
    // Progress shown when a prepared step has landed.
    builder& settles_as(std::string progress) {
        return last().settled_shows = std::move(progress), *this;
    }
    builder& pivot() { return last().pivot = true, *this; }
    builder& critical() { return last().critical = true, *this; }
    // A person may give the step's output instead of letting it run. What is neither critical nor
    // skippable cannot be skipped either: it must be said.
    builder& skippable() { return last().skippable = true, *this; }
    // Runs side by side with the step before it, and those beside that: a group. It ends when all
    // are done; what shows is the last one's. None may be prepared, the pivot, or take the lock.
    builder& beside() { return last().beside = true, *this; }
    // So many operations of the kind are in the step at once, on one node; others wait for a place
    // in their order. Of a prepared step: while it is prepared, not while it is settled.
    builder& at_most(int operations) { return last().at_most = operations, *this; }
    // The step begins only when no other operation of the tenant holds the same key; it is held
    // from then to the end of the operation. Those who wait get it in the order of acceptance.
    builder& lock(std::function<std::string(const Input&)> key) {
        last().locks = true;
        parts_.lock = [key = std::move(key)](std::string_view text) {
            auto read = json::read<Input>(text);
            THOLE_ASSERT(read.has_value(), "a normalised input reads back");
            return key(*read);
        };
        return *this;
    }

    // Operations of that version may be moved to this one by a person (verb migrate), where what
    // they have begun is how this one begins. `renamed`: steps that have another name here.
    builder& migrates_from(int version, std::map<std::string, std::string> renamed = {}) {
        parts_.from[version] = std::move(renamed);
        return *this;
    }
    // A person may change the input while nothing was begun that must be undone. `why_not` says, in
    // words, what the new one must not change or breaks.
    builder& editable(
        std::function<std::optional<std::string>(const Input& before, const Input& after)>
            why_not) {
        parts_.why_not_edit = [why_not = std::move(why_not)](std::string_view before,
                                                             std::string_view after) {
            auto was = json::read<Input>(before);
            auto is = json::read<Input>(after);
            THOLE_ASSERT(was.has_value() && is.has_value(), "a normalised input reads back");
            return why_not(*was, *is);
        };
        return *this;
    }
    // Of the whole saga.
    builder& keys_never_expire() { return parts_.keys_never_expire = true, *this; }

    [[nodiscard]] definition build() {
        std::string text;
        for (const auto& mistake : mistakes_of(parts_.steps)) text += "\n  - " + mistake;
        if (!text.empty()) {
            throw std::invalid_argument{"saga \"" + parts_.steps.kind + "\" is not sound:" + text};
        }
        return definition{std::move(parts_)};
    }

  private:
    step_plan& last() {
        if (parts_.steps.steps.empty()) {
            throw std::invalid_argument{"saga \"" + parts_.steps.kind +
                                        "\": say .step(...) before what belongs to a step"};
        }
        return parts_.steps.steps.back();
    }

    definition::parts parts_;
};

template <class Input>
[[nodiscard]] builder<Input> define(std::string kind, int version) {
    return builder<Input>{std::move(kind), version};
}

// The definitions that a node knows, by kind and version.
class definitions {
  public:
    // Throws std::invalid_argument when kind and version are there already.
    void add(definition d);
    [[nodiscard]] const definition* find(std::string_view kind, int version) const noexcept;
    // The highest version: what new operations get.
    [[nodiscard]] const definition* newest(std::string_view kind) const noexcept;
    [[nodiscard]] std::vector<const definition*> all() const;
    // The step's name, also for a definition that is unknown here ("#3").
    [[nodiscard]] std::string step_name(std::string_view kind, int version, int step) const;

  private:
    std::map<std::string, std::map<int, definition>, std::less<>> by_kind_;
};

}  // namespace thole::saga
