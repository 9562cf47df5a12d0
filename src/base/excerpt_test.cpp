#include "base/excerpt.hpp"

#include <gtest/gtest.h>

namespace thole {
namespace {

TEST(printable_excerpt, is_ascii_and_no_longer_than_it_may_be) {
    EXPECT_EQ(printable_excerpt("", 4), "");
    EXPECT_EQ(printable_excerpt("plain ~", 7), "plain ~");
    EXPECT_EQ(printable_excerpt("plain ~", 5), "plain");
    EXPECT_EQ(printable_excerpt("a\n\x7f\xc3\xa9z", 6), "a    z");
    EXPECT_EQ(printable_excerpt("line\r\n", 9), "line");
    EXPECT_EQ(printable_excerpt("cut\xc3\xa9", 4), "cut");
    EXPECT_EQ(printable_excerpt("\n \n", 9), "");
}

}  // namespace
}  // namespace thole
