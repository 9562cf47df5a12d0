#include "api/reply.hpp"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

#include "api/codes.hpp"
#include "engine/codes.hpp"
#include "ipfs/codes.hpp"
#include "thole/codes.hpp"

namespace thole::api {
namespace {

struct code_status {
    const fault_code* code;
    int status;
};

constexpr std::array statuses{
    code_status{&codes::engine_key_conflict, 422},
    code_status{&codes::engine_queue_full, 503},
    code_status{&codes::engine_stopping, 503},
    code_status{&codes::engine_commit_unknown, 503},
    code_status{&codes::engine_fenced, 409},
    code_status{&codes::engine_unknown_kind, 404},
    code_status{&codes::engine_bad_input, 422},
    code_status{&codes::operation_not_found, 404},
    code_status{&codes::engine_unknown_definition, 409},
    code_status{&codes::engine_not_held, 409},
    code_status{&codes::engine_payload_unreadable, 409},
    code_status{&codes::engine_payload_key_missing, 409},
    code_status{&codes::operation_step_unknown, 422},
    code_status{&codes::operation_risk_not_accepted, 422},
    code_status{&codes::operation_bad_output, 422},
    code_status{&codes::db_disk_full, 507},
    code_status{&ipfs::codes::disk_full, 507},
    code_status{&ipfs::codes::not_held, 404},
    code_status{&ipfs::codes::bad_cid, 422},
    code_status{&ipfs::codes::unsupported_cid, 422},
    code_status{&ipfs::codes::too_large, 413},
    code_status{&ipfs::codes::disk_error, 500},
    code_status{&ipfs::codes::corrupt, 500},
};

// Whose detail this program has written itself, about the request.
constexpr std::array with_own_words{
    &codes::operation_bad_output,    &codes::engine_bad_input,
    &codes::operation_count_changed, &codes::operation_not_migratable,
    &codes::operation_step_unknown,  &codes::operation_step_not_begun,
};

int status_of(const fault& f) {
    for (const auto& each : statuses) {
        if (f.is(*each.code)) return each.status;
    }
    // How it stands, or what was done to it, does not allow the act.
    if (f.code().starts_with("operation.")) return 409;
    if (f.kind() == fault_kind::rejected) return 503;
    if (f.kind() == fault_kind::cancelled) return 503;
    if (!f.endpoint().empty() || f.scope() == fault_scope::endpoint) return 502;
    return 500;
}

}  // namespace

io::server_response reply(int status, const boost::json::value& body) {
    io::server_response out;
    out.status = status;
    out.headers.emplace_back("Content-Type", "application/json");
    out.headers.emplace_back("Cache-Control", "no-store");
    out.body = boost::json::serialize(body);
    return out;
}

io::server_response refuse(int status, const fault_code& code, std::string detail,
                           const json::problems& errors) {
    return io::problem(status, code.text, detail.empty() ? code.meaning : std::string_view{detail},
                       errors);
}

io::server_response refuse(const fault& f) {
    const auto status = status_of(f);
    // Only what this program itself says about the request is repeated.
    const auto is = [&f](const fault_code* code) { return f.is(*code); };
    const bool own = std::ranges::any_of(with_own_words, is);
    const auto detail = own && !f.detail().empty() ? fmt::format("{} {}", f.meaning(), f.detail())
                                                   : std::string{f.meaning()};
    auto out = io::problem(status, f.code(), detail);
    if (status == 503) {
        using std::chrono::seconds;
        const auto after = f.retry_after().value_or(seconds{1});
        const auto whole = std::max<std::int64_t>(1, std::chrono::ceil<seconds>(after).count());
        out.headers.emplace_back("Retry-After", fmt::format("{}", whole));
    }
    return out;
}

io::server_response refuse_body(const json::problems& errors) {
    // Whatever the reader of JSON says is about the form, everything else about values; but types
    // and ranges of numbers are values too.
    const bool form = std::ranges::any_of(errors, [](const json::problem& p) {
        return p.code == "json.syntax" || p.code == "json.unknown_member" ||
               p.code == "json.duplicate_member" || p.code == "json.too_deep" ||
               p.code == "json.missing_member" || p.code == "json.wrong_type";
    });
    return form ? refuse(400, codes::api_syntax, {}, errors)
                : refuse(422, codes::api_invalid, {}, errors);
}

}  // namespace thole::api
