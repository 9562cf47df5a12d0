#pragma once

// For functional tests only: a real loop that runs one coroutine to its end, and raw connections.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string>

#include "io/cancellation.hpp"
#include "io/http.hpp"
#include "io/system_loop.hpp"
#include "io/with_deadline.hpp"

namespace thole::io::test_kit {

template <class T>
task<> keep(task<T> job, std::optional<T>& out) {
    out.emplace(co_await std::move(job));
}

// Runs the job on the loop until it has ended.
template <class T>
T run(system_loop& loop, task<T> job) {
    if constexpr (std::is_void_v<T>) {
        loop.run_until(std::move(job));
    } else {
        std::optional<T> out;
        loop.run_until(keep(std::move(job), out));
        return std::move(*out);
    }
}

using tcp_socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, system_loop::context_executor>;

// Sends the text as it is and reads until the peer closes (or for a while).
inline task<std::string> talk(system_loop& loop, std::uint16_t port, std::string text,
                              bool shut_down = false) {
    tcp_socket socket{loop.context()};
    const boost::asio::ip::tcp::endpoint at{boost::asio::ip::address_v4::loopback(), port};
    const auto [refused] = co_await socket.async_connect(at, as_values);
    if (refused) co_return "refused";
    // A peer that answers before it has read everything may cut the rest: its answer still counts.
    (void)co_await boost::asio::async_write(socket, boost::asio::buffer(text), as_values);
    if (shut_down) {
        boost::system::error_code ignored;
        socket.shutdown(tcp_socket::shutdown_send, ignored);
    }
    std::string answer;
    std::array<char, 4096> piece;
    for (;;) {
        const auto [error, size] =
            co_await socket.async_read_some(boost::asio::buffer(piece), as_values);
        answer.append(piece.data(), size);
        if (error) co_return answer;
    }
}

inline http_request request_to(system_loop& loop, std::uint16_t port, std::string path = "/",
                               duration within = std::chrono::seconds{5}) {
    http_request out;
    out.url = "http://127.0.0.1:" + std::to_string(port) + path;
    out.until = deadline::after(loop.now(), within);
    out.dependency = name{"server"};
    out.endpoint = name{"local"};
    return out;
}

}  // namespace thole::io::test_kit
