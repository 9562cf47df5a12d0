#include "nft/mint_view.hpp"

#include <boost/json/object.hpp>

#include "nft/mint_outputs.hpp"

namespace thole::nft {
namespace {

template <class T>
std::optional<T> read_output(const output_lookup& output, std::string_view step) {
    const auto text = output(step);
    if (!text) return std::nullopt;
    auto read = json::read<T>(*text);
    return read ? std::optional<T>{std::move(*read)} : std::nullopt;
}

// The signature is known as soon as the bytes are journaled, before anything is sent.
std::optional<std::string> signature_of(const output_lookup& output) {
    if (auto landed = read_output<landed_mint>(output, "submit")) {
        if (!landed->signature.empty()) return std::move(landed->signature);
    }
    const auto prepared = output("submit/prepared");
    if (!prepared) return std::nullopt;
    const auto value = json::parse(*prepared);
    if (!value || !value->is_object()) return std::nullopt;
    const auto* text = value->get_object().if_contains("signature");
    if (text == nullptr || !text->is_string() || text->get_string().empty()) return std::nullopt;
    return std::string{text->get_string()};
}

}  // namespace

std::optional<mint_view> view_mint(const mint_base& base, operation_name name,
                                   std::string_view input_json, const output_lookup& output) {
    const auto request = json::read<mint_request>(input_json);
    if (!request || !request->account) return std::nullopt;
    mint_view view;
    view.account = account_of(*request);
    view.owner = request->owner;
    view.mint = identify_mint(base.secret, base.wallet, name, request->standard).mint.text();
    view.image_cid = request->image;
    if (auto content = read_output<content_refs>(output, "upload_content")) {
        view.metadata_cid = std::move(content->metadata_cid);
        view.uri = std::move(content->uri);
    }
    view.signature = signature_of(output);
    return view;
}

}  // namespace thole::nft
