#include "nft/metadata.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/json.hpp"
#include "nft/codes.hpp"
#include "nft/text.hpp"

namespace thole::nft {
namespace {

namespace bj = boost::json;

constexpr std::string_view level_trait = "Level";

// What the metadata of this request lists: the level comes first, where wallets show it.
std::vector<attribute> written_attributes(const mint_request& request) {
    std::vector<attribute> list;
    if (request.level) {
        list.push_back({std::string{level_trait}, std::to_string(*request.level)});
    }
    list.insert(list.end(), request.attributes.begin(), request.attributes.end());
    return list;
}

std::string text_member(const bj::object& object, std::string_view key) {
    const auto* found = object.if_contains(key);
    return found != nullptr && found->is_string() ? std::string{found->get_string()}
                                                  : std::string{};
}

// A scalar as the text under which it is compared; nothing for null, arrays and objects.
std::optional<std::string> scalar_text(const bj::value& value) {
    if (value.is_string()) return std::string{value.get_string()};
    if (value.is_number() || value.is_bool()) return json::canonical(value);
    return std::nullopt;
}

std::vector<attribute> read_attributes(const bj::object& object) {
    std::vector<attribute> list;
    const auto* found = object.if_contains("attributes");
    if (found == nullptr || !found->is_array()) return list;
    for (const auto& entry : found->get_array()) {
        if (!entry.is_object()) continue;
        const auto* value = entry.get_object().if_contains("value");
        auto text = value == nullptr ? std::nullopt : scalar_text(*value);
        if (!text) continue;
        list.push_back({text_member(entry.get_object(), "trait_type"), std::move(*text)});
    }
    return list;
}

// Two levels are as good as none: whoever wrote them can claim either.
std::optional<std::uint32_t> read_level(const std::vector<attribute>& attributes) {
    std::optional<std::uint32_t> level;
    bool seen = false;
    for (const auto& entry : attributes) {
        if (!same_ignoring_case(entry.trait_type, level_trait)) continue;
        if (seen) return std::nullopt;
        seen = true;
        level = parse_level(entry.value);
    }
    return level;
}

}  // namespace

std::string metadata_json(const mint_request& request, const image_reference& image) {
    bj::array attributes;
    for (const auto& entry : written_attributes(request)) {
        attributes.push_back(bj::object{{"trait_type", entry.trait_type}, {"value", entry.value}});
    }
    bj::object document{
        {"name", request.name},
        {"symbol", request.symbol},
        {"description", request.description},
        {"image", image.uri},
        {"attributes", std::move(attributes)},
        {"properties", bj::object{{"category", "image"},
                                  {"files", bj::array{bj::object{{"uri", image.uri},
                                                                 {"type", image.media_type}}}}}},
    };
    if (request.external_url) document["external_url"] = *request.external_url;
    auto text = json::canonical(bj::value(std::move(document)));
    THOLE_ASSERT(text.size() <= metadata_limit, "the request's limits bound its metadata");
    return text;
}

result<token_metadata> parse_metadata(std::string_view text) {
    if (text.size() > metadata_limit) {
        return fail(codes::metadata_malformed, "more than 65536 bytes");
    }
    const auto parsed = json::parse(text);
    if (!parsed) {
        return fail(codes::metadata_malformed,
                    parsed.error().empty() ? "no JSON" : parsed.error().front().detail);
    }
    if (!parsed->is_object()) return fail(codes::metadata_malformed, "not a JSON object");
    const auto& object = parsed->get_object();
    token_metadata seen;
    seen.name = text_member(object, "name");
    if (seen.name.empty()) return fail(codes::metadata_malformed, "no name");
    seen.symbol = text_member(object, "symbol");
    seen.description = text_member(object, "description");
    seen.image = text_member(object, "image");
    if (object.contains("external_url")) seen.external_url = text_member(object, "external_url");
    seen.attributes = read_attributes(object);
    seen.level = read_level(seen.attributes);
    return seen;
}

std::string metadata_difference(const token_metadata& seen, const mint_request& request,
                                std::string_view image_uri) {
    std::string names;
    const auto differs = [&names](bool different, std::string_view field) {
        if (!different) return;
        if (!names.empty()) names += ", ";
        names += field;
    };
    differs(seen.name != request.name, "name");
    differs(seen.symbol != request.symbol, "symbol");
    differs(seen.description != request.description, "description");
    differs(seen.image != image_uri, "image");
    differs(seen.external_url != request.external_url, "external_url");
    differs(seen.attributes != written_attributes(request), "attributes");
    differs(seen.level != requested_level(request), "level");
    return names;
}

}  // namespace thole::nft
