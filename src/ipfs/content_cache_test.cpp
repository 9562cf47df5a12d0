#include "ipfs/content_cache.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <deque>

#include "ipfs/codec/testing.hpp"

namespace thole::ipfs {
namespace {

bytes content_of(unsigned which, std::size_t size) {
    return bytes(size, static_cast<std::uint8_t>(which));
}

// proves: I6
TEST(ContentCache, KeepsWhatIsReadAndDropsWhatIsNot) {
    content_cache kept{3 * (100 + content_cache::entry_cost)};
    std::vector<cid> ids;
    for (unsigned i = 0; i < 4; ++i) ids.push_back(cid_of(content_of(i, 100)));
    for (unsigned i = 0; i < 3; ++i) kept.put(ids[i], content_of(i, 100));
    ASSERT_NE(kept.find(ids[0]), nullptr);
    EXPECT_EQ(*kept.find(ids[0]), content_of(0, 100));
    kept.put(ids[3], content_of(3, 100));
    EXPECT_EQ(kept.find(ids[1]), nullptr) << "read longest ago";
    EXPECT_NE(kept.find(ids[0]), nullptr);
    EXPECT_NE(kept.find(ids[2]), nullptr);
    EXPECT_NE(kept.find(ids[3]), nullptr);
    EXPECT_EQ(kept.hits(), 5U);
    EXPECT_EQ(kept.misses(), 1U);
}

TEST(ContentCache, BothVersionsOfACidAreOneEntry) {
    content_cache kept{1 << 20};
    const auto file = content_of(7, 300'000);
    const auto root = sha256(file);  // of a block that could be a node
    kept.put(cid::v0(root), content_of(7, 10));
    EXPECT_NE(kept.find(cid::v1(codec::dag_pb, root)), nullptr);
    EXPECT_EQ(kept.find(cid::v1(codec::raw, root)), nullptr) << "other bytes have that name";
}

TEST(ContentCache, TheLargestContentIsItsLimit) {
    content_cache kept{1 << 20};
    const auto fits = content_of(1, content_cache::largest_content);
    const auto large = content_of(2, content_cache::largest_content + 1);
    kept.put(cid_of(fits), fits);
    kept.put(cid_of(large), large);
    EXPECT_NE(kept.find(cid_of(fits)), nullptr);
    EXPECT_EQ(kept.find(cid_of(large)), nullptr);
    content_cache off{0};
    off.put(cid_of(content_of(1, 0)), {});
    EXPECT_EQ(off.find(cid_of(content_of(1, 0))), nullptr);
    EXPECT_EQ(off.size_bytes(), 0U);
}

// Beside a plain list: the same hits, and never more than the bound.
TEST(ContentCache, BehavesAsAListOfTheLastRead) {
    rc::check([] {
        const std::uint64_t most = *rc::gen::inRange(0, 4000);
        content_cache kept{most};
        std::deque<std::pair<unsigned, std::size_t>> model;  // read last first
        std::uint64_t held = 0;
        for (int step = 0; step < 60; ++step) {
            const auto which = *rc::gen::inRange(0U, 12U);
            const std::size_t size = which * 97;
            const auto data = content_of(which, size);
            const auto at =
                std::ranges::find(model, which, &std::pair<unsigned, std::size_t>::first);
            if (*rc::gen::arbitrary<bool>()) {
                const auto* found = kept.find(cid_of(data));
                RC_ASSERT((found != nullptr) == (at != model.end()));
                if (found == nullptr) continue;
                RC_ASSERT(*found == data);
                const auto entry = *at;
                model.erase(at);
                model.push_front(entry);
                continue;
            }
            kept.put(cid_of(data), data);
            const auto cost = size + content_cache::entry_cost;
            if (at == model.end() && cost <= most) {
                for (; held + cost > most; model.pop_back()) {
                    held -= model.back().second + content_cache::entry_cost;
                }
                model.emplace_front(which, size);
                held += cost;
            }
            RC_ASSERT(kept.size_bytes() == held);
            RC_ASSERT(held <= most);
        }
    });
}

}  // namespace
}  // namespace thole::ipfs
