#include "app/url_parts.hpp"

#include <gtest/gtest.h>

namespace thole::app {
namespace {

TEST(url_parts, only_absolute_http_urls) {
    EXPECT_EQ(parse_http_url("https://a.example/x?y")->port, 443);
    EXPECT_EQ(parse_http_url("http://[::1]:81")->port, 81);
    EXPECT_EQ(parse_http_url("http://[::1]:81")->host, "::1");
    for (const auto* bad : {"", "a.example", "ftp://a.example", "http://", "http:///x",
                            "http://a.example:0", "http://a.example:99999", "http://a b"}) {
        EXPECT_FALSE(parse_http_url(bad)) << bad;
    }
}

TEST(url_parts, the_provider_is_the_registered_name) {
    EXPECT_EQ(provider_of("api.mainnet.example.org"), "example.org");
    EXPECT_EQ(provider_of("example.org"), "example.org");
    EXPECT_EQ(provider_of("localhost"), "localhost");
    EXPECT_EQ(provider_of("127.0.0.1"), "127.0.0.1");
    EXPECT_EQ(provider_of("::1"), "::1");
}

TEST(url_parts, nothing_secret_is_shown) {
    EXPECT_EQ(shown_url("https://u:p@h.example/a?k=v#f"), "https://***@h.example/a?***");
    EXPECT_EQ(shown_url("https://h.example/0123456789abcdef0123/b/ABCDEFGHIJKLMNOPQRST"),
              "https://h.example/***/b/***");
    EXPECT_EQ(shown_url("no url"), "***");
    EXPECT_EQ(shown_url("http://127.0.0.1:8899"), "http://127.0.0.1:8899");
}

TEST(url_parts, listen_addresses) {
    EXPECT_EQ(parse_listen("127.0.0.1:8420")->port, 8420);
    EXPECT_TRUE(parse_listen("[::1]:0")->loopback);
    EXPECT_FALSE(parse_listen("0.0.0.0:1")->loopback);
    for (const auto* bad : {"", "8420", "localhost:1", "127.0.0.1:", "127.0.0.1:70000", ":1"}) {
        EXPECT_FALSE(parse_listen(bad)) << bad;
    }
}

}  // namespace
}  // namespace thole::app
