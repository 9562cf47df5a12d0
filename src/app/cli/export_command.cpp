#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cerrno>
#include <cstring>
#include <functional>

#include "app/cli/commands.hpp"

namespace thole::app {
namespace {

using boost::json::value;

constexpr std::uint32_t page_size = 500;

// Where the lines go. A file is whole when close() says so: written out and synced.
class lines_out {
  public:
    bool open(const std::string& path) {
        if (path.empty()) return true;
        const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0) return false;
        file_ = ::fdopen(fd, "w");
        own_ = true;
        return file_ != nullptr;
    }
    bool write(const value& line) {
        const auto text = boost::json::serialize(line) + "\n";
        return std::fwrite(text.data(), 1, text.size(), file_) == text.size();
    }
    bool close() {
        bool sound = std::fflush(file_) == 0;
        if (!own_) return sound;
        sound = ::fsync(::fileno(file_)) == 0 && sound;
        return std::fclose(file_) == 0 && sound;
    }

  private:
    std::FILE* file_ = stdout;
    bool own_ = false;
};

class exporter {
  public:
    exporter(session& s, client& daemon, const export_options& options)
        : s_{s}, daemon_{daemon}, options_{options} {}
    int run();

  private:
    // False: it cannot go on; code_ says how it ends.
    bool write_all();
    bool write_events(const value& operation, std::string id);
    bool write(const value& line) {
        if (out_.write(line)) return true;
        return cannot_write();
    }
    bool cannot_write() {
        s_.complain(fmt::format("cannot write: {}", std::strerror(errno)));
        code_ = exit_ended_otherwise;
        return false;
    }

    session& s_;
    client& daemon_;
    const export_options& options_;
    lines_out out_;
    int code_ = exit_done;
    std::int64_t operations_ = 0;
    std::int64_t events_ = 0;
    std::int64_t moved_ = 0;  // to the archive, while this went on
};

// With --acts an operation appears only when somebody did something to it.
bool exporter::write_events(const value& operation, std::string id) {
    bool shown = false;
    const auto show = [&] {
        shown = true;
        ++operations_;
        return write(boost::json::object{{"operation", operation}});
    };
    if (!options_.acts_only && !show()) return false;
    for (std::string after = "0";;) {
        const auto path = fmt::format("/api/v1/operations/{}/events?after={}&limit={}",
                                      percent_encoded(id), after, page_size);
        const auto answer = daemon_.call({.path = path});
        // Listed a moment ago: its history has moved to the archive meanwhile.
        const bool gone = answer && answer->status == 404;
        moved_ += gone ? 1 : 0;
        if (gone) return true;
        const auto page = body_of(s_, daemon_, answer, code_);
        if (!page) return false;
        const auto& events = items_of(*page, "events");
        for (const auto& each : events) {
            after = text_of(each, "seq");
            if (options_.acts_only && text_of(each, "actor").empty()) continue;
            if (!shown && !show()) return false;
            ++events_;
            if (!write(boost::json::object{{"id", id}, {"event", each}})) return false;
        }
        if (events.size() < page_size) return true;
    }
}

bool exporter::write_all() {
    auto which = options_.which;
    which.limit = page_size;
    const auto first = list_path(which);
    for (std::string cursor;;) {
        const auto path = cursor.empty() ? first : first + "&cursor=" + percent_encoded(cursor);
        const auto page = ask(s_, daemon_, {.path = path}, code_);
        if (!page) return false;
        for (const auto& each : items_of(*page, "items")) {
            if (!write_events(each, text_of(each, "id"))) return false;
            s_.err.status(fmt::format("{} operations, {} events", operations_, events_));
        }
        cursor = text_of(*page, "next_cursor");
        if (cursor.empty()) return true;
    }
}

int exporter::run() {
    if (!out_.open(options_.to)) {
        s_.complain(fmt::format("--to {}: {}", plain(options_.to), std::strerror(errno)));
        return exit_usage;
    }
    const bool whole = write_all();
    if (!out_.close() && whole) cannot_write();
    s_.err.status("");
    if (code_ == exit_done && !options_.to.empty()) {
        s_.err.print(fmt::format("{} operations, {} events\n", operations_, events_));
    }
    if (moved_ > 0) s_.err.print(fmt::format("{} moved to the archive meanwhile\n", moved_));
    return code_;
}

}  // namespace

int run_operation_export(session& s, client& daemon, const export_options& options) {
    return exporter{s, daemon, options}.run();
}

}  // namespace thole::app
