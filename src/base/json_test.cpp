#include "base/json.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "base/bytes.hpp"
#include "base/id.hpp"
#include "base/json_document.hpp"

namespace thole::json {
namespace {

using namespace std::string_view_literals;

enum class priority { low, normal, high };
BOOST_DESCRIBE_ENUM(priority, low, normal, high)

enum class standard { token_2022, metaplex };

struct attribute {
    std::string trait_type;
    std::string value;
    friend bool operator==(const attribute&, const attribute&) = default;
};
BOOST_DESCRIBE_STRUCT(attribute, (), (trait_type, value))

struct sample {
    std::string owner;
    std::optional<std::uint32_t> level;
    bool is_mutable = true;
    priority urgency = priority::normal;
    std::vector<attribute> attributes;
    std::map<std::string, std::int8_t> weights;
    std::uint64_t lamports = 0;
    std::int64_t change = 0;
    double rate = 0;
    boost::json::value extra;
    friend bool operator==(const sample&, const sample&) = default;
};
BOOST_DESCRIBE_STRUCT(sample, (),
                      (owner, level, is_mutable, urgency, attributes, weights, lamports, change,
                       rate, extra))

struct lenient {
    int a = 1;
    int b = 2;
};
BOOST_DESCRIBE_STRUCT(lenient, (), (a, b))

struct derived : lenient {
    standard kind = standard::metaplex;
    uuid id;
    store_time at;
};
BOOST_DESCRIBE_STRUCT(derived, (lenient), (kind, id, at))

struct stored {
    std::string name;
    int level = 0;
};
BOOST_DESCRIBE_STRUCT(stored, (), (name, level))

void add_level(boost::json::object& members) {
    members.emplace("level", 7);
}
void rename_title(boost::json::object& members) {
    members.emplace("name", members.at("title"));
    members.erase("title");
}

}  // namespace

template <>
inline constexpr all_members_t optional_members<sample>{};
template <>
inline constexpr auto optional_members<lenient> = std::array{"b"sv};
template <>
inline constexpr auto enum_texts<standard> = std::array{
    std::pair{standard::token_2022, "token-2022"sv}, std::pair{standard::metaplex, "metaplex"sv}};
template <>
inline constexpr auto document_upgrades<stored> = std::array{&rename_title, &add_level};

namespace {

// "pointer code" of every problem, in order.
std::vector<std::string> told(const problems& found) {
    std::vector<std::string> out;
    for (const auto& each : found) out.push_back(each.pointer + " " + each.code);
    return out;
}
using told_list = std::vector<std::string>;

template <class T>
told_list problems_of(std::string_view text) {
    const auto got = read<T>(text);
    return got ? told_list{} : told(got.error());
}

TEST(JsonRead, FillsEveryMember) {
    const auto got = read<sample>(R"({"owner":"me","level":3,"is_mutable":false,"urgency":"high",
        "attributes":[{"trait_type":"Level","value":"3"}],"weights":{"x":-5},
        "lamports":"18446744073709551615","change":-9,"rate":2,"extra":{"any":[1]}})");
    ASSERT_TRUE(got);
    EXPECT_EQ(got->owner, "me");
    EXPECT_EQ(got->level, 3U);
    EXPECT_FALSE(got->is_mutable);
    EXPECT_EQ(got->urgency, priority::high);
    EXPECT_EQ(got->attributes, (std::vector<attribute>{{"Level", "3"}}));
    EXPECT_EQ(got->weights.at("x"), -5);
    EXPECT_EQ(got->lamports, UINT64_MAX);
    EXPECT_EQ(got->change, -9);
    EXPECT_EQ(got->rate, 2.0);
    EXPECT_EQ(canonical(got->extra), R"({"any":[1]})");
}

TEST(JsonRead, KeepsDefaultsOfOptionalMembersAndReadsNullAsEmpty) {
    const auto got = read<sample>(R"({"owner":"me","level":null})");
    ASSERT_TRUE(got);
    EXPECT_TRUE(got->is_mutable);
    EXPECT_EQ(got->urgency, priority::normal);
    EXPECT_FALSE(got->level);
    EXPECT_EQ(problems_of<lenient>(R"({"a":5})"), told_list{});
    EXPECT_EQ(problems_of<lenient>(R"({"b":5})"), told_list{"/a json.missing_member"});
}

TEST(JsonRead, ReportsAllProblemsWithTheirPointers) {
    EXPECT_EQ(
        problems_of<sample>(R"({"owner":1,"levl":2,"is_mutable":"yes","urgency":"urgent",
        "attributes":[{"trait_type":"a","value":"b"},{"trait_type":7}],"weights":{"a/b~c":128},
        "lamports":-1,"change":"9223372036854775808","rate":"2"})"),
        (told_list{
            "/levl json.unknown_member", "/owner json.wrong_type", "/is_mutable json.wrong_type",
            "/urgency json.unknown_value", "/attributes/1/value json.missing_member",
            "/attributes/1/trait_type json.wrong_type", "/weights/a~1b~0c json.out_of_range",
            "/lamports json.out_of_range", "/change json.out_of_range", "/rate json.wrong_type"}));
}

