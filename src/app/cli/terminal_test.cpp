#include "app/cli/terminal.hpp"

#include <gtest/gtest.h>

namespace thole::app {
namespace {

struct screen_test : ::testing::Test {
    std::FILE* file = std::tmpfile();
    terminal screen{file, {}};
    ~screen_test() override { std::fclose(file); }
};

TEST_F(screen_test, a_file_gets_no_colour_and_no_status_line) {
    EXPECT_FALSE(screen.is_tty());
    EXPECT_EQ(screen.painted("x", colour::red), "x");
    screen.status("working");
    screen.print("done\n");
    EXPECT_EQ(std::ftell(file), 5);
}

TEST_F(screen_test, columns_are_as_wide_as_needed) {
    table t{{"ID", "STATE"}};
    t.add({{"1"}, {"COMPLETED"}});
    t.add({{"12345"}, {"X"}});
    EXPECT_EQ(t.text(screen, 80), "ID     STATE\n1      COMPLETED\n12345  X\n");
}

TEST_F(screen_test, a_table_fits_by_cutting_its_widest_columns) {
    table t{{"A", "B"}};
    t.add({{std::string(30, 'a')}, {std::string(60, 'b')}});
    const auto text = t.text(screen, 80);
    std::size_t start = 0;
    while (start < text.size()) {
        const auto end = text.find('\n', start);
        EXPECT_LE(end - start, 80U);
        start = end + 1;
    }
    EXPECT_NE(text.find(std::string(30, 'a') + "  "), std::string::npos)
        << "the narrow one is whole";
    EXPECT_NE(text.find("b.."), std::string::npos);
}

TEST_F(screen_test, an_id_is_never_cut_and_the_key_is_cut_first) {
    const std::string id = "0192f0c1-0000-7000-8000-000000000000";
    const auto row = [&](const std::string& state, const std::string& progress,
                         const std::string& waits) {
        table t{{"ID", "KIND", "KEY", "STATE", "PROGRESS", "WAITS"}};
        t.never_cut(0).cut_first(2);
        t.add({{id}, {"mint"}, {std::string(36, 'k')}, {state}, {progress}, {waits}});
        return t.text(screen, 80);
    };
    const auto done = row("completed", "COMPLETED", "");
    EXPECT_NE(done.find("\n" + id + "  mint  kkkkk..  completed  COMPLETED\n"), std::string::npos)
        << done;
    const auto parked = row("parked", "NEEDS_ATTENTION", std::string(60, 'w'));
    const auto line = parked.substr(parked.find('\n') + 1);
    EXPECT_LE(line.size(), 81U) << line;
    EXPECT_TRUE(line.starts_with(id + "  mint  kkk..  parked  ")) << line;
}

TEST_F(screen_test, width_is_counted_in_characters) {
    EXPECT_EQ(columns("gr\xc3\xbc\xc3\x9f"), 4U);
    table t{{"", ""}};
    t.add({{"gr\xc3\xbc\xc3\x9f"}, {"x"}});
    t.add({{"gruss"}, {"x"}});
    EXPECT_EQ(t.text(screen, 80), "gr\xc3\xbc\xc3\x9f   x\ngruss  x\n");
}

// proves: O10
TEST(plain, control_characters_do_not_reach_the_terminal) {
    EXPECT_EQ(plain("a\x1b[31mb\nc\x7f"), "a?[31mb?c?");
    EXPECT_EQ(plain("\xc2\x9b"
                    "2J"),
              "?2J");
    EXPECT_EQ(plain("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
}

}  // namespace
}  // namespace thole::app
