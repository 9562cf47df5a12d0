// The manuals name what there is: every key, every resource, every command.

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fstream>
#include <set>

#include "app/config.hpp"

namespace thole::app {
namespace {

std::string read_document(const std::string& name) {
    std::ifstream in{std::string{THOLE_SOURCE_DIR} + "/doc/" + name};
    return {std::istreambuf_iterator<char>{in}, {}};
}

template <class T>
void collect_keys(std::set<std::string>& keys) {
    if constexpr (json::detail::is_vector<T>::value || json::detail::is_optional<T>::value) {
        collect_keys<typename T::value_type>(keys);
    } else if constexpr (boost::describe::has_describe_members<T>::value) {
        boost::mp11::mp_for_each<json::detail::members_of<T>>([&](auto member) {
            using type = json::detail::member_type<T, decltype(member)>;
            if constexpr (!boost::describe::has_describe_members<type>::value)
                keys.insert(member.name);
            collect_keys<type>(keys);
        });
    }
}

TEST(documents, every_configuration_key_is_explained) {
    const auto text = read_document("configuration.md");
    ASSERT_FALSE(text.empty());
    std::set<std::string> keys;
    collect_keys<config>(keys);
    EXPECT_GE(keys.size(), 40U);
    for (const auto& key : keys) {
        const bool named = text.find("`" + key + "`") != std::string::npos ||
                           text.find("." + key + "`") != std::string::npos ||
                           text.find("." + key + "]]") != std::string::npos;
        EXPECT_TRUE(named) << key << " is missing in doc/configuration.md";
    }
}

}  // namespace
}  // namespace thole::app
