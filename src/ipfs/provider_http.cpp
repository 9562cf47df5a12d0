#include "ipfs/provider_http.hpp"

#include <boost/json/parse.hpp>

#include "base/excerpt.hpp"
#include "thole/codes.hpp"

namespace thole::ipfs {
io::http_request provider_http::request(std::string method, std::string url, deadline until) const {
    io::http_request out;
    out.effect =
        method == "GET" || method == "HEAD" ? io::effect_class::read : io::effect_class::idempotent;
    out.method = std::move(method);
    out.url = std::move(url);
    out.until = until;
    out.dependency = label_;
    out.endpoint = label_;
    if (!bearer_.reveal().empty()) {
        out.headers.emplace_back("Authorization", "Bearer " + bearer_.reveal());
    }
    return out;
}

task<result<io::http_response>> provider_http::exchange(io::http_request request) const {
    auto answer = co_await transport_.send(std::move(request));
    if (!answer) co_return std::unexpected(located(answer.error()));
    co_return answer;
}

result<io::http_response> provider_http::judge(io::http_response answer) const {
    return io::expect_success(std::move(answer), label_, label_, clock_.wall_now());
}

task<result<io::http_response>> provider_http::send(io::http_request request) const {
    auto answer = co_await exchange(std::move(request));
    if (!answer) co_return answer;
    co_return judge(*std::move(answer));
}

task<result<boost::json::value>> provider_http::ask(io::http_request request) const {
    const bool reads = request.effect == io::effect_class::read;
    const auto answer = co_await send(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    boost::system::error_code error;
    auto value = boost::json::parse(answer->body, error);
    const auto effect = reads ? fault_effect::none : fault_effect::unknown;
    if (error) co_return std::unexpected(malformed(answer->body, effect));
    co_return value;
}

task<result<>> provider_http::remove(std::string url, deadline until) const {
    auto answer = co_await exchange(request("DELETE", std::move(url), until));
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status == 404 || answer->status == 410) co_return result<>{};
    const auto good = judge(*std::move(answer));
    if (!good) co_return std::unexpected(good.error());
    co_return result<>{};
}

fault provider_http::malformed(std::string_view body, fault_effect effect) const {
    return located(fault{thole::codes::http_malformed}.with_effect(effect).with_detail(
        "not the answer that was expected: " + printable_excerpt(body, 200)));
}

std::string text_at(const boost::json::value& from, std::string_view pointer) {
    boost::system::error_code error;
    const auto* found = from.find_pointer(pointer, error);
    return found != nullptr && found->is_string() ? std::string{found->get_string()}
                                                  : std::string{};
}

std::string same_origin(std::string_view base, std::string_view location) {
    const auto scheme = base.find("://");
    if (scheme == std::string_view::npos) return {};
    const auto origin = base.substr(0, std::min(base.find('/', scheme + 3), base.size()));
    if (location.starts_with('/') && !location.starts_with("//")) {
        return std::string{origin}.append(location);
    }
    const bool same = location.starts_with(origin) && location.size() > origin.size() &&
                      location[origin.size()] == '/';
    return same ? std::string{location} : std::string{};
}

std::string without_slash(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

}  // namespace thole::ipfs
