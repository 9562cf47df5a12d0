#include "api/mints.hpp"

#include "api/codes.hpp"
#include "api/reply.hpp"
#include "api/submission.hpp"
#include "ipfs/codes.hpp"
#include "nft/request.hpp"
#include "thole/codes.hpp"

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

}  // namespace

void mints_resource::add_to(router& to) {
    to.add({"POST", "/api/v1/mints", "mints", access::submit, {}, nft::mint_limits::body},
           [this](call c) { return post(std::move(c)); });
}

// A pool that is full says nothing about the image.
task<result<bool>> mints_resource::is_image(ipfs::cid id) {
    const auto found = co_await p_.pictures.find(id);
    if (!found && found.error().is(thole::codes::policy_bulkhead_full)) {
        co_return fail(found.error());
    }
    co_return found.has_value();
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
    auto key = idempotency_key(c);
    if (!key) co_return std::move(key).error();
    if (!is_json(c.http.header("Content-Type"))) {
        co_return refuse(415, codes::api_media_type, "The body must be application/json.");
    }
    auto request = nft::read_mint_request(c.http.body);
    if (!request) co_return refuse_body(request.error());
    if (!p_.issuer) co_return refuse(503, codes::mint_disabled);

    // A replay must find its operation even when the content has gone since.
    const auto image = ipfs::cid::parse(request->image);
    const auto known = image ? co_await is_image(*image) : result<bool>{false};
    if (!known) co_return refuse(known.error());
    if (!*known && !co_await is_known_key(*key)) co_return unknown_image();
    if (!p_.room() && !co_await is_known_key(*key)) co_return refuse(507, codes::api_disk_full);

    saga::submission s;
    s.kind = "mint";
    s.key = *key;
    // Beside the input, not in it: what is looked for stays readable, and no edit changes it.
    s.tags = std::exchange(request->tags, std::nullopt).value_or(std::vector<std::string>{});
    const nft::operation_name name{s.tenant, s.kind, s.key};
    s.input = json::write(nft::accept_mint(*request, *p_.issuer, name, p_.metaplex));
    s.request_hash = nft::payload_hash(*request);
    s.priority = priority_of(*request);
    s.subject = nft::account_of(*request);
    auto accepted = co_await accept(std::move(s), request->image);
    if (!accepted && accepted.error().is(ipfs::codes::not_held)) co_return unknown_image();
    if (!accepted) co_return refuse(accepted.error());
    const submission_place place{p_.engine, p_.docs, p_.time};
    co_return co_await answer_accepted(place, std::move(c), std::move(*accepted));
}

}  // namespace thole::api
