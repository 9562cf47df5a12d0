#include "io/problem.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace thole::io {

std::string_view status_title(int status) noexcept {
    switch (status) {
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 507:
            return "Insufficient Storage";
        default:
            return "Error";
    }
}

server_response problem(int status, std::string_view code, std::string detail,
                        std::vector<problem_item> errors) {
    boost::json::object out{{"type", "/problems/" + std::string{code}},
                            {"title", status_title(status)},
                            {"status", status},
                            {"detail", std::move(detail)}};
    if (!errors.empty()) {
        boost::json::array items;
        for (auto& item : errors) {
            items.push_back(boost::json::object{
                {"pointer", item.pointer}, {"code", item.code}, {"detail", item.detail}});
        }
        out["errors"] = std::move(items);
    }
    server_response response;
    response.status = status;
    response.headers.emplace_back("Content-Type", "application/problem+json");
    response.body = boost::json::serialize(out);
    return response;
}

}  // namespace thole::io
