#include "ipfs/codec/car.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "ipfs/codec/testing.hpp"
#include "ipfs/codec/varint.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

using blocks = std::vector<std::pair<cid, bytes>>;

bytes to_car(const testing::taken_apart& made) {
    auto out = car_header(made.root.root);
    for (const auto& [id, block] : made.blocks) append_car_block(out, id, block);
    return out;
}

result<blocks> read_car(bytes_view data, std::size_t step, car_limits limits = {}) {
    blocks out;
    car_reader read{limits, [&](const cid& id, bytes_view block) -> result<> {
                        out.emplace_back(id, bytes{block.begin(), block.end()});
                        return {};
                    }};
    while (!data.empty()) {
        const auto part = data.first(std::min(step, data.size()));
        if (auto ok = read.feed(part); !ok) {
            EXPECT_FALSE(read.feed(part));  // the error stays
            return std::unexpected(ok.error());
        }
        data = data.subspan(part.size());
    }
    if (auto ok = read.finish(); !ok) return std::unexpected(ok.error());
    return out;
}

TEST(Car, HeaderIsTheKnownBytes) {
    const auto root = *cid::parse("bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
    EXPECT_EQ(to_hex(car_header(root)), "3aa265726f6f747381d82a58250001551220" +
                                            to_hex(root.digest()) + "6776657273696f6e01");
}

RC_GTEST_PROP(CarProperty, RoundTripsHoweverItIsCut, (const bytes& content)) {
    const auto made =
        testing::take_apart(content, *rc::gen::element(testing::tiny, testing::tiny_v0));
    const auto step = *rc::gen::inRange<std::size_t>(1, 200);
    RC_ASSERT(*read_car(to_car(made), step) == made.blocks);
}

RC_GTEST_PROP(CarProperty, TruncationIsAlwaysFound, (const bytes& content)) {
    const auto made = testing::take_apart(content, testing::tiny);
    const auto whole = to_car(made);
    const auto cut = *rc::gen::inRange<std::size_t>(0, whole.size());
    const auto read = read_car(bytes_view{whole}.first(cut), 64);
    // A cut exactly between sections is a shorter CAR; anything else is an error.
    if (read)
        RC_ASSERT(read->size() < made.blocks.size());
    else
        RC_ASSERT(read.error().is(codes::malformed_car));
}

RC_GTEST_PROP(CarProperty, AnyBytesAreReadOrRefused, (const bytes& noise, const bytes& content)) {
    if (const auto read = read_car(noise, 7); !read)
        RC_ASSERT(read.error().is(codes::malformed_car));
    auto near = to_car(testing::take_apart(content, testing::tiny));
    near[*rc::gen::inRange<std::size_t>(0, near.size())] ^= *rc::gen::inRange<std::uint8_t>(1, 255);
    if (const auto read = read_car(near, 50); !read)
        RC_ASSERT(read.error().is(codes::malformed_car));
}

TEST(Car, KeepsItsLimits) {
    const auto made = testing::take_apart(testing::pattern(40), testing::tiny);
    const auto whole = to_car(made);
    EXPECT_TRUE(read_car(whole, 10, {.max_blocks = made.blocks.size()}));
    EXPECT_FALSE(read_car(whole, 10, {.max_blocks = made.blocks.size() - 1}));
    EXPECT_FALSE(read_car(whole, 10, {.max_header = 10}));
    EXPECT_FALSE(read_car(whole, 10, {.max_block = 3}));
    // A length that no buffer should be made for.
    bytes huge = car_header(made.root.root);
    put_varint(huge, std::uint64_t{1} << 40);
    EXPECT_FALSE(read_car(huge, 1));
    bytes empty_section = car_header(made.root.root);
    empty_section.push_back(0);
    EXPECT_FALSE(read_car(empty_section, 100));
}

}  // namespace
}  // namespace thole::ipfs
