// Planted before clients and policies.

#include "sim/mutants/mutants.hpp"

namespace thole::sim {

namespace {

class stubborn_transport final : public io::http_transport {
  public:
    explicit stubborn_transport(io::http_transport& inner) : inner_{inner} {}
    task<result<io::http_response>> send(io::http_request request) override {
        constexpr int times = 3;
        const bool repeatable = !request.on_body;
        for (int i = 1;; ++i) {
            io::http_request copy;
            copy.method = request.method;
            copy.url = request.url;
            copy.headers = request.headers;
            copy.body = request.body;
            copy.effect = request.effect;
            copy.until = request.until;
            copy.max_response_bytes = request.max_response_bytes;
            copy.dependency = request.dependency;
            copy.endpoint = request.endpoint;
            if (!repeatable) copy.on_body = std::move(request.on_body);
            auto answer = co_await inner_.send(std::move(copy));
            if (answer || i == times || !repeatable) co_return answer;
        }
    }

  private:
    io::http_transport& inner_;
};

class careless_ledger final : public ipfs::pin_ledger {
  public:
    explicit careless_ledger(ipfs::pin_ledger& inner) : inner_{inner} {}
    task<result<ipfs::pin_try>> intend(ipfs::pin_row row) override {
        return inner_.intend(std::move(row));
    }
    task<result<>> keep_session(ipfs::pin_row row, std::string session) override {
        return inner_.keep_session(std::move(row), std::move(session));
    }
    task<result<>> confirm(ipfs::pin_row row) override { return inner_.confirm(std::move(row)); }
    task<result<>> forget(ipfs::pin_row row) override { return inner_.forget(std::move(row)); }
    task<result<std::vector<std::string>>> owners(std::string after, int limit) override {
        return inner_.owners(std::move(after), limit);
    }
    task<result<std::vector<ipfs::pin_row>>> of_owner(std::string owner) override {
        return inner_.of_owner(std::move(owner));
    }
    task<result<bool>> leave(ipfs::pin_row) override { co_return true; }

  private:
    ipfs::pin_ledger& inner_;
};

}  // namespace

seams retries_in_two_homes() {
    seams out;
    out.transport = [](io::http_transport& inner, const seam_parts&) {
        return std::make_unique<stubborn_transport>(inner);
    };
    return out;
}

seams accepts_one_providers_word() {
    seams out;
    out.submission = [](solana::submission_settings& s) { s.required_providers = 1; };
    return out;
}

seams unpins_without_counting() {
    seams out;
    out.ledger = [](ipfs::pin_ledger& inner, const seam_parts&) {
        return std::make_unique<careless_ledger>(inner);
    };
    return out;
}

seams leaks_a_permit() {
    seams out;
    out.holder = [](endpoint_set& rpc, io::loop& loop) -> std::shared_ptr<void> {
        rng chance{1};
        auto pick = rpc.pick(loop.now(), {}, role::read, chance);
        if (!pick) return nullptr;
        return std::make_shared<endpoint_pick>(std::move(*pick));
    };
    return out;
}

}  // namespace thole::sim
