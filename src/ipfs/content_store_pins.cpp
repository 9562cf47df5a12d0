// Pins, what became of which file, and removal.

#include <algorithm>
#include <filesystem>

#include "ipfs/codes.hpp"
#include "ipfs/content_store.hpp"

namespace thole::ipfs {
namespace {

namespace fs = std::filesystem;

bool is_owner(std::string_view owner) {
    return !owner.empty() && owner.size() <= 128 && std::ranges::all_of(owner, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '.' || c == '_' || c == ':' || c == '-';
    });
}

bool is_there(const std::string& path) {
    std::error_code unknown;
    return fs::exists(path, unknown) || unknown;
}

}  // namespace

// Precondition: mutex_ is held, or nobody else has the store yet.
void content_store::add_pin(const cid& key, std::string_view owner) {
    if (objects_.at(key).owners.emplace(owner).second) pins_of_.emplace(owner, key);
}

// Precondition: mutex_ is held.
void content_store::unindex_pin(const cid& key, std::string_view owner) {
    const auto [from, to] = pins_of_.equal_range(owner);
    const auto pin = std::find_if(from, to, [&](const auto& each) { return each.second == key; });
    if (pin != to) pins_of_.erase(pin);
}

// Somebody else removed the file: the store does not hold the content any more.
void content_store::forget_lost(const cid& key) {
    const std::scoped_lock lock{mutex_};
    const auto found = objects_.find(key);
    if (found == objects_.end()) return;
    for (const auto& owner : found->second.owners) unindex_pin(key, owner);
    bytes_ -= found->second.file_size;
    objects_.erase(found);
}

result<> content_store::pin(const cid& id, std::string_view owner) {
    if (!is_owner(owner)) return fail(codes::bad_owner, std::string{owner.substr(0, 128)});
    const auto key = id.as_v1();
    const std::scoped_lock naming{names_of(key)};
    // The file itself is looked at: a pin promises that the bytes are here.
    if (!is_there(object_path(key))) forget_lost(key);
    {
        const std::scoped_lock lock{mutex_};
        const auto found = objects_.find(key);
        if (found == objects_.end()) return fail(codes::not_held, id.text());
        if (found->second.owners.contains(owner)) return {};
    }
    if (auto ok = ready_folder("pins", key); !ok) return ok;
    const auto path = pin_path(key, owner);
    // A leftover of a pin whose content had been lost is as good as a new one.
    if (!is_there(path)) {
        if (auto made = files_->create(path); !made) return std::unexpected(made.error());
    }
    sync_or_die(fs::path{path}.parent_path());
    const std::scoped_lock lock{mutex_};
    add_pin(key, owner);
    return {};
}

result<> content_store::unpin(const cid& id, std::string_view owner, store_time now) {
    if (!is_owner(owner)) return fail(codes::bad_owner, std::string{owner.substr(0, 128)});
    const auto key = id.as_v1();
    const std::scoped_lock naming{names_of(key)};
    const auto path = pin_path(key, owner);
    if (is_there(path)) {
        // The time first: if the power fails between the two, the 24 hours have started anew.
        if (has(key) && is_there(object_path(key))) {
            const auto file = files_->open(object_path(key));
            if (!file) return std::unexpected(file.error());
            if (auto ok = files_->stamp(*file, now); !ok) return ok;
            if (auto ok = files_->sync(*file); !ok) return ok;
        }
        if (auto ok = files_->remove(path); !ok) return ok;
        sync_or_die(fs::path{path}.parent_path());
    }
    const std::scoped_lock lock{mutex_};
    unindex_pin(key, owner);
    const auto found = objects_.find(key);
    if (found == objects_.end()) return {};
    const auto at = found->second.owners.find(owner);
    if (at != found->second.owners.end()) found->second.owners.erase(at);
    found->second.since = std::max(found->second.since, now);
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

std::vector<std::string> content_store::owners(const cid& id) const {
    const std::scoped_lock lock{mutex_};
    const auto found = objects_.find(id.as_v1());
    if (found == objects_.end()) return {};
    return {found->second.owners.begin(), found->second.owners.end()};
}

std::vector<std::string> content_store::owners_like(std::string_view prefix) const {
    std::vector<std::string> out;
    const std::scoped_lock lock{mutex_};
    for (auto at = pins_of_.lower_bound(prefix);
         at != pins_of_.end() && at->first.starts_with(prefix); ++at) {
        if (out.empty() || out.back() != at->first) out.push_back(at->first);
    }
    return out;
}

std::vector<cid> content_store::pinned_by(std::string_view owner) const {
    std::vector<cid> out;
    {
        const std::scoped_lock lock{mutex_};
        const auto [from, to] = pins_of_.equal_range(owner);
        for (auto at = from; at != to; ++at) out.push_back(at->second);
    }
    std::ranges::sort(out);
    return out;
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
    // Precondition: mutex_ is held.
    const auto is_due = [&](const entry& held) {
        return held.owners.empty() && held.since + options_.keep_unreferenced <= now;
    };
    std::vector<cid> due;
    {
        const std::scoped_lock lock{mutex_};
        for (const auto& [id, held] : objects_) {
            if (is_due(held)) due.push_back(id);
        }
    }
    std::ranges::sort(due);
    std::vector<cid> removed;
    result<> outcome;
    for (const auto& id : due) {
        const std::scoped_lock naming{names_of(id)};
        {
            const std::scoped_lock lock{mutex_};
            const auto found = objects_.find(id);
            if (found == objects_.end() || !is_due(found->second)) continue;  // pinned meanwhile
        }
        // Not synced: a file that comes back after a power cut is removed by a later run. One that
        // cannot be removed does not keep the others.
        if (auto ok = files_->remove(object_path(id)); !ok) {
            if (outcome) outcome = std::move(ok);
            continue;
        }
        // A note that stays says something true, and is hidden while the content is not held.
        (void)originals_.forget(id);
        const std::scoped_lock lock{mutex_};
        const auto found = objects_.find(id);
        bytes_ -= found->second.file_size;
        objects_.erase(found);
        removed.push_back(id);
    }
    if (!removed.empty()) {
        const std::scoped_lock lock{mutex_};
        std::erase_if(contents_of_,
                      [&](const auto& each) { return !objects_.contains(each.second); });
    }
    if (!outcome) return std::unexpected(outcome.error());
    return removed;
}

}  // namespace thole::ipfs
