#include "base/json.hpp"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/kind.hpp>
#include <charconv>
#include <cmath>

#include "base/json_document.hpp"

namespace thole::json {

namespace {

namespace bj = boost::json;

constexpr std::size_t max_depth = 32;
// More problems than a person can read say nothing new, and they bound what a bad text costs.
constexpr std::size_t max_problems = 100;

void append_token(std::string& out, std::string_view token) {
    out += '/';
    for (const char c : token) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out += c;
        }
    }
}

void append_pointer(std::string& out, const detail::path& here) {
    if (here.parent == nullptr) return;
    append_pointer(out, *here.parent);
    append_token(out, here.is_index ? std::to_string(here.index) : std::string{here.member});
}

void add(problems& found, std::string pointer, std::string_view code, std::string text) {
    if (found.size() >= max_problems) return;
    found.push_back({std::move(pointer), std::string{code}, std::move(text)});
}

// Builds the value and sees what boost::json::value hides: duplicate members (it keeps the last
// one) and, because Boost 1.81 rounds some decimals wrongly, the text of each number.
class builder {
  public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    using error_code = bj::error_code;

    explicit builder(problems& found) : found_{found} {}
    [[nodiscard]] bj::value take() { return std::move(root_); }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return open(true); }
    bool on_array_begin(error_code&) { return open(false); }
    bool on_object_end(std::size_t, error_code&) { return close(); }
    bool on_array_end(std::size_t, error_code&) { return close(); }
    bool on_key_part(bj::string_view part, std::size_t, error_code&) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_key(bj::string_view part, std::size_t, error_code&) {
        text_.append(part.data(), part.size());
        frames_.back().key = std::move(text_);
        text_.clear();
        return true;
    }
    bool on_string_part(bj::string_view part, std::size_t, error_code&) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_string(bj::string_view part, std::size_t, error_code&) {
        text_.append(part.data(), part.size());
        put(bj::value(std::string_view{text_}));
        text_.clear();
        return true;
    }
    bool on_number_part(bj::string_view part, error_code&) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_int64(std::int64_t number, bj::string_view, error_code&) { return put_number(number); }
    bool on_uint64(std::uint64_t number, bj::string_view, error_code&) {
        return put_number(number);
    }
    bool on_double(double, bj::string_view part, error_code&) {
        text_.append(part.data(), part.size());
        double exact = 0;
        const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), exact);
        if (error == std::errc::result_out_of_range && !underflows(text_)) {
            add(found_, pointer(), "json.out_of_range", "the number is too large for a double");
        }
        return put_number(exact);
    }
    bool on_bool(bool flag, error_code&) { return put(bj::value(flag)); }
    bool on_null(error_code&) { return put(bj::value(nullptr)); }
    bool on_comment_part(bj::string_view, error_code&) { return true; }
    bool on_comment(bj::string_view, error_code&) { return true; }

  private:
    struct frame {
        bj::value container;
        std::string key;
    };

    // from_chars reports both ends of the range alike; a tiny number is zero, as in ECMAScript.
    static bool underflows(std::string_view text) {
        const auto exponent = text.find_first_of("eE");
        if (exponent == std::string_view::npos) {
            const auto digits = text.substr(text.front() == '-' ? 1 : 0);
            return digits.starts_with("0.");
        }
        return text.substr(exponent + 1).starts_with('-');
    }

    template <class Number>
    bool put_number(Number number) {
        text_.clear();
        return put(bj::value(number));
    }

    bool open(bool is_object) {
        frames_.push_back({is_object ? bj::value(bj::object_kind) : bj::value(bj::array_kind), {}});
        return true;
    }

    bool close() {
        auto done = std::move(frames_.back().container);
        frames_.pop_back();
        return put(std::move(done));
    }

    bool put(bj::value each) {
        if (frames_.empty()) {
            root_ = std::move(each);
        } else if (auto* array = frames_.back().container.if_array()) {
            array->push_back(std::move(each));
        } else {
            auto& object = frames_.back().container.get_object();
            if (!object.emplace(frames_.back().key, std::move(each)).second) {
                add(found_, pointer(), "json.duplicate_member", "the member appears twice");
            }
        }
        return true;
    }

    [[nodiscard]] std::string pointer() const {
        std::string out;
        for (const auto& each : frames_) {
            const auto* array = each.container.if_array();
            append_token(out, array != nullptr ? std::to_string(array->size()) : each.key);
        }
        return out;
    }

    problems& found_;
    std::vector<frame> frames_;
    std::string text_;
    bj::value root_;
};

