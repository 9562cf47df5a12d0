#include "ipfs/object_packs.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "ipfs/codes.hpp"
#include "ipfs/content_reader.hpp"
#include "thole/assert.hpp"

namespace thole::ipfs {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view first_line{"thole pack 1\n"};
constexpr std::size_t longest_header = 256;
constexpr std::size_t check_size = 16;
constexpr std::size_t read_at_once = 64 << 10;

std::string check_of(std::uint32_t pack, std::uint64_t offset, std::string_view words) {
    sha256_stream hash;
    hash.update(as_bytes(std::to_string(pack) + " " + std::to_string(offset) + " "));
    hash.update(as_bytes(words));
    return to_hex(bytes_view{hash.finish()}.first(check_size));
}

struct frame {
    cid id;
    std::optional<store_time> since;  // of a put
    std::uint64_t size = 0;           // of its object
    std::uint64_t place = 0;          // of the object that is put, or dropped
    std::uint64_t durable = 0;
    std::size_t header = 0;  // bytes, with the line feed
    [[nodiscard]] std::uint64_t length() const noexcept { return header + (since ? size + 1 : 0); }
};

template <class Number>
bool read_number(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

// A header, for the offset where it will be.
std::string header_of(std::uint32_t pack, std::uint64_t offset, std::string words,
                      std::uint64_t durable) {
    words += " " + std::to_string(durable);
    const auto check = check_of(pack, offset, words);
    return words + " " + check + "\n";
}
std::string put_words(const cid& id, std::uint64_t size, store_time since) {
    return "+" + id.text() + " " + std::to_string(size) + " " +
           std::to_string(since.time_since_epoch().count());
}
std::string drop_words(const cid& id, std::uint64_t place) {
    return "-" + id.text() + " " + std::to_string(place);
}

std::optional<frame> read_header(std::string_view text, std::uint32_t pack, std::uint64_t offset) {
    text = text.substr(0, longest_header);
    const auto line = text.substr(0, text.find('\n'));
    const auto words = line.substr(0, line.rfind(' '));
    if (line.size() == text.size() || words.size() == line.size()) return std::nullopt;
    if (line.substr(words.size() + 1) != check_of(pack, offset, words)) return std::nullopt;
    std::vector<std::string_view> parts;
    for (auto rest = words; !rest.empty();) {
        parts.push_back(rest.substr(0, rest.find(' ')));
        rest.remove_prefix(std::min(parts.back().size() + 1, rest.size()));
    }
    const bool puts = words.starts_with('+');
    if (parts.size() != (puts ? 4U : 3U) || (!puts && !words.starts_with('-'))) return std::nullopt;
    const auto id = cid::parse(parts[0].substr(1));
    if (!id) return std::nullopt;
    frame out{.id = *id, .since = {}, .header = line.size() + 1};
    if (!read_number(parts.back(), out.durable)) return std::nullopt;
    if (!puts) return read_number(parts[1], out.place) ? std::optional{out} : std::nullopt;
    out.place = offset + out.header;
    std::int64_t micros = 0;
    if (!read_number(parts[1], out.size) || !read_number(parts[2], micros)) return std::nullopt;
    out.since = store_time{std::chrono::microseconds{micros}};
    return out;
}

// The pieces of a file that are asked for, from front to back.
class reading_window {
  public:
    reading_window(disk& files, const open_file& file, std::uint64_t size)
        : files_{files}, file_{file}, size_{size} {}

    // From the offset on: so many bytes, or up to the end.
    result<std::string_view> at(std::uint64_t offset, std::uint64_t want) {
        want = std::min(want, size_ - offset);
        if (offset < from_ || offset + want > from_ + text_.size()) {
            from_ = offset;
            text_.resize(static_cast<std::size_t>(
                std::min(std::max<std::uint64_t>(want, read_at_once), size_ - offset)));
            const std::span out{reinterpret_cast<std::uint8_t*>(text_.data()), text_.size()};
            if (auto ok = files_.read(file_, offset, out); !ok) return std::unexpected(ok.error());
        }
        return std::string_view{text_}.substr(static_cast<std::size_t>(offset - from_),
                                              static_cast<std::size_t>(want));
    }

  private:
    disk& files_;
    const open_file& file_;
    std::uint64_t size_;
    std::uint64_t from_ = 0;
    std::string text_;
};

// Where behind the offset the next frame begins.
std::optional<std::uint64_t> frame_behind(std::string_view rest, std::uint32_t pack,
                                          std::uint64_t offset) {
    for (auto at = rest.find('\n'); at != std::string_view::npos; at = rest.find('\n', at + 1)) {
        if (read_header(rest.substr(at + 1), pack, offset + at + 1)) return offset + at + 1;
    }
    return std::nullopt;
}

// That the disk could not be read says nothing about an object.
result<bool> is_whole(const std::shared_ptr<disk>& files,
                      const std::shared_ptr<const open_file>& file, const cid& id,
                      packed_place at) {
    auto object = content_reader::open(files, file, at.offset, at.size, id);
    const auto read =
        object ? object->read(0, object->info().size) : std::unexpected(object.error());
    if (!read && !read.error().is(codes::corrupt)) return std::unexpected(read.error());
    return read.has_value();
}

}  // namespace

object_packs::object_packs(object_packs_options options, std::shared_ptr<disk> files)
    : options_{std::move(options)}, files_{std::move(files)}, writes_{[this](auto& group) {
          carry(group);
          return result<>{};
      }} {}

std::string object_packs::path_of(std::uint32_t number) const {
    return options_.folder + "/" + std::to_string(number) + ".pack";
}

// ---- opening ------------------------------------------------------------------------------------

result<std::unique_ptr<object_packs>> object_packs::open(object_packs_options options,
                                                         std::shared_ptr<disk> files) {
    std::unique_ptr<object_packs> packs{new object_packs{std::move(options), std::move(files)}};
    if (auto ok = packs->load(); !ok) return std::unexpected(ok.error());
    return packs;
}

result<> object_packs::load() {
    std::vector<std::uint32_t> numbers;
    std::error_code error;
    for (fs::directory_iterator at{options_.folder, error}, end; !error && at != end;
         at.increment(error)) {
        std::uint32_t number = 0;
        const auto& path = at->path();
        if (path.extension() != ".pack" || !read_number(path.stem().string(), number)) continue;
        if (number != 0) numbers.push_back(number);
    }
    if (error) return fail(codes::disk_error, "read " + options_.folder + ": " + error.message());
    std::ranges::sort(numbers);
    for (const auto number : numbers) {
        if (auto ok = load_pack(number); !ok) return ok;
    }
    if (!numbers.empty() && packs_[numbers.back()].size < options_.pack_bytes) {
        filling_ = numbers.back();
    }
    return files_->sync_folder(options_.folder);
}

result<> object_packs::load_pack(std::uint32_t number) {
    auto opened = files_->open(path_of(number));
    if (!opened) return std::unexpected(opened.error());
    auto& pack = packs_[number];
    pack.reading = std::make_shared<const open_file>(std::move(*opened));
    struct stat about{};
    if (::fstat(pack.reading->get(), &about) != 0) {
        return fail(codes::disk_error, "fstat " + path_of(number));
    }
    const auto size = static_cast<std::uint64_t>(about.st_size);
    reading_window text{*files_, *pack.reading, size};
    const auto begin = text.at(0, first_line.size());
    if (!begin) return std::unexpected(begin.error());
    if (*begin != first_line) return fail(codes::corrupt, path_of(number) + " is no pack");
    std::vector<frame> all;
    std::uint64_t at = first_line.size(), durable = 0;
    std::uint64_t end = at;  // of the last good frame
    while (at < size) {
        const auto header = text.at(at, longest_header);
        if (!header) return std::unexpected(header.error());
        const auto next = read_header(*header, number, at);
        if (next && next->length() <= size - at) {
            all.push_back(*next);
            durable = std::max(durable, next->durable);
            end = at += next->length();
            continue;
        }
        const auto rest = text.at(at, size - at);
        if (!rest) return std::unexpected(rest.error());
        const auto good = frame_behind(*rest, number, at);
        if (!good) break;
        at = *good;
    }
    std::set<std::uint64_t> dropped;
    for (const auto& each : all) {
        if (!each.since) dropped.insert(each.place);
    }
    std::string drops;
    for (const auto& each : all) {
        if (!each.since || dropped.contains(each.place)) continue;
        const packed_place place{number, each.place, each.size};
        const auto whole = each.place < durable ? result<bool>{true}
                                                : is_whole(files_, pack.reading, each.id, place);
        if (!whole) return std::unexpected(whole.error());
        if (*whole) {
            take(each.id, {place, *each.since});
        } else {
            drops +=
                header_of(number, end + drops.size(), drop_words(each.id, each.place), durable);
        }
    }
    auto writing = files_->open_to_append(path_of(number));
    if (!writing) return std::unexpected(writing.error());
    if (end != size) {
        if (auto ok = files_->truncate(*writing, end); !ok) return ok;
    }
    if (!drops.empty()) {
        if (auto ok = files_->append(*writing, as_bytes(drops)); !ok) return ok;
    }
    pack.size = pack.durable = end + drops.size();
    // What an earlier process wrote need not be on the disk yet.
    return files_->sync(*writing);
}

void object_packs::take(const cid& id, const found& what) {
    const auto [known, is_new] = found_.try_emplace(id, what);
    if (!is_new) {
        superseded(known->second.at);
        known->second = what;
    }
    packs_[what.at.pack].living += what.at.size;
}

// ---- writing ------------------------------------------------------------------------------------

result<packed_place> object_packs::put(const cid& id, bytes_view object, store_time since) {
    const packing one{id, object, since};
    auto places = put_all(std::span{&one, 1});
    if (!places) return std::unexpected(places.error());
    return places->front();
}

result<std::vector<packed_place>> object_packs::put_all(std::span<const packing> all) {
    std::vector<change> mine;
    for (const auto& each : all) mine.push_back({act::put, each.id, {}, each.object, each.since});
    if (auto ok = writes_.join(mine); !ok) return std::unexpected(ok.error());
    std::vector<packed_place> places;
    for (const auto& each : mine) {
        if (!each.done) return std::unexpected(each.done.error());
        places.push_back(each.at);
    }
    return places;
}

result<> object_packs::drop(const cid& id, packed_place at) {
    change mine{act::drop, id, at};
    if (auto ok = writes_.join(std::span{&mine, 1}); !ok) return ok;
    return mine.done ? result<>{} : std::unexpected(mine.done.error());
}

void object_packs::superseded(packed_place at) {
    const std::scoped_lock lock{mutex_};
    if (const auto pack = packs_.find(at.pack); pack != packs_.end()) {
        pack->second.living -= at.size;
    }
}

void object_packs::carry(const std::vector<std::span<change>>& groups) {
    std::vector<change*> group;
    for (const auto& each : groups) {
        for (auto& one : each) group.push_back(&one);
    }
    std::map<std::uint32_t, std::vector<change*>> by_pack;
    const bool puts = std::ranges::any_of(group, [](auto* c) { return c->what == act::put; });
    const auto ready = puts ? choose_pack() : result<>{};
    for (auto* each : group) {
        if (each->what == act::remove_pack) continue;
        if (each->what == act::put) {
            if (!ready) {
                each->done = std::unexpected(ready.error());
                continue;
            }
            each->at.pack = target_;
        }
        by_pack[each->at.pack].push_back(each);
    }
    for (const auto& [number, changes] : by_pack) {
        const auto written = write(number, changes);
        const bool full = !written && written.error().is(codes::disk_full);
        for (auto* each : changes) {
            const bool done = written || (full && each->what == act::drop);
            each->done = done ? result<bool>{true} : std::unexpected(written.error());
            if (full && done) superseded(each->at);
        }
    }
    for (auto* each : group) {
        if (each->what == act::remove_pack) each->done = unlink(each->at.pack);
    }
}

// Where puts go: target_.
result<> object_packs::choose_pack() {
    std::uint32_t next = 1;
    {
        const std::scoped_lock lock{mutex_};
        target_ = filling_;
        if (target_ != 0 && packs_[target_].size < options_.pack_bytes) return {};
        if (!packs_.empty()) next = packs_.rbegin()->first + 1;
    }
    target_ = next;
    return begin_pack(next);
}

result<> object_packs::begin_pack(std::uint32_t number) {
    if (auto ok = files_->remove(options_.draft); !ok) return ok;
    auto file = files_->create(options_.draft);
    if (!file) return std::unexpected(file.error());
    auto done = files_->append(*file, as_bytes(first_line));
    if (done) done = files_->sync(*file);
    if (done) done = files_->rename(options_.draft, path_of(number));
    if (!done) {
        (void)files_->remove(options_.draft);  // tried again before the next one
        return done;
    }
    const auto kept = files_->sync_folder(options_.folder);
    THOLE_ASSERT(kept.has_value(), "a folder that cannot be fsynced leaves the disk unknown");
    auto reading = files_->open(path_of(number));
    if (!reading) return std::unexpected(reading.error());
    const std::scoped_lock lock{mutex_};
    auto& pack = packs_[number];
    pack.reading = std::make_shared<const open_file>(std::move(*reading));
    pack.writing = std::move(*file);
    pack.size = pack.durable = first_line.size();
    if (const auto before = packs_.find(filling_); before != packs_.end()) {
        before->second.writing = {};
    }
    filling_ = number;
    return {};
}

// Only a carry changes a pack's sizes, so reading them here needs no lock.
result<> object_packs::write(std::uint32_t number, const std::vector<change*>& changes) {
    pack* to = nullptr;
    {
        const std::scoped_lock lock{mutex_};
        const auto found = packs_.find(number);
        if (found == packs_.end()) return {};  // and what was in it is gone with it
        to = &found->second;
    }
    open_file opened;
    if (to->writing.get() < 0) {
        auto again = files_->open_to_append(path_of(number));
        if (!again) return std::unexpected(again.error());
        (number == target_ ? to->writing : opened) = std::move(*again);
    }
    const auto& file = opened.get() < 0 ? to->writing : opened;
    std::string text;
    bool syncs = false;
    for (auto* each : changes) {
        const bool puts = each->what == act::put;
        auto words = puts ? put_words(each->id, each->object.size(), each->since)
                          : drop_words(each->id, each->at.offset);
        text += header_of(number, to->size + text.size(), std::move(words), to->durable);
        if (!puts) continue;
        each->at.offset = to->size + text.size();
        each->at.size = each->object.size();
        text.append(as_text(each->object)).append("\n");
        syncs = true;
    }
    auto done = files_->append(file, as_bytes(text));
    if (done && syncs) done = files_->sync_data(file);
    if (!done) {
        auto back = files_->truncate(file, to->size);
        if (back) back = files_->sync(file);
        THOLE_ASSERT(back.has_value(),
                     "a pack whose end cannot be taken back leaves the disk unknown");
        return done;
    }
    const std::scoped_lock lock{mutex_};
    to->size += text.size();
    if (syncs) to->durable = to->size;
    for (const auto* each : changes) {
        to->living += each->what == act::put ? each->at.size : 0;
        to->living -= each->what == act::drop ? each->at.size : 0;
    }
    return {};
}

// ---- reading ------------------------------------------------------------------------------------

std::shared_ptr<const open_file> object_packs::file(std::uint32_t pack) const {
    const std::scoped_lock lock{mutex_};
    const auto found = packs_.find(pack);
    return found == packs_.end() ? nullptr : found->second.reading;
}

bool object_packs::is_there(std::uint32_t pack) const {
    struct stat about{};
    const auto at = file(pack);
    return at && ::fstat(at->get(), &about) == 0 && about.st_nlink > 0;
}

// ---- removing -----------------------------------------------------------------------------------

std::optional<std::uint32_t> object_packs::wasteful(std::uint32_t after) {
    const std::scoped_lock lock{mutex_};
    for (auto at = packs_.upper_bound(after); at != packs_.end(); ++at) {
        const auto& [number, each] = *at;
        const auto dead = each.size - each.living;
        const bool over = each.living == 0 && number != filling_;
        if (!over && (dead < options_.fewest_dead || dead <= each.living)) continue;
        if (number == filling_) filling_ = 0;
        return number;
    }
    return std::nullopt;
}

result<bool> object_packs::remove(std::uint32_t pack) {
    change mine{act::remove_pack, cid::v1(codec::raw, {}), {.pack = pack}};
    if (auto ok = writes_.join(std::span{&mine, 1}); !ok) return std::unexpected(ok.error());
    return mine.done;
}

// By a carry, so that none writes to it meanwhile.
result<bool> object_packs::unlink(std::uint32_t number) {
    {
        const std::scoped_lock lock{mutex_};
        const auto found = packs_.find(number);
        if (found == packs_.end() || number == filling_ || found->second.living != 0) return false;
    }
    if (auto gone = files_->remove(path_of(number)); !gone) return std::unexpected(gone.error());
    const auto kept = files_->sync_folder(options_.folder);
    THOLE_ASSERT(kept.has_value(), "a folder that cannot be fsynced leaves the disk unknown");
    const std::scoped_lock lock{mutex_};
    packs_.erase(number);
    return true;
}

}  // namespace thole::ipfs
