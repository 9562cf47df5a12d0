#include "solana/account_gatherer.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "solana/codes.hpp"

namespace thole::solana::rpc {

bool account_gatherer::question::operator<(const question& other) const noexcept {
    return std::tie(endpoint, level, vital, min_context_slot) <
           std::tie(other.endpoint, other.level, other.vital, other.min_context_slot);
}

// Tells those who wait that it is over, whatever has become of it.
class account_gatherer::leading {
  public:
    leading(account_gatherer& of, const question& what, std::shared_ptr<batch> all)
        : of_{of}, what_{what}, all_{std::move(all)} {}
    ~leading() {
        close();
        all_->over.set();
    }
    leading(const leading&) = delete;
    leading& operator=(const leading&) = delete;
    // From now on nobody joins.
    void close() {
        const auto at = of_.open_.find(what_);
        if (at != of_.open_.end() && at->second == all_) of_.open_.erase(at);
    }

  private:
    account_gatherer& of_;
    const question what_;
    const std::shared_ptr<batch> all_;
};

task<result<>> account_gatherer::ask_for_all(std::shared_ptr<batch> all, question what, options o) {
    leading mark{*this, what, all};
    // A timer that is due comes after all that is ready.
    if (auto turn = co_await loop_.sleep_until(loop_.now()); !turn) co_return turn;
    mark.close();
    o.until = all->until;
    o.min_context_slot = what.min_context_slot;
    auto said = co_await ask_(std::move(all->keys), o);
    if (!said && said.error().kind() == fault_kind::cancelled) co_return fail(said.error());
    all->said = std::move(said);
    co_return result<>{};
}

account_gatherer::answer account_gatherer::part_of(batch& all, std::size_t from, std::size_t count,
                                                   const options& o) const {
    auto& said = *all.said;
    if (!said) return fail(said.error());
    if (o.min_context_slot && said->context_slot < *o.min_context_slot) {
        return fail(fault{codes::context_slot_not_reached}
                        .with_detail("at slot " + std::to_string(said->context_slot))
                        .at(dependency_, said->endpoint));
    }
    from_node<std::vector<std::optional<account_info>>> mine;
    mine.endpoint = said->endpoint;
    mine.provider = said->provider;
    mine.context_slot = said->context_slot;
    mine.latency = said->latency;
    const auto first =
        std::make_move_iterator(said->value.begin()) + static_cast<std::ptrdiff_t>(from);
    mine.value.assign(first, first + static_cast<std::ptrdiff_t>(count));
    return mine;
}

task<account_gatherer::answer> account_gatherer::get(std::vector<public_key> keys, options o) {
    const bool named = !o.endpoint.empty();
    const question what{o.endpoint, o.level, o.vital, named ? std::nullopt : o.min_context_slot};
    const auto count = keys.size();
    for (;;) {
        auto& open = open_[what];
        const bool leads = !open || open->keys.size() + count > most_accounts;
        if (leads) open = std::make_shared<batch>();
        const auto all = open;
        const auto from = all->keys.size();
        all->keys.insert(all->keys.end(), keys.begin(), keys.end());
        all->until = leads ? o.until : std::max(all->until, o.until);
        result<> over;
        if (leads) {
            over = co_await ask_for_all(all, what, o);
        } else {
            over = co_await all->over.wait();
        }
        if (!over) co_return fail(over.error());
        if (all->said) co_return part_of(*all, from, count, o);
    }
}

}  // namespace thole::solana::rpc
