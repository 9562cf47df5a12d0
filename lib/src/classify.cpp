#include "thole/classify.hpp"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "thole/assert.hpp"
#include "thole/codes.hpp"

namespace thole {

namespace {

using namespace codes;

enum class effect_rule : std::uint8_t {
    none,     // surely nothing happened
    if_sent,  // unknown when bytes may have left
    unknown,  // something had been sent
};

template <class Key>
struct row {
    Key key;
    const fault_code* code;
    effect_rule effect;
};

template <class Key, std::size_t N>
const row<Key>* look_up(const std::array<row<Key>, N>& table, Key key) noexcept {
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const auto& r) { return r.key == key; });
    return found == table.end() ? nullptr : &*found;
}

template <class Key>
fault made_from(const row<Key>& r, bytes_sent sent = bytes_sent::maybe) {
    const bool unknown = r.effect == effect_rule::unknown ||
                         (r.effect == effect_rule::if_sent && sent == bytes_sent::maybe);
    return fault{*r.code}.with_effect(unknown ? fault_effect::unknown : fault_effect::none);
}

using enum effect_rule;

constexpr std::array errno_table{
    row<int>{ETIMEDOUT, &net_timeout, if_sent},
    row<int>{EAGAIN, &net_timeout, if_sent},  // a receive or send timeout of the socket
    row<int>{ECONNRESET, &net_reset, if_sent},
    row<int>{ECONNABORTED, &net_reset, if_sent},
    row<int>{EPIPE, &net_reset, if_sent},
    row<int>{ENOTCONN, &net_reset, if_sent},
    row<int>{ESHUTDOWN, &net_reset, if_sent},
    row<int>{ECONNREFUSED, &net_connection_refused, none},
    row<int>{ENETUNREACH, &net_unreachable, if_sent},
    row<int>{EHOSTUNREACH, &net_unreachable, if_sent},
    row<int>{ENETDOWN, &net_unreachable, if_sent},
    row<int>{EHOSTDOWN, &net_unreachable, if_sent},
    row<int>{ENETRESET, &net_reset, if_sent},
    row<int>{EMFILE, &net_resources, none},
    row<int>{ENFILE, &net_resources, none},
    row<int>{ENOBUFS, &net_resources, none},
    row<int>{ENOMEM, &net_resources, none},
    row<int>{EADDRNOTAVAIL, &net_resources, none},
    row<int>{ECANCELED, &policy_cancelled, if_sent},
};

constexpr std::array resolver_table{
    row<int>{EAI_AGAIN, &net_dns_temporary, none},  row<int>{EAI_FAIL, &net_dns_temporary, none},
    row<int>{EAI_SYSTEM, &net_dns_temporary, none}, row<int>{EAI_MEMORY, &net_resources, none},
    row<int>{EAI_NONAME, &net_dns_not_found, none}, row<int>{EAI_NODATA, &net_dns_not_found, none},
};

// Statuses apart from the general rules for 4xx and 5xx.
constexpr std::array status_table{
    row<int>{401, &http_unauthorized, none}, row<int>{402, &http_unauthorized, none},
    row<int>{403, &http_unauthorized, none}, row<int>{451, &http_unauthorized, none},
    row<int>{408, &http_server_error, none},  // the server did not even read the request
    row<int>{425, &http_server_error, none}, row<int>{429, &http_rate_limited, none},
    row<int>{501, &http_server_error, none}, row<int>{503, &http_server_error, none},
};

// Whole states first, then classes (the first two characters, or more) as prefixes.
constexpr std::array sqlstate_table{
    row<std::string_view>{"40003", &db_unavailable, unknown},  // completion unknown
    row<std::string_view>{"40", &db_conflict, none},          // 40001 serialization, 40P01 deadlock
    row<std::string_view>{"55P03", &db_conflict, none},       // lock not available
    row<std::string_view>{"57014", &db_conflict, none},       // statement timeout
    row<std::string_view>{"08001", &db_unavailable, none},    // could not connect
    row<std::string_view>{"08004", &db_unavailable, none},    // connection rejected
    row<std::string_view>{"08", &db_unavailable, unknown},    // connection lost
    row<std::string_view>{"57P03", &db_unavailable, none},    // cannot connect now
    row<std::string_view>{"57P0", &db_unavailable, unknown},  // shut down, crashed, idle too long
    row<std::string_view>{"53300", &db_unavailable, none},    // too many connections
    row<std::string_view>{"53100", &db_disk_full, none},
    row<std::string_view>{"53", &db_unavailable, none},     // out of memory or another resource
    row<std::string_view>{"58", &db_unavailable, unknown},  // system error outside the database
    row<std::string_view>{"28", &db_unauthorized, none},
    row<std::string_view>{"3D000", &db_unauthorized, none},  // no such database
    row<std::string_view>{"25006", &db_read_only, none},
};

