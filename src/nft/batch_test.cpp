#include "nft/batch.hpp"

#include <gmock/gmock.h>

#include <rapidcheck/gtest.h>

#include "nft/csv.hpp"

namespace thole::nft {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view wallet = "7A4NamkMyPufJdqsoRxUt3fE2KYuQ9NAb25GgAKECwaf";
constexpr std::string_view picture = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";

std::string with_wallet(std::string text) {
    for (auto at = text.find('$'); at != std::string::npos; at = text.find('$')) {
        text.replace(at, 1, wallet);
    }
    return text;
}

mint_batch judged(mint_batch batch) {
    for (auto& item : batch.items) item.request.image = picture;
    judge_batch(batch);
    return batch;
}

std::vector<std::string> told(const mint_batch& batch) {
    std::vector<std::string> out;
    for (const auto& each : batch.mistakes) out.push_back(each.place + ": " + each.field);
    return out;
}

// proves: M3
TEST(mint_batch, reads_comma_separated_values) {
    const auto batch = judged(
        read_batch_csv(with_wallet("\xEF\xBB\xBFowner,name,image,level,is_mutable,attribute:Row\r\n"
                                   "$,\"Seat \"\"B\"\", left\",a.png,3,false,7\r\n"
                                   "\r\n"
                                   "$,\"two\nlines\",b.png,,,\r\n"
                                   "$,Seat C,c.png,,,\r\n")));
    EXPECT_THAT(told(batch), ElementsAre("line 4: name")) << "no line feed in a name";
    ASSERT_THAT(batch.items, SizeIs(3));
    const auto& first = batch.items[0];
    EXPECT_EQ(first.request.name, "Seat \"B\", left");
    EXPECT_EQ(first.request.owner, wallet);
    EXPECT_EQ(first.request.account, std::string{wallet});
    EXPECT_EQ(first.request.level, 3U);
    EXPECT_FALSE(first.request.is_mutable);
    EXPECT_THAT(first.request.attributes, ElementsAre(attribute{"Row", "7"}));
    EXPECT_EQ(first.image, "a.png");
    EXPECT_EQ(first.place, "line 2");
    EXPECT_EQ(key_of_item("spring", first), "spring/2");
    EXPECT_TRUE(batch.items[2].request.is_mutable);
    EXPECT_FALSE(batch.items[2].request.level.has_value());
    EXPECT_EQ(batch.items[2].place, "line 6");
}

// proves: M3
TEST(mint_batch, tells_every_mistake_with_its_line) {
    const auto batch = judged(
        read_batch_csv(with_wallet("owner,name,image,level,standard,external_url\n"
                                   "nobody,Seat 1,a.png,,,\n"
                                   "$,a name that is longer than the chain allows,a.png,x,,\n"
                                   "$,Seat 3,a.png\n"
                                   "$,Seat 4,,,opensea,\n"
                                   "$,,a.png,,,javascript:x\n")));
    EXPECT_THAT(told(batch),
                ::testing::UnorderedElementsAre("line 2: owner", "line 3: level", "line 3: name",
                                                "line 4: ", "line 5: image", "line 5: standard",
                                                "line 6: name", "line 6: external_url"));
}

TEST(mint_batch, columns_are_known_and_there_once) {
    EXPECT_THAT(told(read_batch_csv("owner,nmae,name,name,attribute:\n1,2,3,4,5\n")),
                ElementsAre("line 1: nmae", "line 1: name", "line 1: attribute:"));
    EXPECT_THAT(told(read_batch_csv("")), ElementsAre("line 1: "));
    EXPECT_THAT(told(read_batch_csv("owner,name\n")), ElementsAre("line 1: "));
    EXPECT_THAT(told(read_batch_csv("owner\n\"a")), ElementsAre("line 2: "));
    EXPECT_THAT(told(read_batch_csv("owner\n\"a\"b\n")), ElementsAre("line 2: "));
}

// proves: M3
TEST(mint_batch, reads_a_json_list) {
    const auto batch = judged(read_batch_json(with_wallet(R"([
  {"owner":"$","name":"Seat 1","image":"a.png"},

  {"owner":"$","name":"Seat [2], {","image":"b.png","symbol":"TIX","level":7,
   "attributes":[{"trait_type":"Row","value":"1"}]},
  {"owner":"$","name":"Seat 3","image":"c.png","colour":"red"},
  7, {"owner":"$","name":"Seat 5"}
])")));
    EXPECT_THAT(told(batch), ElementsAre("line 6: colour", "line 7: ", "line 7: image"));
    ASSERT_GE(batch.items.size(), 2U);
    EXPECT_EQ(batch.items[1].place, "line 4");
    EXPECT_EQ(batch.items[1].request.level, 7U);
    EXPECT_EQ(key_of_item("spring", batch.items[1]), "spring/2");
}

TEST(mint_batch, broken_json_is_told_with_its_line) {
    EXPECT_THAT(told(read_batch_json("[\n{},\n{\"a\":1,}\n]")), ElementsAre("line 3: "));
    EXPECT_THAT(told(read_batch_json("[{},\n{\"name\":1,\n\"name\":2}]")),
                ElementsAre("line 2: name"));
    EXPECT_THAT(told(read_batch_json("{}")), ElementsAre("line 1: "));
    EXPECT_THAT(told(read_batch_json("[]")), ElementsAre("line 1: "));
}

TEST(mint_batch, a_file_of_a_directory_is_one_request) {
    mint_batch batch;
    read_batch_file(batch, "seat-1", "seat-1.json",
                    with_wallet(R"({"owner":"$","name":"Seat 1"})"));
    read_batch_file(batch, "seat 2", "seat 2.json", "{}");
    read_batch_file(batch, "seat-3", "seat-3.json", "[]");
    read_batch_file(batch, "seat-4", "seat-4.json", with_wallet(R"({"owner":"$","image":1})"));
    EXPECT_THAT(
        told(judged(batch)),
        ElementsAre("seat 2.json: ", "seat-3.json: ", "seat-4.json: image", "seat-4.json: name"));
    ASSERT_THAT(batch.items, SizeIs(2));
    EXPECT_EQ(key_of_item("drop", batch.items[0]), "drop/seat-1");
    EXPECT_EQ(batch.items[0].image, "");
}

// proves: M3
TEST(mint_batch, tags_are_a_column_a_member_and_of_all) {
    auto batch =
        read_batch_csv(with_wallet("owner,name,image,tags\n"
                                   "$,Seat 1,a.png,vip team:red\n"
                                   "$,Seat 2,a.png,\n"
                                   "$,Seat 3,a.png,a+b\n"));
    tag_batch(batch, {"spring", "vip"});
    batch = judged(std::move(batch));
    EXPECT_THAT(told(batch), ElementsAre("line 4: tags/0"));
    EXPECT_THAT(*batch.items[0].request.tags, ElementsAre("vip", "team:red", "spring"));
    EXPECT_THAT(*batch.items[1].request.tags, ElementsAre("spring", "vip"));
    auto list = read_batch_json(
        with_wallet(R"([{"owner":"$","name":"Seat 1","image":"a.png","tags":["vip"]},
                        {"owner":"$","name":"Seat 2","image":"a.png"}])"));
    tag_batch(list, {});
    list = judged(std::move(list));
    EXPECT_THAT(told(list), IsEmpty());
    EXPECT_THAT(*list.items[0].request.tags, ElementsAre("vip"));
    EXPECT_FALSE(list.items[1].request.tags);
    tag_batch(list, {"no blanks", "ok", "ok"});
    EXPECT_THAT(told(list), ElementsAre("--tag: tags/0", "--tag: tags/2")) << "once, not of each";
}

// Where an item began once, before lines were put in.
TEST(mint_batch, lines_of_a_csv_on_which_no_item_begins_are_told) {
    const auto spare = [](std::string_view text) { return read_batch_csv(text).spare; };
    EXPECT_THAT(spare("owner\na\nb\n"), ElementsAre());
    EXPECT_THAT(spare("owner\n\na\nb\n\n"), ElementsAre("2"));
    EXPECT_THAT(spare("\n\nowner\na\n"), ElementsAre("2", "3"));
    EXPECT_THAT(spare("owner\n\"a\n\nb\"\nc\n"), ElementsAre("3", "4"));
    std::string many = "owner\n" + std::string(batch_limits::items + 5, '\n') + "a\n";
    EXPECT_THAT(spare(many), SizeIs(batch_limits::items));
}

// Of two lines the second was minted as "3"; without the first it is "2", which nobody ever sent.
TEST(mint_batch, keys_behind_the_last_item_are_told) {
    const auto csv = read_batch_csv("owner\n\nb\n\n").beyond;
    ASSERT_THAT(csv, SizeIs(batch_limits::beyond));
    EXPECT_EQ(csv.front(), "4");
    EXPECT_EQ(csv.back(), "103");
    EXPECT_EQ(read_batch_csv("owner\na\n\"b\n\nb\"\n").beyond.front(), "4")
        << "from where the last item begins";
    const auto json = read_batch_json(R"([{"owner":"a"},{"owner":"b"}])").beyond;
    ASSERT_THAT(json, SizeIs(batch_limits::beyond));
    EXPECT_EQ(json.front(), "3");
    EXPECT_EQ(json.back(), "102");
    EXPECT_EQ(read_batch_json(R"([{"owner":"a"}])").beyond.front(), "2") << "cut off at its end";
    const auto many =
        read_batch_csv("owner\n" + std::string(batch_limits::items + 5, '\n') + "a\n");
    EXPECT_THAT(many.spare, SizeIs(batch_limits::items));
    EXPECT_THAT(many.beyond, SizeIs(batch_limits::beyond)) << "blank lines take none of it away";
}

TEST(mint_batch, limits_hold) {
    std::string many = "owner\n";
    for (std::size_t i = 0; i <= batch_limits::items; ++i) many += "a\n";
    EXPECT_THAT(told(read_batch_csv(many)), ElementsAre("line 1: "));
    const std::string wide(batch_limits::cell + 1, 'x');
    EXPECT_THAT(told(read_batch_csv("owner\n" + wide + "\n")), ElementsAre("line 2: "));
    EXPECT_TRUE(is_batch_id("Spring_drop-2.1"));
    EXPECT_FALSE(is_batch_id(""));
    EXPECT_FALSE(is_batch_id("a b"));
    EXPECT_FALSE(is_batch_id(std::string(65, 'a')));
    // With the longest id and name a key is still one: at most 128 bytes.
    batch_item item;
    item.name = std::string(63, 'n');
    EXPECT_EQ(key_of_item(std::string(64, 'i'), item).size(), 128U);
}

// Whatever a cell holds, written with quotes it reads back.
RC_GTEST_PROP(csv, quoted_cells_read_back, (const std::vector<std::string>& cells)) {
    if (cells.empty()) return;
    std::string text;
    for (const auto& cell : cells) {
        if (!text.empty()) text += ',';
        text += '"';
        for (const char c : cell) text += c == '"' ? std::string{"\"\""} : std::string{c};
        text += '"';
    }
    const auto rows = read_csv(text + "\r\n" + text);
    RC_ASSERT(rows.has_value());
    if (cells.size() == 1 && cells.front().empty()) {
        RC_ASSERT(rows->empty());
        return;
    }
    RC_ASSERT(rows->size() == 2U);
    RC_ASSERT(rows->front().cells == cells);
    RC_ASSERT(rows->back().cells == cells);
}

}  // namespace
}  // namespace thole::nft
