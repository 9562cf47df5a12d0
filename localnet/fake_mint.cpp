#include <array>
#include <map>

#include "localnet/fake_service.hpp"
#include "model/content/content_node.hpp"
#include "model/solana/rpc_node.hpp"

namespace thole::localnet {
namespace {

constexpr std::uint64_t million_sol = 1'000'000'000'000'000;

class mint_service final : public service {
  public:
    mint_service(const orders& o, const io::loop& time)
        : loop_{time}, slot_{std::chrono::milliseconds{o.slot_ms}}, begun_{time.now()} {}

    model::web_answer answer(const model::web_request& request) override {
        keep_time();
        constexpr std::string_view rpc = "/rpc/";
        const auto path = request.path();
        if (!path.starts_with(rpc)) {
            ++content_calls_[std::string{path.substr(0, path.find('/', 1))}];
            auto out = content_.answer(
                {request.method, request.target, request.header("Content-Type"), request.body});
            return {out.status, std::move(out.body), {}};
        }
        const auto which = static_cast<std::size_t>(path.back() - '0');
        if (path.size() != rpc.size() + 1 || which >= nodes_.size()) return {404, {}, {}};
        auto out = nodes_[which].answer(request.body);
        ++rpc_requests_;
        return {out.status, std::move(out.body), {{"Content-Type", "application/json"}}};
    }
    void set(const fault_orders& wanted) override {
        keep_time();
        content_.faults().http_503 = static_cast<int>(wanted.http_503);
        content_.faults().lie = wanted.lie;
        const auto key = solana::public_key::parse(wanted.fund);
        if (key) chain_.fund(*key, million_sol);
    }
    boost::json::value kept() const override {
        boost::json::object methods;
        for (const auto& node : nodes_) {
            for (const auto& [method, count] : node.calls()) {
                auto& sum = methods[method];
                sum = (sum.is_null() ? 0 : sum.to_number<std::uint64_t>()) + count;
            }
        }
        auto requests = rpc_requests_;
        for (const auto& [path, count] : content_calls_) {
            methods[path] = count;
            requests += count;
        }
        return boost::json::object{
            {"requests", requests}, {"landed", chain_.landed_count()}, {"calls", methods}};
    }

  private:
    void keep_time() {
        const auto due = first_ + static_cast<std::uint64_t>((loop_.now() - begun_) / slot_);
        if (due > chain_.slot()) chain_.advance(due - chain_.slot());
    }

    const io::loop& loop_;
    duration slot_;
    time_point begun_;
    // A blockhash lives a minute and more, however short the slots are.
    model::ledger chain_{{.blockhash_age = 12'000, .confirm_slots = 1, .final_slots = 4}};
    std::array<model::rpc_node, 3> nodes_{model::rpc_node{chain_}, model::rpc_node{chain_},
                                          model::rpc_node{chain_}};
    model::content_node content_;
    std::uint64_t first_ = chain_.slot();
    std::uint64_t rpc_requests_ = 0;
    std::map<std::string, std::uint64_t> content_calls_;
};

}  // namespace

std::unique_ptr<service> make_mint_service(const orders& o, const io::loop& time) {
    return std::make_unique<mint_service>(o, time);
}

}  // namespace thole::localnet
