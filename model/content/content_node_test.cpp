#include "model/content/content_node.hpp"

#include <gtest/gtest.h>

namespace thole::model {
namespace {

constexpr auto hello = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";

content_answer add(content_node& node, const std::string& text) {
    const auto body =
        "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n" +
        text + "\r\n--b--\r\n";
    return node.answer({"POST", "/api/v0/add?pin=true", "multipart/form-data; boundary=b", body});
}

std::string get(content_node& node, const std::string& cid) {
    const auto target = "/ipfs/" + cid;
    return node.answer({"GET", target, "", ""}).body;
}

TEST(content_node, adds_pins_and_serves) {
    content_node node;
    const auto answer = add(node, "hello world");
    EXPECT_NE(answer.body.find(hello), std::string::npos) << answer.body;
    EXPECT_TRUE(node.pins().contains(hello));
    EXPECT_EQ(get(node, hello), "hello world");
    const auto unpin = std::string{"/api/v0/pin/rm?arg="} + hello;
    EXPECT_EQ(node.answer({"POST", unpin, "", ""}).status, 200);
    EXPECT_EQ(node.answer({"POST", unpin, "", ""}).status, 500);
    EXPECT_TRUE(node.pins().empty());
}

TEST(content_node, fails_as_told) {
    content_node node;
    (void)add(node, "hello world");
    node.faults().corrupt = true;
    EXPECT_NE(get(node, hello), "hello world");
    node.faults() = {};
    node.faults().http_503 = 1;
    EXPECT_EQ(add(node, "x").status, 503);
    node.faults().full = true;
    EXPECT_EQ(add(node, "x").status, 500);
    node.faults() = {};
    node.faults().lie = true;
    EXPECT_EQ(add(node, "hello world").body.find(hello), std::string::npos);
    node.lose(hello);
    EXPECT_EQ(node.answer({"GET", std::string{"/ipfs/"} + hello, "", ""}).status, 404);
}

TEST(content_node, refuses_what_is_no_form) {
    content_node node;
    EXPECT_EQ(node.answer({"POST", "/api/v0/add", "text/plain", "x"}).status, 500);
    EXPECT_EQ(node.answer({"GET", "/api/v0/version", "", ""}).status, 405);
    EXPECT_EQ(node.answer({"POST", "/api/v0/what", "", ""}).status, 404);
}

}  // namespace
}  // namespace thole::model
