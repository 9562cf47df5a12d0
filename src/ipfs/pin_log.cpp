#include "ipfs/pin_log.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "ipfs/codes.hpp"
#include "thole/assert.hpp"

namespace thole::ipfs {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view first_line{"thole pins 1\n"};
constexpr std::size_t longest_header = 96;
constexpr std::size_t check_size = 16;
constexpr std::size_t lines_in_a_group = 1000;  // of a log that is written anew
constexpr std::size_t read_at_once = 1 << 20;

std::string check_of(std::string_view numbers, std::string_view lines) {
    sha256_stream hash;
    hash.update(as_bytes(numbers));
    hash.update(as_bytes(lines));
    return to_hex(bytes_view{hash.finish()}.first(check_size));
}

std::string group_text(std::uint64_t number, std::string_view lines) {
    const auto numbers = std::to_string(number) + " " + std::to_string(lines.size());
    auto out = "= " + numbers + " " + check_of(numbers + "\n", lines) + "\n";
    return out.append(lines);
}

struct group {
    std::uint64_t number = 0;
    std::string_view lines;
    std::size_t length = 0;  // with the header
};

// Takes digits and the character behind them off the front.
std::optional<std::uint64_t> take_number(std::string_view& text, char behind) {
    std::uint64_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || at == end || *at != behind) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(at - text.data()) + 1);
    return value;
}

// A whole good group at the front of the text.
std::optional<group> read_group(std::string_view text) {
    const auto header = text.substr(0, std::min(text.find('\n'), longest_header));
    auto rest = header;
    if (!rest.starts_with("= ") || header.size() == text.size() || text[header.size()] != '\n') {
        return std::nullopt;
    }
    rest.remove_prefix(2);
    const auto* const numbers_at = rest.data();
    const auto number = take_number(rest, ' ');
    const auto size = number ? take_number(rest, ' ') : std::nullopt;
    if (!size || *size > text.size() - header.size() - 1) return std::nullopt;
    const std::string numbers{numbers_at, static_cast<std::size_t>(rest.data() - numbers_at) - 1};
    const auto lines = text.substr(header.size() + 1, *size);
    if (rest != check_of(numbers + "\n", lines)) return std::nullopt;
    return group{*number, lines, header.size() + 1 + lines.size()};
}

// Whether a good group begins anywhere behind the front.
bool has_group(std::string_view text) {
    constexpr std::string_view mark{"= "};  // in no line
    for (auto at = text.find(mark, 1); at != std::string_view::npos; at = text.find(mark, at + 1)) {
        if (read_group(text.substr(at))) return true;
    }
    return false;
}

std::string line_of(const cid& content, std::string_view owner,
                    std::optional<store_time> unpinned) {
    std::string out = unpinned ? "-" : "+";
    out.append(content.text()).append("~").append(owner);
    if (unpinned) out.append(" ").append(std::to_string(unpinned->time_since_epoch().count()));
    return out.append("\n");
}

}  // namespace

// ---- writing ------------------------------------------------------------------------------------

pin_log::pin_log(pin_log_options options, std::shared_ptr<disk> files)
    : options_{std::move(options)},
      files_{std::move(files)},
      writes_{[this](std::vector<change*>& group) { return carry(group); }} {}

result<bool> pin_log::add(const cid& content, std::string_view owner) {
    {
        const std::scoped_lock lock{mutex_};
        if (pins_.contains(content, owner)) return false;
    }
    return write({content, owner, std::nullopt});
}

result<bool> pin_log::remove(const cid& content, std::string_view owner, store_time at) {
    {
        const std::scoped_lock lock{mutex_};
        if (!pins_.contains(content, owner)) return false;
    }
    return write({content, owner, at});
}

result<bool> pin_log::write(change what) {
    if (auto done = writes_.join(&what); !done) return std::unexpected(done.error());
    return what.changes;
}

