#include <gtest/gtest.h>

#include <bit>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <rapidcheck/gtest.h>

#include "base/json.hpp"

namespace thole::json {
namespace {

using boost::json::value;

std::string canonical_of(std::string_view text) {
    const auto parsed = parse(text);
    return parsed ? canonical(*parsed) : "refused: " + parsed.error().front().detail;
}

TEST(Canonical, WritesTheNumbersOfRfc8785AppendixB) {
    const std::pair<std::uint64_t, std::string_view> vectors[] = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"}};
    for (const auto& [bits, text] : vectors) {
        EXPECT_EQ(canonical(value(std::bit_cast<double>(bits))), text);
        // And the parser reads the same double back, to the last bit (zero loses its sign).
        if (bits != 0x8000000000000000) {
            const auto parsed = read<double>(text);
            ASSERT_TRUE(parsed) << text;
            EXPECT_EQ(std::bit_cast<std::uint64_t>(*parsed), bits) << text;
        }
    }
}

TEST(Canonical, WritesTheExamplesOfRfc8785) {
    EXPECT_EQ(canonical_of(R"({
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]})"),
              "{\"literals\":[null,true,false],"
              "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
              "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    EXPECT_EQ(canonical_of(R"({"\u20ac":"Euro Sign","\r":"Carriage Return",
        "\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face",
        "\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"})"),
              "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
              "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\","
              "\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
              "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

TEST(Canonical, SortsAtEveryDepthButKeepsArrays) {
    EXPECT_EQ(canonical_of(R"({"b":[{"z":1,"y":2},0],"a":{"d":1,"c":{}},"":[]})"),
              R"({"":[],"a":{"c":{},"d":1},"b":[{"y":2,"z":1},0]})");
    EXPECT_EQ(canonical_of(R"({"ab":1,"a":2,"abc":3})"), R"({"a":2,"ab":1,"abc":3})");
}

TEST(Canonical, WritesLargeIntegersAsTheDoubleThatTheyAre) {
    EXPECT_EQ(canonical_of("18446744073709551615"), "18446744073709552000");
    EXPECT_EQ(canonical_of("-9223372036854775808"), "-9223372036854776000");
    EXPECT_EQ(canonical_of("[1.0,1,1e0,10e-1]"), "[1,1,1,1]");
}

RC_GTEST_PROP(Canonical, EveryDoubleReadsBackExactly, (std::uint64_t bits)) {
    const auto number = std::bit_cast<double>(bits);
    RC_PRE(number == number && number - number == 0 && number != 0);
    const auto text = canonical(value(number));
    const auto parsed = read<double>(text);
    RC_ASSERT(parsed && std::bit_cast<std::uint64_t>(*parsed) == bits);
    RC_ASSERT(canonical_of(text) == text);
}

// UTF-16 code units of a text made of the given code points.
std::vector<std::uint16_t> utf16_of(const std::vector<std::uint32_t>& points) {
    std::vector<std::uint16_t> units;
    for (const auto point : points) {
        if (point < 0x10000) {
            units.push_back(static_cast<std::uint16_t>(point));
        } else {
            units.push_back(static_cast<std::uint16_t>(0xd800 + ((point - 0x10000) >> 10)));
            units.push_back(static_cast<std::uint16_t>(0xdc00 + ((point - 0x10000) & 0x3ff)));
        }
    }
    return units;
}

std::string utf8_of(const std::vector<std::uint32_t>& points) {
    std::string out;
    const auto tail = [&](std::uint32_t bits) { out += static_cast<char>(0x80 | (bits & 0x3f)); };
    for (const auto point : points) {
        if (point < 0x80) {
            out += static_cast<char>(point);
        } else if (point < 0x800) {
            out += static_cast<char>(0xc0 | (point >> 6));
            tail(point);
        } else if (point < 0x10000) {
            out += static_cast<char>(0xe0 | (point >> 12));
            tail(point >> 6);
            tail(point);
        } else {
            out += static_cast<char>(0xf0 | (point >> 18));
            tail(point >> 12);
            tail(point >> 6);
            tail(point);
        }
    }
    return out;
}

RC_GTEST_PROP(Canonical, OrdersKeysByUtf16CodeUnits, ()) {
    const auto points = rc::gen::container<std::vector<std::uint32_t>>(rc::gen::elementOf(
        std::vector<std::uint32_t>{0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfb33, 0xffff,
                                   0x10000, 0x1f600, 0x40000, 0x10ffff}));
    const auto a = *points;
    const auto b = *points;
    RC_PRE(a != b);
    boost::json::object object;
    object.emplace(utf8_of(a), "a");
    object.emplace(utf8_of(b), "b");
    const auto text = canonical(object);
    RC_ASSERT((text.find("\"a\"") < text.find("\"b\"")) == (utf16_of(a) < utf16_of(b)) ||
              utf8_of(a) == "a" || utf8_of(b) == "b");
}

}  // namespace
}  // namespace thole::json
