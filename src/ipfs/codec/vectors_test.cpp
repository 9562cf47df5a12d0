#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "ipfs/codec/dag_pb.hpp"
#include "ipfs/codec/testing.hpp"
#include "ipfs/codec/unixfs.hpp"

namespace thole::ipfs {
namespace {

boost::json::value load(const std::string& file) {
    std::ifstream in{std::string{THOLE_SOURCE_DIR} + "/test/vectors/" + file};
    std::stringstream text;
    text << in.rdbuf();
    return boost::json::parse(text.str());
}

dag_root build(bytes_view content, const profile& shape) {
    dag_builder builder{shape};
    EXPECT_TRUE(builder.feed(content));
    return *builder.finish();
}

std::string expected(const boost::json::object& row, const std::string& field) {
    return std::string{row.at(field).as_string()};
}

constexpr profile v0_rawleaves{"v0-raw", 256 * 1024, 174, 0, true};
constexpr profile v1_dagpb{"v1-dagpb", 256 * 1024, 174, 1, false};

// proves: I1
TEST(CidVectors, EveryRowAndEveryVariantAgrees) {
    const auto document = load("cid_vectors.json");
    const auto& rows = document.at("vectors").as_array();
    ASSERT_EQ(rows.size(), 10U);
    for (const auto& each : rows) {
        const auto& row = each.as_object();
        const auto content = testing::pattern(row.at("size").to_number<std::size_t>(), 251);
        SCOPED_TRACE(content.size());
        EXPECT_EQ(to_hex(sha256(content)), expected(row, "sha256"));
        for (const auto& [field, shape] : {std::pair{"v0_dagpb", v0_2015},
                                           {"v0_rawleaves", v0_rawleaves},
                                           {"v1_raw", v1_256k},
                                           {"v1_dagpb", v1_dagpb}}) {
            SCOPED_TRACE(field);
            const auto made = build(content, shape);
            EXPECT_EQ(made.root.text(), expected(row, field));
            EXPECT_EQ(made.dag_size,
                      row.at(std::string{field} + "_dagsize").to_number<std::uint64_t>());
            EXPECT_EQ(made.file_size, content.size());
        }
    }
}

// proves: I1
TEST(CidVectors, EveryKnownProfileAgrees) {
    const auto document = load("cid_profiles.json");
    const auto& rows = document.at("vectors").as_array();
    ASSERT_EQ(rows.size(), 6U);
    for (const auto& each : rows) {
        const auto& row = each.as_object();
        bytes content;
        if (const auto* text = row.if_contains("text")) {
            const auto view = as_bytes(std::string_view{text->as_string()});
            content.assign(view.begin(), view.end());
        } else {
            content = testing::pattern(row.at("size").to_number<std::size_t>());
        }
        SCOPED_TRACE(content.size());
        for (const auto& shape : known_profiles) {
            EXPECT_EQ(cid_of(content, shape).text(), expected(row, std::string{shape.name}))
                << shape.name;
        }
    }
}

TEST(CidVectors, ADirectoryAroundAFileAgrees) {
    const auto document = load("cid_profiles.json");
    const auto& row = document.at("directory").as_object();
    const std::string content{row.at("text").as_string()};
    const auto file = build(as_bytes(content), v0_2015);
    unixfs_node directory;
    directory.type = unixfs_type::directory;
    auto data = encode(directory);
    // A directory has no size of its own: its node is the type alone.
    data.resize(2);
    const pb_node node{{{file.root, std::string_view{row.at("name").as_string()}, file.dag_size}},
                       data};
    EXPECT_EQ(cid::v0(sha256(encode(node))).text(), expected(row, "cid"));
}

}  // namespace
}  // namespace thole::ipfs