result<> pin_log::carry(std::vector<change*>& group) {
    std::string lines;
    for (const auto* each : group) lines += line_of(each->content, each->owner, each->unpinned);
    const auto text = group_text(next_number_, lines);
    auto done = files_->append(file_, as_bytes(text));
    if (done) done = files_->sync_data(file_);
    if (!done) {
        take_back();
        return done;
    }
    size_ += text.size();
    ++next_number_;
    lines_ += group.size();
    std::size_t living = 0;
    {
        const std::scoped_lock lock{mutex_};
        for (auto* each : group) apply(*each);
        living = pins_.size() + let_go_.size();
    }
    const auto dead = lines_ - living;
    if (dead > std::max(living, options_.fewest_dead) && lines_ >= rewrite_at_) {
        // The old log is good as long as there is no new one.
        if (!begin_anew()) rewrite_at_ = lines_ + lines_ / 2;
    }
    return {};
}

void pin_log::take_back() {
    auto done = files_->truncate(file_, size_);
    if (done) done = files_->sync(file_);
    THOLE_ASSERT(done.has_value(), "a log whose end cannot be taken back leaves the disk unknown");
}

void pin_log::apply(change& what) {
    if (what.unpinned) {
        what.changes = pins_.remove(what.content, what.owner);
        auto& since = let_go_[what.content];
        since = std::max(since, *what.unpinned);
    } else {
        what.changes = pins_.add(what.content, what.owner);
        let_go_.erase(what.content);
    }
}

// Writes the log anew from what lives. Only a carry changes the table, so reading it here needs no
// lock.
result<> pin_log::begin_anew() {
    if (auto ok = files_->remove(options_.draft); !ok) return ok;
    auto file = files_->create(options_.draft);
    if (!file) return std::unexpected(file.error());
    result<> done;
    std::string pending{first_line}, lines;
    std::uint64_t size = 0, number = 1;
    std::size_t in_group = 0, in_all = 0;
    const auto end_group = [&] {
        if (in_group > 0) pending += group_text(number++, lines);
        if (done) done = files_->append(*file, as_bytes(pending));
        size += pending.size();
        in_all += std::exchange(in_group, 0);
        pending.clear();
        lines.clear();
    };
    const auto put = [&](const cid& content, std::string_view owner,
                         std::optional<store_time> unpinned) {
        lines += line_of(content, owner, unpinned);
        if (++in_group == lines_in_a_group) end_group();
    };
    pins_.each([&](const cid& content, std::string_view owner) { put(content, owner, {}); });
    for (const auto& [content, since] : let_go()) put(content, {}, since);
    end_group();
    if (done) done = files_->sync(*file);
    if (done) done = files_->rename(options_.draft, options_.file);
    if (!done) {
        (void)files_->remove(options_.draft);  // tried again before the next one
        return done;
    }
    const auto kept = files_->sync_folder(fs::path{options_.file}.parent_path());
    THOLE_ASSERT(kept.has_value(), "a folder that cannot be fsynced leaves the disk unknown");
    file_ = std::move(*file);
    size_ = size;
    next_number_ = number;
    lines_ = in_all;
    rewrite_at_ = 0;
    return {};
}

// ---- opening ------------------------------------------------------------------------------------

result<std::unique_ptr<pin_log>> pin_log::open(pin_log_options options, std::shared_ptr<disk> files,
                                               pin_table carried) {
    std::unique_ptr<pin_log> log{new pin_log{std::move(options), std::move(files)}};
    std::error_code error;
    const bool known = fs::exists(log->options_.file, error);
    if (error) {
        return fail(codes::disk_error, "look for " + log->options_.file + ": " + error.message());
    }
    if (!known) log->pins_ = std::move(carried);
    if (auto ok = known ? log->load() : log->begin_anew(); !ok) return std::unexpected(ok.error());
    return log;
}

