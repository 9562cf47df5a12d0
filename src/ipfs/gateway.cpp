#include "ipfs/gateway.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <set>

#include "ipfs/codec/car.hpp"
#include "ipfs/codec/dag_pb.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/media.hpp"

namespace thole::ipfs {
namespace {

constexpr std::string_view raw_type{"application/vnd.ipld.raw"};
constexpr std::string_view car_type{"application/vnd.ipld.car"};
constexpr std::size_t part_size = 256 * 1024;

enum class format { file, raw, car, unknown };

// The first header of that (lower-case) name, or "".
std::string_view header(const gateway_request& request, std::string_view name) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    for (const auto& [key, value] : request.headers) {
        if (std::ranges::equal(key, name, {}, lower)) return value;
    }
    return {};
}

std::string parameter(const gateway_request& request, const std::string& name, std::string absent) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? std::move(absent) : found->second;
}

gateway_answer refused(int status, std::string_view code, std::string detail) {
    const boost::json::object problem{{"type", "/problems/" + std::string{code}},
                                      {"title", "The content cannot be served"},
                                      {"status", status},
                                      {"detail", std::move(detail)}};
    gateway_answer out;
    out.status = status;
    out.headers = {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}};
    out.text = boost::json::serialize(problem);
    return out;
}

gateway_answer refused(const fault& cause, bool only_if_cached) {
    if (cause.is(codes::not_held)) {
        return refused(only_if_cached ? 412 : 404, cause.code(), std::string{cause.meaning()});
    }
    return refused(500, cause.code(), std::string{cause.meaning()});
}

format wanted(const gateway_request& request) {
    const auto asked = parameter(request, "format", {});
    if (asked == "raw") return format::raw;
    if (asked == "car") return format::car;
    if (!asked.empty()) return format::unknown;
    const auto accept = header(request, "accept");
    if (accept.find(raw_type) != accept.npos) return format::raw;
    if (accept.find(car_type) != accept.npos) return format::car;
    return format::file;
}

// Whether an If-None-Match list names this tag; weak and strong forms are the same to it.
bool names_tag(std::string_view list, std::string_view tag) {
    if (list == "*") return true;
    for (auto at = list.find(tag); at != list.npos; at = list.find(tag, at + 1)) {
        const auto after = at + tag.size();
        if (after == list.size() || list[after] == ',' || list[after] == ' ') return true;
    }
    return false;
}

class file_body final : public gateway_body {
  public:
    file_body(content_reader reader, byte_range range)
        : reader_{std::move(reader)}, range_{range} {}
    result<bytes> next() override {
        // Up to the end of a chunk, so that each is read and hashed once.
        const auto chunk = reader_.info().shape.chunk_bytes;
        const auto step = std::min<std::uint64_t>(range_.length, chunk - range_.first % chunk);
        auto part = reader_.read(range_.first, step);
        range_.first += step;
        range_.length -= step;
        return part;
    }

  private:
    content_reader reader_;
    byte_range range_;
};

// Depth first, each block once.
class car_body final : public gateway_body {
  public:
    car_body(content_reader reader, const cid& root, bool whole)
        : reader_{std::move(reader)}, root_{root}, whole_{whole}, stack_{root} {}
    result<bytes> next() override {
        bytes part;
        if (!started_) part = car_header(root_);
        started_ = true;
        while (!stack_.empty() && part.size() < part_size) {
            const auto id = stack_.back();
            stack_.pop_back();
            if (!sent_.insert(id).second) continue;
            const auto block = reader_.block(id);
            if (!block) return std::unexpected(block.error());
            append_car_block(part, id, *block);
            if (!whole_ || id.content() == codec::raw) continue;
            const auto node = decode_dag_pb(*block);
            if (!node) return std::unexpected(node.error());
            for (auto i = node->links.size(); i-- > 0;) stack_.push_back(node->links[i].target);
        }
        return part;
    }

  private:
    content_reader reader_;
    cid root_;
    bool whole_;
    bool started_ = false;
    std::vector<cid> stack_;
    std::set<cid> sent_;
};

void describe(gateway_answer& out, std::string_view type, std::string tag,
              const std::string& path) {
    out.headers = {{"Content-Type", std::string{type}},
                   {"ETag", std::move(tag)},
                   {"Cache-Control", "public, max-age=29030400, immutable"},
                   {"X-Ipfs-Path", path},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Content-Security-Policy", "default-src 'none'; sandbox"},
                   {"Access-Control-Allow-Origin", "*"}};
}

// What it is saved as: the name that was asked for, or the CID's. A name that could say more in a
// header than a name is not taken.
void offer_as_file(gateway_answer& out, const gateway_request& request, const cid& id,
                   std::string_view extension) {
    auto name = parameter(request, "filename", {});
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-' || c == ' ';
    };
    if (name.empty() || !std::ranges::all_of(name, plain)) {
        name = id.text() + std::string{extension};
    }
    out.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + name + "\"");
}

// 304 when the client has it already: an immutable thing needs no look at the disk.
bool unchanged(const gateway_request& request, gateway_answer& out) {
    if (!names_tag(header(request, "if-none-match"), out.headers[1].second)) return false;
    out.status = 304;
    return true;
}

