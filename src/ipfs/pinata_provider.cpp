#include "ipfs/pinata_provider.hpp"

#include <boost/json.hpp>
#include <charconv>

#include "ipfs/codes.hpp"
#include "ipfs/form.hpp"
#include "thole/codes.hpp"

namespace thole::ipfs {
namespace {

namespace json = boost::json;

constexpr std::string_view mark = "thole";  // the keyvalue of what we uploaded
constexpr int most_pages = 20;              // of a list; a CID has one file or a few

std::string_view version_of(const profile& shape) {
    return shape.cid_version == 0 ? "v0" : "v1";
}

std::string marks(const upload& what) {
    return json::serialize(json::object{{mark, what.owner}});
}

// RFC 4648, as TUS metadata wants it.
std::string base64(std::string_view text) {
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 3) {
        const auto left = std::min<std::size_t>(3, text.size() - i);
        std::uint32_t bits = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            bits = bits << 8 | (j < left ? static_cast<std::uint8_t>(text[i + j]) : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            out.push_back(j <= left ? letters[bits >> (18 - 6 * j) & 63] : '=');
        }
    }
    return out;
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    const bool whole = error == std::errc{} && end == text.data() + text.size() && !text.empty();
    return whole ? std::optional{out} : std::nullopt;
}

}  // namespace

pinata_provider::pinata_provider(name label, pinata_options options, io::http_transport& transport,
                                 const clock& time)
    : options_{std::move(options)}, http_{label, options_.token, transport, time} {
    options_.url = without_slash(options_.url);
    options_.upload_url = without_slash(options_.upload_url);
}

task<result<pin_receipt>> pinata_provider::put(upload what, deadline until) {
    const auto content = co_await what.source->load();
    if (!content) co_return std::unexpected(content.error());
    if (options_.api == pinata_api::legacy) co_return co_await put_legacy(what, **content, until);
    const bool large = (*content)->size() > options_.resumable_above;
    if (large) co_return co_await put_in_parts(what, **content, until);
    co_return co_await put_whole(what, **content, until);
}

