#include "io/virtual_loop.hpp"

#include <boost/asio/execution.hpp>

namespace thole::io {

// The least that any_io_executor asks for: never runs anything inside execute().
class virtual_loop::executor_type {
  public:
    explicit executor_type(virtual_loop& owner) noexcept : owner_{&owner} {}

    [[nodiscard]] boost::asio::execution_context& query(
        boost::asio::execution::context_t) const noexcept {
        return owner_->context_;
    }
    [[nodiscard]] static constexpr boost::asio::execution::blocking_t query(
        boost::asio::execution::blocking_t) noexcept {
        return boost::asio::execution::blocking.never;
    }
    [[nodiscard]] executor_type require(
        boost::asio::execution::blocking_t::never_t) const noexcept {
        return *this;
    }

    template <class Function>
    void execute(Function&& function) const {
        owner_->ready_.emplace_back(
            [held = std::forward<Function>(function)]() mutable { std::move(held)(); });
    }

    friend bool operator==(const executor_type&, const executor_type&) noexcept = default;

  private:
    virtual_loop* owner_;
};

virtual_loop::~virtual_loop() {
    // Destroying a job may post the unwinding of a coroutine: until nothing is left.
    while (!ready_.empty() || !posted_.empty()) {
        const auto dropped = take_ready();
    }
}

boost::asio::any_io_executor virtual_loop::executor() {
    return executor_type{*this};
}

virtual_loop::job virtual_loop::take_ready() {
    const auto choices = ready_.size() + (posted_.empty() ? 0 : 1);
    const auto chosen = order_ ? static_cast<std::size_t>(order_->below(choices)) : 0;
    // Without a seed the executor's jobs come first; with one, the last choice is the posted one.
    auto& queue = chosen < ready_.size() ? ready_ : posted_;
    const auto index = chosen < ready_.size() ? chosen : 0;
    const auto at = queue.begin() + static_cast<std::ptrdiff_t>(index);
    auto taken = std::move(*at);
    queue.erase(at);
    return taken;
}

std::size_t virtual_loop::run_ready() {
    std::size_t count = 0;
    while (!ready_.empty() || !posted_.empty()) {
        take_ready()();
        ++count;
    }
    return count;
}

void virtual_loop::fire_due() {
    while (auto* each = timers().pop_due(now())) {
        each->due();
        run_ready();
    }
}

void virtual_loop::advance(duration by) {
    const auto end = saturating_add(now(), by);
    run_ready();
    for (auto next = timers().next(); next && *next <= end; next = timers().next()) {
        if (*next > now()) clock_.advance(*next - now());
        fire_due();
    }
    clock_.advance(end - now());
}

void virtual_loop::stand_still(duration time) {
    clock_.advance(time);
    fire_due();
}

bool virtual_loop::run_until_idle(duration limit) {
    const auto end = saturating_add(now(), limit);
    run_ready();
    for (auto next = timers().next(); next && *next <= end; next = timers().next()) {
        if (*next > now()) clock_.advance(*next - now());
        fire_due();
    }
    return timers().size() == 0;
}

}  // namespace thole::io
