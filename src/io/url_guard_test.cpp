#include "io/url_guard.hpp"

#include <gtest/gtest.h>

#include "thole/codes.hpp"

namespace thole::io {
namespace {

using boost::asio::ip::make_address;

TEST(UrlGuard, ClassifiesBlocksAtTheirEdges) {
    using enum address_class;
    const std::pair<const char*, address_class> table[] = {{"0.0.0.0", special},
                                                           {"9.255.255.255", global},
                                                           {"10.0.0.0", private_use},
                                                           {"10.255.255.255", private_use},
                                                           {"11.0.0.0", global},
                                                           {"100.63.255.255", global},
                                                           {"100.64.0.1", private_use},
                                                           {"100.127.255.255", private_use},
                                                           {"100.128.0.0", global},
                                                           {"127.0.0.1", loopback},
                                                           {"127.255.255.255", loopback},
                                                           {"169.254.169.254", link_local},
                                                           {"172.15.255.255", global},
                                                           {"172.16.0.0", private_use},
                                                           {"172.31.255.255", private_use},
                                                           {"172.32.0.0", global},
                                                           {"192.0.0.1", special},
                                                           {"192.0.2.1", special},
                                                           {"192.168.0.1", private_use},
                                                           {"192.169.0.0", global},
                                                           {"198.18.0.1", special},
                                                           {"198.19.255.255", special},
                                                           {"198.20.0.0", global},
                                                           {"203.0.113.9", special},
                                                           {"223.255.255.255", global},
                                                           {"224.0.0.1", special},
                                                           {"255.255.255.255", special},
                                                           {"8.8.8.8", global},
                                                           {"::", special},
                                                           {"::1", loopback},
                                                           {"fe80::1", link_local},
                                                           {"febf::1", link_local},
                                                           {"fec0::1", private_use},
                                                           {"fc00::1", private_use},
                                                           {"fdff::1", private_use},
                                                           {"ff02::1", special},
                                                           {"2001:db8::1", special},
                                                           {"2001::1", special},
                                                           {"2606:4700::1111", global},
                                                           {"2a00::1", global},
                                                           {"4000::1", special}};
    for (const auto& [text, kind] : table) EXPECT_EQ(classify(make_address(text)), kind) << text;
}

TEST(UrlGuard, SeesIpv4InsideIpv6) {
    using enum address_class;
    EXPECT_EQ(classify(make_address("::ffff:127.0.0.1")), loopback);
    EXPECT_EQ(classify(make_address("::ffff:10.1.2.3")), private_use);
    EXPECT_EQ(classify(make_address("64:ff9b::169.254.169.254")), link_local);
    EXPECT_EQ(classify(make_address("64:ff9b::8.8.8.8")), global);
    EXPECT_EQ(classify(make_address("2002:7f00:1::")), loopback);
    EXPECT_EQ(classify(make_address("2002:808:808::")), global);
}

TEST(UrlGuard, PermitsEverythingUnlessTold) {
    EXPECT_TRUE(url_guard{}.check("x", {make_address("127.0.0.1")}));
}

// proves: O10
TEST(UrlGuard, RefusesANameWithOneForbiddenAddress) {
    const url_guard guard{url_guard::reach::public_only};
    EXPECT_TRUE(guard.check("a.example", {make_address("8.8.8.8"), make_address("2a00::1")}));
    const auto refused =
        guard.check("a.example", {make_address("8.8.8.8"), make_address("169.254.169.254")});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(codes::net_address_forbidden));
    EXPECT_EQ(refused.error().detail(),
              "a.example leads to the link-local address 169.254.169.254");
    EXPECT_FALSE(guard.check("localhost", {make_address("127.0.0.1")}));
}

}  // namespace
}  // namespace thole::io