std::string_view kind_text(const bj::value& from) {
    switch (from.kind()) {
        case bj::kind::null:
            return "null";
        case bj::kind::bool_:
            return "a boolean";
        case bj::kind::int64:
        case bj::kind::uint64:
        case bj::kind::double_:
            return "a number";
        case bj::kind::string:
            return "a string";
        case bj::kind::array:
            return "an array";
        case bj::kind::object:
            return "an object";
    }
    return "something else";
}

bool wrong_type(problems& found, const detail::path& here, std::string_view wanted,
                const bj::value& from) {
    detail::add_problem(found, here, "json.wrong_type",
                        "must be " + std::string{wanted} + ", not " + std::string{kind_text(from)});
    return false;
}

template <class T>
bool out_of_range(problems& found, const detail::path& here, T lowest, T highest) {
    detail::add_problem(
        found, here, "json.out_of_range",
        "must be from " + std::to_string(lowest) + " to " + std::to_string(highest));
    return false;
}

// Decimal text with exactly one spelling: no plus, no leading zero, no "-0".
bool canonical_integer(std::string_view text) {
    if (text.starts_with('-')) {
        text.remove_prefix(1);
        if (text == "0") return false;
    }
    if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

void append_escaped(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\r':
                out += "\\r";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    constexpr std::string_view hex = "0123456789abcdef";
                    out += "\\u00";
                    out += hex[static_cast<unsigned char>(c) >> 4];
                    out += hex[static_cast<unsigned char>(c) & 0xf];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

// ECMAScript Number::toString: the shortest digits that read back, laid out by their exponent.
void append_double(std::string& out, double number) {
    if (!std::isfinite(number)) {  // JSON has no such number; null is what JSON.stringify writes
        out += "null";
        return;
    }
    if (number == 0) {
        out += '0';
        return;
    }
    std::array<char, 32> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                   std::chars_format::scientific)
                         .ptr;
    std::string_view text{buffer.data(), static_cast<std::size_t>(end - buffer.data())};
    if (text.front() == '-') {
        out += '-';
        text.remove_prefix(1);
    }
    const auto e = text.find('e');
    int exponent = 0;
    const auto* exponent_text = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
    std::from_chars(exponent_text, text.data() + text.size(), exponent);
    std::string digits{text.substr(0, 1)};
    if (e > 2) digits += text.substr(2, e - 2);
    const int count = static_cast<int>(digits.size());
    const int point = exponent + 1;  // digits before the decimal point
    if (count <= point && point <= 21) {
        out += digits;
        out.append(static_cast<std::size_t>(point - count), '0');
    } else if (0 < point && point <= 21) {
        out.append(digits, 0, static_cast<std::size_t>(point));
        out += '.';
        out.append(digits, static_cast<std::size_t>(point));
    } else if (-6 < point && point <= 0) {
        out += "0.";
        out.append(static_cast<std::size_t>(-point), '0');
        out += digits;
    } else {
        out += digits[0];
        if (count > 1) out.append(".").append(digits, 1);
        out += exponent < 0 ? "e-" : "e+";
        out += std::to_string(std::abs(exponent));
    }
}

// UTF-8 compared as the UTF-16 code units it stands for. The orders differ only where a code point
// beyond the basic plane (a surrogate pair, D800..) meets one of E000..FFFF.
bool utf16_less(std::string_view a, std::string_view b) {
    const auto [x, y] = std::ranges::mismatch(a, b);
    if (x == a.end() || y == b.end()) return x == a.end() && y != b.end();
    const auto rank = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0xf0) return 0xeeU;
        return byte >= 0xee ? byte + 1U : unsigned{byte};
    };
    const auto rank_x = rank(*x);
    const auto rank_y = rank(*y);
    if (rank_x != rank_y) return rank_x < rank_y;
    return static_cast<unsigned char>(*x) < static_cast<unsigned char>(*y);
}

void append_value(std::string& out, const bj::value& from, bool is_canonical);

void append_object(std::string& out, const bj::object& from, bool is_canonical) {
    std::vector<const bj::key_value_pair*> members;
    members.reserve(from.size());
    for (const auto& each : from) members.push_back(&each);
    if (is_canonical) {
        std::ranges::sort(members, utf16_less,
                          [](const auto* each) { return std::string_view{each->key()}; });
    }
    out += '{';
    bool is_first = true;
    for (const auto* each : members) {
        if (!std::exchange(is_first, false)) out += ',';
        append_escaped(out, each->key());
        out += ':';
        append_value(out, each->value(), is_canonical);
    }
    out += '}';
}