// In pieces: the file may be far larger than what lives of it.
result<> pin_log::load() {
    const auto damaged = [&](std::uint64_t at) {
        return fail(codes::pins_damaged, options_.file + " at byte " + std::to_string(at));
    };
    std::error_code error;
    const std::uint64_t size = fs::file_size(options_.file, error);
    if (error) return fail(codes::disk_error, options_.file + ": " + error.message());
    const auto file = files_->open(options_.file);
    if (!file) return std::unexpected(file.error());
    std::string text;  // bytes of the file up to `read`
    std::uint64_t read = 0;
    std::size_t at = 0;  // in the text: where the next group begins
    for (;;) {
        std::string_view rest{text};
        rest.remove_prefix(at);
        if (size_ == 0 && rest.starts_with(first_line)) {
            size_ = at = first_line.size();
            continue;
        }
        const auto next = size_ == 0 ? std::nullopt : read_group(rest);
        if (next && next->number == next_number_) {
            for (auto lines = next->lines; !lines.empty(); ++lines_) {
                const auto line = lines.substr(0, lines.find('\n'));
                if (!apply_line(line)) return damaged(size_);
                lines.remove_prefix(std::min(line.size() + 1, lines.size()));
            }
            at += next->length;
            size_ += next->length;
            ++next_number_;
            continue;
        }
        if (read == size) {
            // Every log is renamed into its place with its first line.
            if (size_ == 0 || next || has_group(rest)) return damaged(size_);
            break;
        }
        text.erase(0, std::exchange(at, 0));
        const auto old = text.size();
        text.resize(old + static_cast<std::size_t>(
                              std::min<std::uint64_t>(size - read, std::max(read_at_once, old))));
        const std::span more{reinterpret_cast<std::uint8_t*>(text.data()) + old, text.size() - old};
        if (auto ok = files_->read(*file, read, more); !ok) return ok;
        read += more.size();
    }
    auto writing = files_->open_to_append(options_.file);
    if (!writing) return std::unexpected(writing.error());
    file_ = std::move(*writing);
    if (size_ != size) {
        if (auto ok = files_->truncate(file_, size_); !ok) return ok;
    }
    // What an earlier process wrote need not be on the disk yet.
    if (auto ok = files_->sync(file_); !ok) return ok;
    return files_->sync_folder(fs::path{options_.file}.parent_path());
}

bool pin_log::apply_line(std::string_view line) {
    const auto mark = line.find('~');
    if (mark == std::string_view::npos) return false;
    const auto content = cid::parse(line.substr(1, mark - 1));
    if (!content || content->version() != 1) return false;
    change what{*content, line.substr(mark + 1), std::nullopt};
    if (line[0] == '-') {
        const auto space = what.owner.find(' ');
        if (space == std::string_view::npos) return false;
        std::int64_t micros = 0;
        const auto time = what.owner.substr(space + 1);
        const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), micros);
        if (error != std::errc{} || end != time.data() + time.size()) return false;
        what.unpinned = store_time{std::chrono::microseconds{micros}};
        what.owner = what.owner.substr(0, space);
    } else if (line[0] != '+') {
        return false;
    }
    const bool nobody = what.unpinned && what.owner.empty();
    if (!nobody && !pin_table::is_owner(what.owner)) return false;
    apply(what);
    return true;
}

// ---- asking -------------------------------------------------------------------------------------

std::vector<cid> pin_log::of_owner(std::string_view owner) const {
    const std::scoped_lock lock{mutex_};
    return pins_.of_owner(owner);
}

std::vector<std::string> pin_log::owners_of(const cid& content) const {
    const std::scoped_lock lock{mutex_};
    return pins_.owners_of(content);
}

std::vector<std::string> pin_log::owners_like(std::string_view prefix) const {
    const std::scoped_lock lock{mutex_};
    return pins_.owners_like(prefix);
}

std::unordered_map<cid, store_time> pin_log::let_go() const {
    const std::scoped_lock lock{mutex_};
    return let_go_;
}

void pin_log::forget(const cid& content) {
    const std::scoped_lock lock{mutex_};
    let_go_.erase(content);
}

}  // namespace thole::ipfs
