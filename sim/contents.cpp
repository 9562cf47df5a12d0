#include "sim/contents.hpp"

#include <algorithm>
#include <stdexcept>

#include "ipfs/codec/dag_builder.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/media.hpp"
#include "nft/codes.hpp"

namespace thole::sim {

// ---- in memory ----------------------------------------------------------------------------------

ipfs::cid memory_contents::keep(bytes_view content) {
    const auto id = ipfs::cid_of(content);
    held_.try_emplace(id, std::make_shared<const bytes>(content.begin(), content.end()));
    return id;
}

std::vector<std::string> memory_contents::owners_of(const ipfs::cid& id) const {
    const auto found = owners_.find(id);
    if (found == owners_.end()) return {};
    return {found->second.begin(), found->second.end()};
}

std::map<std::string, std::set<std::string>> memory_contents::pins() const {
    std::map<std::string, std::set<std::string>> out;
    for (const auto& [id, names] : owners_) {
        if (!names.empty()) out[id.text()].insert(names.begin(), names.end());
    }
    return out;
}

task<result<ipfs::pin_receipt>> memory_contents::put(ipfs::upload what, deadline) {
    if (!held_.contains(what.predicted)) {
        const auto loaded = co_await what.source->load();
        if (!loaded) co_return fail(loaded.error());
        held_.try_emplace(what.predicted, *loaded);
    }
    owners_[what.predicted].insert(what.owner);
    co_return ipfs::pin_receipt{std::string{label_.view()}, what.predicted.text(), what.owner};
}
task<result<ipfs::pin_state>> memory_contents::status(ipfs::cid id, deadline) {
    const auto found = owners_.find(id);
    const bool pinned = found != owners_.end() && !found->second.empty();
    co_return pinned ? ipfs::pin_state::pinned : ipfs::pin_state::absent;
}
task<result<>> memory_contents::unpin(ipfs::pin_receipt receipt, deadline) {
    const auto id = ipfs::cid::parse(receipt.cid);
    if (!id) co_return fail(id.error());
    if (const auto found = owners_.find(*id); found != owners_.end()) {
        found->second.erase(receipt.id);
    }
    co_return result<>{};
}
task<result<>> memory_contents::check(deadline) {
    co_return result<>{};
}
task<result<>> memory_contents::release(std::string owner, deadline) {
    for (auto& [id, names] : owners_) names.erase(owner);
    co_return result<>{};
}
task<result<nft::held_image>> memory_contents::find(ipfs::cid id) {
    const auto found = held_.find(id);
    if (found == held_.end()) co_return fail(ipfs::codes::not_held, id.text());
    const auto kind = ipfs::recognise(*found->second);
    if (!kind) co_return fail(nft::codes::not_an_image, id.text());
    co_return nft::held_image{id, found->second->size(), std::string{ipfs::media_type(*kind)},
                              ipfs::v1_256k};
}
std::shared_ptr<ipfs::content_source> memory_contents::source(const ipfs::cid& id) {
    return std::make_shared<ipfs::memory_source>(*held_.at(id));
}

// ---- on a folder --------------------------------------------------------------------------------

std::unique_ptr<ipfs::content_store> open_contents(const std::string& folder) {
    auto opened = ipfs::content_store::open({.folder = folder});
    if (!opened) throw std::runtime_error{opened.error().describe()};
    return std::move(*opened);
}

std::map<std::string, std::set<std::string>> pins_of(const ipfs::content_store& store) {
    std::map<std::string, std::set<std::string>> out;
    for (const auto& id : store.list()) {
        const auto owners = store.owners(id);
        if (!owners.empty()) out[id.text()].insert(owners.begin(), owners.end());
    }
    return out;
}

folder_contents::folder_contents(const std::string& folder, store_clock now)
    : store_{open_contents(folder)}, now_{std::move(now)} {}

task<result<ipfs::pin_receipt>> folder_contents::put(ipfs::upload what, deadline) {
    if (!store_->has(what.predicted)) {
        const auto loaded = co_await what.source->load();
        if (!loaded) co_return fail(loaded.error());
        const auto kept = store_->put(**loaded, now_(), what.shape);
        if (!kept) co_return fail(kept.error());
    }
    if (auto pinned = store_->pin(what.predicted, what.owner); !pinned) {
        co_return fail(pinned.error());
    }
    co_return ipfs::pin_receipt{std::string{label_.view()}, what.predicted.text(), what.owner};
}
task<result<ipfs::pin_state>> folder_contents::status(ipfs::cid id, deadline) {
    co_return store_->is_pinned(id) ? ipfs::pin_state::pinned : ipfs::pin_state::absent;
}
task<result<>> folder_contents::unpin(ipfs::pin_receipt receipt, deadline) {
    const auto id = ipfs::cid::parse(receipt.cid);
    if (!id) co_return fail(id.error());
    co_return store_->unpin(*id, receipt.id, now_());
}
task<result<>> folder_contents::check(deadline) {
    auto writer = store_->begin();
    if (!writer) co_return fail(writer.error());
    co_return writer->feed(as_bytes("probe"));
}
task<result<>> folder_contents::release(std::string owner, deadline) {
    co_return store_->unpin_all(owner, now_());
}
task<result<nft::held_image>> folder_contents::find(ipfs::cid id) {
    auto reader = store_->open_content(id);
    if (!reader) co_return fail(reader.error());
    const auto prefix = reader->read(0, ipfs::media_prefix);
    if (!prefix) co_return fail(prefix.error());
    const auto kind = ipfs::recognise(*prefix);
    if (!kind) co_return fail(nft::codes::not_an_image, id.text());
    const auto& info = reader->info();
    co_return nft::held_image{info.root, info.size, std::string{ipfs::media_type(*kind)},
                              info.shape};
}
std::shared_ptr<ipfs::content_source> folder_contents::source(const ipfs::cid& id) {
    auto held = store_->read_all(id);
    if (!held) throw std::runtime_error{held.error().describe()};
    return std::make_shared<ipfs::memory_source>(std::move(*held));
}

}  // namespace thole::sim
