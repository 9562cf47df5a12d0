#include "ipfs/content_quotas.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ipfs/client_testing.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::run;

struct quotas_of_two : ::testing::Test {
    std::vector<name> full_for(std::uint64_t bytes) {
        return run(loop, quotas.look(content, bytes)).value().full;
    }

    io::virtual_loop loop;
    const cid content = cid::v1(codec::raw, sha256(as_bytes("hello")));
    std::vector<pin_total> kept;
    std::vector<std::string> there;  // … who keeps the content already
    result<> readable;
    int reads = 0;
    content_quotas quotas{{{"pinata", 1000}, {"kubo", 50}},
                          [this]() -> task<result<std::vector<pin_total>>> {
                              ++reads;
                              if (!readable) co_return fail(readable.error());
                              co_return kept;
                          },
                          [this](std::string of) -> task<result<std::vector<std::string>>> {
                              EXPECT_EQ(of, content.text());
                              co_return there;
                          },
                          loop};
};

// proves: M1
TEST_F(quotas_of_two, what_fits_to_the_last_byte_has_room) {
    EXPECT_THAT(full_for(50), IsEmpty());
    EXPECT_THAT(full_for(51), ElementsAre(name{"kubo"}));
    EXPECT_THAT(full_for(1001), ElementsAre(name{"pinata"}, name{"kubo"}));
    EXPECT_THAT(full_for(std::numeric_limits<std::uint64_t>::max()),
                ElementsAre(name{"pinata"}, name{"kubo"}));
}

// proves: M1
TEST_F(quotas_of_two, what_is_kept_and_what_was_promised_since_counts) {
    kept = {{.provider = "kubo", .bytes = 20}, {.provider = "other", .bytes = 1'000'000}};
    EXPECT_THAT(full_for(30), IsEmpty());
    quotas.promise("kubo", 25);
    quotas.promise("other", 25);
    EXPECT_THAT(full_for(5), IsEmpty());
    EXPECT_THAT(full_for(6), ElementsAre(name{"kubo"}));
    EXPECT_EQ(reads, 1);
    // Promised, and in the ledger by now: counted once.
    kept[0].bytes = 45;
    loop.advance(content_quotas::fresh_enough);
    EXPECT_THAT(full_for(5), IsEmpty());
    EXPECT_EQ(reads, 2);
    // Given back.
    kept[0].bytes = 0;
    loop.advance(content_quotas::fresh_enough);
    EXPECT_THAT(full_for(50), IsEmpty());
    // More than the quota, which was lowered since.
    kept[0].bytes = 51;
    loop.advance(content_quotas::fresh_enough);
    EXPECT_THAT(full_for(0), ElementsAre(name{"kubo"}));
}

// proves: M1
TEST_F(quotas_of_two, what_is_there_already_needs_no_room) {
    kept = {{.provider = "kubo", .bytes = 50}};
    EXPECT_THAT(full_for(1), ElementsAre(name{"kubo"}));
    there = {"kubo"};
    EXPECT_THAT(full_for(1), IsEmpty());
}

// proves: M1
TEST_F(quotas_of_two, what_was_promised_and_never_came_is_room_again) {
    EXPECT_THAT(full_for(1), IsEmpty());
    quotas.promise("kubo", 50);
    EXPECT_THAT(full_for(1), ElementsAre(name{"kubo"}));
    quotas.take_back("kubo", 50);
    EXPECT_THAT(full_for(50), IsEmpty());
    // When the ledger was read in between, the promise is forgotten already.
    quotas.promise("kubo", 50);
    loop.advance(content_quotas::fresh_enough);
    EXPECT_THAT(full_for(50), IsEmpty());
    quotas.take_back("kubo", 50);
    EXPECT_THAT(full_for(51), ElementsAre(name{"kubo"}));
}

TEST_F(quotas_of_two, a_ledger_that_cannot_be_read_is_said_and_asked_again) {
    readable = fail(codes::disk_error);
    EXPECT_TRUE(run(loop, quotas.look(content, 1)).error().is(codes::disk_error));
    readable = {};
    kept = {{.provider = "pinata", .bytes = 1000}};
    EXPECT_THAT(full_for(1), ElementsAre(name{"pinata"}));
}

TEST(content_quotas, without_one_nothing_is_read) {
    io::virtual_loop loop;
    content_quotas none{{}, {}, {}, loop};
    const auto content = cid::v1(codec::raw, sha256(as_bytes("hello")));
    EXPECT_THAT(run(loop, none.look(content, 1)).value().full, IsEmpty());
    EXPECT_FALSE(none.any());
}

}  // namespace
}  // namespace thole::ipfs