TEST(JsonRead, ReportsDuplicatesBesideTheOtherProblems) {
    EXPECT_EQ(problems_of<lenient>(R"({"a":1,"a":2,"c":{"x":[0,{"y":1,"y":2}]}})"),
              (told_list{"/a json.duplicate_member", "/c/x/1/y json.duplicate_member",
                         "/c json.unknown_member"}));
    // The same name spelled with an escape is still the same name.
    EXPECT_EQ(problems_of<lenient>(R"({"a":1,"\u0061":2})"), told_list{"/a json.duplicate_member"});
}

TEST(JsonRead, HoldsIntegersToTheirType) {
    EXPECT_EQ(read<std::int32_t>("2147483647").value(), INT32_MAX);
    EXPECT_EQ(problems_of<std::int32_t>("2147483648"), told_list{" json.out_of_range"});
    EXPECT_EQ(problems_of<std::int32_t>("1.0"), told_list{" json.wrong_type"});
    EXPECT_EQ(problems_of<std::int32_t>("\"1\""), told_list{" json.wrong_type"});
    EXPECT_EQ(problems_of<std::uint8_t>("256"), told_list{" json.out_of_range"});
    EXPECT_EQ(read<std::int64_t>("\"-9223372036854775808\"").value(), INT64_MIN);
    EXPECT_EQ(problems_of<std::int64_t>("9223372036854775808"), told_list{" json.out_of_range"});
    EXPECT_EQ(problems_of<std::uint64_t>("18446744073709551616"), told_list{" json.wrong_type"});
    for (const auto* bad : {"\"\"", "\"01\"", "\"+1\"", "\"-0\"", "\" 1\"", "\"1.0\"", "\"0x1\""}) {
        EXPECT_EQ(problems_of<std::uint64_t>(bad), told_list{" json.wrong_type"}) << bad;
    }
}

TEST(JsonRead, ReadsIdsTimesInheritedMembersAndRenamedEnums) {
    const auto got = read<derived>(R"({"a":1,"b":3,"kind":"token-2022",
        "id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","at":"2026-01-01T00:00:00Z"})");
    ASSERT_TRUE(got) << told(got.error()).front();
    EXPECT_EQ(got->b, 3);
    EXPECT_EQ(got->kind, standard::token_2022);
    EXPECT_EQ(write(*got),
              R"({"a":1,"b":3,"kind":"token-2022","id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f",)"
              R"("at":"2026-01-01T00:00:00.000000Z"})");
    EXPECT_EQ(problems_of<derived>(R"({"a":1,"b":3,"kind":"token_2022","id":"17f","at":"now"})"),
              (told_list{"/kind json.unknown_value", "/id json.bad_text", "/at json.bad_text"}));
}

TEST(JsonParse, ReportsSyntaxErrorsOnce) {
    for (const auto* bad :
         {"",    " ",    "{",   "[1,]",        "{\"a\":1,}", "{a:1}",    "nul",
          "01",  "+1",   "1 2", "\"\\ud800\"", "\"\xff\"",   "\"a\nb\"", "// c\n1",
          "NaN", "[1]]", "'a'", ".5",          "1.",         "\"\\x\""}) {
        const auto got = parse(bad);
        ASSERT_FALSE(got) << bad;
        EXPECT_EQ(told(got.error()), told_list{" json.syntax"}) << bad;
    }
}

