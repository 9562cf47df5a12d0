#include "api/mints.hpp"

#include <algorithm>
#include <charconv>

#include "api/codes.hpp"
#include "api/reply.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/media.hpp"
#include "nft/request.hpp"

namespace thole::api {
namespace {

saga::operation_priority priority_of(const nft::mint_request& request) {
    switch (request.priority) {
        case nft::mint_priority::high:
            return saga::operation_priority::high;
        case nft::mint_priority::normal:
            return saga::operation_priority::normal;
        case nft::mint_priority::low:
            return saga::operation_priority::low;
    }
    return saga::operation_priority::normal;
}

io::server_response unknown_image() {
    return refuse(422, codes::mint_unknown_content, {},
                  {{"/image", "mint.unknown_content",
                    "must be the CID of an image that was sent to /api/v1/content"}});
}

bool is_json(std::string_view content_type) {
    return content_type.empty() ||
           content_type.substr(0, content_type.find(';')) == "application/json";
}

}  // namespace

bool is_idempotency_key(std::string_view key) noexcept {
    return !key.empty() && key.size() <= 128 &&
           std::ranges::all_of(key, [](char c) { return c > ' ' && c <= '~'; });
}

std::chrono::seconds preferred_wait(std::string_view header) noexcept {
    const auto at = header.find("wait=");
    if (at == std::string_view::npos) return {};
    std::uint32_t seconds = 0;
    const auto text = header.substr(at + 5);
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    return std::chrono::seconds{std::min(seconds, 300U)};
}

void mints_resource::add_to(router& to) {
    to.add({"POST", "/api/v1/mints", "mints", access::submit, {}, nft::mint_limits::body},
           [this](call c) { return post(std::move(c)); });
}

task<bool> mints_resource::is_image(std::string text) {
    auto look = [this, &text]() -> result<bool> {
        const auto cid = ipfs::cid::parse(text);
        if (!cid) return false;
        auto content = p_.store.open_content(*cid);
        if (!content) return false;
        const auto head = content->read(0, ipfs::media_prefix);
        return head && ipfs::recognise(*head).has_value();
    };
    const auto found = co_await p_.pool.run(std::move(look));
    co_return found && *found;
}

task<bool> mints_resource::is_known_key(std::string key) {
    saga::list_filter filter;
    filter.tenant = "default";
    filter.kind = "mint";
    filter.key = std::move(key);
    filter.limit = 1;
    const auto page = co_await p_.engine.list(std::move(filter));
    co_return page && !page->items.empty();
}

task<result<saga::submitted>> mints_resource::accept(saga::submission s, std::string image) {
    const auto id = p_.engine.new_id();
    s.id = id;
    auto key = s.key;
    const auto held = co_await p_.holds.take(ipfs::cid::parse(image).value(), id);
    // A replay finds its operation even when the content has gone since.
    if (!held && !co_await is_known_key(std::move(key))) co_return fail(held.error());
    auto accepted = co_await p_.engine.submit(std::move(s));
    const bool ours = accepted && accepted->view.id == id;
    // After a lost answer of the journal it may be there all the same: the next start looks.
    const bool unsure = !accepted && accepted.error().effect() == fault_effect::unknown;
    if (!ours && !unsure) (void)co_await p_.holds.drop(id);
    co_return accepted;
}

task<io::server_response> mints_resource::post(call c) {
    const std::string key{c.http.header("Idempotency-Key")};
    if (!is_idempotency_key(key)) {
        co_return refuse(400, codes::api_key_required, {},
                         {{"Idempotency-Key", "value.form", "1 to 128 visible ASCII characters"}});
    }
    if (!is_json(c.http.header("Content-Type"))) {
        co_return refuse(415, codes::api_media_type, "The body must be application/json.");
    }
    auto request = nft::read_mint_request(c.http.body);
    if (!request) co_return refuse_body(request.error());
    if (!p_.issuer) co_return refuse(503, codes::mint_disabled);

    // A replay must find its operation even when the content has gone since.
    if (!co_await is_image(request->image) && !co_await is_known_key(key)) {
        co_return unknown_image();
    }
    if (!p_.room() && !co_await is_known_key(key)) co_return refuse(507, codes::api_disk_full);

    saga::submission s;
    s.kind = "mint";
    s.key = key;
    s.input = json::write(nft::accept_mint(*request, *p_.issuer, {s.tenant, s.kind, s.key}));
    s.request_hash = nft::payload_hash(*request);
    s.priority = priority_of(*request);
    s.subject = nft::account_of(*request);
    auto accepted = co_await accept(std::move(s), request->image);
    if (!accepted && accepted.error().is(ipfs::codes::not_held)) co_return unknown_image();
    if (!accepted) co_return refuse(accepted.error());

    const auto id = accepted->view.id;
    const auto wait = preferred_wait(c.http.header("Prefer"));
    const auto until = deadline::after(p_.time.now(), wait);
    auto now =
        wait.count() > 0 ? co_await p_.engine.wait_end(id, until) : co_await p_.engine.get(id);
    if (!now) co_return refuse(now.error());
    auto out = reply(has_ended(now->view) ? 200 : 202, p_.docs.of(*now));
    out.headers.emplace_back("Location", "/api/v1/operations/" + id.text());
    if (accepted->replayed) out.headers.emplace_back("Idempotent-Replayed", "true");
    if (wait.count() > 0) {
        out.headers.emplace_back("Preference-Applied", "wait=" + std::to_string(wait.count()));
    }
    co_return out;
}

}  // namespace thole::api