task<result<pin_receipt>> pinata_provider::put_whole(const upload& what, bytes_view content,
                                                     deadline until) {
    form body{what.predicted};
    body.field("network", "public");
    body.field("name", what.name);
    body.field("cid_version", version_of(what.shape));
    body.field("keyvalues", marks(what));
    body.file("file", what.name, content);
    auto request = http_.request("POST", options_.upload_url + "/v3/files",
                                 http_.within(until, options_.put_timeout));
    request.headers.emplace_back("Content-Type", body.content_type());
    request.body = std::move(body).finish();
    const auto answer = co_await http_.ask(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    pin_receipt out{std::string{label().view()}, text_at(*answer, "/data/cid"),
                    text_at(*answer, "/data/id")};
    co_return checked(std::move(out), *answer);
}

// A success that names no CID has kept something all the same.
result<pin_receipt> pinata_provider::checked(pin_receipt kept, const json::value& answer) const {
    if (cid::parse(kept.cid)) return kept;
    return std::unexpected(http_.malformed(json::serialize(answer), fault_effect::unknown));
}

task<result<pin_receipt>> pinata_provider::put_legacy(const upload& what, bytes_view content,
                                                      deadline until) {
    form body{what.predicted};
    body.field("pinataOptions",
               json::serialize(json::object{{"cidVersion", what.shape.cid_version}}));
    body.field("pinataMetadata",
               json::serialize(json::object{{"name", what.name},
                                            {"keyvalues", json::object{{mark, what.owner}}}}));
    body.file("file", what.name, content);
    auto request = http_.request("POST", options_.url + "/pinning/pinFileToIPFS",
                                 http_.within(until, options_.put_timeout));
    request.headers.emplace_back("Content-Type", body.content_type());
    request.body = std::move(body).finish();
    const auto answer = co_await http_.ask(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    pin_receipt out{std::string{label().view()}, text_at(*answer, "/IpfsHash"), {}};
    co_return checked(std::move(out), *answer);
}

// ---- in parts (TUS) -----------------------------------------------------------------------------

task<result<std::string>> pinata_provider::begin_parts(const upload& what, std::uint64_t size,
                                                       deadline until) {
    auto request = http_.request("POST", options_.upload_url + "/v3/files", soon(until));
    request.headers.emplace_back("Tus-Resumable", "1.0.0");
    request.headers.emplace_back("Upload-Length", std::to_string(size));
    request.headers.emplace_back(
        "Upload-Metadata", "filename " + base64(what.name) + ",filetype " +
                               base64("application/octet-stream") + ",network " + base64("public") +
                               ",keyvalues " + base64(marks(what)) + ",cid_version " +
                               base64(version_of(what.shape)));
    const auto answer = co_await http_.send(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    auto location = same_origin(options_.upload_url, answer->header("Location"));
    if (location.empty()) {
        co_return std::unexpected(
            http_.malformed("a Location that is not on the same server", fault_effect::unknown));
    }
    if (what.session) {
        if (auto ok = co_await what.session->keep(location); !ok) {
            co_return std::unexpected(ok.error().with_effect(fault_effect::unknown));
        }
    }
    co_return location;
}

task<result<std::optional<std::uint64_t>>> pinata_provider::place_of(std::string location,
                                                                     deadline until) {
    auto request = http_.request("HEAD", std::move(location), soon(until));
    request.headers.emplace_back("Tus-Resumable", "1.0.0");
    auto answer = co_await http_.exchange(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status == 404 || answer->status == 410) co_return std::nullopt;
    const auto good = http_.judge(*std::move(answer));
    if (!good) co_return std::unexpected(good.error());
    const auto at = number(good->header("Upload-Offset"));
    if (!at) co_return std::unexpected(http_.malformed("no Upload-Offset"));
    co_return at;
}

// Answers the CID, with the last part.
task<result<std::string>> pinata_provider::send_part(std::string location, std::uint64_t offset,
                                                     bytes_view part, deadline until) {
    auto request =
        http_.request("PATCH", std::move(location), http_.within(until, options_.put_timeout));
    request.headers.emplace_back("Tus-Resumable", "1.0.0");
    request.headers.emplace_back("Content-Type", "application/offset+octet-stream");
    request.headers.emplace_back("Upload-Offset", std::to_string(offset));
    request.body = as_text(part);
    auto answer = co_await http_.exchange(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    // Another place than ours: the next attempt asks where.
    if (answer->status == 409) {
        co_return std::unexpected(
            http_.located(fault{codes::upload_out_of_step}.with_effect(fault_effect::unknown)));
    }
    const auto good = http_.judge(*std::move(answer));
    if (!good) co_return std::unexpected(good.error());
    co_return std::string{good->header("upload-cid")};
}

task<result<pin_receipt>> pinata_provider::put_in_parts(const upload& what, bytes_view content,
                                                        deadline until) {
    auto location =
        what.session ? same_origin(options_.upload_url, what.session->token()) : std::string{};
    std::uint64_t offset = 0;
    if (!location.empty()) {
        auto place = co_await place_of(location, until);
        // It may be whole already.
        if (!place) co_return std::unexpected(place.error().with_effect(fault_effect::unknown));
        if (!*place) location.clear();
        offset = place->value_or(0);
    }
    if (location.empty()) {
        auto begun = co_await begin_parts(what, content.size(), until);
        if (!begun) co_return std::unexpected(begun.error());
        location = *std::move(begun);
    }
    std::string kept;
    while (offset < content.size()) {
        const auto part = content.subspan(
            offset, std::min<std::uint64_t>(options_.part_bytes, content.size() - offset));
        auto sent = co_await send_part(location, offset, part, until);
        if (!sent) co_return std::unexpected(sent.error());
        offset += part.size();
        kept = *std::move(sent);
    }
    // Another CID is judged, and given back, as any other answer; the next attempt begins anew.
    const auto answered = cid::parse(kept);
    if (answered && !answered->same_block(what.predicted)) {
        if (what.session) (void)co_await what.session->keep({});
        co_return pin_receipt{std::string{label().view()}, std::move(kept), {}};
    }
    // Whole already when we came: the answer with the CID went to an earlier life.
    const bool told = !kept.empty();
    auto receipt = co_await receipt_of(told ? std::move(kept) : what.predicted.text(), until);
    // Whole, and not under our CID: only another upload tells under which.
    const bool elsewhere = !told && !receipt && receipt.error().is(codes::not_found);
    if (elsewhere && what.session) (void)co_await what.session->keep({});
    co_return receipt;
}

task<result<pin_receipt>> pinata_provider::receipt_of(std::string kept, deadline until) {
    auto found = co_await find(kept, until);
    if (!found) co_return std::unexpected(found.error().with_effect(fault_effect::unknown));
    if (found->empty()) {
        co_return std::unexpected(http_.located(
            fault{codes::not_found}.with_effect(fault_effect::unknown).with_detail(kept)));
    }
    co_return pin_receipt{std::string{label().view()}, std::move(kept), found->front().id};
}

// ---- what it holds ------------------------------------------------------------------------------

task<result<pinata_provider::files>> pinata_provider::find(std::string wanted, deadline until) {
    files out;
    const auto first = options_.url + "/v3/files/public?limit=100&cid=" + wanted;
    std::string page;
    for (int left = most_pages; left > 0; --left) {
        auto url = page.empty() ? first : first + "&pageToken=" + page;
        const auto answer = co_await http_.ask(http_.request("GET", std::move(url), soon(until)));
        if (!answer) co_return std::unexpected(answer.error());
        boost::system::error_code error;
        const auto* list = answer->find_pointer("/data/files", error);
        // Nothing found is said as null.
        if (list != nullptr && list->is_array()) {
            for (const auto& each : list->get_array()) {
                const bool ours = !text_at(each, "/keyvalues/" + std::string{mark}).empty();
                out.push_back({text_at(each, "/id"), ours});
            }
        }
        page = text_at(*answer, "/data/next_page_token");
        if (page.empty()) break;
    }
    co_return out;
}

task<result<pinata_provider::files>> pinata_provider::find_legacy(std::string wanted,
                                                                  deadline until) {
    auto url = options_.url +
               "/data/pinList?status=pinned&pageLimit=10&pageOffset=0&hashContains=" + wanted;
    const auto answer = co_await http_.ask(http_.request("GET", std::move(url), soon(until)));
    if (!answer) co_return std::unexpected(answer.error());
    boost::system::error_code error;
    const auto* rows = answer->find_pointer("/rows", error);
    if (rows == nullptr || !rows->is_array()) {
        co_return std::unexpected(http_.malformed(json::serialize(*answer)));
    }
    files out;
    for (const auto& each : rows->get_array()) {
        if (text_at(each, "/ipfs_pin_hash") != wanted) continue;
        out.push_back({wanted, !text_at(each, "/metadata/keyvalues/" + std::string{mark}).empty()});
    }
    co_return out;
}

task<result<pin_state>> pinata_provider::status(cid id, deadline until) {
    const auto found = options_.api == pinata_api::v3 ? co_await find(id.text(), until)
                                                      : co_await find_legacy(id.text(), until);
    if (!found) co_return std::unexpected(found.error());
    co_return found->empty() ? pin_state::absent : pin_state::pinned;
}

task<result<>> pinata_provider::unpin(pin_receipt receipt, deadline until) {
    const bool v3 = options_.api == pinata_api::v3;
    const auto found =
        v3 ? co_await find(receipt.cid, until) : co_await find_legacy(receipt.cid, until);
    if (!found) co_return std::unexpected(found.error());
    const auto base = options_.url + (v3 ? "/v3/files/public/" : "/pinning/unpin/");
    for (const auto& each : *found) {
        if (!each.ours) continue;
        if (auto gone = co_await http_.remove(base + each.id, soon(until)); !gone) co_return gone;
    }
    co_return result<>{};
}

task<result<>> pinata_provider::check(deadline until) {
    const auto answer = co_await http_.send(
        http_.request("GET", options_.url + "/data/testAuthentication", soon(until)));
    if (!answer) co_return std::unexpected(answer.error());
    co_return result<>{};
}

}  // namespace thole::ipfs
