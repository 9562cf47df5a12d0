#include "ipfs/content_holds.hpp"

#include <gtest/gtest.h>

#include "ipfs/client_testing.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/store_testing.hpp"

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;
using testing::run;

constexpr store_time start{1'767'225'600s};

struct fixture {
    testing::temporary_folder folder;
    io::virtual_loop loop;
    std::unique_ptr<content_store> store;
    std::optional<content_holds> holds;
    store_time now = start;
    uuid one{{1}}, two{{2}};

    fixture() { open(); }
    void open() {
        store.reset();
        store = std::move(*content_store::open({.folder = folder.path() + "/c"}));
        holds.emplace(*store, nullptr, [this] { return now; });
    }
    cid image() { return store->put(as_bytes("GIF89a"), now)->info.root; }
};

// proves: E5, I5
TEST(ContentHolds, AreKeptOverRestartsUntilTheLastOneIsDropped) {
    fixture f;
    const auto image = f.image();
    ASSERT_TRUE(run(f.loop, f.holds->take(image, f.one)));
    ASSERT_TRUE(run(f.loop, f.holds->take(image, f.one)));  // twice is once
    ASSERT_TRUE(run(f.loop, f.holds->take(image, f.two)));
    f.open();
    EXPECT_EQ(f.holds->owners(), (std::vector{f.one, f.two}));
    EXPECT_TRUE(f.store->gc(start + 1000h)->empty());
    ASSERT_TRUE(run(f.loop, f.holds->drop(f.one)));
    EXPECT_TRUE(f.store->gc(start + 1000h)->empty());
    f.now = start + 1000h;
    ASSERT_TRUE(run(f.loop, f.holds->drop(f.two)));
    ASSERT_TRUE(run(f.loop, f.holds->drop(f.two)));
    EXPECT_TRUE(f.holds->owners().empty());
    // The day begins when the last one let go.
    EXPECT_TRUE(f.store->gc(f.now + 23h)->empty());
    EXPECT_EQ(f.store->gc(f.now + 24h)->size(), 1U);
}

TEST(ContentHolds, AreNoPinsOfAnArchive) {
    fixture f;
    const auto image = f.image();
    ASSERT_TRUE(run(f.loop, f.holds->take(image, f.one)));
    ASSERT_TRUE(f.store->pin(image, f.one.text()));
    ASSERT_TRUE(run(f.loop, f.holds->drop(f.one)));
    EXPECT_EQ(f.store->owners(image), std::vector{f.one.text()});
    EXPECT_TRUE(f.holds->owners().empty());
}

TEST(ContentHolds, CannotHoldWhatIsNotThere) {
    fixture f;
    const auto image = f.image();
    std::filesystem::remove_all(f.folder.path() + "/c/objects");
    EXPECT_TRUE(run(f.loop, f.holds->take(image, f.one)).error().is(codes::not_held));
    EXPECT_TRUE(f.holds->owners().empty());
}

}  // namespace
}  // namespace thole::ipfs
