#pragma once

// Fault codes of the HTTP interface: what is wrong with a request as such. They are the `type` of a
// problem ("/problems/api.not_found"), a metric label, and an argument of `thole explain fault`.

#include <array>

#include "thole/fault.hpp"

namespace thole::codes {

inline constexpr fault_code api_not_found{
    "api.not_found", fault_kind::permanent, fault_scope::request,
    "Nothing is served under this path. doc/http.md lists the resources."};
inline constexpr fault_code api_method_not_allowed{
    "api.method_not_allowed", fault_kind::permanent, fault_scope::request,
    "The resource exists, but not with this method; the header Allow says which ones."};
inline constexpr fault_code api_syntax{
    "api.syntax", fault_kind::permanent, fault_scope::request,
    "The body is not the JSON that is expected: broken, or with unknown, duplicate or missing "
    "members. Every place is in `errors`."};
inline constexpr fault_code api_invalid{
    "api.invalid", fault_kind::permanent, fault_scope::request,
    "The request is well formed, but some of its values break a rule. Every rule is in `errors`."};
inline constexpr fault_code api_bad_parameter{
    "api.bad_parameter", fault_kind::permanent, fault_scope::request,
    "A query parameter or path segment is unknown or has a value that is not allowed."};
inline constexpr fault_code api_key_required{
    "api.key_required", fault_kind::permanent, fault_scope::request,
    "The header Idempotency-Key is missing or malformed: 1 to 128 visible ASCII characters. It is "
    "what makes asking twice the same as asking once."};
inline constexpr fault_code api_media_type{
    "api.media_type", fault_kind::permanent, fault_scope::request,
    "The body is of a kind that this resource does not accept. Images are known by their first "
    "bytes: PNG, JPEG, GIF and WebP."};
inline constexpr fault_code api_disk_full{
    "api.disk_full", fault_kind::transient, fault_scope::dependency,
    "The data folder's disk is full or nearly so. New work is refused, accepted work goes on. Free "
    "space, then send the request again."};
inline constexpr fault_code api_token_required{
    "api.token_required", fault_kind::permanent, fault_scope::request,
    "This call needs a token over TCP (Authorization: Bearer ...), or the unix socket."};
inline constexpr fault_code api_token_invalid{"api.token_invalid", fault_kind::permanent,
                                              fault_scope::request,
                                              "No configured token equals the one that was sent."};
inline constexpr fault_code api_forbidden{
    "api.forbidden", fault_kind::permanent, fault_scope::request,
    "The caller is known, but its token's scopes (or its user) do not allow this call."};
inline constexpr fault_code api_foreign_host{
    "api.foreign_host", fault_kind::permanent, fault_scope::request,
    "The Host header is a name that this daemon does not go by. Use its address or localhost."};
inline constexpr fault_code mint_disabled{
    "mint.disabled", fault_kind::permanent, fault_scope::dependency,
    "This daemon has no wallet and therefore does not mint. Set wallet.key and the endpoints of "
    "dependency.solana, and start it again."};
inline constexpr fault_code mint_unknown_content{
    "mint.unknown_content", fault_kind::permanent, fault_scope::request,
    "The image is not in the content store, or is no image. Send it with POST /api/v1/content "
    "first."};

// What the HTTP server itself answers, before any resource sees the request.
inline constexpr fault_code request_malformed{
    "request.malformed", fault_kind::permanent, fault_scope::request,
    "The bytes are not a well-formed HTTP/1.1 request; the connection is closed."};
inline constexpr fault_code request_timeout{
    "request.timeout", fault_kind::permanent, fault_scope::request,
    "The request's head or body took longer than server.header_timeout or server.body_timeout "
    "allow."};
inline constexpr fault_code request_header_too_large{"request.header_too_large",
                                                     fault_kind::permanent, fault_scope::request,
                                                     "The request's head is larger than 16 KiB."};
inline constexpr fault_code request_body_too_large{
    "request.body_too_large", fault_kind::permanent, fault_scope::request,
    "The body is larger than this resource accepts: 50 MiB of content, 64 KiB of JSON."};

inline constexpr fault_code server_internal{"server.internal", fault_kind::permanent,
                                            fault_scope::request,
                                            "A bug of this program: the request failed inside. "
                                            "What was journaled is safe; please report it "
                                            "with the log around that time."};
inline constexpr fault_code server_too_many_connections{
    "server.too_many_connections", fault_kind::rejected, fault_scope::request,
    "As many connections are open as server.max_connections allows. Try again later, and keep "
    "connections open for several requests."};

inline constexpr std::array api_codes{&api_not_found,
                                      &api_method_not_allowed,
                                      &api_syntax,
                                      &api_invalid,
                                      &api_bad_parameter,
                                      &api_key_required,
                                      &api_media_type,
                                      &api_disk_full,
                                      &api_token_required,
                                      &api_token_invalid,
                                      &api_forbidden,
                                      &api_foreign_host,
                                      &mint_disabled,
                                      &mint_unknown_content,
                                      &request_malformed,
                                      &request_timeout,
                                      &request_header_too_large,
                                      &request_body_too_large,
                                      &server_internal,
                                      &server_too_many_connections};

}  // namespace thole::codes
