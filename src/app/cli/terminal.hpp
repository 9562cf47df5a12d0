#pragma once

// What a person sees: colours where they are wanted, tables that fit, one line that is rewritten.
//
//   terminal screen{stdout, environment};
//   screen.print(screen.bold("8 operations") + "\n");
//   table t{{"ID", "STATE", "WAITING"}};
//   t.add({"0192..", screen.green("COMPLETED"), ""});
//   screen.print(t.text(screen.width()));
//
// Colour only on a terminal, and never when NO_COLOR is set or TERM is "dumb". Text that came from
// elsewhere is shown through plain(): printable characters only. One thread.

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/text_values.hpp"

namespace thole::app {

enum class colour : std::uint8_t { none, bold, dim, red, green, yellow };

class terminal {
  public:
    terminal(std::FILE* out, const environment&);

    [[nodiscard]] bool is_tty() const noexcept { return tty_; }
    [[nodiscard]] std::size_t width() const noexcept { return width_; }
    [[nodiscard]] std::string painted(std::string_view text, colour) const;

    void print(std::string_view text);
    // A line that the next status() or print() replaces; on no terminal it is not written at all.
    void status(std::string_view line);

  private:
    void clear_status();

    std::FILE* out_;
    bool tty_;
    bool colours_;
    bool status_shown_ = false;
    std::size_t width_ = 80;
};

struct cell {
    std::string text;
    colour paint = colour::none;
};

// Columns of the width they need, two spaces apart; when they do not fit, the one to be cut first
// and then the widest ones are cut with ".." until they do, but for those that are never cut.
class table {
  public:
    explicit table(std::vector<std::string> heads) : heads_{std::move(heads)} {}
    void add(std::vector<cell> row) { rows_.push_back(std::move(row)); }
    // For what is typed in again, such as an ID.
    table& never_cut(std::size_t column) { return whole_.push_back(column), *this; }
    table& cut_first(std::size_t column) { return first_ = column, *this; }
    [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
    [[nodiscard]] std::string text(const terminal&, std::size_t width) const;

  private:
    void fit(std::vector<std::size_t>& widths, std::size_t width) const;

    std::vector<std::string> heads_;  // all empty = no line of heads
    std::vector<std::vector<cell>> rows_;
    std::vector<std::size_t> whole_;
    std::optional<std::size_t> first_;
};

// "[####......]", `width` characters between the brackets. Precondition: done <= all, all > 0.
[[nodiscard]] std::string bar(std::size_t done, std::size_t all, std::size_t width);

// UTF-8 kept, control characters (C0, DEL, C1 and escape sequences with them) replaced by '?'.
[[nodiscard]] std::string plain(std::string_view text);
// Code points, which is columns for the texts shown here.
[[nodiscard]] std::size_t columns(std::string_view text);

}  // namespace thole::app
