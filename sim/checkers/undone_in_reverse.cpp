#include "sim/checkers/checker.hpp"
#include "sim/world.hpp"

namespace thole::sim {

namespace {

// What was done last is undone first: content is not given back while its record is still open.
class rule final : public checker {
  public:
    using checker::checker;
    std::string_view name() const noexcept override { return "undone_in_reverse"; }

    void recorded(const nft::record& row) override {
        status_[row.operation_id.text()] = row.status;
    }
    void unpinned(std::string_view cid, std::string_view owner) override {
        const auto found = status_.find(std::string{owner});
        if (found == status_.end() || found->second == nft::record_status::rolled_back) return;
        offend(std::string{cid} + " is given back while its record is still open");
    }

  private:
    std::map<std::string, nft::record_status> status_;
};

}  // namespace

std::unique_ptr<checker> undone_in_reverse(court& of, world& where) {
    return std::make_unique<rule>(of, where);
}

}  // namespace thole::sim
