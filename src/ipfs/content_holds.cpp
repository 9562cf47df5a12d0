#include "ipfs/content_holds.hpp"

namespace thole::ipfs {
namespace {

constexpr std::string_view prefix = "hold:";

std::string holder(const uuid& operation) {
    return std::string{prefix} + operation.text();
}

}  // namespace

task<result<>> content_holds::take(cid content, uuid operation) {
    auto work = [this, content, owner = holder(operation)] { return store_.pin(content, owner); };
    if (pool_ == nullptr) co_return work();
    co_return co_await pool_->run(std::move(work));
}

task<result<>> content_holds::drop(uuid operation) {
    auto owner = holder(operation);
    if (store_.pinned_by(owner).empty()) co_return result<>{};
    auto work = [this, owner, now = now_()] { return store_.unpin_all(owner, now); };
    if (pool_ == nullptr) co_return work();
    co_return co_await pool_->run(std::move(work));
}

std::vector<uuid> content_holds::owners() const {
    std::vector<uuid> out;
    for (const auto& owner : store_.owners_like(prefix)) {
        if (const auto id = uuid::parse(std::string_view{owner}.substr(prefix.size()))) {
            out.push_back(*id);
        }
    }
    return out;
}

}  // namespace thole::ipfs
