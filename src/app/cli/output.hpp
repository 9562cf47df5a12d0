#pragma once

// What every command has at hand, and how answers of the daemon become output and exit codes.

#include <boost/json/value.hpp>
#include <string>

#include "app/cli/client.hpp"
#include "app/cli/terminal.hpp"

namespace thole::app {

// Documented in doc/cli.md and in --help.
enum exit_code : int {
    exit_done = 0,
    exit_ended_otherwise = 1,
    exit_usage = 2,
    exit_refused = 3,
    exit_unreachable = 4,
    exit_attention = 5,
    exit_findings = 6,
};

struct session {
    environment env;
    bool json = false;  // -o json: one document on standard output, nothing else there
    terminal out{stdout, env};
    terminal err{stderr, env};

    session(environment e, bool as_json) : env{std::move(e)}, json{as_json} {}

    // "thole: ..." on standard error.
    void complain(std::string_view text);
    void print_json(const boost::json::value&);
};

// 2xx → the body; else says what is wrong (and prints the problem itself with -o json).
// `code` gets exit_refused for 4xx, exit_unreachable for no answer, exit_ended_otherwise for 5xx.
[[nodiscard]] std::optional<boost::json::value> ask(session&, client&, const client_call&,
                                                    int& code);
// The same of an answer that is there already.
[[nodiscard]] std::optional<boost::json::value> body_of(
    session&, client&, const std::expected<client_answer, std::string>& answer, int& code);

// Members of a JSON object as text; "" when absent or null.
[[nodiscard]] std::string text_of(const boost::json::value& object, std::string_view member);
// … as a number, also where it is written as text; 0 when it is none.
[[nodiscard]] std::uint64_t number_of(const boost::json::value& object, std::string_view member);
// A member that is a list; empty when it is absent or something else.
[[nodiscard]] const boost::json::array& items_of(const boost::json::value& object,
                                                 std::string_view member);
// 2026-01-01T00:00:00.000000Z → 2026-01-01 00:00:00
[[nodiscard]] std::string short_time(std::string_view rfc3339);
// 1234567 → 1.2 MB, of 10⁶ bytes.
[[nodiscard]] std::string size_text(std::uint64_t bytes);
[[nodiscard]] colour colour_of_state(std::string_view state);
// What the exit code of an operation in this state is.
[[nodiscard]] int exit_of_state(std::string_view state);

}  // namespace thole::app
