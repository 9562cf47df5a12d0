#include "ops/counting_transport.hpp"

#include <fmt/format.h>

namespace thole::ops {

task<result<io::http_response>> counting_transport::send(io::http_request request) {
    const auto dependency = request.dependency;
    const auto endpoint = request.endpoint;
    const auto began = time_.now();
    auto answer = co_await next_.send(std::move(request));
    const auto code = !answer                ? std::string{answer.error().code()}
                      : answer->status < 400 ? std::string{"ok"}
                                             : fmt::format("http_{}", answer->status);
    count_.counter_of(metric::dependency_calls, {dependency.view(), endpoint.view(), code}).add();
    count_.histogram_of(metric::dependency_latency, {dependency.view(), endpoint.view()})
        .observe(time_.now() - began);
    co_return answer;
}

}  // namespace thole::ops
