// Planted in the saga's definition: single steps behind a decorator.

#include <fmt/format.h>

#include "sim/mutants/replant.hpp"
#include "thole/codes.hpp"

namespace thole::sim {

namespace {

using namespace std::chrono_literals;

class calling_step : public passing_step {
  public:
    using passing_step::passing_step;

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

  private:
    static inline thread_local int calls_ = 0;
};

class early_sender final : public calling_step {
  public:
    using calling_step::calling_step;
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

class believer final : public calling_step {
  public:
    using calling_step::calling_step;
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

class restless final : public calling_step {
  public:
    using calling_step::calling_step;
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
        if (steps.kind != nft::mint_kind) return saga;
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
