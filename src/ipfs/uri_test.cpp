#include "ipfs/uri.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

const std::string id = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";

TEST(Uri, ReadsEveryUsualForm) {
    struct row {
        std::string uri, path, gateway;
    };
    for (const auto& [uri, path, gateway] : {
             row{"ipfs://" + id, "", ""},
             row{"ipfs://" + id + "/", "", ""},
             row{"IPFS://" + id + "/a/b.png?x=1#y", "/a/b.png", ""},
             row{"ipfs://ipfs/" + id, "", ""},
             row{"https://dweb.link/ipfs/" + id, "", "https://dweb.link"},
             row{"https://own.example:8443/files/ipfs/" + id + "/0.json", "/0.json",
                 "https://own.example:8443/files"},
             row{"http://" + id + ".ipfs.dweb.link/x", "/x", "http://dweb.link"},
         }) {
        const auto read = parse_uri(uri);
        ASSERT_TRUE(read) << uri << ": " << read.error().describe();
        EXPECT_EQ(read->content.text(), id);
        EXPECT_EQ(read->path, path) << uri;
        EXPECT_EQ(read->gateway, gateway) << uri;
    }
    EXPECT_EQ(parse_uri(to_uri(*cid::parse(id)))->content.text(), id);
}

TEST(Uri, RefusesWhatNamesNoContent) {
    for (const std::string& uri :
         {std::string{}, std::string{"ftp://x/ipfs/"} + id, "https://x/" + id,
          std::string{"https:///ipfs/"} + id, "https://a@b/ipfs/" + id, "ipfs://" + id + "/a b",
          std::string(3000, 'a'), id}) {
        ASSERT_FALSE(parse_uri(uri)) << uri;
        EXPECT_TRUE(parse_uri(uri).error().is(codes::bad_uri)) << uri;
    }
    EXPECT_TRUE(parse_uri("ipfs://").error().is(codes::bad_cid));
    EXPECT_TRUE(parse_uri("https://x/ipfs/nonsense").error().is(codes::bad_cid));
}

RC_GTEST_PROP(UriProperty, AnyTextIsReadOrRefused, (const std::string& noise)) {
    (void)parse_uri(noise);
    (void)parse_uri("https://" + noise + "/ipfs/" + id);
    (void)parse_uri("ipfs://" + noise);
}

}  // namespace
}  // namespace thole::ipfs
