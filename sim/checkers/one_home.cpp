#include <unordered_set>

#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// Retry lives in the step policy. A JSON-RPC call has a number of its own, so one and the same
// request leaving twice was repeated below the client.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "one_home_for_retry"; }

    void leaving(const departure& left) override {
        const auto& request = left.request;
        if (!request.body.starts_with("{\"jsonrpc\"")) return;
        const auto print = std::hash<std::string_view>{}(request.body) * 31 +
                           std::hash<std::string_view>{}(request.url) * 17 +
                           static_cast<std::size_t>(left.life);
        if (!seen_.insert(print).second) offend("left twice: " + request.body.substr(0, 80));
    }

  private:
    std::unordered_set<std::size_t> seen_;
};

}  // namespace

std::unique_ptr<checker> one_home_for_retry(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
