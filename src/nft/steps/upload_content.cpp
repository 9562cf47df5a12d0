#include "nft/steps/upload_content.hpp"

#include <algorithm>

#include "ipfs/uri.hpp"
#include "nft/metadata.hpp"
#include "solana/gather.hpp"

namespace thole::nft::steps {
namespace {

void tell(saga::step_context& in, const ipfs::replication& copies) {
    for (const auto& call : copies.calls) {
        in.note({call.what, call.endpoint, call.latency_ms, call.fault, call.detail});
    }
}

}  // namespace

ipfs::cid image_of(const mint_request& request) {
    const auto id = ipfs::cid::parse(request.image);
    THOLE_ASSERT(id.has_value(), "an accepted request names content by its CID");
    return *id;
}

ipfs::cid metadata_cid(std::string_view json) {
    static_assert(metadata_limit <= ipfs::v1_256k.chunk_bytes, "one block holds it");
    return ipfs::cid::v1(ipfs::codec::raw, sha256(as_bytes(json)));
}

content_refs upload_content::predict(const mint_request& request, const held_image& image) const {
    content_refs refs;
    refs.image_cid = image.id.text();
    refs.image_uri = ipfs::to_uri(image.id, settings_.uri_prefix);
    refs.media_type = image.media_type;
    for (const auto& each : image.originals) {
        if (!refs.image_originals) refs.image_originals.emplace();
        refs.image_originals->push_back({to_hex(each.sha256), each.size});
    }
    refs.metadata_json = metadata_json(request, {refs.image_uri, image.media_type});
    const auto id = metadata_cid(refs.metadata_json);
    refs.metadata_cid = id.text();
    refs.uri = ipfs::to_uri(id, settings_.uri_prefix);
    return refs;
}

task<std::vector<ipfs::replication>> replicate(ipfs::pinning& pins, images& pictures,
                                               mint_content what, replica_counts replicas,
                                               deadline until) {
    const auto most = static_cast<std::uint32_t>(pins.providers());
    ipfs::upload picture{.predicted = what.image.id,
                         .shape = what.image.shape,
                         .name = what.image.id.text(),
                         .source = pictures.source(what.image.id),
                         .size = what.image.size,
                         .owner = what.owner};
    std::vector<task<ipfs::replication>> both;
    both.push_back(pins.replicate(std::move(picture), std::min(replicas.image, most), until));
    both.push_back(replicate_document(pins, std::move(what.metadata_json), std::move(what.owner),
                                      replicas.metadata, until));
    co_return co_await solana::gather(std::move(both));
}

task<ipfs::replication> replicate_document(ipfs::pinning& pins, std::string json, std::string owner,
                                           std::uint32_t copies, deadline until) {
    const auto most = static_cast<std::uint32_t>(pins.providers());
    const auto id = metadata_cid(json);
    ipfs::upload document{.predicted = id,
                          .shape = ipfs::v1_256k,
                          .name = id.text() + ".json",
                          .source = std::make_shared<ipfs::memory_source>(std::string_view{json}),
                          .size = json.size(),
                          .owner = std::move(owner)};
    co_return co_await pins.replicate(std::move(document), std::min(copies, most), until);
}

task<saga::outcome<content_refs>> upload_content::run(saga::step_context& in) {
    const auto& request = request_of(in);
    const auto image = co_await pictures_.find(image_of(request));
    if (!image) {
        in.note(note_of("find image", image.error()));
        co_return failed_call<output>(in, image.error(), 5);
    }
    auto refs = predict(request, *image);
    mint_content content{*image, refs.metadata_json, in.id().text()};
    auto copies =
        co_await replicate(pins_, pictures_, std::move(content), settings_.replicas, in.until());
    for (const auto& each : copies) {
        tell(in, each);
    }
    for (const auto& each : copies) {
        if (!each.enough()) co_return failed_call<output>(in, each.cause(), 5);
    }
    refs.image_pins = std::move(copies.at(0).receipts);
    refs.metadata_pins = std::move(copies.at(1).receipts);
    co_return saga::done<output>{std::move(refs)};
}

// The ledger knows what any attempt may have left; the output is asked too, should the ledger be
// older than the journal.
task<saga::outcome<saga::nothing>> upload_content::undo(saga::step_context& in) {
    std::vector<ipfs::pin_receipt> pins;
    if (const auto refs = in.find_output<upload_content>()) {
        for (const auto* list : {&refs->image_pins, &refs->metadata_pins, &refs->strays}) {
            pins.insert(pins.end(), list->begin(), list->end());
        }
    }
    const auto released = co_await pins_.release(in.id().text(), std::move(pins), in.until());
    if (!released) {
        in.note(note_of("release", released.error()));
        co_return failed_call<saga::nothing>(in, released.error(), 5);
    }
    co_return saga::done<saga::nothing>{};
}

}  // namespace thole::nft::steps
