#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "app/cli/commands.hpp"
#include "engine/doctor.hpp"

namespace thole::app {
namespace {

constexpr std::size_t most_in_json = 1000;  // findings; the rest is only counted
constexpr int most_printed = 100;
constexpr std::size_t bar_width = 20;

}  // namespace

int run_doctor(session& s, const std::string& file, saga::payload_cipher::ptr cipher) {
    boost::json::array listed;
    int printed = 0;
    saga::examine_options options;
    options.cipher = std::move(cipher);
    options.progress = [&s](int percent, std::int64_t operations) {
        if (s.json) return;
        const auto line = bar(static_cast<std::size_t>(percent), 100, bar_width);
        s.err.status(fmt::format("{} {} operations", line, operations));
    };
    options.found = [&](const saga::finding& f) {
        if (s.json) {
            if (listed.size() < most_in_json) listed.push_back(json::to_value(f));
            return;
        }
        if (++printed > most_printed) return;
        s.err.status("");
        const auto kind = json::detail::enum_text(f.kind);
        s.out.print(fmt::format("{}  {}{}{}\n", s.out.painted(kind, colour::red), plain(f.where),
                                f.where.empty() ? "" : ": ", plain(f.detail)));
    };
    if (!s.json) s.err.status("looking at every page");
    const auto done = saga::examine(file, std::move(options));
    if (!done) {
        s.complain(fmt::format("{}: {} ({})", plain(file), done.error().meaning(),
                               plain(done.error().detail())));
        return exit_refused;
    }
    if (s.json) {
        s.print_json(boost::json::object{{"v", 1},
                                         {"file", file},
                                         {"operations", done->operations},
                                         {"events", done->events},
                                         {"found", done->findings},
                                         {"findings", std::move(listed)}});
    } else if (done->findings == 0) {
        s.err.status("");
        s.out.print(fmt::format("{}  {} operations, {} events: every row is what its events tell\n",
                                s.out.painted("sound", colour::green), done->operations,
                                done->events));
    } else {
        s.err.status("");
        if (printed > most_printed) {
            s.out.print(fmt::format("... and {} more; -o json lists up to {}\n",
                                    printed - most_printed, most_in_json));
        }
        s.out.print(fmt::format("{}  {} operations, {} events\n",
                                s.out.painted(fmt::format("{} found", done->findings), colour::red),
                                done->operations, done->events));
    }
    return done->findings == 0 ? exit_done : exit_findings;
}

}  // namespace thole::app
