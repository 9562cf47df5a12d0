#pragma once

// From what the outside says to a fault, by one table.
//
// The problem: every client library reports trouble in its own tongue (errno, an HTTP status, an
// SQLSTATE, a sentence), and code that matches sentences in forty places treats the same trouble in
// forty ways. Clients map here, once, at the edge:
//
//   if (::connect(...) < 0) return fail(classify_errno(errno, bytes_sent::no).at(rpc, primary));
//   if (status >= 400)      return fail(classify_http_status(status).with_retry_after(wait));
//
// and what follows from a kind is data as well (response_for), which `explain` prints for people.
//
// Effect: when a connection breaks after something was sent, nobody here knows what the other side
// did, so the fault says "effect unknown". Where only the caller knows whether anything left, it
// says so with `bytes_sent`; the default is the safe one.
//
// classify_text is for errors of libraries that give only a sentence; it knows the texts of
// operating systems, resolvers and databases that people meet. What nobody recognises becomes
// net.unclassified: transient, effect unknown.
//
// Pure functions; any thread.

#include <span>
#include <string>
#include <string_view>

#include "thole/fault.hpp"

namespace thole {

enum class bytes_sent : std::uint8_t { no, maybe };

[[nodiscard]] fault classify_errno(int error, bytes_sent sent = bytes_sent::maybe);
// The result of getaddrinfo; nothing was sent.
[[nodiscard]] fault classify_resolver(int eai_error);
// Precondition: `status` is not one that the caller wanted. A 2xx or 3xx is unexpected_status.
[[nodiscard]] fault classify_http_status(int status);
// PostgreSQL and others: five characters.
[[nodiscard]] fault classify_sqlstate(std::string_view state);
// MySQL and MariaDB: server and client error numbers.
[[nodiscard]] fault classify_mysql(int error);
// A sentence from a library; letters compare without case.
[[nodiscard]] fault classify_text(std::string_view text);

// What to do about a kind (SPEC F2).
enum class response_action : std::uint8_t {
    back_off,       // exponential back-off
    scheduled,      // when the server says, else back-off
    next_endpoint,  // another endpoint at once; without one, back-off and alert
    once_more,      // once after a short random wait, then as transient
    give_up,        // the same request will fail the same way
    reschedule,     // later, without spending an attempt
    stop,           // nobody waits for the answer
};

struct response {
    fault_kind kind;
    response_action action;
    std::uint32_t attempts;    // calls that may end in this kind; 0 = the policy's own number
    std::string_view seen_as;  // what people meet
    std::string_view what;     // the response, for people
    std::string_view then;     // when that did not help
};

// The whole table, one row a kind, in the order of fault_kind.
[[nodiscard]] std::span<const response> responses() noexcept;
[[nodiscard]] const response& response_for(fault_kind) noexcept;
[[nodiscard]] std::string_view to_string(response_action) noexcept;

// A code of the library by its text; null when there is none.
[[nodiscard]] const fault_code* find_code(std::string_view text) noexcept;

// Several lines for a person: meaning, what it condemns, what is done, what then.
[[nodiscard]] std::string explain(const fault_code&);

}  // namespace thole