gateway_answer answer_raw(content_store& store, const gateway_request& request, const cid& id,
                          bool only_if_cached) {
    auto block = store.block(id);
    if (!block) return refused(block.error(), only_if_cached);
    gateway_answer out;
    describe(out, raw_type, "\"" + id.text() + ".raw\"", request.path);
    offer_as_file(out, request, id, ".bin");
    if (!unchanged(request, out)) out.text = as_text(*block);
    return out;
}

gateway_answer answer_car(content_store& store, const gateway_request& request, const cid& id,
                          bool only_if_cached) {
    const auto scope = parameter(request, "dag-scope", "all");
    if (scope != "all" && scope != "entity" && scope != "block") {
        return refused(400, "ipfs.bad_request", "dag-scope is all, entity or block");
    }
    if (parameter(request, "car-version", "1") != "1") {
        return refused(400, "ipfs.bad_request", "only CAR version 1 is served");
    }
    auto reader = store.open_containing(id);
    if (!reader) return refused(reader.error(), only_if_cached);
    gateway_answer out;
    const bool whole = scope != "block";
    describe(out, "application/vnd.ipld.car; version=1; order=dfs; dups=n",
             "W/\"" + id.text() + ".car." + (whole ? "all" : "block") + "\"", request.path);
    offer_as_file(out, request, id, ".car");
    if (unchanged(request, out)) return out;
    out.body = std::make_unique<car_body>(*std::move(reader), id, whole);
    return out;
}

gateway_answer answer_file(content_store& store, const gateway_request& request, const cid& id,
                           bool only_if_cached) {
    auto reader = store.open_content(id);
    if (!reader) return refused(reader.error(), only_if_cached);
    // Reads and proves the first chunk before anything is promised.
    const auto prefix = reader->read(0, media_prefix);
    if (!prefix) return refused(prefix.error(), only_if_cached);
    const auto size = reader->info().size;
    gateway_answer out;
    const auto tag = "\"" + id.text() + "\"";
    describe(out, served_type(*prefix), tag, request.path);
    out.headers.emplace_back("Accept-Ranges", "bytes");
    if (unchanged(request, out)) return out;
    byte_range range{0, size};
    const auto if_range = header(request, "if-range");
    if (if_range.empty() || if_range == tag) {
        if (const auto asked = parse_range(header(request, "range"), size)) {
            if (asked->length == 0) {
                auto none = refused(416, "ipfs.bad_range",
                                    "the content has " + std::to_string(size) + " bytes");
                none.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
                return none;
            }
            range = *asked;
            out.status = 206;
            out.headers.emplace_back("Content-Range",
                                     "bytes " + std::to_string(range.first) + "-" +
                                         std::to_string(range.first + range.length - 1) + "/" +
                                         std::to_string(size));
        }
    }
    out.length = range.length;
    out.body = std::make_unique<file_body>(*std::move(reader), range);
    return out;
}

}  // namespace

std::optional<byte_range> parse_range(std::string_view header, std::uint64_t size) {
    constexpr std::string_view unit{"bytes="};
    if (!header.starts_with(unit)) return std::nullopt;
    header.remove_prefix(unit.size());
    const auto dash = header.find('-');
    if (dash == header.npos || header.find(',') != header.npos) return std::nullopt;
    const auto number = [](std::string_view text) -> std::optional<std::uint64_t> {
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
        return value;
    };
    const auto first = number(header.substr(0, dash));
    const auto last = number(header.substr(dash + 1));
    if (dash == 0) {  // the last n bytes
        if (!last) return std::nullopt;
        const auto length = std::min(*last, size);
        return byte_range{size - length, length};
    }
    if (!first || (!last && dash + 1 != header.size()) || (last && *last < *first)) {
        return std::nullopt;
    }
    if (*first >= size) return byte_range{};
    return byte_range{*first, std::min(last.value_or(size - 1), size - 1) - *first + 1};
}

gateway_answer answer_gateway(content_store& store, const gateway_request& request) {
    constexpr std::string_view root{"/ipfs/"};
    if (request.method != "GET" && request.method != "HEAD") {
        auto out = refused(405, "http.method_not_allowed", "GET and HEAD only");
        out.headers.emplace_back("Allow", "GET, HEAD");
        return out;
    }
    if (!request.path.starts_with(root))
        return refused(404, "http.not_found", "expected /ipfs/CID");
    auto name = std::string_view{request.path}.substr(root.size());
    const auto slash = std::min(name.find('/'), name.size());
    const auto below = name.substr(slash);
    const auto id = cid::parse(name.substr(0, slash));
    if (!id) {
        return refused(400, id.error().code(), std::string{id.error().detail()});
    }
    if (!below.empty()) return refused(404, "http.not_found", "a file has nothing below it");
    const bool only_if_cached =
        header(request, "cache-control").find("only-if-cached") != std::string_view::npos;
    switch (wanted(request)) {
        case format::raw:
            return answer_raw(store, request, *id, only_if_cached);
        case format::car:
            return answer_car(store, request, *id, only_if_cached);
        case format::file:
            return answer_file(store, request, *id, only_if_cached);
        case format::unknown:
            break;
    }
    return refused(400, "ipfs.bad_request", "format is raw or car");
}

}  // namespace thole::ipfs