void append_value(std::string& out, const bj::value& from, bool is_canonical) {
    switch (from.kind()) {
        case bj::kind::null:
            out += "null";
            break;
        case bj::kind::bool_:
            out += from.get_bool() ? "true" : "false";
            break;
        case bj::kind::int64:
            if (is_canonical) {
                append_double(out, static_cast<double>(from.get_int64()));
            } else {
                out += std::to_string(from.get_int64());
            }
            break;
        case bj::kind::uint64:
            if (is_canonical) {
                append_double(out, static_cast<double>(from.get_uint64()));
            } else {
                out += std::to_string(from.get_uint64());
            }
            break;
        case bj::kind::double_:
            append_double(out, from.get_double());
            break;
        case bj::kind::string:
            append_escaped(out, from.get_string());
            break;
        case bj::kind::array: {
            out += '[';
            bool is_first = true;
            for (const auto& each : from.get_array()) {
                if (!std::exchange(is_first, false)) out += ',';
                append_value(out, each, is_canonical);
            }
            out += ']';
            break;
        }
        case bj::kind::object:
            append_object(out, from.get_object(), is_canonical);
            break;
    }
}

}  // namespace

std::expected<bj::value, problems> parse(std::string_view text) {
    problems found;
    auto parsed = detail::parse_collecting(text, found);
    if (!found.empty() || !parsed) return std::unexpected{std::move(found)};
    return std::move(*parsed);
}

std::string canonical(const bj::value& from) {
    std::string out;
    append_value(out, from, true);
    return out;
}

