#pragma once

// The fault codes of networks, HTTP, databases and of the policies themselves. Other areas define
// theirs in their own codes.hpp; a test forbids the same text twice.

#include <array>

#include "thole/fault.hpp"

namespace thole::codes {

using enum fault_kind;
using enum fault_scope;

// net: sockets, names, TLS.
inline constexpr fault_code net_dns_not_found{
    "net.dns_not_found", outage, endpoint,
    "The host name does not exist. Check the endpoint's URL and the DNS zone."};
inline constexpr fault_code net_dns_temporary{"net.dns_temporary", transient, endpoint,
                                              "The name could not be resolved just now. It is "
                                              "tried again; check the DNS servers if it lasts."};
inline constexpr fault_code net_connection_refused{
    "net.connection_refused", outage, endpoint,
    "Nothing listens on that port, or a firewall answers for it. Another endpoint is used at "
    "once."};
inline constexpr fault_code net_unreachable{"net.unreachable", transient, endpoint,
                                            "No route to the host or network. Check routing and "
                                            "the local network if every endpoint says so."};
inline constexpr fault_code net_connect_timeout{
    "net.connect_timeout", transient, endpoint,
    "The connection was not established in time; nothing was sent."};
inline constexpr fault_code net_timeout{
    "net.timeout", transient, endpoint,
    "No complete answer in time. If anything had been sent, the effect is unknown."};
inline constexpr fault_code net_reset{
    "net.reset", transient, endpoint,
    "The peer cut the connection. If anything had been sent, the effect is unknown."};
inline constexpr fault_code net_tls{"net.tls", outage, endpoint,
                                    "The TLS handshake or certificate check failed. Check the "
                                    "certificate, its name and its dates."};
inline constexpr fault_code net_resources{
    "net.resources", transient, dependency,
    "This machine is out of descriptors, ports or buffers. Raise the limit or lower the load."};
inline constexpr fault_code net_unclassified{"net.unclassified", transient, endpoint,
                                             "An error that is not in the table; its text is in "
                                             "the detail. The effect is taken as unknown."};
inline constexpr fault_code net_address_forbidden{
    "net.address_forbidden", permanent, request,
    "The name leads to an address that this call may not use (loopback, private or link-local)."};

// http: what a server answered, or what was wrong with the answer.
inline constexpr fault_code http_rate_limited{
    "http.rate_limited", rate_limited, endpoint,
    "The server answered 429. Its Retry-After is honoured, else back-off decides."};
inline constexpr fault_code http_server_error{"http.server_error", transient, endpoint,
                                              "The server answered 5xx, 408 or 425."};
inline constexpr fault_code http_unauthorized{
    "http.unauthorized", outage, endpoint,
    "The endpoint refused our credentials or account (401, 402, 403, 451). Check key and plan."};
inline constexpr fault_code http_client_error{
    "http.client_error", permanent, request,
    "The server answered another 4xx: the request itself is wrong and is not repeated."};
inline constexpr fault_code http_unexpected_status{
    "http.unexpected_status", permanent, endpoint,
    "The server answered a status that this call cannot use."};
inline constexpr fault_code http_malformed{"http.malformed", transient, endpoint,
                                           "The answer was not what the protocol promises (broken "
                                           "HTTP, truncated or not the expected format)."};
inline constexpr fault_code http_too_large{"http.too_large", permanent, endpoint,
                                           "The answer is larger than the limit of this call."};

// db: databases.
inline constexpr fault_code db_conflict{
    "db.conflict", conflict, request,
    "Deadlock, serialization failure, lock or statement timeout: the transaction is repeated."};
inline constexpr fault_code db_unavailable{"db.unavailable", transient, dependency,
                                           "The database refused or dropped the connection."};
inline constexpr fault_code db_rejected{
    "db.rejected", permanent, request,
    "The database rejected the statement (constraint, type or syntax)."};
inline constexpr fault_code db_disk_full{
    "db.disk_full", transient, dependency,
    "The database's disk is full. Free space; work goes on by itself."};
inline constexpr fault_code db_unauthorized{
    "db.unauthorized", outage, endpoint,
    "The database refused our user, password or database name. Check the credentials."};
inline constexpr fault_code db_read_only{
    "db.read_only", outage, endpoint,
    "The database takes no writes now, as a replica does. Another endpoint is used at once."};

// policy: refused here, before anything left.
inline constexpr fault_code policy_breaker_open{
    "policy.breaker_open", rejected, endpoint,
    "The circuit breaker is open after repeated failures; the time left is in retry_after."};
inline constexpr fault_code policy_no_endpoint{
    "policy.no_endpoint", rejected, dependency,
    "No endpoint of the set may be used now: all are open, drained, limited or already tried."};
inline constexpr fault_code policy_rate_limited{
    "policy.rate_limited", rejected, endpoint,
    "Our own rate limiter has no token for this call yet."};
inline constexpr fault_code policy_bulkhead_full{
    "policy.bulkhead_full", rejected, dependency,
    "Too many calls are running and the queue is full."};
inline constexpr fault_code policy_budget_spent{
    "policy.budget_spent", rejected, dependency,
    "The retry budget is spent: more retries now would only add load to a failing dependency."};
inline constexpr fault_code policy_deadline{
    "policy.deadline", transient, request,
    "The caller's deadline passed before the work was done."};
inline constexpr fault_code policy_cancelled{"policy.cancelled", cancelled, request,
                                             "The caller gave up."};

// Every code above, for `explain` and for the test against duplicates.
inline constexpr std::array library_codes{&net_dns_not_found,
                                          &net_dns_temporary,
                                          &net_connection_refused,
                                          &net_unreachable,
                                          &net_connect_timeout,
                                          &net_timeout,
                                          &net_reset,
                                          &net_tls,
                                          &net_resources,
                                          &net_unclassified,
                                          &db_unauthorized,
                                          &db_read_only,
                                          &net_address_forbidden,
                                          &http_rate_limited,
                                          &http_server_error,
                                          &http_unauthorized,
                                          &http_client_error,
                                          &http_unexpected_status,
                                          &http_malformed,
                                          &http_too_large,
                                          &db_conflict,
                                          &db_unavailable,
                                          &db_rejected,
                                          &db_disk_full,
                                          &policy_breaker_open,
                                          &policy_no_endpoint,
                                          &policy_rate_limited,
                                          &policy_bulkhead_full,
                                          &policy_budget_spent,
                                          &policy_deadline,
                                          &policy_cancelled};

}  // namespace thole::codes
