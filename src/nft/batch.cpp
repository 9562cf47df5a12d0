#include "nft/batch.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/stream_parser.hpp>
#include <charconv>
#include <set>

#include "engine/tags.hpp"
#include "nft/csv.hpp"

namespace thole::nft {
namespace {

using object = boost::json::object;

constexpr std::string_view attribute_column = "attribute:";
constexpr std::array<std::string_view, 12> plain_columns{
    "owner", "account",      "name",       "symbol",   "description", "image",
    "level", "external_url", "is_mutable", "standard", "priority",    "tags"};

std::string line_of(std::size_t line) {
    return fmt::format("line {}", line);
}

// "/attributes/0/value" → "attributes/0/value": what a person calls the field.
std::string field_of(const std::string& pointer) {
    return pointer.empty() ? pointer : pointer.substr(1);
}

bool is_visible_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// Takes the path out, so that the rest is a mint request by the API's own rules.
void add_item(mint_batch& into, batch_item item, object request, bool image_required) {
    const auto* image = request.if_contains("image");
    if (image != nullptr && image->is_string()) {
        item.image = image->get_string();
    } else if (image_required || image != nullptr) {
        into.mistakes.push_back({item.place, "image", "must be the path of a picture"});
    }
    request["image"] = "";
    for (const auto* member : {"owner", "name", "symbol", "description"}) {
        if (!request.contains(member)) request[member] = "";
    }
    auto read = json::read<mint_request>(boost::json::value(request));
    if (!read) {
        // Without the members that cannot be read, the others are judged all the same.
        for (const auto& each : read.error()) {
            into.mistakes.push_back({item.place, field_of(each.pointer), each.detail});
            const auto member = field_of(each.pointer);
            request.erase(member.substr(0, member.find('/')));
        }
        read = json::read<mint_request>(boost::json::value(std::move(request)));
        if (!read) return;
    }
    item.request = std::move(*read);
    apply_defaults(item.request);
    into.items.push_back(std::move(item));
}

// ---- CSV ----------------------------------------------------------------------------------------

void judge_columns(mint_batch& into, const csv_row& head) {
    std::set<std::string_view> seen;
    for (const std::string_view column : head.cells) {
        const bool known =
            std::ranges::find(plain_columns, column) != plain_columns.end() ||
            (column.starts_with(attribute_column) && column.size() > attribute_column.size());
        if (!known) {
            into.mistakes.push_back({line_of(head.line), std::string{column},
                                     "is no column: owner, account, name, symbol, description, "
                                     "image, level, external_url, is_mutable, standard, "
                                     "priority, tags or attribute:TRAIT"});
        } else if (!seen.insert(column).second) {
            into.mistakes.push_back({line_of(head.line), std::string{column}, "is there twice"});
        }
    }
}

// Text where it is none of what the member wants: the reader then says what it must be.
boost::json::value value_of(std::string_view column, const std::string& cell) {
    if (column == "level") {
        std::uint64_t number = 0;
        const auto* end = cell.data() + cell.size();
        const auto [stop, error] = std::from_chars(cell.data(), end, number);
        if (error == std::errc{} && stop == end) return number;
    }
    if (column == "is_mutable" && (cell == "true" || cell == "false")) return cell == "true";
    if (column == "tags") {
        boost::json::array out;
        for (const auto& each : saga::split_tags(cell)) out.emplace_back(each);
        return out;
    }
    return boost::json::value(cell);
}

object request_of(const csv_row& head, const csv_row& row) {
    object out;
    boost::json::array attributes;
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
        const auto& cell = row.cells[i];
        const std::string_view column = head.cells[i];
        if (cell.empty()) continue;
        if (column.starts_with(attribute_column)) {
            attributes.push_back(
                object{{"trait_type", column.substr(attribute_column.size())}, {"value", cell}});
        } else {
            out[column] = value_of(column, cell);
        }
    }
    if (!attributes.empty()) out["attributes"] = std::move(attributes);
    return out;
}

void add_row(mint_batch& into, const csv_row& head, const csv_row& row) {
    const auto place = line_of(row.line);
    if (row.cells.size() != head.cells.size()) {
        into.mistakes.push_back({place, "",
                                 fmt::format("has {} cells, the first line has {}",
                                             row.cells.size(), head.cells.size())});
        return;
    }
    const auto long_one = std::ranges::find_if(
        row.cells, [](const std::string& cell) { return cell.size() > batch_limits::cell; });
    if (long_one != row.cells.end()) {
        into.mistakes.push_back({place, "", "a cell has more than 64 KiB"});
        return;
    }
    batch_item item{.place = place, .name = std::to_string(row.line), .image = {}, .request = {}};
    add_item(into, std::move(item), request_of(head, row), true);
}

void add_spare(mint_batch& into, std::size_t line) {
    if (into.spare.size() < batch_limits::items) into.spare.push_back(std::to_string(line));
}

void add_beyond(mint_batch& into, std::size_t last) {
    for (std::size_t i = 1; i <= batch_limits::beyond; ++i) {
        into.beyond.push_back(std::to_string(last + i));
    }
}

// ---- JSON ---------------------------------------------------------------------------------------

// The line on which each element of the outermost array begins. Precondition: well-formed.
std::vector<std::size_t> element_lines(std::string_view text) {
    std::vector<std::size_t> out;
    std::size_t line = 1;
    int depth = 0;
    bool quoted = false;
    bool fresh = false;  // an element may begin here
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\n') ++line;
        if (quoted) {
            if (c == '\\') ++i;
            if (c == '"') quoted = false;
            continue;
        }
        const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (depth == 1 && fresh && !blank && c != ']') {
            out.push_back(line);
            fresh = false;
        }
        if (c == '"') quoted = true;
        if (c == '[' || c == '{') fresh = ++depth == 1;
        if (c == ']' || c == '}') --depth;
        if (c == ',' && depth == 1) fresh = true;
    }
    return out;
}

