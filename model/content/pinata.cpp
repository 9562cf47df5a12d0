#include "model/content/pinata.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "ipfs/codec/dag_builder.hpp"
#include "model/content/multipart.hpp"

namespace thole::model {

namespace json = boost::json;

namespace {

web_answer with(json::value body, int status = 200) {
    return {status, json::serialize(body), {{"Content-Type", "application/json"}}};
}

web_answer problem(int status, std::string_view message) {
    return with({{"error", {{"code", status}, {"message", message}}}}, status);
}

// The older API words them differently.
web_answer reason(int status, std::string_view why, std::string_view details) {
    return with({{"error", {{"reason", why}, {"details", details}}}}, status);
}

std::string from_base64(std::string_view text) {
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    std::uint32_t bits = 0;
    int have = 0;
    for (const char c : text) {
        const auto at = letters.find(c);
        if (at == std::string_view::npos) break;
        bits = bits << 6 | static_cast<std::uint32_t>(at);
        have += 6;
        if (have >= 8) out.push_back(static_cast<char>(bits >> (have -= 8)));
    }
    return out;
}

std::map<std::string, std::string> pairs(std::string_view text) {
    std::map<std::string, std::string> out;
    boost::system::error_code error;
    const auto value = json::parse(text, error);
    if (error || !value.is_object()) return out;
    for (const auto& [key, each] : value.get_object()) {
        if (each.is_string()) out.emplace(key, each.get_string());
    }
    return out;
}

json::object shown(const std::map<std::string, std::string>& keyvalues) {
    json::object out;
    for (const auto& [key, value] : keyvalues) out[key] = value;
    return out;
}

json::object shown(const pinata::file& f) {
    return {{"id", f.id},
            {"name", f.name},
            {"cid", f.cid},
            {"size", f.content.size()},
            {"number_of_files", 1},
            {"mime_type", "application/octet-stream"},
            {"group_id", nullptr},
            {"keyvalues", shown(f.keyvalues)},
            {"network", f.is_public ? "public" : "private"},
            {"created_at", "2026-01-01T00:00:00Z"}};
}

std::string tail_of(std::string_view path, std::string_view prefix) {
    return path.starts_with(prefix) ? std::string{path.substr(prefix.size())} : std::string{};
}

}  // namespace

int pinata::calls(const std::string& method_and_path) const {
    const auto found = calls_.find(method_and_path);
    return found == calls_.end() ? 0 : found->second;
}

std::string pinata::next_id() {
    auto tail = std::to_string(++made_);
    return "0195f000-0000-7000-8000-" + std::string(12 - tail.size(), '0') + tail;
}

bool pinata::keep(file& what, int cid_version) {
    const auto& shape = cid_version == 0 ? ipfs::v0_2015 : ipfs::v1_256k;
    if (faults_.lie) what.content += "?";
    what.cid = ipfs::cid_of(as_bytes(what.content), shape).text();
    const auto known = std::ranges::find_if(files_, [&](const file& each) {
        return each.cid == what.cid && each.is_public == what.is_public;
    });
    if (known != files_.end()) {
        what = *known;
        return true;
    }
    what.id = next_id();
    files_.push_back(what);
    return false;
}

void pinata::keep_by_hand(std::string content) {
    file what;
    what.name = "by hand";
    what.is_public = true;
    what.content = std::move(content);
    (void)keep(what, 1);
}

// Keys, suspension and limits come before anything else.
std::optional<web_answer> pinata::refuse(const web_request& request) {
    if (faults_.http_503 > 0) {
        --faults_.http_503;
        return web_answer{503, "upstream connect error", {}};
    }
    if (request.header("Authorization") != "Bearer " + options_.token) {
        const bool v3 = request.path().starts_with("/v3");
        return v3 ? problem(401, "Not Authorized")
                  : reason(401, "INVALID_CREDENTIALS", "Invalid/expired credentials");
    }
    if (faults_.suspended) return problem(403, "Account blocked");
    if (request.now / 60 != minute_) {
        minute_ = request.now / 60;
        in_minute_ = 0;
    }
    if (options_.calls_per_minute > 0 && ++in_minute_ > options_.calls_per_minute) {
        auto out = problem(429, "Too many requests");
        const auto left = 60 - request.now % 60;
        out.headers.emplace_back("Retry-After", std::to_string(left));
        out.headers.emplace_back("X-RateLimit-Limit", std::to_string(options_.calls_per_minute));
        out.headers.emplace_back("X-RateLimit-Remaining", "0");
        out.headers.emplace_back("X-RateLimit-Reset", std::to_string(request.now + left));
        return out;
    }
    return std::nullopt;
}

web_answer pinata::answer(const web_request& request) {
    const std::string path{request.path()};
    ++calls_[request.method + " " + path];
    if (const auto cid = tail_of(path, "/ipfs/"); !cid.empty()) return serve(cid);
    if (auto refused = refuse(request)) return *std::move(refused);
    return route(request);
}

web_answer pinata::route(const web_request& request) {
    const std::string path{request.path()};
    const auto& method = request.method;
    if (path == "/v3/files" && method == "POST") {
        return request.header("Upload-Length").empty() ? upload(request) : begin_parts(request);
    }
    if (const auto id = tail_of(path, "/v3/files/tus/"); !id.empty()) return parts(request, id);
    if (path == "/v3/files/public" && method == "GET") return list(request);
    const auto id = tail_of(path, "/v3/files/public/");
    if (!id.empty() && method == "DELETE") return remove(id);
    if (path == "/data/testAuthentication") {
        return with({{"message", "Congratulations! You are communicating with the Pinata API!"}});
    }
    if (path == "/pinning/pinFileToIPFS" && method == "POST") return pin_file(request);
    if (path == "/data/pinList" && method == "GET") return pin_list(request);
    const auto cid = tail_of(path, "/pinning/unpin/");
    if (!cid.empty() && method == "DELETE") return unpin(cid);
    return problem(404, "Not Found");
}

// ---- version 3 ----------------------------------------------------------------------------------

web_answer pinata::upload(const web_request& request) {
    if (request.body.size() > options_.most_at_once) return problem(413, "Request too large");
    const auto form = form_parts(request.header("Content-Type"), request.body);
    if (!form) return problem(400, "Invalid multipart form");
    file what;
    bool has_file = false;
    int version = 1;
    for (const auto& part : *form) {
        if (part.name == "file") {
            what.content = part.content;
            if (what.name.empty()) what.name = part.file_name;
            has_file = true;
        }
        if (part.name == "network") what.is_public = part.content == "public";
        if (part.name == "name") what.name = part.content;
        if (part.name == "keyvalues") what.keyvalues = pairs(part.content);
        if (part.name == "cid_version") version = part.content == "v0" ? 0 : 1;
    }
    if (!has_file) return problem(400, "No file in the request");
    const bool known = keep(what, version);
    auto data = shown(what);
    data["is_duplicate"] = known;
    return with({{"data", std::move(data)}});
}

web_answer pinata::begin_parts(const web_request& request) {
    partial made;
    const auto length = request.header("Upload-Length");
    const auto [end, error] =
        std::from_chars(length.data(), length.data() + length.size(), made.size);
    if (error != std::errc{} || end != length.data() + length.size()) {
        return problem(400, "Upload-Length");
    }
    auto rest = request.header("Upload-Metadata");
    while (!rest.empty()) {
        const auto one = rest.substr(0, rest.find(','));
        const auto key = one.substr(0, one.find(' '));
        const auto value = from_base64(one.substr(std::min(key.size() + 1, one.size())));
        if (key == "filename") made.what.name = value;
        if (key == "network") made.what.is_public = value == "public";
        if (key == "keyvalues") made.what.keyvalues = pairs(value);
        if (key == "cid_version") made.version = value == "v0" ? 0 : 1;
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    }
    const auto id = next_id();
    partials_.emplace(id, std::move(made));
    auto location = "/v3/files/tus/" + id;
    if (const auto host = request.header("Host"); !host.empty()) {
        location.insert(0, "http://" + std::string{host});
    }
    return {201, {}, {{"Location", std::move(location)}, {"Tus-Resumable", "1.0.0"}}};
}

web_answer pinata::parts(const web_request& request, const std::string& id) {
    if (faults_.forget_parts > 0) {
        --faults_.forget_parts;
        partials_.erase(id);
    }
    const auto found = partials_.find(id);
    if (found == partials_.end()) return problem(404, "upload not found");
    if (request.method == "PATCH") return add_part(request, id);
    if (request.method != "HEAD") return problem(405, "Method Not Allowed");
    return {200,
            {},
            {{"Upload-Offset", std::to_string(found->second.content.size())},
             {"Upload-Length", std::to_string(found->second.size)},
             {"Cache-Control", "no-store"}}};
}

web_answer pinata::add_part(const web_request& request, const std::string& id) {
    auto& to = partials_.at(id);
    if (request.header("Content-Type") != "application/offset+octet-stream") {
        return problem(415, "Content-Type");
    }
    if (request.header("Upload-Offset") != std::to_string(to.content.size())) {
        return problem(409, "mismatched offset");
    }
    if (request.body.size() > options_.most_in_part) return problem(413, "part too large");
    if (to.content.size() + request.body.size() > to.size) return problem(413, "upload too large");
    to.content += request.body;
    web_answer out{204, {}, {{"Upload-Offset", std::to_string(to.content.size())}}};
    if (to.content.size() < to.size) return out;
    auto whole = to.what;
    whole.content = to.content;
    (void)keep(whole, to.version);
    out.headers.emplace_back("upload-cid", whole.cid);
    return out;
}

web_answer pinata::list(const web_request& request) const {
    const auto cid = request.query("cid");
    const auto name = request.query("name");
    json::array found;
    for (const auto& each : files_) {
        if (!each.is_public || (!cid.empty() && each.cid != cid)) continue;
        if (!name.empty() && each.name != name) continue;
        found.push_back(shown(each));
    }
    json::object data{{"next_page_token", ""}};
    if (found.empty()) {
        data["files"] = nullptr;
    } else {
        data["files"] = std::move(found);
    }
    return with({{"data", std::move(data)}});
}

web_answer pinata::remove(const std::string& id) {
    const auto gone = std::erase_if(files_, [&](const file& each) { return each.id == id; });
    return gone == 0 ? problem(404, "File not found") : with({{"data", nullptr}});
}

// ---- the older API ------------------------------------------------------------------------------

web_answer pinata::pin_file(const web_request& request) {
    const auto form = form_parts(request.header("Content-Type"), request.body);
    if (!form) return reason(400, "BAD_REQUEST", "not a multipart form");
    file what;
    what.is_public = true;
    bool has_file = false;
    int version = 0;
    for (const auto& part : *form) {
        boost::system::error_code error;
        const auto value = json::parse(part.content, error);
        if (part.name == "file") {
            what.content = part.content;
            has_file = true;
        } else if (part.name == "pinataOptions" && !error) {
            const auto* wanted = value.find_pointer("/cidVersion", error);
            if (wanted != nullptr && wanted->is_int64()) {
                version = static_cast<int>(wanted->get_int64());
            }
        } else if (part.name == "pinataMetadata" && !error) {
            const auto* name = value.find_pointer("/name", error);
            if (name != nullptr && name->is_string()) what.name = name->get_string();
            const auto* keys = value.find_pointer("/keyvalues", error);
            if (keys != nullptr) what.keyvalues = pairs(json::serialize(*keys));
        }
    }
    if (!has_file) return reason(400, "NO_FILE", "no file in the request");
    const bool known = keep(what, version);
    return with({{"IpfsHash", what.cid},
                 {"PinSize", what.content.size()},
                 {"Timestamp", "2026-01-01T00:00:00.000Z"},
                 {"isDuplicate", known}});
}

web_answer pinata::pin_list(const web_request& request) const {
    const auto wanted = request.query("hashContains");
    json::array rows;
    for (const auto& each : files_) {
        if (each.cid.find(wanted) == std::string::npos) continue;
        rows.push_back(json::object{
            {"id", each.id},
            {"ipfs_pin_hash", each.cid},
            {"size", each.content.size()},
            {"date_unpinned", nullptr},
            {"metadata", {{"name", each.name}, {"keyvalues", shown(each.keyvalues)}}}});
    }
    const auto count = rows.size();
    return with({{"count", count}, {"rows", std::move(rows)}});
}

web_answer pinata::unpin(const std::string& cid) {
    const auto gone = std::erase_if(files_, [&](const file& each) { return each.cid == cid; });
    if (gone == 0) {
        return reason(404, "CURRENT_USER_HAS_NOT_PINNED_CID", "The current user has not pinned it");
    }
    return {200, "OK", {{"Content-Type", "text/plain"}}};
}

web_answer pinata::serve(const std::string& cid) const {
    for (const auto& each : files_) {
        if (each.cid == cid && each.is_public) return {200, each.content, {}};
    }
    return problem(404, "not found");
}

}  // namespace thole::model
