#include "nft/images.hpp"

#include "ipfs/media.hpp"
#include "ipfs/store_provider.hpp"
#include "nft/codes.hpp"

namespace thole::nft {
namespace {

result<held_image> find_in(const ipfs::content_store& store, const ipfs::cid& id) {
    auto reader = store.open_content(id);
    if (!reader) return fail(reader.error());
    const auto prefix = reader->read(0, ipfs::media_prefix);
    if (!prefix) return fail(prefix.error());
    const auto kind = ipfs::recognise(*prefix);
    if (!kind) return fail(codes::not_an_image, id.text());
    const auto& info = reader->info();
    return held_image{info.root, info.size, std::string{ipfs::media_type(*kind)}, info.shape};
}

}  // namespace

task<result<held_image>> store_images::find(ipfs::cid id) {
    const auto name = id.text();
    std::optional<held_image> image;
    if (const auto* before = known_.find(name); before != nullptr && store_.has(id)) {
        image = before->image;
    } else {
        auto look = [this, id] { return find_in(store_, id); };
        auto found = co_await pool_.run(std::move(look));
        if (!found) co_return found;
        image = known_.keep(name, {*std::move(found)}).image;
    }
    image->originals = store_.originals_of(image->id);
    co_return *std::move(image);
}

std::shared_ptr<ipfs::content_source> store_images::source(const ipfs::cid& id) {
    return std::make_shared<ipfs::store_source>(store_, pool_, id);
}

}  // namespace thole::nft