TEST(JsonParse, LimitsDepthAndRange) {
    const auto nested = [](int depth) {
        return std::string(static_cast<std::size_t>(depth), '[') +
               std::string(static_cast<std::size_t>(depth), ']');
    };
    EXPECT_TRUE(parse(nested(32)));
    EXPECT_EQ(told(parse(nested(33)).error()), told_list{" json.too_deep"});
    EXPECT_EQ(told(parse(nested(100'000)).error()), told_list{" json.too_deep"});
    EXPECT_EQ(told(parse("[0,1e999]").error()), told_list{"/1 json.out_of_range"});
    EXPECT_EQ(canonical(parse("[1e-999,-1e-999]").value()), "[0,0]");
}

TEST(JsonParse, BoundsTheNumberOfProblems) {
    std::string text = "{";
    for (int i = 0; i < 500; ++i) text += "\"x" + std::to_string(i) + "\":0,";
    text += "\"a\":1}";
    EXPECT_EQ(problems_of<lenient>(text).size(), 100U);
}

TEST(JsonWrite, KeepsDeclarationOrderAndLeavesEmptyOptionalsOut) {
    sample s;
    s.owner = "a\"\x01";
    s.lamports = 5;
    s.rate = 1.5;
    EXPECT_EQ(write(s),
              "{\"owner\":\"a\\\"\\u0001\",\"is_mutable\":true,\"urgency\":\"normal\","
              "\"attributes\":[],\"weights\":{},\"lamports\":\"5\",\"change\":\"0\",\"rate\":1.5,"
              "\"extra\":null}");
}

RC_GTEST_PROP(JsonWrite, ReadsBack,
              (std::uint64_t lamports, std::int64_t change,
               std::map<std::string, std::int8_t> weights, double rate)) {
    sample s;
    s.lamports = lamports;
    s.change = change;
    s.rate = rate;
    s.urgency = *rc::gen::element(priority::low, priority::normal, priority::high);
    if (*rc::gen::arbitrary<bool>()) s.level = static_cast<std::uint32_t>(lamports);
    const auto ascii = rc::gen::string<std::string>();
    for (const auto& [key, weight] : weights) s.weights[to_hex(as_bytes(key))] = weight;
    s.owner = to_base58(as_bytes(*ascii));
    s.attributes.resize(*rc::gen::inRange<std::size_t>(0, 4));
    const auto got = read<sample>(write(s));
    RC_ASSERT(got.has_value());
    RC_ASSERT(*got == s);
    RC_ASSERT(read<sample>(canonical(to_value(s))).has_value());
}

RC_GTEST_PROP(JsonParse, NeverFailsOtherThanByProblems, (const std::string& noise)) {
    const auto text = noise + *rc::gen::container<std::string>(rc::gen::elementOf(
                                  std::string{"{}[]\",:0123456789eE.+-tfn \\u"}));
    const auto got = parse(text);
    if (got) RC_ASSERT(parse(canonical(*got)).has_value());
    RC_ASSERT(got.has_value() || !got.error().empty());
}

struct inner_options {
    int depth = 1;
    int width = 2;
};
BOOST_DESCRIBE_STRUCT(inner_options, (), (depth, width))

struct options {
    duration wait = std::chrono::seconds{5};
    std::optional<inner_options> inner;
    std::vector<int> list{1, 2};
};
BOOST_DESCRIBE_STRUCT(options, (), (wait, inner, list))

}  // namespace

template <>
inline constexpr auto optional_members<inner_options> = all_members;
template <>
inline constexpr auto optional_members<options> = all_members;

namespace {

TEST(JsonRead, LaysAnObjectOverWhatIsThere) {
    options o;
    o.inner = inner_options{.depth = 7, .width = 8};
    EXPECT_TRUE(read_over(o, parse(R"({"wait":"1m30s","inner":{"width":9}})").value()).empty());
    EXPECT_EQ(o.wait, std::chrono::seconds{90});
    EXPECT_EQ(o.inner->depth, 7);
    EXPECT_EQ(o.inner->width, 9);
    EXPECT_EQ(o.list, (std::vector{1, 2}));
    EXPECT_EQ(told(read_over(o, parse(R"({"wait":90,"inner":null,"list":[3]})").value())),
              told_list{"/wait json.wrong_type"});
    EXPECT_FALSE(o.inner);
    EXPECT_EQ(o.list, std::vector{3});
    EXPECT_EQ(told(read_over(o, parse(R"({"wait":"90"})").value())),
              told_list{"/wait json.bad_text"});
    EXPECT_EQ(write(o), R"({"wait":"1m30s","list":[3]})");
}

TEST(JsonDocument, WritesAndDemandsItsVersion) {
    const stored s{"n", 3};
    EXPECT_EQ(document<stored>::write(s), R"({"v":3,"name":"n","level":3})");
    EXPECT_EQ(document<stored>::read(document<stored>::write(s)).value().level, 3);
    EXPECT_EQ(told(document<stored>::read(R"({"name":"n","level":3})").error()),
              told_list{"/v json.missing_member"});
    EXPECT_EQ(told(document<stored>::read(R"({"v":3,"name":"n","level":3,"x":1})").error()),
              told_list{"/x json.unknown_member"});
    EXPECT_EQ(told(document<stored>::read("[]").error()), told_list{" json.wrong_type"});
}

TEST(JsonDocument, UpgradesOldVersionsAndRefusesNewerOnes) {
    const auto first = document<stored>::read(R"({"v":1,"title":"n"})");
    ASSERT_TRUE(first) << told(first.error()).front();
    EXPECT_EQ(first->name, "n");
    EXPECT_EQ(first->level, 7);
    EXPECT_EQ(document<stored>::read(R"({"v":2,"name":"m"})").value().level, 7);
    EXPECT_EQ(told(document<stored>::read(R"({"v":4,"name":"n","level":1})").error()),
              told_list{"/v json.unknown_version"});
    EXPECT_EQ(told(document<stored>::read(R"({"v":0,"title":"n"})").error()),
              told_list{"/v json.unknown_version"});
}

}  // namespace
}  // namespace thole::json
