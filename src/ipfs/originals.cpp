#include "ipfs/originals.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "ipfs/codes.hpp"
#include "thole/assert.hpp"

namespace thole::ipfs {
namespace {

namespace fs = std::filesystem;

struct named {
    cid kept;
    original file;
};

// CID~SHA256~SIZE; nothing for a name of another form.
std::optional<named> parse(std::string_view name) {
    const auto first = name.find('~');
    const auto second = name.find('~', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
    const auto kept = cid::parse(name.substr(0, first));
    const auto hash = from_hex(name.substr(first + 1, second - first - 1));
    if (!kept || !hash || hash->size() != sha256_digest{}.size()) return std::nullopt;
    named out{*kept, {}};
    std::ranges::copy(*hash, out.file.sha256.begin());
    const auto size = name.substr(second + 1);
    const auto* end = size.data() + size.size();
    const auto [stop, error] = std::from_chars(size.data(), end, out.file.size);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return out;
}

std::string shard_of(const std::string& cid_text) {
    return cid_text.substr(cid_text.size() - 3, 2);
}

}  // namespace

result<> originals::load() {
    if (auto ok = files_->make_folder(folder_); !ok) return ok;
    std::error_code error;
    for (fs::recursive_directory_iterator at{folder_, error}, end; !error && at != end;
         at.increment(error)) {
        const auto note = parse(at->path().filename().string());
        if (!note) continue;
        of_.emplace(note->kept, note->file);
        kept_.try_emplace(note->file.sha256, note->kept);
    }
    if (error) return fail(codes::disk_error, "read " + folder_ + ": " + error.message());
    return {};
}

std::string originals::path_of(const cid& kept, const original& file) const {
    const auto text = kept.text();
    return folder_ + "/" + shard_of(text) + "/" + text + "~" + to_hex(file.sha256) + "~" +
           std::to_string(file.size);
}

result<> originals::note(const cid& id, const original& file) {
    const auto kept = id.as_v1();
    const std::scoped_lock naming{writing_};
    const auto before = kept_instead_of(file.sha256);
    if (before == kept) return {};
    const fs::path path{path_of(kept, file)};
    const auto shard = path.parent_path().string();
    if (auto ok = files_->make_folder(shard); !ok) return ok;
    // One that a power cut brought back is as good as a new one.
    std::error_code unknown;
    if (!fs::exists(path, unknown)) {
        if (auto made = files_->create(path.string()); !made) return std::unexpected(made.error());
    }
    for (const auto& folder : {shard, folder_}) {
        const auto synced = files_->sync_folder(folder);
        THOLE_ASSERT(synced.has_value(), "a folder that cannot be fsynced leaves the disk unknown");
    }
    {
        const std::scoped_lock lock{mutex_};
        of_.emplace(kept, file);
        kept_.insert_or_assign(file.sha256, kept);
    }
    return before ? remove(*before, file) : result<>{};
}

result<> originals::remove(const cid& kept, const original& file) {
    if (auto ok = files_->remove(path_of(kept, file)); !ok) return ok;
    const std::scoped_lock lock{mutex_};
    const auto [from, to] = of_.equal_range(kept);
    const auto at = std::find_if(from, to, [&](const auto& each) { return each.second == file; });
    if (at != to) of_.erase(at);
    if (const auto found = kept_.find(file.sha256); found != kept_.end() && found->second == kept) {
        kept_.erase(found);
    }
    return {};
}

std::optional<cid> originals::kept_instead_of(const sha256_digest& file) const {
    const std::scoped_lock lock{mutex_};
    const auto found = kept_.find(file);
    if (found == kept_.end()) return std::nullopt;
    return found->second;
}

std::vector<original> originals::of(const cid& kept) const {
    std::vector<original> out;
    {
        const std::scoped_lock lock{mutex_};
        const auto [from, to] = of_.equal_range(kept.as_v1());
        for (auto at = from; at != to; ++at) out.push_back(at->second);
    }
    std::ranges::sort(out);
    return out;
}

result<> originals::forget(const cid& id) {
    const auto kept = id.as_v1();
    const std::scoped_lock naming{writing_};
    for (const auto& each : of(kept)) {
        if (auto ok = remove(kept, each); !ok) return ok;
    }
    return {};
}

}  // namespace thole::ipfs
