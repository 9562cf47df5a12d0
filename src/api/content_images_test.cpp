// Uploads that another program looks at first; the real one is tested in src/image.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "api/content.hpp"
#include "api/testing.hpp"
#include "ipfs/store_testing.hpp"

namespace thole::api {
namespace {

using namespace std::chrono_literals;
using namespace testing;

class ContentImages : public ::testing::Test {
  protected:
    ~ContentImages() override { std::filesystem::remove_all(folder); }
    static std::string make_folder() {
        auto pattern = (std::filesystem::temp_directory_path() / "thole-looks-XXXXXX").string();
        return ::mkdtemp(pattern.data());
    }
    // A program that keeps these bytes instead; none: the file is small enough.
    static std::string becomes(std::string_view bytes) {
        return "echo "
               "'{\"v\":1,\"type\":\"png\",\"width\":2,\"height\":3,\"frames\":1,\"written\":" +
               std::to_string(bytes.size()) + "}'\nprintf '" + std::string{bytes} + "'";
    }
    // The program does as the script says.
    io::server_response upload(const std::string& script) {
        std::ofstream{program} << "#!/bin/sh\n" << script << "\n";
        std::filesystem::permissions(program, std::filesystem::perms::owner_all);
        auto r = request("POST", "/api/v1/content", png);
        return run(loop, routes.handle(from_socket(std::move(r))));
    }

    const std::string png =
        std::string{"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0", 29} + "rest";
    io::system_loop loop;
    std::string folder = make_folder();
    std::string program = folder + "/program";
    std::unique_ptr<ipfs::content_store> store =
        std::move(*ipfs::content_store::open({.folder = folder + "/content"}));
    sql::blocking_pool pool{loop, {.threads = 2}};
    ops::metrics count;
    manual_clock time;
    authority who{{.own_uid = own_uid, .behind_proxy = false, .tokens = {}}};
    router routes{who, count, loop};
    image::worker look{{.program = program, .most = {}, .compress = true, .patience = 5s}, loop};
    content_resource content{*store, pool, [] { return true; },
                             count,  time, image_check{&look, &pool}};
    ContentImages() { content.add_to(routes); }
};

std::string text(const boost::json::value& of, const char* member) {
    return std::string{of.at(member).as_string()};
}

// proves: I3
TEST_F(ContentImages, AreKeptWhenTheyAreTaken) {
    const auto out = upload(R"sh(
        test $(/usr/bin/wc -c) = 33 || exit 9
        echo '{"v":1,"type":"png","width":2,"height":3,"frames":1}')sh");
    ASSERT_EQ(out.status, 201) << out.body;
    const auto told = json_of(out);
    EXPECT_EQ(told.at("width").to_number<int>(), 2);
    EXPECT_EQ(told.at("height").to_number<int>(), 3);
    EXPECT_EQ(text(told, "sha256"), to_hex(sha256(as_bytes(png))));
    EXPECT_EQ(told.as_object().if_contains("original"), nullptr);
}

TEST_F(ContentImages, AreNotKeptWhenTheyAreRefused) {
    const auto out = upload(R"(echo '{"v":1,"refused":"pixels","detail":"too many"}'; exit 3)");
    EXPECT_EQ(out.status, 422);
    EXPECT_NE(out.body.find("image.refused"), std::string::npos) << out.body;
    EXPECT_NE(out.body.find("pixels: too many"), std::string::npos) << out.body;
    EXPECT_EQ(store->usage().bytes, 0U);
}

TEST_F(ContentImages, AWorkerThatDiesIsNoVerdict) {
    const auto out = upload("kill -9 $$");
    EXPECT_EQ(out.status, 503);
    EXPECT_NE(out.body.find("image.worker_failed"), std::string::npos) << out.body;
    EXPECT_EQ(store->usage().bytes, 0U);
}

TEST_F(ContentImages, AreKeptInFewerBytesWithTheHashOfTheOriginal) {
    const auto out = upload(R"sh(
        echo '{"v":1,"type":"png","width":2,"height":3,"frames":1,"written":4}'
        printf abcd)sh");
    ASSERT_EQ(out.status, 201) << out.body;
    const auto told = json_of(out);
    EXPECT_EQ(text(told, "cid"), ipfs::cid_of(as_bytes("abcd")).text());
    EXPECT_EQ(told.at("original").at("size").to_number<std::size_t>(), png.size());
    EXPECT_EQ(text(told.at("original"), "sha256"), to_hex(sha256(as_bytes(png))));
}

// proves: I3
TEST_F(ContentImages, TheSameFileAgainIsTheSameContentWhateverItWouldBecomeNow) {
    const auto kept = ipfs::cid_of(as_bytes("abcd"));
    ASSERT_EQ(upload(becomes("abcd")).status, 201);
    EXPECT_EQ(store->originals_of(kept),
              (std::vector<ipfs::original>{{sha256(as_bytes(png)), png.size()}}));
    // Of another compressor, and of one that finds nothing to gain.
    for (const auto* now : {"xyz", ""}) {
        const auto again = upload(becomes(now));
        ASSERT_EQ(again.status, 200) << again.body;
        EXPECT_EQ(text(json_of(again), "cid"), kept.text());
        EXPECT_EQ(text(json_of(again).at("original"), "sha256"), to_hex(sha256(as_bytes(png))));
    }
    EXPECT_EQ(store->usage().contents, 1U);
    // Gone with its content. What then is kept as it was sent stays so.
    ASSERT_TRUE(store->gc(store_time{std::chrono::hours{24 * 365 * 100}}));
    EXPECT_EQ(text(json_of(upload(becomes(""))), "cid"), ipfs::cid_of(as_bytes(png)).text());
    EXPECT_EQ(text(json_of(upload(becomes("xyz"))), "cid"), ipfs::cid_of(as_bytes(png)).text());
}

// proves: I3, I5
TEST_F(ContentImages, SentAgainTheyAreAsYoungAsAnyUpload) {
    const auto kept = ipfs::cid_of(as_bytes("abcd"));
    ASSERT_EQ(upload(becomes("abcd")).status, 201);
    const store_time sent{time.wall_now().time_since_epoch()};
    time.advance(23h);
    ASSERT_TRUE(store->gc(sent + 23h)->empty());
    ASSERT_EQ(upload(becomes("abcd")).status, 200);
    EXPECT_TRUE(store->gc(sent + 25h)->empty());
    EXPECT_TRUE(store->has(kept));
    EXPECT_EQ(text(json_of(upload(becomes("xyz"))), "cid"), kept.text()) << "still known";
}

// proves: I3, I5
TEST_F(ContentImages, SentAgainADamagedOneIsMended) {
    const auto kept = ipfs::cid_of(as_bytes("abcd"));
    for (const auto* now : {"abcd", "xyz"}) {
        ASSERT_LT(upload(becomes("abcd")).status, 300);
        const auto object = ipfs::testing::object_of(folder + "/content", kept.text());
        std::fstream{object, std::ios::in | std::ios::out | std::ios::binary} << "X";
        ASSERT_FALSE(store->read_all(kept));
        const auto again = upload(becomes(now));
        ASSERT_LT(again.status, 300) << again.body;
        const auto told = *ipfs::cid::parse(text(json_of(again), "cid"));
        EXPECT_EQ(*store->read_all(told), bytes(now, now + std::string_view{now}.size()));
        EXPECT_EQ(store->kept_instead_of(sha256(as_bytes(png))), told);
        EXPECT_EQ(store->originals_of(told).size(), 1U);
    }
    EXPECT_TRUE(store->originals_of(kept).empty()) << "one file never is two contents";
}

}  // namespace
}  // namespace thole::api