constexpr std::array mysql_table{
    row<int>{1213, &db_conflict, none},     // ER_LOCK_DEADLOCK
    row<int>{1205, &db_conflict, none},     // ER_LOCK_WAIT_TIMEOUT
    row<int>{1020, &db_conflict, none},     // record has changed since last read
    row<int>{1317, &db_conflict, none},     // query interrupted
    row<int>{1969, &db_conflict, none},     // statement timeout (MariaDB)
    row<int>{3024, &db_conflict, none},     // statement timeout (MySQL)
    row<int>{3572, &db_conflict, none},     // NOWAIT found a lock
    row<int>{2002, &db_unavailable, none},  // could not connect
    row<int>{2003, &db_unavailable, none},
    row<int>{2005, &net_dns_not_found, none},
    row<int>{2006, &db_unavailable, unknown},  // server has gone away
    row<int>{2013, &db_unavailable, unknown},  // lost connection during query
    row<int>{2055, &db_unavailable, unknown},
    row<int>{1040, &db_unavailable, none},  // too many connections
    row<int>{1203, &db_unavailable, none},
    row<int>{1053, &db_unavailable, unknown},  // server shutdown in progress
    row<int>{1158, &db_unavailable, unknown},  // network read and write errors
    row<int>{1159, &db_unavailable, unknown},
    row<int>{1160, &db_unavailable, unknown},
    row<int>{1161, &db_unavailable, unknown},
    row<int>{1927, &db_unavailable, unknown},  // killed
    row<int>{4031, &db_unavailable, unknown},  // idle too long
    row<int>{1044, &db_unauthorized, none},    // access denied
    row<int>{1045, &db_unauthorized, none},
    row<int>{1049, &db_unauthorized, none},
    row<int>{1698, &db_unauthorized, none},
    row<int>{1290, &db_read_only, none},
    row<int>{1836, &db_read_only, none},
    row<int>{1021, &db_disk_full, none},
    row<int>{1114, &db_disk_full, none},
};

// Parts of sentences in lower case, more specific ones first.
constexpr std::array text_table{
    row<std::string_view>{"temporary failure in name resolution", &net_dns_temporary, none},
    row<std::string_view>{"eai_again", &net_dns_temporary, none},
    row<std::string_view>{"[errno 11002]", &net_dns_temporary, none},  // WSATRY_AGAIN
    row<std::string_view>{"[errno 11001]", &net_dns_not_found, none},  // WSAHOST_NOT_FOUND
    row<std::string_view>{"getaddrinfo failed", &net_dns_not_found, none},
    row<std::string_view>{"name or service not known", &net_dns_not_found, none},
    row<std::string_view>{"nodename nor servname provided", &net_dns_not_found, none},
    row<std::string_view>{"no address associated with hostname", &net_dns_not_found, none},
    row<std::string_view>{"no such host", &net_dns_not_found, none},
    row<std::string_view>{"could not resolve host", &net_dns_not_found, none},
    row<std::string_view>{"enotfound", &net_dns_not_found, none},
    row<std::string_view>{"connection refused", &net_connection_refused, none},
    row<std::string_view>{"econnrefused", &net_connection_refused, none},
    row<std::string_view>{"winerror 10061", &net_connection_refused, none},
    row<std::string_view>{"network is unreachable", &net_unreachable, if_sent},
    row<std::string_view>{"host is unreachable", &net_unreachable, if_sent},
    row<std::string_view>{"no route to host", &net_unreachable, if_sent},
    row<std::string_view>{"enetunreach", &net_unreachable, if_sent},
    row<std::string_view>{"ehostunreach", &net_unreachable, if_sent},
    row<std::string_view>{"er_lock_deadlock", &db_conflict, none},
    row<std::string_view>{"er_lock_wait_timeout", &db_conflict, none},
    row<std::string_view>{"deadlock", &db_conflict, none},
    row<std::string_view>{"lock wait timeout", &db_conflict, none},
    row<std::string_view>{"could not serialize access", &db_conflict, none},
    row<std::string_view>{"too many connections", &db_unavailable, none},
    row<std::string_view>{"too many clients already", &db_unavailable, none},
    row<std::string_view>{"certificate", &net_tls, none},
    row<std::string_view>{"tls handshake", &net_tls, none},
    row<std::string_view>{"ssl handshake", &net_tls, none},
    row<std::string_view>{"too many open files", &net_resources, none},
    row<std::string_view>{"too many requests", &http_rate_limited, none},
    row<std::string_view>{"rate limit", &http_rate_limited, none},
    row<std::string_view>{"connection reset", &net_reset, if_sent},
    row<std::string_view>{"econnreset", &net_reset, if_sent},
    row<std::string_view>{"socket hang up", &net_reset, if_sent},
    row<std::string_view>{"winerror 10054", &net_reset, if_sent},
    row<std::string_view>{"broken pipe", &net_reset, if_sent},
    row<std::string_view>{"epipe", &net_reset, if_sent},
    row<std::string_view>{"etimedout", &net_timeout, if_sent},
    row<std::string_view>{"winerror 10060", &net_timeout, if_sent},
    row<std::string_view>{"timed out", &net_timeout, if_sent},
    row<std::string_view>{"timeout", &net_timeout, if_sent},
};

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
constexpr bool is_word(char c) noexcept {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '_';
}

