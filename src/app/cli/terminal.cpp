#include "app/cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace thole::app {
namespace {

constexpr std::size_t least_column = 8;
constexpr std::size_t least_first_column = 5;  // of the one that is cut first

std::string_view code_of(colour c) {
    switch (c) {
        case colour::none:
            return "";
        case colour::bold:
            return "\x1b[1m";
        case colour::dim:
            return "\x1b[2m";
        case colour::red:
            return "\x1b[31m";
        case colour::green:
            return "\x1b[32m";
        case colour::yellow:
            return "\x1b[33m";
    }
    return "";
}

bool is_set(const environment& env, std::string_view name) {
    const auto found = env.find(name);
    return found != env.end() && !found->second.empty();
}

std::string cut(const std::string& text, std::size_t width) {
    if (columns(text) <= width) return text;
    std::string out;
    std::size_t shown = 0;
    for (const char c : text) {
        const bool starts = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
        if (starts && shown++ == width - 2) break;
        out += c;
    }
    return out + "..";
}

}  // namespace

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string bar(std::size_t done, std::size_t all, std::size_t width) {
    const auto full = done * width / all;
    return "[" + std::string(full, '#') + std::string(width - full, '.') + "]";
}

std::string plain(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        // U+0080…U+009F are C2 80 … C2 9F in UTF-8.
        const bool c1 =
            byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (c1) ++i;
        out += byte < 0x20 || byte == 0x7f || c1 ? '?' : text[i];
    }
    return out;
}

terminal::terminal(std::FILE* out, const environment& env)
    : out_{out}, tty_{::isatty(::fileno(out)) == 1} {
    const auto term = env.find("TERM");
    const bool dumb = term != env.end() && term->second == "dumb";
    colours_ = tty_ && !dumb && !is_set(env, "NO_COLOR");
    if (dumb) tty_ = false;
    winsize size{};
    if (tty_ && ::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) {
        width_ = size.ws_col;
    }
}

std::string terminal::painted(std::string_view text, colour c) const {
    if (!colours_ || c == colour::none) return std::string{text};
    return std::string{code_of(c)} + std::string{text} + "\x1b[0m";
}

void terminal::clear_status() {
    if (!status_shown_) return;
    std::fputs("\r\x1b[K", out_);
    status_shown_ = false;
}

void terminal::print(std::string_view text) {
    clear_status();
    std::fwrite(text.data(), 1, text.size(), out_);
    std::fflush(out_);
}

void terminal::status(std::string_view line) {
    if (!tty_) return;
    clear_status();
    std::fwrite(line.data(), 1, line.size(), out_);
    std::fflush(out_);
    status_shown_ = true;
}

void table::fit(std::vector<std::size_t>& widths, std::size_t width) const {
    std::size_t total = widths.empty() ? 0 : 2 * (widths.size() - 1);
    for (const auto each : widths) total += each;
    for (; total > width && first_ && widths[*first_] > least_first_column; --total) {
        --widths[*first_];
    }
    for (; total > width; --total) {
        std::size_t* widest = nullptr;
        for (std::size_t i = 0; i < widths.size(); ++i) {
            if (std::ranges::find(whole_, i) != whole_.end()) continue;
            if (widest == nullptr || widths[i] > *widest) widest = &widths[i];
        }
        if (widest == nullptr || *widest <= least_column) return;
        --*widest;
    }
}

std::string table::text(const terminal& screen, std::size_t width) const {
    std::vector<std::size_t> widths(heads_.size());
    for (std::size_t i = 0; i < heads_.size(); ++i) widths[i] = columns(heads_[i]);
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
            widths[i] = std::max(widths[i], columns(row[i].text));
        }
    }
    fit(widths, width);
    std::string out;
    const auto line = [&](const std::vector<cell>& cells) {
        std::string painted;
        for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
            const auto shown = cut(cells[i].text, widths[i]);
            painted += screen.painted(shown, cells[i].paint);
            if (i + 1 < cells.size()) painted.append(widths[i] - columns(shown) + 2, ' ');
        }
        while (painted.ends_with(' ')) painted.pop_back();
        out += painted + "\n";
    };
    const bool headed = std::ranges::any_of(heads_, [](const auto& h) { return !h.empty(); });
    if (headed) {
        std::vector<cell> heads;
        for (const auto& head : heads_) heads.push_back({head, colour::dim});
        line(heads);
    }
    for (const auto& row : rows_) line(row);
    return out;
}

}  // namespace thole::app
