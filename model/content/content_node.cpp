#include "model/content/content_node.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "ipfs/codec/dag_builder.hpp"
#include "model/content/multipart.hpp"

namespace thole::model {

namespace json = boost::json;

namespace {

content_answer failure(int status, std::string message) {
    return {status, json::serialize(json::object{{"Message", message}, {"Code", 0}})};
}

std::string argument(std::string_view target) {
    const auto at = target.find("arg=");
    if (at == std::string_view::npos) return {};
    const auto value = target.substr(at + 4);
    return std::string{value.substr(0, value.find('&'))};
}

}  // namespace

const std::string& content_node::lied_about() {
    static const auto cid = ipfs::cid_of(as_bytes("something else")).text();
    return cid;
}

content_answer content_node::add(const content_request& request) {
    const auto content = first_part(request.content_type, request.body);
    if (!content) return failure(500, "no content-type in multipart part");
    if (faults_.full) return failure(500, "no space left on device");
    auto cid = ipfs::cid_of(as_bytes(*content)).text();
    if (faults_.lie) cid = lied_about();
    files_.insert_or_assign(cid, std::string{*content});
    pins_.insert(cid);
    return {200, json::serialize(json::object{
                     {"Name", cid}, {"Hash", cid}, {"Size", std::to_string(content->size())}})};
}

content_answer content_node::serve(std::string_view cid) {
    const auto found = files_.find(std::string{cid});
    if (found == files_.end()) return failure(404, "not held here");
    auto body = found->second;
    if (faults_.corrupt && !body.empty()) body[body.size() / 2] ^= 1;
    return {200, std::move(body)};
}

content_answer content_node::list_pins(const std::string& cid) const {
    if (!pins_.contains(cid)) return failure(500, "path '" + cid + "' is not pinned");
    return {200, json::serialize(json::object{
                     {"Keys", json::object{{cid, json::object{{"Type", "recursive"}}}}}})};
}

content_answer content_node::remove_pin(const std::string& cid) {
    if (pins_.erase(cid) == 0) return failure(500, "not pinned or pinned indirectly");
    return {200, json::serialize(json::object{{"Pins", json::array{json::string{cid}}}})};
}

void content_node::lose(const std::string& cid) {
    files_.erase(cid);
    pins_.erase(cid);
}

content_answer content_node::answer(const content_request& request) {
    if (faults_.http_503 > 0) {
        --faults_.http_503;
        return {503, "service unavailable"};
    }
    constexpr std::string_view gateway = "/ipfs/";
    const auto path = request.target.substr(0, request.target.find('?'));
    if (path.starts_with(gateway)) return serve(path.substr(gateway.size()));
    if (request.method != "POST") return failure(405, "only POST");
    if (path == "/api/v0/add") return add(request);
    if (path == "/api/v0/pin/ls") return list_pins(argument(request.target));
    if (path == "/api/v0/pin/rm") return remove_pin(argument(request.target));
    if (path == "/api/v0/version" || path == "/api/v0/id") {
        return {200, json::serialize(json::object{{"Version", "model"}, {"ID", "model"}})};
    }
    return failure(404, "no such command");
}

}  // namespace thole::model
