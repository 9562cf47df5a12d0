// Opening: what the folder holds.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "ipfs/codes.hpp"
#include "ipfs/content_store.hpp"

namespace thole::ipfs {
namespace {

namespace fs = std::filesystem;

// Calls visit(path, name) for everything in the folder, until one fails.
template <class Visit>
result<> each_in(const fs::path& folder, Visit visit) {
    std::error_code error;
    for (fs::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error)) {
        const auto path = at->path().string();
        if (result<> ok = visit(path, at->path().filename().string()); !ok) return ok;
    }
    if (error) return fail(codes::disk_error, "read " + folder.string() + ": " + error.message());
    return {};
}

bool is_folder(const std::string& path) {
    std::error_code unknown;
    return fs::is_directory(path, unknown);
}

store_time modified_at(const struct stat& about) {
    return store_time{std::chrono::seconds{about.st_mtim.tv_sec} +
                      std::chrono::microseconds{about.st_mtim.tv_nsec / 1000}};
}

}  // namespace

content_store::content_store(store_options options, std::shared_ptr<disk> files)
    : options_{std::move(options)},
      files_{std::move(files)},
      originals_{options_.folder + "/originals", files_},
      folder_syncs_{[this](std::vector<std::string>& folders) -> result<> {
          std::ranges::sort(folders);
          const auto twice = std::ranges::unique(folders);
          folders.erase(twice.begin(), twice.end());
          for (const auto& each : folders) sync_or_die(each);
          return {};
      }} {}

content_store::~content_store() = default;

result<std::unique_ptr<content_store>> content_store::open(store_options options,
                                                           std::shared_ptr<disk> files) {
    std::unique_ptr<content_store> store{new content_store{std::move(options), std::move(files)}};
    if (auto ok = store->load(); !ok) return std::unexpected(ok.error());
    return store;
}

