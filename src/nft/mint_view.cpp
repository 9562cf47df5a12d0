#include "nft/mint_view.hpp"

#include <boost/json/object.hpp>

namespace thole::nft {
namespace {

template <class T>
std::optional<T> read_output(const saga::operation_details& of, std::string_view step) {
    for (const auto& each : of.outputs) {
        if (each.name != step) continue;
        auto read = json::read<T>(each.output);
        if (read) return std::move(*read);
    }
    return std::nullopt;
}

// The signature is known as soon as the bytes are journaled, before anything is sent.
std::optional<std::string> signature_of(const saga::operation_details& of) {
    if (auto landed = read_output<landed_mint>(of, "submit")) {
        if (!landed->signature.empty()) return std::move(landed->signature);
    }
    if (!of.prepared) return std::nullopt;
    const auto value = json::parse(of.prepared->bytes);
    if (!value || !value->is_object()) return std::nullopt;
    const auto* text = value->get_object().if_contains("signature");
    if (text == nullptr || !text->is_string() || text->get_string().empty()) return std::nullopt;
    return std::string{text->get_string()};
}

}  // namespace

std::uint64_t landing_slot(const saga::operation_details& of) {
    const auto landed = read_output<landed_mint>(of, "submit");
    return landed ? landed->slot : 0;
}

std::optional<mint_view> view_mint(const mint_base& base, const saga::operation_details& of) {
    if (of.view.kind != "mint") return std::nullopt;
    const auto input = read_mint_input(of.input);
    if (!input || !input->request.account) return std::nullopt;
    mint_view view;
    view.account = account_of(input->request);
    view.owner = input->request.owner;
    view.mint = identity_of(*input, base, {of.tenant, of.view.kind, of.view.key}).mint.text();
    view.image_cid = input->request.image;
    if (auto content = read_output<content_refs>(of, "upload_content")) {
        view.metadata_cid = std::move(content->metadata_cid);
        view.uri = std::move(content->uri);
        view.image_originals = std::move(content->image_originals);
    }
    view.signature = signature_of(of);
    return view;
}

std::optional<record> journaled_record(const mint_base& base, const saga::operation_details& of) {
    if (of.view.kind != "mint") return std::nullopt;
    const auto input = read_mint_input(of.input);
    auto content = read_output<content_refs>(of, "upload_content");
    if (!input || !content) return std::nullopt;
    record row;
    row.operation_id = of.view.id;
    row.tenant = of.tenant;
    row.account = account_of(input->request);
    row.owner = input->request.owner;
    row.mint = identity_of(*input, base, {of.tenant, of.view.kind, of.view.key}).mint.text();
    row.image_cid = std::move(content->image_cid);
    row.metadata_cid = std::move(content->metadata_cid);
    row.uri = std::move(content->uri);
    row.metadata_json = std::move(content->metadata_json);
    row.level = requested_level(input->request);
    row.created_at = of.view.created_at;
    row.updated_at = of.view.updated_at;
    const auto landed = read_output<landed_mint>(of, "submit");
    if (!landed) return row;
    row.status = record_status::minted;
    row.signature = landed->signature;
    for (const auto* step : {"complete", "record_landed"}) {
        const auto written = read_output<record_written>(of, step);
        if (!written) continue;
        row.version = written->version;
        break;
    }
    return row;
}

}  // namespace thole::nft
