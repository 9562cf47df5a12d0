#include "base/known_answers.hpp"

#include <gtest/gtest.h>

namespace thole {
namespace {

// Of two places only: every question meets every other.
TEST(KnownAnswers, KeepsTheTwoNewestThatMeet) {
    known_answers<int, 2> known;
    EXPECT_EQ(known.find("one"), nullptr);
    EXPECT_EQ(known.keep("one", 1), 1);
    EXPECT_EQ(known.keep("two", 2), 2);
    ASSERT_NE(known.find("one"), nullptr);
    EXPECT_EQ(*known.find("one"), 1);
    EXPECT_EQ(*known.find("two"), 2);
    known.keep("three", 3);
    EXPECT_EQ(known.find("one"), nullptr);
    EXPECT_EQ(*known.find("two"), 2);
    EXPECT_EQ(*known.find("three"), 3);
}

TEST(KnownAnswers, KnowsNothingOfTheEmptyQuestion) {
    const known_answers<int, 4> known;
    EXPECT_EQ(known.find(""), nullptr);
}

}  // namespace
}  // namespace thole
