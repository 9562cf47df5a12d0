#pragma once

// One keep-alive connection to a unix socket that sends one request after another. Plain callbacks,
// so that the measuring side costs little.
//
//   http_link link{io, "/path/of/socket"};
//   link.send(text, [](int status, std::string body) { … });

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <functional>
#include <string>

#include "thole/assert.hpp"

namespace thole::bench {

class http_link {
  public:
    using done = std::function<void(int status, std::string body)>;
    http_link(boost::asio::io_context& io, const std::string& socket) : socket_{io} {
        socket_.connect(boost::asio::local::stream_protocol::endpoint{socket});
    }
    void send(std::string request, done then) {
        request_ = std::move(request);
        then_ = std::move(then);
        boost::asio::async_write(socket_, boost::asio::buffer(request_),
                                 [this](auto error, std::size_t) {
                                     THOLE_ASSERT(!error, "the daemon takes the request");
                                     read_head();
                                 });
    }

  private:
    void read_head() {
        boost::asio::async_read_until(socket_, boost::asio::dynamic_buffer(answer_), "\r\n\r\n",
                                      [this](auto error, std::size_t head) {
                                          THOLE_ASSERT(!error, "the daemon answers");
                                          read_body(head);
                                      });
    }
    void read_body(std::size_t head) {
        constexpr std::string_view field = "Content-Length: ";
        const auto at = answer_.find(field);
        THOLE_ASSERT(at < head, "an answer has a length");
        std::size_t length = 0;
        std::from_chars(answer_.data() + at + field.size(), answer_.data() + head, length);
        const auto whole = head + length;
        const auto missing = whole > answer_.size() ? whole - answer_.size() : 0;
        boost::asio::async_read(
            socket_, boost::asio::dynamic_buffer(answer_), boost::asio::transfer_exactly(missing),
            [this, head, length](auto error, std::size_t) {
                THOLE_ASSERT(!error, "the daemon answers");
                int status = 0;
                std::from_chars(answer_.data() + 9, answer_.data() + 12, status);
                auto body = answer_.substr(head, length);
                answer_.erase(0, head + length);
                std::exchange(then_, nullptr)(status, std::move(body));
            });
    }
    boost::asio::local::stream_protocol::socket socket_;
    std::string request_;
    std::string answer_;
    done then_;
};

}  // namespace thole::bench
