#include "nft/csv.hpp"

namespace thole::nft {
namespace {

class csv_reader {
  public:
    explicit csv_reader(std::string_view text) : text_{text} {
        if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    }

    std::expected<std::vector<csv_row>, csv_mistake> read() {
        std::vector<csv_row> rows;
        while (at_ < text_.size()) {
            csv_row row{.line = line_, .cells = {}};
            bool more = true;
            while (more) {
                auto cell = read_cell();
                if (!cell) return std::unexpected{std::move(cell.error())};
                row.cells.push_back(std::move(*cell));
                more = skip(',');
            }
            if (!end_line()) {
                return std::unexpected{csv_mistake{
                    line_, "after a closing quote only a comma or a line end may come"}};
            }
            const bool empty = row.cells.size() == 1 && row.cells.front().empty();
            if (!empty) rows.push_back(std::move(row));
        }
        return rows;
    }

  private:
    bool skip(char c) {
        const bool there = at_ < text_.size() && text_[at_] == c;
        if (there) ++at_;
        return there;
    }
    bool end_line() {
        if (at_ == text_.size()) return true;
        skip('\r');
        if (!skip('\n')) return false;
        ++line_;
        return true;
    }
    std::expected<std::string, csv_mistake> read_cell() {
        if (skip('"')) return read_quoted();
        const auto end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
        std::string cell{text_.substr(at_, end - at_)};
        at_ = end;
        return cell;
    }
    std::expected<std::string, csv_mistake> read_quoted() {
        const auto began = line_;
        std::string cell;
        while (at_ < text_.size()) {
            if (skip('"')) {
                if (!skip('"')) return cell;
                cell += '"';
                continue;
            }
            if (text_[at_] == '\n') ++line_;
            cell += text_[at_++];
        }
        return std::unexpected{csv_mistake{began, "a quoted cell has no closing quote"}};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
};

}  // namespace

std::expected<std::vector<csv_row>, csv_mistake> read_csv(std::string_view text) {
    return csv_reader{text}.read();
}

}  // namespace thole::nft
