#include "sim/desk.hpp"

namespace thole::sim {

reply desk::answer(const io::http_request& request) {
    const auto path = request.url.substr(url.size());
    const auto slash = path.find('/', 1);
    if (slash == std::string::npos) return {404, {}, {}};
    const auto operation = path.substr(1, slash - 1);
    const auto step = path.substr(slash + 1);
    const auto found = kept_.find(operation);
    const bool there = found != kept_.end() && found->second.contains(step);
    if (request.method == "GET") return {there ? 200 : 404, {}, {}};
    if (request.method == "DELETE") {
        taken_back_.insert(path);
        if (there) found->second.erase(step);
        return {200, {}, {}};
    }
    if (taken_back_.contains(path)) return {410, {}, {}};
    const bool hard = request.body.find(difficult) != std::string::npos;
    if (hard && step == "invite") return {409, {}, {}};
    kept_[operation].insert(step);
    return {200, {}, {}};
}

}  // namespace thole::sim