std::string lower(std::string_view text) {
    std::string out{text};
    for (auto& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}
std::string upper(std::string_view text) {
    std::string out{text};
    for (auto& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

const row<std::string_view>* find_sqlstate(std::string_view state) noexcept {
    if (state.size() != 5) return nullptr;
    const auto found = std::find_if(sqlstate_table.begin(), sqlstate_table.end(),
                                    [&](const auto& r) { return state.starts_with(r.key); });
    return found == sqlstate_table.end() ? nullptr : &*found;
}

// A five-character word, or a number, is a code only where a sentence would put one: alone, in
// parentheses, or after a word that announces it. "read 1213 bytes" is not a deadlock.
bool announces_code(std::string_view before) noexcept {
    while (before.ends_with(' ') || before.ends_with(':') || before.ends_with('=') ||
           before.ends_with('[')) {
        before.remove_suffix(1);
    }
    if (before.empty() || before.ends_with('(')) return true;
    for (const std::string_view word : {"sqlstate", "error", "errno", "code", "state", "er_"}) {
        if (before.ends_with(word)) return true;
    }
    return false;
}

// SQLSTATEs and MySQL numbers inside a sentence in lower case.
std::optional<fault> database_code_in(std::string_view text) {
    for (std::size_t start = 0; start < text.size();) {
        if (!is_word(text[start])) {
            ++start;
            continue;
        }
        auto end = start;
        while (end < text.size() && is_word(text[end])) ++end;
        const auto word = text.substr(start, end - start);
        const auto numeric = std::all_of(word.begin(), word.end(), is_digit);
        const auto before = text.substr(0, start);
        const bool alone = before.empty() && end == text.size();
        start = end;
        if (!(alone || (!before.empty() && announces_code(before)))) continue;
        if (const auto* found = find_sqlstate(upper(word))) return made_from(*found);
        if (numeric && word.size() == 4) {
            const int number = (word[0] - '0') * 1000 + (word[1] - '0') * 100 +
                               (word[2] - '0') * 10 + (word[3] - '0');
            if (const auto* known = look_up(mysql_table, number)) return made_from(*known);
        }
    }
    return std::nullopt;
}

fault unclassified(std::string detail) {
    return fault{net_unclassified}
        .with_effect(fault_effect::unknown)
        .with_detail(std::move(detail));
}

constexpr std::array response_table{
    response{fault_kind::transient, response_action::back_off, 0,
             "connect and socket timeouts, reset, broken pipe, network or host unreachable, "
             "temporary DNS failure, HTTP 408, 425 and 5xx",
             "exponential back-off", "after its attempts the next endpoint, then park or escalate"},
    response{fault_kind::rate_limited, response_action::scheduled, 5,
             "HTTP 429, RPC rate limits, provider quota codes",
             "a scheduled retry; Retry-After wins, else back-off; up to 5 attempts",
             "the next endpoint"},
    response{fault_kind::outage, response_action::next_endpoint, 0,
             "connection refused, name not found, TLS failure of a whole endpoint; account "
             "suspended, HTTP 401, 402, 403 or 451 from a provider, revoked key",
             "the next endpoint at once",
             "without another eligible endpoint back-off as for transient, and an alert at once"},
    response{fault_kind::conflict, response_action::once_more, 0,
             "deadlock, serialization failure, lock or statement timeout",
             "one retry after a random 100-500 ms", "as transient"},
    response{fault_kind::permanent, response_action::give_up, 1,
             "other HTTP 4xx, validation, program errors", "no retry", "fail or compensate"},
    response{fault_kind::rejected, response_action::reschedule, 0,
             "refused locally: breaker open, limiter, full bulkhead",
             "rescheduled when the refusal ends, plus jitter; never spends an attempt",
             "the same again until the deadline"},
    response{fault_kind::cancelled, response_action::stop, 1, "the caller gave up",
             "stop; neither success nor failure for any breaker", "nothing"},
};

std::string_view condemned(fault_scope scope) noexcept {
    switch (scope) {
        case fault_scope::request:
            return "this request only";
        case fault_scope::endpoint:
            return "this endpoint, not the operation";
        case fault_scope::dependency:
            return "the whole dependency";
    }
    return "?";
}

}  // namespace

fault classify_errno(int error, bytes_sent sent) {
    // Two names of one number on Linux, two numbers elsewhere.
    if (error == EWOULDBLOCK) error = EAGAIN;
    if (const auto* known = look_up(errno_table, error)) {
        auto f = made_from(*known, sent);
        // Before anything left, a timeout was one of connecting.
        if (sent == bytes_sent::no && f.is(net_timeout)) return fault{net_connect_timeout};
        return f;
    }
    return unclassified("errno " + std::to_string(error))
        .with_effect(sent == bytes_sent::no ? fault_effect::none : fault_effect::unknown);
}

fault classify_resolver(int eai_error) {
    if (const auto* known = look_up(resolver_table, eai_error)) return made_from(*known);
    return unclassified("getaddrinfo " + std::to_string(eai_error)).with_effect(fault_effect::none);
}

fault classify_http_status(int status) {
    const auto detail = "status " + std::to_string(status);
    if (const auto* known = look_up(status_table, status)) {
        return made_from(*known).with_detail(detail);
    }
    // A gateway's 502 or 504 says nothing about what stands behind it, and a 500 may come late.
    if (status >= 500 && status <= 599) {
        return fault{http_server_error}.with_effect(fault_effect::unknown).with_detail(detail);
    }
    if (status >= 400 && status <= 499) return fault{http_client_error}.with_detail(detail);
    return fault{http_unexpected_status}.with_effect(fault_effect::unknown).with_detail(detail);
}

fault classify_sqlstate(std::string_view state) {
    const auto exact = upper(state);
    auto detail = "SQLSTATE " + exact;
    const auto* known = find_sqlstate(exact);
    if (known == nullptr) return fault{db_rejected}.with_detail(std::move(detail));
    return made_from(*known).with_detail(std::move(detail));
}

fault classify_mysql(int error) {
    auto detail = "MySQL error " + std::to_string(error);
    if (const auto* known = look_up(mysql_table, error))
        return made_from(*known).with_detail(detail);
    return fault{db_rejected}.with_detail(std::move(detail));
}

fault classify_text(std::string_view text) {
    const auto plain = lower(text);
    for (const auto& r : text_table) {
        if (plain.find(r.key) != std::string::npos) {
            return made_from(r).with_detail(std::string{text});
        }
    }
    if (auto f = database_code_in(plain)) return std::move(*f).with_detail(std::string{text});
    return unclassified(std::string{text});
}

std::span<const response> responses() noexcept {
    return response_table;
}

const response& response_for(fault_kind kind) noexcept {
    const auto index = static_cast<std::size_t>(kind);
    THOLE_ASSERT(index < response_table.size(), "a known kind");
    return response_table[index];
}

std::string_view to_string(response_action action) noexcept {
    switch (action) {
        case response_action::back_off:
            return "back_off";
        case response_action::scheduled:
            return "scheduled";
        case response_action::next_endpoint:
            return "next_endpoint";
        case response_action::once_more:
            return "once_more";
        case response_action::give_up:
            return "give_up";
        case response_action::reschedule:
            return "reschedule";
        case response_action::stop:
            return "stop";
    }
    return "?";
}

const fault_code* find_code(std::string_view text) noexcept {
    for (const auto* code : library_codes) {
        if (code->text == text) return code;
    }
    return nullptr;
}

std::string explain(const fault_code& code) {
    const auto& r = response_for(code.kind);
    std::string out;
    const auto line = [&out](std::string_view label, std::string_view text) {
        out.append(label).append(text).push_back('\n');
    };
    line("", code.text);
    line("  ", code.meaning);
    line("  kind      ", to_string(code.kind));
    line("  condemns  ", condemned(code.scope));
    line("  seen as   ", r.seen_as);
    line("  response  ", r.what);
    line("  then      ", r.then);
    return out;
}

}  // namespace thole
