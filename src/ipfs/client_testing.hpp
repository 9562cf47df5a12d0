#pragma once

// Shared by the clients' tests: a transport that is a function, and a coroutine run to its end.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/http.hpp"
#include "io/scope.hpp"
#include "io/virtual_loop.hpp"
#include "thole/codes.hpp"

namespace thole::ipfs::testing {

class scripted_transport final : public io::http_transport {
  public:
    using script = std::function<result<io::http_response>(const io::http_request&)>;
    explicit scripted_transport(script answer) : answer_{std::move(answer)} {}

    std::vector<std::string> urls;

    task<result<io::http_response>> send(io::http_request request) override {
        urls.push_back(request.url);
        auto answer = answer_(request);
        if (answer && answer->body.size() > request.max_response_bytes) {
            co_return fail(thole::codes::http_too_large);
        }
        if (answer && request.on_body) {
            // In small parts, as a network delivers.
            const auto body = std::exchange(answer->body, {});
            for (std::size_t at = 0; at < body.size(); at += 1000) {
                if (!request.on_body(as_bytes(std::string_view{body}.substr(at, 1000)))) {
                    co_return fail(thole::codes::policy_cancelled);
                }
            }
        }
        co_return answer;
    }

  private:
    script answer_;
};

inline io::http_response answered(int status, std::string body = {},
                                  io::http_headers headers = {}) {
    io::http_response out;
    out.status = status;
    out.headers = std::move(headers);
    out.body = std::move(body);
    return out;
}

template <class T>
task<> keep_result(task<T> work, std::optional<T>& out) {
    out.emplace(co_await std::move(work));
}

template <class T>
T run(io::virtual_loop& loop, task<T> work) {
    std::optional<T> out;
    io::scope scope{loop};
    scope.spawn(keep_result(std::move(work), out));
    loop.run_until_idle();
    return std::move(out.value());
}

}  // namespace thole::ipfs::testing
