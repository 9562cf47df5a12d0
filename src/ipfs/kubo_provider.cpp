#include "ipfs/kubo_provider.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "base/excerpt.hpp"
#include "ipfs/codec/car.hpp"
#include "ipfs/codec/dag_builder.hpp"
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

result<bytes> car_of(const upload& what, bytes_view content) {
    auto out = car_header(what.predicted);
    dag_builder build{what.shape, [&out](const cid& id, bytes_view block) -> result<> {
                          append_car_block(out, id, block);
                          return {};
                      }};
    if (auto fed = build.feed(content); !fed) return fail(fed.error());
    const auto root = build.finish();
    if (!root) return fail(root.error());
    if (!root->root.same_block(what.predicted)) return fail(codes::unknown_profile);
    return out;
}

// The answer is a line of JSON per root, {"Root":{"Cid":{"/":CID},"PinErrorMsg":""}}, among other
// lines. Nothing when the root is there and pinned.
std::optional<fault> why_not_imported(std::string_view answer, const cid& root) {
    while (!answer.empty()) {
        const auto line = answer.substr(0, answer.find('\n'));
        answer.remove_prefix(std::min(answer.size(), line.size() + 1));
        boost::system::error_code error;
        const auto value = boost::json::parse(line, error);
        if (error) continue;
        const auto* const id = value.find_pointer("/Root/Cid/~1", error);
        if (id == nullptr || !id->is_string()) continue;
        const auto named = cid::parse(id->get_string());
        if (!named || !named->same_block(root)) continue;
        const auto* const why = value.find_pointer("/Root/PinErrorMsg", error);
        if (why == nullptr || !why->is_string() || why->get_string().empty()) return std::nullopt;
        return fault{codes::pin_failed}.with_detail("dag/import: " +
                                                    std::string{why->get_string()});
    }
    return fault{codes::pin_failed}
        .with_effect(fault_effect::unknown)
        .with_detail("dag/import: the answer does not name the root");
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

// The CID that the node makes of the file.
task<result<std::string>> kubo_provider::add(upload& what, bytes_view content, deadline until) {
    form body{what.predicted};
    body.file("file", what.name, content);
    auto request = rpc(add_call(what.shape), until);
    request.headers.emplace_back("Content-Type", body.content_type());
    request.body = std::move(body).finish();
    const auto answer = co_await ask(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    auto root = added_root(*answer);
    if (!cid::parse(root)) {
        co_return std::unexpected(located(
            fault{thole::codes::http_malformed}
                .with_effect(fault_effect::unknown)
                .with_detail("add did not answer with a CID: " + printable_excerpt(*answer, 200))));
    }
    co_return root;
}

// Our blocks as they are, pinned by their root.
task<result<>> kubo_provider::import_blocks(upload& what, bytes_view content, deadline until) {
    const auto car = car_of(what, content);
    if (!car) co_return std::unexpected(located(car.error()));
    form body{what.predicted};
    body.file("file", what.name + ".car", *car);
    auto request = rpc("dag/import?pin-roots=true&cid-base=base32", until);
    request.headers.emplace_back("Content-Type", body.content_type());
    request.body = std::move(body).finish();
    const auto answer = co_await ask(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    if (auto why = why_not_imported(*answer, what.predicted)) {
        co_return std::unexpected(located(*std::move(why)));
    }
    co_return result<>{};
}

task<result<pin_receipt>> kubo_provider::put(upload what, deadline until) {
    const auto content = co_await what.source->load();
    if (!content) co_return std::unexpected(content.error());
    until = until.child(clock_.now(), options_.put_timeout);
    pin_receipt receipt{std::string{label_.view()}, what.predicted.text(), {}};
    const bool added = !chunks_otherwise_;
    if (added) {
        auto root = co_await add(what, **content, until);
        if (!root) co_return std::unexpected(root.error());
        const bool same = cid::parse(*root)->same_block(what.predicted);
        receipt.cid = *std::move(root);
        if (same) co_return receipt;
        // From here on it may have both. Its own CID is judged, and given back, as any other answer
        // is; the session says that there may be the predicted one beside.
        if (what.session && !co_await what.session->keep(receipt.cid)) co_return receipt;
    }
    const auto imported = co_await import_blocks(what, **content, until);
    if (!imported && !added) co_return std::unexpected(imported.error());
    if (!imported) {
        const bool surely_not = imported.error().effect() == fault_effect::none;
        if (what.session && surely_not) (void)co_await what.session->keep({});
        co_return receipt;
    }
    chunks_otherwise_ = true;
    if (added && !co_await unpin(receipt, until)) co_return receipt;
    receipt.cid = what.predicted.text();
    co_return receipt;
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
