#include "api/holds.hpp"

#include <boost/json/array.hpp>

#include "api/codes.hpp"
#include "api/reply.hpp"

namespace thole::api {
namespace {

enum class hold_act : std::uint8_t { hold, release };
BOOST_DESCRIBE_ENUM(hold_act, hold, release)

struct hold_request {
    hold_act act = hold_act::hold;
    std::optional<std::string> kind;
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(hold_request, (), (act, kind, reason))

struct hold_document {
    std::optional<std::string> kind;  // absent: everything
    bool held = true;
    std::string actor;
    std::string reason;
    store_time at;
};
BOOST_DESCRIBE_STRUCT(hold_document, (), (kind, held, actor, reason, at))

constexpr std::size_t longest_reason = 1000;

}  // namespace

void holds_resource::add_to(router& to) {
    to.add({"GET", "/api/v1/holds", "holds", access::read, {"history"}},
           [this](call c) { return list(std::move(c)); });
    to.add({"POST", "/api/v1/holds", "holds", access::operate, {}, 4U << 10U},
           [this](call c) { return post(std::move(c)); });
}

task<io::server_response> holds_resource::list(call c) {
    const auto history = c.parameter("history").value_or("false");
    if (history != "true" && history != "false") {
        co_return refuse(400, codes::api_bad_parameter, {},
                         {{"history", "api.unknown_value", "must be true or false"}});
    }
    co_return co_await all(history == "true");
}

task<io::server_response> holds_resource::all(bool history) {
    const auto found = co_await engine_.holds(history);
    if (!found) co_return refuse(found.error());
    boost::json::array items;
    for (const auto& each : *found) {
        if (!history && !each.held) continue;
        hold_document out{{}, each.held, each.actor, each.reason, each.at};
        if (!each.kind.empty()) out.kind = each.kind;
        items.push_back(json::to_value(out));
    }
    co_return reply(200, boost::json::object{{"v", 1}, {"items", std::move(items)}});
}

task<io::server_response> holds_resource::post(call c) {
    auto body = json::read<hold_request>(c.http.body);
    if (!body) co_return refuse_body(body.error());
    if (body->reason.empty() || body->reason.size() > longest_reason) {
        co_return refuse(422, codes::api_invalid, {},
                         {{"/reason", "value.required", "a person says why, in 1 to 1000 bytes"}});
    }
    if (body->kind && body->kind->empty()) {
        co_return refuse(422, codes::api_invalid, {},
                         {{"/kind", "value.required", "leave it out to mean everything"}});
    }
    auto kind = body->kind.value_or("");
    const bool hold = body->act == hold_act::hold;
    const auto done = co_await (engine_.*(hold ? &saga::engine::hold : &saga::engine::release))(
        std::move(kind), c.who.name, std::move(body->reason));
    if (!done) co_return refuse(done.error());
    co_return co_await all(false);
}

}  // namespace thole::api
