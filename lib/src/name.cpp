#include "thole/name.hpp"

#include <mutex>
#include <set>

namespace thole {

namespace {

// Nodes of a set never move, so the addresses are stable. Never destroyed: faults may outlive main.
struct name_table {
    std::mutex mutex;
    std::set<std::string, std::less<>> names;
};

name_table& table() {
    static auto* const instance = new name_table;
    return *instance;
}

}  // namespace

name::name(std::string_view text) {
    if (text.empty()) return;
    auto& all = table();
    const std::scoped_lock lock{all.mutex};
    auto found = all.names.find(text);
    if (found == all.names.end()) found = all.names.emplace(text).first;
    text_ = &*found;
}

}  // namespace thole