namespace detail {

std::string serialize(const value& from) {
    std::string out;
    append_value(out, from, false);
    return out;
}

std::optional<value> parse_collecting(std::string_view text, problem_list& found) {
    bj::parse_options options;
    options.max_depth = max_depth;
    bj::basic_parser<builder> parser{options, found};
    bj::error_code error;
    const auto used = parser.write_some(false, text.data(), text.size(), error);
    if (!error && used < text.size()) error = bj::error::extra_data;
    if (!error) return parser.handler().take();
    if (error == bj::error::too_deep) {
        add(found, "", "json.too_deep",
            "nested deeper than " + std::to_string(max_depth) + " levels");
    } else {
        add(found, "", "json.syntax", error.message() + " at byte " + std::to_string(used));
    }
    return std::nullopt;
}

void add_problem(problem_list& found, const path& here, std::string_view code, std::string text) {
    std::string pointer;
    append_pointer(pointer, here);
    add(found, std::move(pointer), code, std::move(text));
}

void add_bad_text(problem_list& found, const path& here) {
    add_problem(found, here, "json.bad_text", "the text is not of the form that is expected here");
}

bool read_bool(problem_list& found, const path& here, const value& from, bool& out) {
    const auto* flag = from.if_bool();
    if (flag == nullptr) return wrong_type(found, here, "a boolean", from);
    return out = *flag, true;
}

bool read_double(problem_list& found, const path& here, const value& from, double& out) {
    switch (from.kind()) {
        case bj::kind::int64:
            out = static_cast<double>(from.get_int64());
            return true;
        case bj::kind::uint64:
            out = static_cast<double>(from.get_uint64());
            return true;
        case bj::kind::double_:
            out = from.get_double();
            return true;
        default:
            return wrong_type(found, here, "a number", from);
    }
}

bool read_string(problem_list& found, const path& here, const value& from, std::string& out) {
    const auto* text = from.if_string();
    if (text == nullptr) return wrong_type(found, here, "a string", from);
    return out.assign(text->data(), text->size()), true;
}

bool read_signed(problem_list& found, const path& here, const value& from, std::int64_t lowest,
                 std::int64_t highest, bool wide, std::int64_t& out) {
    const auto* text = wide ? from.if_string() : nullptr;
    if (const auto* number = from.if_int64()) {
        out = *number;
    } else if (from.is_uint64()) {  // larger than any int64
        return out_of_range(found, here, lowest, highest);
    } else if (text != nullptr && canonical_integer(*text)) {
        const auto error = std::from_chars(text->data(), text->data() + text->size(), out).ec;
        if (error != std::errc{}) return out_of_range(found, here, lowest, highest);
    } else {
        return wrong_type(found, here, wide ? "an integer, also as decimal text" : "an integer",
                          from);
    }
    if (out < lowest || out > highest) return out_of_range(found, here, lowest, highest);
    return true;
}

bool read_unsigned(problem_list& found, const path& here, const value& from, std::uint64_t highest,
                   bool wide, std::uint64_t& out) {
    const auto* text = wide ? from.if_string() : nullptr;
    const std::uint64_t lowest = 0;
    if (const auto* large = from.if_uint64()) {
        out = *large;
    } else if (const auto* number = from.if_int64()) {
        if (*number < 0) return out_of_range(found, here, lowest, highest);
        out = static_cast<std::uint64_t>(*number);
    } else if (text != nullptr && canonical_integer(*text)) {
        const auto error = std::from_chars(text->data(), text->data() + text->size(), out).ec;
        if (error != std::errc{}) return out_of_range(found, here, lowest, highest);
    } else {
        return wrong_type(found, here, wide ? "an integer, also as decimal text" : "an integer",
                          from);
    }
    if (out > highest) return out_of_range(found, here, lowest, highest);
    return true;
}

namespace {

template <class Time>
bool read_time_with(std::optional<Time> (*parse_text)(std::string_view), problem_list& found,
                    const path& here, const value& from, Time& out) {
    std::string text;
    if (!read_string(found, here, from, text)) return false;
    const auto parsed = parse_text(text);
    if (!parsed) {
        add_problem(found, here, "json.bad_text",
                    "must be a time like 2026-01-01T00:00:00.000000Z");
        return false;
    }
    return out = *parsed, true;
}

}  // namespace

bool read_time(problem_list& found, const path& here, const value& from, wall_time& out) {
    return read_time_with(&parse_wall_time, found, here, from, out);
}

bool read_time(problem_list& found, const path& here, const value& from, store_time& out) {
    return read_time_with(&parse_store_time, found, here, from, out);
}

bool read_choice(problem_list& found, const path& here, const value& from,
                 std::span<const std::string_view> texts, std::size_t& out) {
    std::string text;
    if (!read_string(found, here, from, text)) return false;
    const auto chosen = std::ranges::find(texts, std::string_view{text});
    if (chosen != texts.end()) {
        return out = static_cast<std::size_t>(chosen - texts.begin()), true;
    }
    std::string rule = "must be one of";
    for (const auto each : texts) rule.append(" \"").append(each).append("\"");
    add_problem(found, here, "json.unknown_value", std::move(rule));
    return false;
}

const bj::array* open_array(problem_list& found, const path& here, const value& from) {
    const auto* array = from.if_array();
    if (array == nullptr) wrong_type(found, here, "an array", from);
    return array;
}

const bj::object* open_object(problem_list& found, const path& here, const value& from) {
    const auto* object = from.if_object();
    if (object == nullptr) wrong_type(found, here, "an object", from);
    return object;
}

void check_members(problem_list& found, const path& here, const bj::object& object,
                   std::span<const member_rule> rules) {
    for (const auto& [key, each] : object) {
        if (std::ranges::find(rules, std::string_view{key}, &member_rule::name) == rules.end()) {
            const path inner{&here, key};
            add_problem(found, inner, "json.unknown_member", "no such member is known here");
        }
    }
    for (const auto& rule : rules) {
        if (rule.required && !object.contains(rule.name)) {
            const path inner{&here, rule.name};
            add_problem(found, inner, "json.missing_member", "the member is required");
        }
    }
}

void stamp_version(bj::object& out, std::size_t version) {
    out.emplace("v", static_cast<std::uint64_t>(version));
}

bool open_document(problems& found, value& from, std::span<const document_upgrade> upgrades) {
    auto* object = from.if_object();
    if (object == nullptr) return wrong_type(found, path{}, "an object", from);
    const path root;
    const path version_path{&root, "v"};
    const auto* stamped = object->if_contains("v");
    if (stamped == nullptr) {
        add_problem(found, version_path, "json.missing_member", "the member is required");
        return false;
    }
    std::uint64_t version = 0;
    if (!read_unsigned(found, version_path, *stamped, UINT32_MAX, false, version)) return false;
    if (version == 0 || version > upgrades.size() + 1) {
        add_problem(found, version_path, "json.unknown_version",
                    "this program knows the versions 1 to " + std::to_string(upgrades.size() + 1));
        return false;
    }
    object->erase("v");
    for (const auto upgrade : upgrades.subspan(version - 1)) upgrade(*object);
    return true;
}

}  // namespace detail

}  // namespace thole::json