// Where a text stops being JSON.
std::string place_of_syntax(std::string_view text) {
    boost::json::stream_parser parser;
    boost::system::error_code error;
    const auto used = parser.write_some(text.data(), text.size(), error);
    const auto lines = std::ranges::count(text.substr(0, used), '\n');
    return line_of(1 + static_cast<std::size_t>(lines));
}

// "/6/name" of an array: the element, and the field in it.
void add_problem(mint_batch& into, const json::problem& each, std::string_view text,
                 const std::vector<std::size_t>& lines) {
    std::size_t element = 0;
    const auto* end = each.pointer.data() + each.pointer.size();
    if (each.pointer.size() > 1) {
        const auto [stop, error] = std::from_chars(each.pointer.data() + 1, end, element);
        if (error == std::errc{} && element < lines.size()) {
            const auto field = stop == end ? std::string{} : std::string{stop + 1, end};
            into.mistakes.push_back({line_of(lines[element]), field, each.detail});
            return;
        }
    }
    into.mistakes.push_back({place_of_syntax(text), field_of(each.pointer), each.detail});
}

bool is_too_much(mint_batch& into, std::size_t items) {
    if (items > batch_limits::items) {
        into.mistakes.push_back(
            {"line 1", "",
             fmt::format("at most {} items, this has {}", batch_limits::items, items)});
        return true;
    }
    if (items == 0) into.mistakes.push_back({"line 1", "", "there is no item in it"});
    return items == 0;
}

}  // namespace

mint_batch read_batch_csv(std::string_view text) {
    mint_batch out;
    const auto rows = read_csv(text);
    if (!rows) {
        out.mistakes.push_back({line_of(rows.error().line), "", rows.error().detail});
        return out;
    }
    if (is_too_much(out, rows->empty() ? 0 : rows->size() - 1)) return out;
    judge_columns(out, rows->front());
    if (!out.mistakes.empty()) return out;
    std::size_t next = 2;  // the first on which an item can begin
    for (std::size_t i = 1; i < rows->size(); ++i) {
        const auto& row = (*rows)[i];
        while (next < row.line) add_spare(out, next++);
        next = row.line + 1;
        add_row(out, rows->front(), row);
    }
    add_beyond(out, rows->back().line);
    return out;
}

mint_batch read_batch_json(std::string_view text) {
    mint_batch out;
    const auto value = json::parse(text);
    if (!value) {
        const auto lines = element_lines(text);
        for (const auto& each : value.error()) add_problem(out, each, text, lines);
        return out;
    }
    if (!value->is_array()) {
        out.mistakes.push_back({"line 1", "", "must be an array of mint requests"});
        return out;
    }
    const auto& list = value->get_array();
    if (is_too_much(out, list.size())) return out;
    const auto lines = element_lines(text);
    for (std::size_t i = 0; i < list.size(); ++i) {
        const auto place = line_of(lines.at(i));
        if (!list[i].is_object()) {
            out.mistakes.push_back({place, "", "must be an object: a mint request"});
            continue;
        }
        // By number and not by line: in JSON the layout may change without a change in meaning.
        batch_item item{.place = place, .name = std::to_string(i + 1), .image = {}, .request = {}};
        add_item(out, std::move(item), list[i].get_object(), true);
    }
    add_beyond(out, list.size());
    return out;
}

void read_batch_file(mint_batch& into, std::string name, std::string place, std::string_view text) {
    if (name.size() > batch_limits::id - 1 || !is_visible_ascii(name)) {
        into.mistakes.push_back(
            {place, "", "its name is part of the key: at most 63 visible ASCII characters"});
        return;
    }
    const auto value = json::parse(text);
    if (!value) {
        for (const auto& each : value.error()) {
            into.mistakes.push_back({place, field_of(each.pointer), each.detail});
        }
        return;
    }
    if (!value->is_object()) {
        into.mistakes.push_back({place, "", "must be an object: a mint request"});
        return;
    }
    batch_item item{.place = std::move(place), .name = std::move(name), .image = {}, .request = {}};
    add_item(into, std::move(item), value->get_object(), false);
}

void tag_batch(mint_batch& batch, const std::vector<std::string>& tags) {
    if (tags.empty()) return;
    const auto wrong = saga::judge_tags(tags);
    for (const auto& each : wrong) {
        batch.mistakes.push_back({"--tag", field_of(each.pointer), each.detail});
    }
    if (!wrong.empty()) return;
    for (auto& item : batch.items) {
        auto& own = item.request.tags ? *item.request.tags : item.request.tags.emplace();
        for (const auto& tag : tags) {
            if (std::ranges::find(own, tag) == own.end()) own.push_back(tag);
        }
    }
}

void judge_batch(mint_batch& batch) {
    for (const auto& item : batch.items) {
        for (const auto& each : validate(item.request)) {
            // What is wrong with the picture was told where it was read.
            if (each.pointer == "/image") continue;
            batch.mistakes.push_back({item.place, field_of(each.pointer), each.detail});
        }
    }
}

bool is_batch_id(std::string_view text) noexcept {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= batch_limits::id && std::ranges::all_of(text, good);
}

std::string key_of_item(std::string_view batch_id, std::string_view name) {
    return fmt::format("{}/{}", batch_id, name);
}

std::string key_of_item(std::string_view batch_id, const batch_item& item) {
    return key_of_item(batch_id, item.name);
}

}  // namespace thole::nft
