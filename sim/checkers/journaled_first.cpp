#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// Signed bytes leave only when they are committed: what a crash in the instant after would find.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "journaled_first"; }

    void leaving(const departure& left) override {
        if (left.submitted.empty() || court_.generation_of(left.submitted) != nullptr) return;
        offend("sent before it was journaled: " + std::string{left.submitted.substr(0, 40)});
    }
};

}  // namespace

std::unique_ptr<checker> journaled_first(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
