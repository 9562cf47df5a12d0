// Text to values, with everything that boost::json::parse would not tell.

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <charconv>

#include "base/json.hpp"
#include "base/json_problems.hpp"

namespace thole::json {

namespace {

namespace bj = boost::json;

constexpr std::size_t max_depth = 32;
// An object grows by moving all its members, and begins with room for one.
constexpr std::size_t usual_members = 8;

// Builds the value and sees what boost::json::value hides: duplicate members (it keeps the last
// one) and, because Boost 1.81 rounds some decimals wrongly, the text of each number.
class builder {
  public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    using error_code = bj::error_code;

    builder(problems& found, bj::storage_ptr memory)
        : found_{found}, memory_{std::move(memory)}, root_(memory_) {
        frames_.reserve(8);
    }
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
        std::swap(frames_.back().key, text_);  // both keep their room
        text_.clear();
        return true;
    }
    bool on_string_part(bj::string_view part, std::size_t, error_code&) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_string(bj::string_view part, std::size_t, error_code&) {
        if (text_.empty()) return put(bj::value(part, memory_));  // in one piece, mostly
        text_.append(part.data(), part.size());
        put(bj::value(bj::string_view{text_.data(), text_.size()}, memory_));
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
    bool on_bool(bool flag, error_code&) { return put(bj::value(flag, memory_)); }
    bool on_null(error_code&) { return put(bj::value(nullptr, memory_)); }
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
        return put(bj::value(number, memory_));
    }

    bool open(bool is_object) {
        if (is_object) {
            bj::object members{memory_};
            members.reserve(usual_members);
            frames_.push_back({std::move(members), {}});
        } else {
            frames_.push_back({bj::value(bj::array_kind, memory_), {}});
        }
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
    bj::storage_ptr memory_;
    std::vector<frame> frames_;
    std::string text_;
    bj::value root_;
};

}  // namespace

namespace {

std::optional<bj::value> parse_in(bj::storage_ptr memory, std::string_view text, problems& found) {
    bj::parse_options options;
    options.max_depth = max_depth;
    bj::basic_parser<builder> parser{options, found, std::move(memory)};
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

}  // namespace

std::expected<bj::value, problems> parse(std::string_view text) {
    problems found;
    auto parsed = parse_in({}, text, found);
    if (!found.empty() || !parsed) return std::unexpected{std::move(found)};
    return std::move(*parsed);
}

namespace detail {

// What is read into a struct goes as a whole, so nothing in it is given back alone.
std::optional<value> parse_collecting(std::string_view text, problem_list& found) {
    return parse_in(bj::make_shared_resource<bj::monotonic_resource>(), text, found);
}

}  // namespace detail

}  // namespace thole::json
