// Opening: what the folder holds.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "ipfs/codes.hpp"
#include "ipfs/content_store.hpp"

namespace thole::ipfs {
namespace {

namespace fs = std::filesystem;

// Calls visit(path, name) for every file two levels below `top`.
template <class Visit>
result<> each_file(const fs::path& top, Visit visit) {
    std::error_code error;
    for (fs::directory_iterator shards{top, error}, end; !error && shards != end;
         shards.increment(error)) {
        if (!shards->is_directory(error)) continue;
        for (fs::directory_iterator files{shards->path(), error}; !error && files != end;
             files.increment(error)) {
            visit(files->path().string(), files->path().filename().string());
        }
        if (error) break;
    }
    if (error) return fail(codes::disk_error, "read " + top.string() + ": " + error.message());
    return {};
}

store_time modified_at(const struct stat& about) {
    return store_time{std::chrono::seconds{about.st_mtim.tv_sec} +
                      std::chrono::microseconds{about.st_mtim.tv_nsec / 1000}};
}

}  // namespace

content_store::content_store(store_options options, std::shared_ptr<disk> files)
    : options_{std::move(options)},
      files_{std::move(files)},
      originals_{options_.folder + "/originals", files_} {}

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
    for (fs::directory_iterator left{top / "tmp", error}, end; !error && left != end;
         left.increment(error)) {
        if (auto ok = files_->remove(left->path().string()); !ok) return ok;
    }
    if (error) return fail(codes::disk_error, "read tmp: " + error.message());
    if (auto ok = load_objects(); !ok) return ok;
    if (auto ok = originals_.load(); !ok) return ok;
    return load_pins();
}

result<> content_store::load_objects() {
    return each_file(fs::path{options_.folder} / "objects",
                     [&](const std::string& path, const std::string& name) {
                         const auto root = cid::parse(name);
                         struct stat about{};
                         if (!root || ::stat(path.c_str(), &about) != 0) return;
                         const auto size = static_cast<std::uint64_t>(about.st_size);
                         if (size == 0) return;  // no object: putting the content replaces it
                         objects_.try_emplace(*root, entry{size, modified_at(about)});
                         bytes_ += size;
                     });
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
    const bool leftovers = fs::is_directory(earlier, unknown);
    pin_table carried;
    if (leftovers && !fs::exists(file, unknown)) {
        auto ok = each_file(earlier, [&](const std::string&, const std::string& name) {
            if (const auto pin = read_pin_file(name)) carried.add(pin->content, pin->owner);
        });
        if (!ok) return ok;
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
    auto remove = [&](const std::string& path, const std::string& name) {
        if (read_pin_file(name)) (void)files_->remove(path);
    };
    (void)each_file(folder, remove);
    std::error_code error;
    std::vector<std::string> shards;
    for (const auto& each : fs::directory_iterator{folder, error}) shards.push_back(each.path());
    for (const auto& each : shards) (void)files_->remove_folder(each);
    (void)files_->remove_folder(folder);
}

}  // namespace thole::ipfs
