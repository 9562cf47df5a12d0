#include "ipfs/kubo_provider.hpp"

#include <boost/json.hpp>

#include "ipfs/codes.hpp"
#include "ipfs/form.hpp"
#include "thole/codes.hpp"

namespace thole::ipfs {
namespace {

std::string add_call(const profile& shape) {
    std::string out = "add?pin=true&progress=false&wrap-with-directory=false";
    out += "&cid-version=" + std::to_string(shape.cid_version);
    // Without it some nodes write a version 1 CID in base58; a version 0 one has no other form, and
    // asking for one is refused.
    if (shape.cid_version == 1) out += "&cid-base=base32";
    out += shape.raw_leaves ? "&raw-leaves=true" : "&raw-leaves=false";
    out += "&chunker=size-" + std::to_string(shape.chunk_bytes);
    // The default since 2014; older nodes do not know the option.
    if (shape.links != 174) out += "&max-file-links=" + std::to_string(shape.links);
    return out;
}

// The answer is a line of JSON per added node; the last one is the root.
std::string added_root(std::string_view answer) {
    while (!answer.empty() && (answer.back() == '\n' || answer.back() == '\r'))
        answer.remove_suffix(1);
    const auto line = answer.substr(answer.rfind('\n') + 1);  // npos + 1 = 0
    boost::system::error_code error;
    const auto value = boost::json::parse(line, error);
    if (error || !value.is_object()) return {};
    const auto* hash = value.get_object().if_contains("Hash");
    return hash != nullptr && hash->is_string() ? std::string{hash->get_string()} : std::string{};
}

// Kubo says "not pinned" as a 500 with a message.
bool says_not_pinned(const io::http_response& answer) {
    return answer.status == 500 && answer.body.find("not pinned") != std::string::npos;
}

}  // namespace

kubo_provider::kubo_provider(name label, kubo_options options, io::http_transport& transport,
                             const clock& time)
    : label_{label}, options_{std::move(options)}, transport_{transport}, clock_{time} {
    while (options_.url.ends_with('/')) options_.url.pop_back();
}

io::http_request kubo_provider::rpc(std::string call, deadline until) const {
    io::http_request request;
    request.method = "POST";
    request.url = options_.url + "/api/v0/" + call;
    request.effect = io::effect_class::idempotent;
    request.until = until;
    request.dependency = label_;
    request.endpoint = label_;
    if (!options_.authorization.reveal().empty()) {
        request.headers.emplace_back("Authorization", options_.authorization.reveal());
    }
    return request;
}

task<result<std::string>> kubo_provider::ask(io::http_request request) {
    auto answer = co_await transport_.send(std::move(request));
    if (!answer) co_return std::unexpected(located(answer.error()));
    auto good = io::expect_success(*std::move(answer), label_, label_, clock_.wall_now());
    if (!good) co_return std::unexpected(good.error());
    co_return std::move(good->body);
}

task<result<pin_receipt>> kubo_provider::put(upload what, deadline until) {
    const auto content = co_await what.source->load();
    if (!content) co_return std::unexpected(content.error());
    form body{what.predicted};
    body.file("file", what.name, **content);
    auto request = rpc(add_call(what.shape), until.child(clock_.now(), options_.put_timeout));
    request.headers.emplace_back("Content-Type", body.content_type());
    request.body = std::move(body).finish();
    const auto answer = co_await ask(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    auto root = added_root(*answer);
    if (!cid::parse(root)) {
        co_return std::unexpected(located(fault{thole::codes::http_malformed}.with_detail(
            "add did not answer with a CID: " + answer->substr(0, 200))));
    }
    co_return pin_receipt{std::string{label_.view()}, std::move(root), {}};
}

task<result<pin_state>> kubo_provider::status(cid id, deadline until) {
    auto request = rpc("pin/ls?type=recursive&arg=" + id.text(),
                       until.child(clock_.now(), options_.call_timeout));
    auto answer = co_await transport_.send(std::move(request));
    if (!answer) co_return std::unexpected(located(answer.error()));
    if (says_not_pinned(*answer)) co_return pin_state::absent;
    auto good = io::expect_success(*std::move(answer), label_, label_, clock_.wall_now());
    if (!good) co_return std::unexpected(good.error());
    co_return pin_state::pinned;
}

task<result<>> kubo_provider::unpin(pin_receipt receipt, deadline until) {
    auto request = rpc("pin/rm?recursive=true&arg=" + receipt.cid,
                       until.child(clock_.now(), options_.call_timeout));
    auto answer = co_await transport_.send(std::move(request));
    if (!answer) co_return std::unexpected(located(answer.error()));
    if (says_not_pinned(*answer)) co_return result<>{};
    auto good = io::expect_success(*std::move(answer), label_, label_, clock_.wall_now());
    if (!good) co_return std::unexpected(good.error());
    co_return result<>{};
}

task<result<>> kubo_provider::check(deadline until) {
    auto request = rpc("version", until.child(clock_.now(), options_.call_timeout));
    const auto answer = co_await ask(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    co_return result<>{};
}

}  // namespace thole::ipfs
