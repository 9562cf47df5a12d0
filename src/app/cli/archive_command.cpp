#include <fmt/format.h>

#include <fstream>

#include "app/cli/commands.hpp"
#include "engine/archive_text.hpp"

namespace thole::app {

int run_archive(session& s, const std::string& file, saga::payload_cipher::ptr cipher) {
    std::ifstream in{file};
    if (!in) {
        s.complain(fmt::format("{}: cannot be read", plain(file)));
        return exit_refused;
    }
    std::string line;
    for (std::int64_t number = 1; std::getline(in, line); ++number) {
        const auto opened = saga::opened_line(line, cipher.get());
        if (!opened) {
            s.complain(fmt::format("{}:{}: {} ({})", plain(file), number, opened.error().meaning(),
                                   plain(opened.error().detail())));
            return exit_refused;
        }
        s.out.print(*opened);
    }
    return exit_done;
}

}  // namespace thole::app
