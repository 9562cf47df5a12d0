#include "io/http.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/excerpt.hpp"
#include "io/request_target.hpp"
#include "thole/codes.hpp"

namespace thole::io {

namespace {

constexpr std::size_t detail_bytes = 200;

const fault_code& code_of(int status) {
    switch (status) {
        case 429:
            return codes::http_rate_limited;
        case 408:
        case 425:
            return codes::http_server_error;
        case 401:
        case 402:
        case 403:
        case 451:
            return codes::http_unauthorized;
        default:
            break;
    }
    if (status >= 500 && status <= 599) return codes::http_server_error;
    if (status >= 400 && status <= 499) return codes::http_client_error;
    return codes::http_unexpected_status;
}

// A server that answers "I failed" may have failed after it did the work; one that answers 4xx
// says that it refused.
fault_effect effect_of(int status) {
    const bool refused = status >= 400 && status <= 499 && status != 408;
    return refused ? fault_effect::none : fault_effect::unknown;
}

// RFC 9110 §10.2.3: delay-seconds or a date.
std::optional<duration> retry_after_of(std::string_view text, wall_time wall_now) {
    if (text.empty()) return std::nullopt;
    std::uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool is_number = end == text.data() + text.size();
    if (is_number && error == std::errc{}) return std::chrono::seconds{seconds};
    if (is_number) return std::nullopt;
    const auto date = ::curl_getdate(std::string{text}.c_str(), nullptr);
    if (date < 0) return std::nullopt;
    const auto left = wall_time{std::chrono::seconds{date}} - wall_now;
    return std::max<duration>(left, duration::zero());
}

}  // namespace

std::string_view http_response::header(std::string_view name) const noexcept {
    return find_header(headers, name);
}

result<http_response> expect_success(http_response response, name dependency, name endpoint,
                                     wall_time wall_now) {
    if (response.status >= 200 && response.status <= 299) return response;
    auto made = fault{code_of(response.status)}
                    .with_effect(effect_of(response.status))
                    .at(dependency, endpoint);
    if (const auto after = retry_after_of(response.header("Retry-After"), wall_now)) {
        made.with_retry_after(*after);
    }
    auto text = "HTTP " + std::to_string(response.status);
    const auto said = printable_excerpt(response.body, detail_bytes);
    if (!said.empty()) text += ": " + said;
    return fail(std::move(made).with_detail(std::move(text)));
}

}  // namespace thole::io
