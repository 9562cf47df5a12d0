#include "ipfs/content_store.hpp"

#include <algorithm>
#include <set>

#include "ipfs/codes.hpp"
#include "thole/assert.hpp"

namespace thole::ipfs {

// ---- writing ------------------------------------------------------------------------------------

struct content_writer::state {
    state(content_store& owner, std::string temporary, const profile& profile)
        : store{owner},
          path{std::move(temporary)},
          build{profile, {}, [this](const sha256_digest& leaf) { index.leaves.push_back(leaf); }} {
        index.shape = profile;
    }
    ~state() {
        // Best effort: what stays in tmp/ is removed when the store is opened.
        if (file && !renamed) (void)store.files_->remove(path);
    }
    // From here on it is a file.
    result<> begin_file() {
        auto made = store.files_->create(path);
        if (!made) return std::unexpected(made.error());
        file = std::move(*made);
        const auto fed = std::exchange(small, {});
        return fed.empty() ? result<>{} : store.files_->append(*file, fed);
    }
    [[nodiscard]] std::uint64_t object_size() const {
        return index.size + encode_object_tail(index).size();
    }

    content_store& store;
    std::string path;
    bytes small;                    // what was fed, while it may be packed
    std::optional<open_file> file;  // else
    object_index index;
    sha256_stream whole;
    dag_builder build;
    std::optional<sha256_digest> digest;  // once they were asked for
    std::optional<result<dag_root>> root;
    bool renamed = false;
};

content_writer::content_writer(std::unique_ptr<state> s) : state_{std::move(s)} {}
content_writer::content_writer(content_writer&&) noexcept = default;
content_writer::~content_writer() = default;

result<> content_writer::feed(bytes_view data) {
    auto& s = *state_;
    if (data.size() > s.store.options_.max_content_bytes - s.index.size) {
        return fail(codes::too_large,
                    "more than " + std::to_string(s.store.options_.max_content_bytes) + " bytes");
    }
    s.index.size += data.size();
    s.whole.update(data);
    if (auto ok = s.build.feed(data); !ok) return ok;
    if (!s.file && s.index.size <= s.store.options_.packed_bytes) {
        s.small.insert(s.small.end(), data.begin(), data.end());
        return {};
    }
    if (!s.file) {
        if (auto ok = s.begin_file(); !ok) return ok;
    }
    return s.store.files_->append(*s.file, data);
}

result<open_file> content_writer::read_back() const {
    const auto& s = *state_;
    return s.file ? s.store.files_->open(s.path) : s.store.files_->in_memory(s.small);
}

sha256_digest content_writer::sha256() {
    auto& s = *state_;
    if (!s.digest) s.digest = s.whole.finish();
    return *s.digest;
}

result<cid> content_writer::root() {
    auto& s = *state_;
    if (!s.root) s.root = s.build.finish();
    if (!*s.root) return std::unexpected(s.root->error());
    return (*s.root)->root;
}

result<stored> content_writer::commit(store_time now) {
    auto& s = *state_;
    s.index.content_sha256 = sha256();
    const auto whole = root();
    if (!whole) return std::unexpected(whole.error());
    const auto tail = encode_object_tail(s.index);
    if (!s.file) {
        s.small.insert(s.small.end(), tail.begin(), tail.end());
        return s.store.keep(s, *whole, now);
    }
    auto& files = *s.store.files_;
    if (auto ok = files.append(*s.file, tail); !ok) return std::unexpected(ok.error());
    if (auto ok = files.stamp(*s.file, now); !ok) return std::unexpected(ok.error());
    if (auto ok = files.sync(*s.file); !ok) return std::unexpected(ok.error());
    return s.store.keep(s, *whole, now);
}

// What a content will take of the total, until it is there or has failed.
class content_store::reserved_room {
  public:
    // Precondition: mutex_ is held.
    reserved_room(content_store& store, std::uint64_t size) : store_{store}, size_{size} {
        store_.bytes_ += size_;
    }
    ~reserved_room() {
        const std::scoped_lock lock{store_.mutex_};
        store_.bytes_ -= size_;
    }
    reserved_room(const reserved_room&) = delete;
    reserved_room& operator=(const reserved_room&) = delete;

