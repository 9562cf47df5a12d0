// Pins, what became of which file, and removal.

#include <algorithm>
#include <filesystem>

#include "ipfs/codes.hpp"
#include "ipfs/content_store.hpp"

namespace thole::ipfs {
namespace {

namespace fs = std::filesystem;

std::string shown(std::string_view owner) {
    return std::string{owner.substr(0, pin_table::longest_owner)};
}

}  // namespace

// A file itself is looked at: a pin promises that the bytes are here.
bool content_store::is_there(const cid& key, const entry& what) const {
    if (what.packed()) return packs_->is_there(what.folder);
    std::error_code unknown;
    return fs::exists(object_path(key, what.folder), unknown) || unknown;
}

// Holds on to an entry: it stays, and so does its file.
class content_store::use {
  public:
    // Precondition: mutex_ is held.
    use(content_store& store, const cid& key)
        : store_{store}, key_{key}, entry_{store.objects_[key]} {
        ++entry_.users;
    }
    ~use() {
        const std::scoped_lock lock{store_.mutex_};
        --entry_.users;
        store_.settle(key_);
    }
    use(const use&) = delete;
    use& operator=(const use&) = delete;
    entry* operator->() const noexcept { return &entry_; }
    entry& operator*() const noexcept { return entry_; }

  private:
    content_store& store_;
    const cid key_;
    entry& entry_;
};

// Lets go of what need not be known. Precondition: mutex_ is held, or nobody else has the store.
void content_store::settle(const cid& key) {
    const auto found = objects_.find(key);
    if (found == objects_.end() || found->second.users > 0) return;
    const bool pinned = found->second.pins > 0;
    if (pinned || !found->second.held()) pins_->forget(key);
    if (!pinned && !found->second.held()) objects_.erase(found);
}

// Its file is gone. Precondition: mutex_ is held.
void content_store::lose(entry& what) {
    if (!what.held()) return;
    bytes_ -= std::exchange(what.file_size, 0);
    what.indexed = false;
    if (!what.packed()) --folders_[what.folder].contents;
}

result<> content_store::pin(const cid& id, std::string_view owner) {
    if (!pin_table::is_owner(owner)) return fail(codes::bad_owner, shown(owner));
    const auto key = id.as_v1();
    std::optional<use> content;
    entry at;
    {
        const std::scoped_lock lock{mutex_};
        const auto* found = held(key);
        if (found == nullptr) return fail(codes::not_held, id.text());
        at = *found;
        content.emplace(*this, key);
    }
    while (!is_there(key, at)) {
        const std::scoped_lock lock{mutex_};
        const bool moved = (*content)->held() && (*content)->place() != at.place();
        if (!moved) {
            lose(**content);
            return fail(codes::not_held, id.text());
        }
        at = **content;
    }
    const auto added = pins_->add(key, owner);
    if (!added) return std::unexpected(added.error());
    const std::scoped_lock lock{mutex_};
    (*content)->pins += *added ? 1 : 0;
    return {};
}

result<> content_store::unpin(const cid& id, std::string_view owner, store_time now) {
    if (!pin_table::is_owner(owner)) return fail(codes::bad_owner, shown(owner));
    const auto key = id.as_v1();
    std::optional<use> content;
    {
        const std::scoped_lock lock{mutex_};
        content.emplace(*this, key);
    }
    const auto removed = pins_->remove(key, owner, now);
    if (!removed) return std::unexpected(removed.error());
    const std::scoped_lock lock{mutex_};
    (*content)->pins -= *removed ? 1 : 0;
    (*content)->since = std::max((*content)->since, now);
    return {};
}

result<> content_store::unpin_all(std::string_view owner, store_time now) {
    result<> outcome;
    for (const auto& each : pinned_by(owner)) {
        auto done = unpin(each, owner, now);
        if (!done && outcome) outcome = std::move(done);
    }
    return outcome;
}

bool content_store::is_pinned(const cid& id) const {
    const std::scoped_lock lock{mutex_};
    const auto* found = held(id.as_v1());
    return found != nullptr && found->pins > 0;
}

std::vector<std::string> content_store::owners(const cid& id) const {
    return pins_->owners_of(id.as_v1());
}

std::vector<std::string> content_store::owners_like(std::string_view prefix) const {
    return pins_->owners_like(prefix);
}

std::vector<cid> content_store::pinned_by(std::string_view owner) const {
    return pins_->of_owner(owner);
}

bool content_store::is_due(const entry& what, store_time now) const {
    return what.held() && what.free() && what.since + options_.keep_unreferenced <= now;
}

// Removes the content when it is still due; whether it did.
result<bool> content_store::collect(const cid& key, store_time now) {
    const std::scoped_lock naming{names_of(key)};
    std::optional<use> content;
    entry before;
    {
        // From here on nobody finds it, so nobody pins it. Who puts it again waits for the name.
        const std::scoped_lock lock{mutex_};
        const auto* found = held(key);
        if (found == nullptr || !is_due(*found, now)) return false;  // pinned meanwhile
        before = *found;
        content.emplace(*this, key);
        (*content)->file_size = 0;
    }
    // Not synced: a file that comes back after a power cut is removed by a later run.
    const auto gone = before.packed() ? packs_->drop(key, before.place())
                                      : files_->remove(object_path(key, before.folder));
    const std::scoped_lock lock{mutex_};
    (*content)->file_size = before.file_size;
    if (!gone) return std::unexpected(gone.error());
    lose(**content);
    return true;
}

result<> content_store::note_original(const cid& kept, const original& file) {
    return originals_.note(kept, file);
}

std::optional<cid> content_store::kept_instead_of(const sha256_digest& file) const {
    const auto kept = originals_.kept_instead_of(file);
    return kept && has(*kept) ? kept : std::nullopt;
}

std::vector<original> content_store::originals_of(const cid& kept) const {
    return originals_.of(kept);
}

result<std::vector<cid>> content_store::gc(store_time now) {
    std::vector<cid> due;
    {
        const std::scoped_lock lock{mutex_};
        for (const auto& [id, each] : objects_) {
            if (is_due(each, now)) due.push_back(id);
        }
    }
    std::ranges::sort(due);
    std::vector<cid> removed;
    std::optional<fault> first;
    for (const auto& id : due) {
        // One that cannot be removed does not keep the others.
        const auto done = collect(id, now);
        if (!done && !first) first = done.error();
        if (!done || !*done) continue;
        // A note that stays says something true, and is hidden while the content is not held.
        (void)originals_.forget(id);
        removed.push_back(id);
    }
    if (!removed.empty()) {
        const std::scoped_lock lock{mutex_};
        std::erase_if(contents_of_, [&](const auto& each) { return held(each.second) == nullptr; });
    }
    if (const auto tidied = tidy_packs(); !tidied && !first) first = tidied.error();
    if (first) return std::unexpected(*std::move(first));
    return removed;
}

// Writes what lives in packs that are mostly dead anew, elsewhere. Tries all and answers the first
// fault.
result<> content_store::tidy_packs() {
    if (!packs_) return {};
    result<> outcome;
    for (auto pack = packs_->wasteful(); pack; pack = packs_->wasteful(*pack)) {
        auto done = empty_pack(*pack);
        if (!done && outcome) outcome = std::move(done);
    }
    return outcome;
}

// What could not be moved stays, and the pack with it.
result<> content_store::empty_pack(std::uint32_t pack) {
    std::vector<cid> living;
    {
        const std::scoped_lock lock{mutex_};
        for (const auto& [id, each] : objects_) {
            if (each.held() && each.packed() && each.folder == pack) living.push_back(id);
        }
    }
    result<> outcome;
    constexpr std::size_t at_once = 256;
    for (std::size_t i = 0; i < living.size(); i += at_once) {
        const auto some = std::span{living}.subspan(i, std::min(at_once, living.size() - i));
        auto moved = move_from(pack, some);
        if (!moved && outcome) outcome = std::move(moved);
    }
    const auto gone = packs_->remove(pack);
    if (!gone && outcome) outcome = std::unexpected(gone.error());
    return outcome;
}

// As they are: whether one is damaged is for who reads it. One that cannot be read keeps no other.
result<> content_store::move_from(std::uint32_t pack, std::span<const cid> keys) {
    const auto file = packs_->file(pack);
    if (!file) return {};
    result<> outcome;
    std::vector<entry> before;
    std::vector<bytes> objects(keys.size());
    std::vector<packing> all;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        entry at;
        {
            const std::scoped_lock lock{mutex_};
            const auto* found = held(keys[i]);
            if (found == nullptr || !found->packed() || found->folder != pack) continue;
            at = *found;
        }
        objects[i].resize(static_cast<std::size_t>(at.file_size));
        if (auto ok = files_->read(*file, at.offset, objects[i]); !ok) {
            if (outcome) outcome = std::move(ok);
            continue;
        }
        all.push_back({keys[i], objects[i], at.since});
        before.push_back(at);
    }
    const auto moved = packs_->put_all(all);
    if (!moved) return std::unexpected(moved.error());
    for (std::size_t i = 0; i < all.size(); ++i) {
        bool stays = false;
        {
            const std::scoped_lock lock{mutex_};
            const auto at = objects_.find(all[i].id);
            stays = at != objects_.end() && at->second.held() &&
                    at->second.place() == before[i].place();
            if (stays) {
                at->second.folder = (*moved)[i].pack;
                at->second.offset = (*moved)[i].offset;
            }
        }
        if (stays) {
            packs_->superseded(before[i].place());
        } else if (auto ok = packs_->drop(all[i].id, (*moved)[i]); !ok && outcome) {
            outcome = std::move(ok);  // put anew or removed meanwhile
        }
    }
    return outcome;
}

}  // namespace thole::ipfs