result<> content_store::load() {
    const fs::path top{options_.folder};
    std::error_code error;
    const auto above = top.has_parent_path() ? top.parent_path() : fs::path{"."};
    fs::create_directories(above, error);
    for (const auto* below : {"", "/tmp", "/objects", "/originals"}) {
        if (auto ok = files_->make_folder(options_.folder + below); !ok) return ok;
    }
    // A folder that is found there later is durable.
    for (const auto& folder : {options_.folder + "/objects", options_.folder, above.string()}) {
        if (auto ok = files_->sync_folder(folder); !ok) return ok;
    }
    lock_ = open_file{::open((top / "lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)};
    if (lock_.get() < 0)
        return fail(codes::disk_error, std::string{"lock: "} + std::strerror(errno));
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(codes::store_locked, options_.folder);
    auto empty = each_in(top / "tmp", [&](const std::string& path, const std::string&) {
        return files_->remove(path);
    });
    if (!empty) return empty;
    if (auto ok = load_objects(); !ok) return ok;
    if (auto ok = load_packs(); !ok) return ok;
    if (auto ok = originals_.load(); !ok) return ok;
    return load_pins();
}

result<> content_store::load_objects() {
    auto all = each_in(options_.folder + "/objects",
                       [&](const std::string& path, const std::string& name) {
                           return is_folder(path) ? load_folder(name) : result<>{};
                       });
    if (!all) return all;
    if (folders_.empty()) folders_.push_back({"0"});
    const auto emptiest = std::ranges::min_element(folders_, {}, &object_folder::contents);
    filling_ = static_cast<std::uint32_t>(emptiest - folders_.begin());
    return {};
}

result<> content_store::load_folder(const std::string& name) {
    folders_.push_back({.name = name, .contents = 0, .made = true});
    const auto folder = options_.folder + "/objects/" + name;
    auto all = each_in(folder, [&](const std::string& path, const std::string& file) -> result<> {
        if (const auto root = cid::parse(file)) load_object(path, root->as_v1());
        return {};
    });
    if (!all) return all;
    // What an earlier process renamed need not be on the disk yet.
    return files_->sync_folder(folder);
}

// Into the folder that was met last.
void content_store::load_object(const std::string& path, const cid& root) {
    struct stat about{};
    if (::stat(path.c_str(), &about) != 0) return;
    const auto size = static_cast<std::uint64_t>(about.st_size);
    if (size == 0) return;  // no object: putting the content replaces it
    const auto folder = static_cast<std::uint32_t>(folders_.size() - 1);
    const entry found{.file_size = size, .since = modified_at(about), .folder = folder};
    auto& at = objects_[root];
    if (at.held()) {
        // Removed, put again elsewhere, and come back when the power failed.
        const bool later = found.since > at.since;
        const auto& older = later ? at : found;
        (void)files_->remove(object_path(root, older.folder));
        if (!later) return;
        bytes_ -= at.file_size;
        --folders_[at.folder].contents;
    }
    at = found;
    bytes_ += size;
    ++folders_[folder].contents;
}

result<> content_store::load_packs() {
    const auto folder = options_.folder + "/packs";
    if (options_.packed_bytes == 0 && !is_folder(folder)) return {};
    if (auto ok = files_->make_folder(folder); !ok) return ok;
    if (auto ok = files_->sync_folder(options_.folder); !ok) return ok;
    auto packs = object_packs::open({.folder = folder,
                                     .draft = options_.folder + "/tmp/pack",
                                     .pack_bytes = options_.pack_bytes,
                                     .fewest_dead = options_.fewest_dead},
                                    files_);
    if (!packs) return std::unexpected(packs.error());
    packs_ = std::move(*packs);
    for (const auto& [id, each] : packs_->take_found()) {
        const entry found{.file_size = each.at.size,
                          .since = each.since,
                          .offset = each.at.offset,
                          .folder = each.at.pack};
        auto& at = objects_[id];
        if (at.held() && at.since > found.since) {
            (void)packs_->drop(id, found.place());
            continue;
        }
        if (at.held()) (void)files_->remove(object_path(id, at.folder));
        lose(at);
        at = found;
        bytes_ += at.file_size;
    }
    return {};
}

namespace {

struct pin_file {
    cid content;
    std::string_view owner;
};

// CID~OWNER, the name of an empty file in earlier versions.
std::optional<pin_file> read_pin_file(std::string_view name) {
    const auto mark = std::min(name.find('~'), name.size());
    const auto content = cid::parse(name.substr(0, mark));
    if (!content || mark == name.size()) return std::nullopt;
    const pin_file out{content->as_v1(), name.substr(mark + 1)};
    return pin_table::is_owner(out.owner) ? std::optional{out} : std::nullopt;
}

}  // namespace

result<> content_store::load_pins() {
    const auto file = options_.folder + "/pins.log";
    const auto earlier = options_.folder + "/pins";
    std::error_code unknown;
    const bool leftovers = is_folder(earlier);
    pin_table carried;
    if (leftovers && !fs::exists(file, unknown)) {
        const auto carry = [&](const std::string&, const std::string& name) -> result<> {
            if (const auto pin = read_pin_file(name)) carried.add(pin->content, pin->owner);
            return {};
        };
        auto all = each_in(earlier, [&](const std::string& shard, const std::string&) {
            return is_folder(shard) ? each_in(shard, carry) : result<>{};
        });
        if (!all) return all;
    }
    auto log = pin_log::open({.file = file, .draft = options_.folder + "/tmp/pins.log"}, files_,
                             std::move(carried));
    if (!log) return std::unexpected(log.error());
    pins_ = std::move(*log);
    if (leftovers) remove_pin_files(earlier);
    pins_->table().each([&](const cid& content, std::string_view) { ++objects_[content].pins; });
    for (const auto& [content, since] : pins_->let_go()) {
        auto& at = objects_[content];
        at.since = std::max(at.since, since);
        settle(content);
    }
    return {};
}

// Once the log has them. What cannot be removed is not read again, and removed at another start.
void content_store::remove_pin_files(const std::string& folder) {
    const auto remove = [&](const std::string& path, const std::string& name) -> result<> {
        return read_pin_file(name) ? files_->remove(path) : result<>{};
    };
    (void)each_in(folder, [&](const std::string& shard, const std::string&) -> result<> {
        if (each_in(shard, remove)) (void)files_->remove_folder(shard);
        return {};
    });
    (void)files_->remove_folder(folder);
}

}  // namespace thole::ipfs
