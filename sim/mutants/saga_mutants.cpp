// Planted in the saga's definition: single steps behind a decorator.

#include <fmt/format.h>

#include "sim/mutants/mutants.hpp"
#include "thole/codes.hpp"

namespace thole::sim {

namespace {

using namespace std::chrono_literals;

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
    // Posts a JSON-RPC call past every client; answers the body, or "".
    task<std::string> call(std::string node, std::string method, std::string params) {
        io::http_request request;
        request.method = "POST";
        request.url = "http://" + node;
        request.body = fmt::format(R"({{"jsonrpc":"2.0","id":"{}-{}","method":"{}","params":{}}})",
                                   at_.life, ++calls_, method, params);
        request.until = deadline::after(at_.loop.now(), 2s);
        const auto answer = co_await at_.network.send(std::move(request));
        co_return answer ? answer->body : std::string{};
    }
    task<bool> submit(std::string node, std::string bytes) {
        const auto prepared = json::read<solana::prepared_transaction>(bytes);
        if (!prepared || prepared->transaction.empty()) co_return false;
        auto params = fmt::format(R"(["{}",{{"encoding":"base64","skipPreflight":true}}])",
                                  prepared->transaction);
        co_await call(std::move(node), "sendTransaction", std::move(params));
        co_return true;
    }

    saga::any_step& inner_;
    const seam_parts at_;

  private:
    static inline thread_local int calls_ = 0;
};

class early_sender final : public passing_step {
  public:
    using passing_step::passing_step;
    task<saga::input> prepare(saga::step_context& in) override {
        auto answer = co_await inner_.prepare(in);
        if (const auto* made = std::get_if<saga::did_complete>(&answer)) {
            co_await submit("north", made->output);
        }
        co_return answer;
    }
};

class impatient final : public passing_step {
  public:
    using passing_step::passing_step;
    task<saga::input> settle(saga::step_context& in, std::string_view bytes, int generation,
                             const saga::journaled_key& key) override {
        const auto first = since_.try_emplace(std::string{bytes}, at_.loop.now()).first->second;
        const auto now = at_.loop.now();
        auto answer = co_await inner_.settle(in, bytes, generation, key);
        if (std::holds_alternative<saga::is_pending>(answer) && now - first > 20s) {
            co_return saga::is_dead{"20 s without an end", true, {}, {}};
        }
        co_return answer;
    }

  private:
    std::map<std::string, time_point> since_;
};

class believer final : public passing_step {
  public:
    using passing_step::passing_step;
    task<saga::input> settle(saga::step_context& in, std::string_view bytes, int generation,
                             const saga::journaled_key& key) override {
        const auto prepared = json::read<solana::prepared_transaction>(bytes);
        auto answer = co_await inner_.settle(in, bytes, generation, key);
        const auto first = since_.try_emplace(std::string{bytes}, at_.loop.now()).first->second;
        const bool young = at_.loop.now() - first < 5s;
        if (!prepared || young || !std::holds_alternative<saga::is_pending>(answer)) {
            co_return answer;
        }
        const auto told = co_await call("west", "getSignatureStatuses",
                                        fmt::format(R"([["{}"]])", prepared->signature));
        if (told.find("\"value\":[null]") == std::string::npos) co_return answer;
        co_return saga::is_dead{"its status is null", true, {}, {}};
    }

  private:
    std::map<std::string, time_point> since_;
};

class restless final : public passing_step {
  public:
    using passing_step::passing_step;
    task<saga::input> settle(saga::step_context& in, std::string_view bytes, int generation,
                             const saga::journaled_key& key) override {
        for (const std::string node : {"north", "south", "west"}) {
            co_await submit(node, std::string{bytes});
        }
        co_return co_await inner_.settle(in, bytes, generation, key);
    }
};

// Undoes another step in its place.
class mistaken_undo final : public passing_step {
  public:
    mistaken_undo(saga::any_step& inner, saga::any_step& other, const seam_parts& at)
        : passing_step{inner, at}, other_{other} {}
    task<saga::input> undo(saga::step_context& in) override { return other_.undo(in); }

  private:
    saga::any_step& other_;
};

class no_undo final : public passing_step {
  public:
    using passing_step::passing_step;
    task<saga::input> undo(saga::step_context&) override { co_return saga::did_complete{"{}"}; }
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

// Takes faults of one kind for failures of the outside.
template <fault_kind Kind>
class miscounter final : public passing_step {
  public:
    using passing_step::passing_step;
    task<saga::input> run(saga::step_context& in) override {
        auto answer = co_await inner_.run(in);
        auto* failed = std::get_if<saga::did_fail>(&answer);
        if (failed != nullptr && failed->cause.kind() == Kind) {
            failed->cause.as(fault_kind::transient);
        }
        co_return answer;
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

}  // namespace

seams sends_before_journaling() {
    return at_step<early_sender>("submit");
}
seams signs_again_on_timeout() {
    return at_step<impatient>("submit");
}
seams trusts_null_status() {
    return at_step<believer>("submit");
}
seams sends_all_the_time() {
    return at_step<restless>("submit");
}
seams undoes_in_forward_order() {
    seams out;
    out.definition = [](saga::definition saga, const seam_parts& at) {
        const auto& steps = saga.steps();
        auto& upload = saga.at(steps.index_of("upload_content"));
        auto& record = saga.at(steps.index_of("record_pending"));
        return replant(saga, [&](const std::string& step, saga::any_step& inner) {
            std::shared_ptr<saga::any_step> made;
            if (step == "upload_content") {
                made = std::make_shared<mistaken_undo>(inner, record, at);
            } else if (step == "record_pending") {
                made = std::make_shared<mistaken_undo>(inner, upload, at);
            }
            return made;
        });
    };
    return out;
}
seams forgets_to_undo() {
    return at_step<no_undo>("upload_content");
}
seams skips_verification() {
    return at_step<pretender<nft::verification>>("verify");
}
seams completes_without_record() {
    return at_step<pretender<nft::record_written>>("complete");
}
seams counts_refusals() {
    return at_step<miscounter<fault_kind::rejected>>("");
}
seams counts_cancels() {
    return at_step<miscounter<fault_kind::cancelled>>("");
}

}  // namespace thole::sim
