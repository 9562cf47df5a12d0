#include "api/verify.hpp"

#include "api/codes.hpp"
#include "api/reply.hpp"

namespace thole::api {
namespace {

constexpr auto longest = std::chrono::seconds{30};

}  // namespace

void verify_resource::add_to(router& to) {
    to.add({"GET", "/api/v1/verify/{wallet}", "verify", access::read},
           [this](call c) { return get(std::move(c)); });
}

task<io::server_response> verify_resource::get(call c) {
    const auto wallet = solana::public_key::parse(c.path.at("wallet"));
    if (!wallet) {
        co_return refuse(
            422, codes::api_invalid, {},
            {{"wallet", "value.form", "must be a Solana address: base58 of 32 bytes"}});
    }
    if (view_ == nullptr) co_return refuse(503, codes::mint_disabled);
    const nft::wallet_query query{.wallet = *wallet, .only = {}};
    const auto until = deadline::after(time_.now(), longest);
    auto seen = co_await view_->look(query, until);
    if (!seen) co_return refuse(seen.error());
    auto body = json::to_value(*seen);
    body.as_object()["v"] = 1;
    if (!seen->level) body.as_object()["level"] = nullptr;
    co_return reply(200, body);
}

}  // namespace thole::api
