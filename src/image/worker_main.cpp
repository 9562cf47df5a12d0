// thole-image-worker: tells what an image on standard input is, and takes no other.
//
//   thole-image-worker [--max-bytes N] [--max-pixels N] [--max-frames N] [--cpu-seconds N]
//                      [--compress 0|1]
//
// One line of JSON on standard output: {"v":1,"type":"png","width":…,"height":…,"frames":…,
// "bytes":…,"written":…} with exit 0 and after it, when asked for and smaller, the same picture in
// so many bytes; or {"v":1,"refused":RULE,"detail":…} with exit 3. It links nothing of Thole, has
// no configuration, no environment and no keys; it confines itself before it reads the first byte.

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <new>
#include <vector>

#include "image/compress.hpp"
#include "image/decode.hpp"
#include "image/sandbox.hpp"

namespace thole::image {
namespace {

// Room for the program itself, the file, and a decoder that keeps whole frames (three canvases of
// four bytes a pixel, the most that one of the four does).
std::uint64_t memory_for(const limits& l) {
    return (std::uint64_t{192} << 20) + 2 * l.bytes + 12 * l.pixels;
}

template <class Number>
bool read_number(const char* text, Number& to) {
    const auto* const end = text + std::strlen(text);
    const auto [stopped, error] = std::from_chars(text, end, to);
    return error == std::errc{} && stopped == end && to > 0;
}

struct order {
    limits most;
    bool compress = false;
};

bool read_switch(const char* text, bool& to) {
    to = text[0] == '1';
    return (to || text[0] == '0') && text[1] == 0;
}

bool read_options(int argc, char** argv, order& to) {
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) return false;
        const std::string_view option{argv[i]};
        const auto* const value = argv[i + 1];
        const bool known = option == "--max-bytes"     ? read_number(value, to.most.bytes)
                           : option == "--max-pixels"  ? read_number(value, to.most.pixels)
                           : option == "--max-frames"  ? read_number(value, to.most.frames)
                           : option == "--cpu-seconds" ? read_number(value, to.most.cpu_seconds)
                           : option == "--compress"    ? read_switch(value, to.compress)
                                                       : false;
        if (!known) return false;
    }
    return true;
}

// At most one byte more than is taken, so that too much is seen. False when reading failed.
bool read_input(std::vector<std::uint8_t>& to, std::uint64_t most) {
    constexpr std::size_t step = 1 << 18;
    while (to.size() <= most) {
        const auto before = to.size();
        to.resize(before + step);
        const auto got = ::read(STDIN_FILENO, to.data() + before, step);
        to.resize(before + static_cast<std::size_t>(got < 0 ? 0 : got));
        if (got < 0) return false;
        if (got == 0) return true;
    }
    return true;
}

bool write_all(int to, std::string_view text) {
    while (!text.empty()) {
        const auto done = ::write(to, text.data(), text.size());
        if (done < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
}

// Printable ASCII without what JSON escapes: a decoder's text may quote the file.
std::string plain(std::string_view text) {
    std::string out;
    for (const char c : text) out += c < ' ' || c > '~' || c == '"' || c == '\\' ? '?' : c;
    return out;
}

int answer(const verdict& seen, std::size_t bytes, const std::vector<std::uint8_t>& smaller = {}) {
    std::string line = R"({"v":1,)";
    if (seen) {
        line += R"("type":")" + std::string{seen->type} + R"(","width":)" +
                std::to_string(seen->width) + R"(,"height":)" + std::to_string(seen->height) +
                R"(,"frames":)" + std::to_string(seen->frames) + R"(,"bytes":)" +
                std::to_string(bytes) + R"(,"written":)" + std::to_string(smaller.size());
    } else {
        line += R"("refused":")" + std::string{seen.error().rule} + R"(","detail":")" +
                plain(seen.error().detail) + '"';
    }
    line += "}\n";
    line.append(smaller.begin(), smaller.end());
    if (!write_all(STDOUT_FILENO, line)) return exit_broken;
    return seen ? exit_taken : exit_refused;
}

int work(const order& what) {
    try {
        std::vector<std::uint8_t> file;
        if (!read_input(file, what.most.bytes)) return exit_broken;
        const auto seen = decode(file, what.most);
        if (!seen || !what.compress) return answer(seen, file.size());
        return answer(seen, file.size(), compress(file, *seen));
    } catch (const std::bad_alloc&) {
        const refusal why{"memory", "decoding it takes more memory than is given"};
        return answer(std::unexpected{why}, 0);
    }
}

}  // namespace
}  // namespace thole::image

int main(int argc, char** argv) {
    using namespace thole::image;
    order what;
    if (!read_options(argc, argv, what)) {
        (void)write_all(STDERR_FILENO,
                        "usage: thole-image-worker [--max-bytes N] [--max-pixels N] "
                        "[--max-frames N] [--cpu-seconds N] [--compress 0|1] <IMAGE\n");
        return exit_usage;
    }
    const confinement bounds{.memory = memory_for(what.most),
                             .output = what.most.bytes + (1 << 20),
                             .cpu_seconds = what.most.cpu_seconds};
    if (const auto why = confine(bounds); !why.empty()) {
        (void)write_all(STDERR_FILENO,
                        "no sandbox on this system, so nothing is read: " + why + "\n");
        return exit_unconfined;
    }
    return work(what);
}