  private:
    content_store& store_;
    const std::uint64_t size_;
};

// Gives a synced temporary file its name.
result<content_store::object_place> content_store::keep_file(content_writer::state& written,
                                                             const cid& key, std::uint32_t folder) {
    if (auto ok = ready_folder(folder); !ok) return std::unexpected(ok.error());
    if (auto ok = files_->rename(written.path, object_path(key, folder)); !ok) {
        const std::scoped_lock lock{mutex_};
        folders_[folder].made = false;  // perhaps somebody removed it
        return std::unexpected(ok.error());
    }
    written.renamed = true;
    if (auto ok = folder_syncs_.join(folder_path(folder)); !ok) return std::unexpected(ok.error());
    return object_place{folder, 0};
}

// Where it was before it came to be somewhere else. What cannot be removed is found to be older at
// the next start.
void content_store::let_go(const cid& key, const entry& before) {
    (void)(before.packed() ? packs_->drop(key, before.place())
                           : files_->remove(object_path(key, before.folder)));
}

// Replaces an older object of the same content, which repairs a damaged one.
result<stored> content_store::keep(content_writer::state& written, const cid& root,
                                   store_time now) {
    const auto key = root.as_v1();
    const auto file_size = written.object_size();
    const std::scoped_lock naming{names_of(key)};
    std::optional<reserved_room> room;
    entry before;
    std::uint32_t folder = 0;
    {
        const std::scoped_lock lock{mutex_};
        const auto* known = held(key);
        if (known == nullptr &&
            file_size > options_.max_total_bytes - std::min(bytes_, options_.max_total_bytes)) {
            return fail(codes::disk_full, "the configured total of the content store is reached");
        }
        if (known == nullptr) room.emplace(*this, file_size);
        if (known != nullptr) before = *known;
        folder = before.held() && !before.packed() ? before.folder : choose_folder();
    }
    object_place place;
    if (written.file) {
        const auto named = keep_file(written, key, folder);
        if (!named) return std::unexpected(named.error());
        place = *named;
    } else {
        const auto packed = packs_->put(key, written.small, now);
        if (!packed) return std::unexpected(packed.error());
        place = {packed->pack, packed->offset};
    }
    bool created = false;
    {
        const std::scoped_lock lock{mutex_};
        auto& at = objects_[key];
        before = at;
        created = !at.held();
        lose(at);
        bytes_ += file_size;
        at.file_size = file_size;
        at.since = std::max(at.since, now);
        at.offset = place.offset;
        at.folder = place.folder;
        if (!at.packed()) ++folders_[at.folder].contents;
        at.indexed = before.held() && before.indexed;
        add_blocks(written.index, key);
    }
    if (!created && (before.packed() || place.offset != 0)) let_go(key, before);
    return stored{{root, written.index.size, written.index.content_sha256, written.index.shape},
                  created};
}

std::string content_store::temporary_path() {
    const std::scoped_lock lock{mutex_};
    return options_.folder + "/tmp/" + std::to_string(next_temporary_++);
}

result<content_writer> content_store::begin(const profile& shape) {
    auto made = std::make_unique<content_writer::state>(*this, temporary_path(), shape);
    if (options_.packed_bytes == 0) {
        if (auto ok = made->begin_file(); !ok) return std::unexpected(ok.error());
    }
    return content_writer{std::move(made)};
}

result<> content_store::probe() {
    const auto path = temporary_path();
    const auto file = files_->create(path);
    if (!file) return std::unexpected(file.error());
    auto done = files_->append(*file, as_bytes("probe"));
    if (auto ok = files_->remove(path); done && !ok) done = ok;
    return done;
}

result<stored> content_store::put(bytes_view content, store_time now, const profile& shape) {
    auto writer = begin(shape);
    if (!writer) return std::unexpected(writer.error());
    if (auto ok = writer->feed(content); !ok) return std::unexpected(ok.error());
    return writer->commit(now);
}

// ---- names ------------------------------------------------------------------------------------

std::mutex& content_store::names_of(const cid& key) {
    return names_[std::hash<cid>{}(key) % names_.size()];
}

std::string content_store::folder_path(std::uint32_t folder) const {
    const std::scoped_lock lock{mutex_};
    return options_.folder + "/objects/" + folders_[folder].name;
}

std::string content_store::object_path(const cid& key, std::uint32_t folder) const {
    return folder_path(folder) + "/" + key.text();
}

// One that is half empty when the present one is full, or else a new one. Precondition: mutex_ is
// held.
std::uint32_t content_store::choose_folder() {
    if (folders_[filling_].contents < options_.folder_contents) return filling_;
    const auto emptiest = std::ranges::min_element(folders_, {}, &object_folder::contents);
    filling_ = static_cast<std::uint32_t>(emptiest - folders_.begin());
    if (emptiest->contents <= options_.folder_contents / 2) return filling_;
    std::set<std::string> names;
    for (const auto& each : folders_) names.insert(each.name);
    std::size_t number = folders_.size();
    while (names.contains(std::to_string(number))) ++number;
    filling_ = static_cast<std::uint32_t>(folders_.size());
    folders_.push_back({std::to_string(number)});
    return filling_;
}

result<> content_store::ready_folder(std::uint32_t folder) {
    const auto is_made = [&] {
        const std::scoped_lock lock{mutex_};
        return folders_[folder].made;
    };
    if (is_made()) return {};
    const std::scoped_lock alone{making_};
    if (is_made()) return {};
    if (auto ok = files_->make_folder(folder_path(folder)); !ok) return ok;
    sync_or_die(options_.folder + "/objects");
    const std::scoped_lock lock{mutex_};
    folders_[folder].made = true;
    return {};
}

void content_store::sync_or_die(const std::string& folder) {
    const auto synced = files_->sync_folder(folder);
    THOLE_ASSERT(synced.has_value(), "a folder that cannot be fsynced leaves the disk unknown");
}

// ---- reading ------------------------------------------------------------------------------------

// Precondition: mutex_ is held.
const content_store::entry* content_store::held(const cid& key) const {
    const auto found = objects_.find(key);
    return found != objects_.end() && found->second.held() ? &found->second : nullptr;
}

bool content_store::has(const cid& id) const {
    const std::scoped_lock lock{mutex_};
    return held(id.as_v1()) != nullptr;
}

result<content_reader> content_store::open_content(const cid& id) const {
    const auto key = id.as_v1();
    std::optional<packed_place> failed_at;
    result<content_reader> opened = fail(codes::not_held, id.text());
    for (;;) {
        entry at;
        {
            const std::scoped_lock lock{mutex_};
            const auto* found = held(key);
            // Once more where it was moved in between.
            if (found == nullptr || found->place() == failed_at) return opened;
            at = *found;
        }
        failed_at = at.place();
        if (!at.packed()) {
            opened = content_reader::open(files_, object_path(key, at.folder), id);
        } else if (auto file = packs_->file(at.folder)) {
            opened = content_reader::open(files_, std::move(file), at.offset, at.file_size, id);
        }
        if (opened) return opened;
    }
}

result<content_info> content_store::find(const cid& id) const {
    const auto reader = open_content(id);
    if (!reader) return std::unexpected(reader.error());
    return reader->info();
}

result<bytes> content_store::read_all(const cid& id) const {
    auto reader = open_content(id);
    if (!reader) return std::unexpected(reader.error());
    return reader->read(0, reader->info().size);
}

// Makes the blocks of a content of several blocks findable. Precondition: mutex_ is held.
void content_store::add_blocks(const object_index& index, const cid& root) {
    const auto found = objects_.find(root);
    if (found == objects_.end() || std::exchange(found->second.indexed, true)) return;
    if (index.leaves.size() < 2) return;
    for (const auto& leaf : index.leaves) {
        contents_of_.emplace(leaf_cid(leaf, index.shape).as_v1(), root);
    }
    (void)index.root([&](const cid& id, bytes_view) -> result<> {
        contents_of_.emplace(id.as_v1(), root);
        return {};
    });
}

// Reads the hashes of some more contents: anybody may ask for a block that is nowhere, so one
// question must not read the whole store, nor wait for another that does. Damaged contents are left
// out; they are found when they are read.
void content_store::index_blocks() {
    constexpr std::size_t at_once = 256;
    const std::unique_lock alone{indexing_, std::try_to_lock};
    if (!alone) return;
    std::vector<cid> some;
    {
        const std::scoped_lock lock{mutex_};
        if (!unindexed_) {
            unindexed_.emplace();
            for (const auto& [id, each] : objects_) {
                const bool several = each.file_size > options_.one_block_bytes;
                if (several && !each.indexed) unindexed_->push_back(id);
            }
        }
        const auto count = std::min(at_once, unindexed_->size());
        some.assign(unindexed_->end() - static_cast<std::ptrdiff_t>(count), unindexed_->end());
        unindexed_->erase(unindexed_->end() - static_cast<std::ptrdiff_t>(count),
                          unindexed_->end());
    }
    for (const auto& root : some) {
        const auto reader = open_content(root);
        const std::scoped_lock lock{mutex_};
        if (reader) add_blocks(reader->index(), root);
    }
}

// A content that has this block, as far as is known.
std::optional<cid> content_store::known_content_of(const cid& key) const {
    const std::scoped_lock lock{mutex_};
    if (held(key) != nullptr) return key;
    const auto [from, to] = contents_of_.equal_range(key);
    for (auto each = from; each != to; ++each) {
        if (held(each->second) != nullptr) return each->second;
    }
    return std::nullopt;
}

std::optional<cid> content_store::content_of(const cid& key) {
    if (const auto known = known_content_of(key)) return known;
    index_blocks();
    return known_content_of(key);
}

result<content_reader> content_store::open_containing(const cid& block) {
    const auto root = content_of(block.as_v1());
    if (!root) return fail(codes::not_held, block.text());
    auto reader = open_content(*root);
    if (!reader) return reader;
    const std::scoped_lock lock{mutex_};
    add_blocks(reader->index(), *root);
    return reader;
}

result<bytes> content_store::block(const cid& id) {
    auto reader = open_containing(id);
    if (!reader) return std::unexpected(reader.error());
    return reader->block(id);
}

store_usage content_store::usage() const {
    const std::scoped_lock lock{mutex_};
    store_usage out{0, 0, bytes_};
    for (const auto& [id, each] : objects_) {
        out.contents += each.held() ? 1 : 0;
        out.pinned += each.held() && each.pins > 0 ? 1 : 0;
    }
    return out;
}

std::vector<cid> content_store::list() const {
    std::vector<cid> out;
    {
        const std::scoped_lock lock{mutex_};
        out.reserve(objects_.size());
        for (const auto& [id, each] : objects_) {
            if (each.held()) out.push_back(id);
        }
    }
    std::ranges::sort(out);
    return out;
}

}  // namespace thole::ipfs
