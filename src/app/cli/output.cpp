#include "app/cli/output.hpp"

#include <fmt/format.h>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "base/json.hpp"

namespace thole::app {

void session::complain(std::string_view text) {
    err.print(fmt::format("{} {}\n", err.painted("thole:", colour::red), text));
}

void session::print_json(const boost::json::value& value) {
    out.print(boost::json::serialize(value) + "\n");
}

std::string text_of(const boost::json::value& object, std::string_view member) {
    const auto* fields = object.if_object();
    const auto* value = fields == nullptr ? nullptr : fields->if_contains(member);
    if (value == nullptr || value->is_null()) return {};
    if (const auto* text = value->if_string()) return plain(std::string_view{*text});
    return boost::json::serialize(*value);
}

std::uint64_t number_of(const boost::json::value& object, std::string_view member) {
    const auto text = text_of(object, member);
    std::uint64_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

const boost::json::array& items_of(const boost::json::value& object, std::string_view member) {
    static const boost::json::array none;
    const auto* fields = object.if_object();
    const auto* found = fields == nullptr ? nullptr : fields->if_contains(member);
    return found != nullptr && found->is_array() ? found->get_array() : none;
}

std::string short_time(std::string_view text) {
    if (text.size() < 19) return std::string{text};
    return fmt::format("{} {}", text.substr(0, 10), text.substr(11, 8));
}

std::string size_text(std::uint64_t bytes) {
    if (bytes < 1000) return fmt::format("{} B", bytes);
    constexpr std::array units{"kB", "MB", "GB", "TB", "PB", "EB"};
    auto size = static_cast<double>(bytes) / 1000;
    std::size_t unit = 0;
    // What would be written as 1000.0 is one of the next.
    for (; size >= 999.95 && unit + 1 < units.size(); ++unit) size /= 1000;
    return fmt::format("{:.1f} {}", size, units.at(unit));
}

colour colour_of_state(std::string_view state) {
    if (state == "completed") return colour::green;
    if (state == "parked" || state == "blocked" || state == "rolled_back" || state == "closed") {
        return colour::yellow;
    }
    return state == "failed" ? colour::red : colour::none;
}

int exit_of_state(std::string_view state) {
    if (state == "completed") return exit_done;
    if (state == "rolled_back" || state == "failed" || state == "closed") {
        return exit_ended_otherwise;
    }
    return exit_attention;
}

namespace {

void show_mistake(session& s, const boost::json::value& error) {
    const auto pointer = text_of(error, "pointer");  // "" = the whole body
    s.err.print(fmt::format("  {}{}{}\n", s.err.painted(pointer, colour::bold),
                            pointer.empty() ? "" : ": ", text_of(error, "detail")));
}

// With a list of mistakes the list is what helps; the detail only says that there is one.
void show_problem(session& s, const boost::json::value& problem, int status) {
    const auto* fields = problem.if_object();
    const auto* errors = fields == nullptr ? nullptr : fields->if_contains("errors");
    const auto type = text_of(problem, "type");
    const auto code = type.starts_with("/problems/") ? type.substr(10) : std::string{};
    if (errors != nullptr && errors->is_array() && !errors->get_array().empty()) {
        s.complain(code.empty() ? "refused" : fmt::format("refused (code: {})", code));
        for (const auto& each : errors->get_array()) show_mistake(s, each);
        return;
    }
    auto title = text_of(problem, "title");
    auto detail = text_of(problem, "detail");
    if (title.empty()) title = fmt::format("HTTP {}", status);
    s.complain(fmt::format("{}{}{}", title, detail.empty() ? "" : ": ", detail));
    if (!code.empty()) s.err.print(fmt::format("  code: {}\n", code));
}

}  // namespace

std::optional<boost::json::value> ask(session& s, client& daemon, const client_call& what,
                                      int& code) {
    return body_of(s, daemon, daemon.call(what), code);
}

std::optional<boost::json::value> body_of(session& s, client& daemon,
                                          const std::expected<client_answer, std::string>& answer,
                                          int& code) {
    if (!answer) {
        code = exit_unreachable;
        s.complain(fmt::format("the daemon does not answer at {}: {}", daemon.where(),
                               plain(answer.error())));
        s.err.print("  start it with \"thole serve\", or say where it is: --socket, --url\n");
        return std::nullopt;
    }
    auto body = json::parse(answer->body);
    if (answer->status >= 200 && answer->status < 300 && body) return std::move(*body);
    code = answer->status >= 400 && answer->status < 500 ? exit_refused : exit_ended_otherwise;
    if (!body) {
        s.complain(fmt::format("HTTP {} with a body that is no JSON from {}", answer->status,
                               daemon.where()));
        return std::nullopt;
    }
    if (s.json) s.print_json(*body);
    show_problem(s, *body, answer->status);
    return std::nullopt;
}

}  // namespace thole::app
