#include "io/problem.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "io/response_text.hpp"

namespace thole::io {

server_response problem(int status, std::string_view code, std::string_view detail,
                        const json::problems& errors, std::string_view instance) {
    boost::json::object body;
    body.emplace("type", "/problems/" + std::string{code});
    body.emplace("title", reason_phrase(status));
    body.emplace("status", status);
    body.emplace("detail", detail);
    if (!instance.empty()) body.emplace("instance", instance);
    if (!errors.empty()) {
        boost::json::array list;
        for (const auto& each : errors) {
            boost::json::object one;
            one.emplace("pointer", each.pointer);
            one.emplace("code", each.code);
            one.emplace("detail", each.detail);
            list.push_back(std::move(one));
        }
        body.emplace("errors", std::move(list));
    }
    server_response out;
    out.status = status;
    out.headers.emplace_back("Content-Type", "application/problem+json");
    out.headers.emplace_back("Cache-Control", "no-store");
    out.body = json::write(boost::json::value(std::move(body)));
    return out;
}

}  // namespace thole::io
