#include "api/cron.hpp"

#include <boost/json/array.hpp>

#include "api/reply.hpp"

namespace thole::api {

void cron_resource::add_to(router& to) {
    to.add({"GET", "/api/v1/cron", "cron", access::read, {"ticks"}},
           [this](call c) { return list(std::move(c)); });
}

task<io::server_response> cron_resource::list(call c) {
    auto ticks = c.number("ticks", 5, 1, 100);
    if (!ticks) co_return std::move(ticks.error());
    const auto found = co_await runner_.view(static_cast<int>(*ticks));
    if (!found) co_return refuse(found.error());
    boost::json::array items;
    for (const auto& each : *found) items.push_back(json::to_value(each));
    co_return reply(200, boost::json::object{{"v", 1}, {"items", std::move(items)}});
}

}  // namespace thole::api
