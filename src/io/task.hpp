#pragma once

// task<T>: the one coroutine type above src/io.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "thole/result.hpp"

namespace thole {

template <class T = void>
using task = boost::asio::awaitable<T>;

}  // namespace thole
