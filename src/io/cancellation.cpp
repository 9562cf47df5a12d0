#include "io/cancellation.hpp"

#include <boost/asio/this_coro.hpp>

namespace thole::io {

namespace this_coro = boost::asio::this_coro;

task<> cancellation_as_value() {
    co_await this_coro::throw_if_cancelled(false);
}

task<bool> was_cancelled() {
    const auto state = co_await this_coro::cancellation_state;
    co_return state.cancelled() != boost::asio::cancellation_type::none;
}

task<> forget_cancellation() {
    co_await this_coro::reset_cancellation_state();
}

}  // namespace thole::io
