#include "app/config_show.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <iterator>

#include "app/url_parts.hpp"
#include "nft/partners.hpp"

namespace thole::app {
namespace {

// A URL in which the wallet's place is kept.
std::string shown_pattern(std::string text) {
    constexpr std::string_view encoded = "%7Bwallet%7D";
    if (const auto at = text.find(nft::wallet_in_url); at != std::string::npos) {
        text.replace(at, nft::wallet_in_url.size(), encoded);
    }
    text = shown_url(text);
    if (const auto at = text.find(encoded); at != std::string::npos) {
        text.replace(at, encoded.size(), nft::wallet_in_url);
    }
    return text;
}

std::string redacted(std::string_view member, const std::string& text) {
    if ((member != "url" && member != "websocket") || text.empty() || reference::parse(text))
        return text;
    return text.starts_with("sqlite:") ? text : shown_pattern(text);
}

void redact(boost::json::value& value, std::string_view member) {
    if (auto* object = value.if_object()) {
        for (auto& [key, each] : *object) redact(each, key);
    } else if (auto* array = value.if_array()) {
        for (auto& each : *array) redact(each, member);
    } else if (auto* text = value.if_string()) {
        *text = redacted(member, std::string{*text});
    }
}

// What says nothing: absent lists and texts. (An empty address means "no TCP".)
bool is_silent(std::string_view key, const boost::json::value& value) {
    if (const auto* array = value.if_array()) return array->empty();
    const auto* text = value.if_string();
    return text != nullptr && text->empty() && key != "listen";
}

bool is_tables(const boost::json::value& value) {
    const auto* array = value.if_array();
    return array != nullptr && !array->empty() && array->front().is_object();
}

// 64-bit numbers are texts in our JSON, and numbers in TOML.
std::string scalar_text(const boost::json::value& value, std::string_view member) {
    constexpr std::array wide{"fee_floor", "fee_cap",  "min_free_bytes",
                              "floor",     "lamports", "daily_cap"};
    if (std::ranges::find(wide, member) != wide.end() && value.is_string())
        return std::string{value.as_string()};
    return boost::json::serialize(value);
}

class printer {
  public:
    explicit printer(const config_layers& layers) : layers_{layers} {}

    void table(const boost::json::object& from, const std::string& pointer,
               const std::string& heading) {
        const bool plain = std::ranges::any_of(from, [](const auto& each) {
            return !each.value().is_object() && !is_tables(each.value()) &&
                   !is_silent(each.key(), each.value());
        });
        if (plain && !heading.empty()) fmt::format_to(std::back_inserter(out_), "\n{}\n", heading);
        for (const auto& [key, value] : from) {
            if (value.is_object() || is_tables(value) || is_silent(key, value)) continue;
            line(key, value, fmt::format("{}/{}", pointer, std::string_view{key}));
        }
        for (const auto& [key, value] : from) {
            const auto inner = fmt::format("{}/{}", pointer, std::string_view{key});
            if (const auto* object = value.if_object()) {
                table(*object, inner, fmt::format("[{}]", key_of(inner)));
            } else if (is_tables(value)) {
                for (std::size_t i = 0; i < value.as_array().size(); ++i) {
                    table(value.as_array()[i].as_object(), fmt::format("{}/{}", inner, i),
                          fmt::format("[[{}]]", key_of(inner)));
                }
            }
        }
    }
    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    void line(std::string_view key, const boost::json::value& value, const std::string& pointer) {
        const auto text = fmt::format("{} = {}", key, scalar_text(value, key));
        const auto origin = layers_.exact_origin_of(pointer);
        if (origin.empty()) {
            fmt::format_to(std::back_inserter(out_), "{}\n", text);
        } else {
            fmt::format_to(std::back_inserter(out_), "{:<40}  # {}\n", text, origin);
        }
    }

    const config_layers& layers_;
    std::string out_;
};

}  // namespace

boost::json::value config_json(const config& from) {
    auto value = json::to_value(from);
    redact(value, "");
    return value;
}

std::string show_config(const loaded_config& from) {
    printer out{from.layers};
    out.table(config_json(from.value).as_object(), "", "");
    auto text = out.take();
    if (text.starts_with('\n')) text.erase(0, 1);
    return text;
}

}  // namespace thole::app
