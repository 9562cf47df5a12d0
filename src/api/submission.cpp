#include "api/submission.hpp"

#include <algorithm>
#include <charconv>

#include "api/codes.hpp"
#include "api/reply.hpp"

namespace thole::api {

bool is_idempotency_key(std::string_view key) noexcept {
    return !key.empty() && key.size() <= 128 &&
           std::ranges::all_of(key, [](char c) { return c > ' ' && c <= '~'; });
}

std::expected<std::string, io::server_response> idempotency_key(const call& c) {
    std::string key{c.http.header("Idempotency-Key")};
    if (is_idempotency_key(key)) return key;
    return std::unexpected{
        refuse(400, codes::api_key_required, {},
               {{"Idempotency-Key", "value.form", "1 to 128 visible ASCII characters"}})};
}

bool is_json(std::string_view content_type) {
    return content_type.empty() ||
           content_type.substr(0, content_type.find(';')) == "application/json";
}

std::chrono::seconds preferred_wait(std::string_view header) noexcept {
    const auto at = header.find("wait=");
    if (at == std::string_view::npos) return {};
    std::uint32_t seconds = 0;
    const auto text = header.substr(at + 5);
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    return std::chrono::seconds{std::min(seconds, 300U)};
}

task<io::server_response> answer_accepted(submission_place at, call c, saga::submitted accepted) {
    const auto id = accepted.view.id;
    const auto wait = preferred_wait(c.http.header("Prefer"));
    const auto until = deadline::after(at.time.now(), wait);
    auto now =
        wait.count() > 0 ? co_await at.engine.wait_end(id, until) : co_await at.engine.get(id);
    if (!now) co_return refuse(now.error());
    auto out = reply(has_ended(now->view) ? 200 : 202, at.docs.of(*now));
    out.headers.emplace_back("Location", "/api/v1/operations/" + id.text());
    if (accepted.replayed) out.headers.emplace_back("Idempotent-Replayed", "true");
    if (wait.count() > 0) {
        out.headers.emplace_back("Preference-Applied", "wait=" + std::to_string(wait.count()));
    }
    co_return out;
}

}  // namespace thole::api
