#include "base/excerpt.hpp"

namespace thole {

std::string printable_excerpt(std::string_view body, std::size_t most) {
    std::string out{body.substr(0, most)};
    for (auto& c : out) {
        if (c < ' ' || c > '~') c = ' ';
    }
    out.resize(out.find_last_not_of(' ') + 1);
    return out;
}

}  // namespace thole
