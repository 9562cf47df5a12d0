#pragma once

// A call to something that needs no time – records or a ledger without a pool – carried out at
// once.
//
//   const auto row = at_once(table.find(operation));
//
// Precondition: the call waits for nobody. Threads: any; a loop of its own.

#include <boost/asio/co_spawn.hpp>
#include <optional>

#include "io/virtual_loop.hpp"
#include "thole/assert.hpp"

namespace thole::sim {

template <class T>
T at_once(task<T> call) {
    io::virtual_loop loop;
    std::optional<T> answer;
    auto keep = [&answer](std::exception_ptr error, T value) {
        THOLE_ASSERT(error == nullptr, "the call does not throw");
        answer.emplace(std::move(value));
    };
    boost::asio::co_spawn(loop.executor(), std::move(call), keep);
    loop.run_ready();
    THOLE_ASSERT(answer.has_value(), "the call answers at once");
    return std::move(*answer);
}

}  // namespace thole::sim
