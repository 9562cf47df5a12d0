#include "io/server_message.hpp"

#include <gtest/gtest.h>

#include "io/problem.hpp"
#include "io/request_target.hpp"
#include "io/response_text.hpp"

namespace thole::io {
namespace {

using segments = std::vector<std::string>;

request_head split(std::string target, std::optional<std::string>* wrong = nullptr) {
    request_head head;
    head.method = "GET";
    head.target = std::move(target);
    auto problem = split_target(head);
    if (wrong != nullptr) *wrong = std::move(problem);
    return head;
}

bool refused(std::string target) {
    std::optional<std::string> wrong;
    (void)split(std::move(target), &wrong);
    return wrong.has_value();
}

TEST(RequestTarget, SplitsPathAndQuery) {
    const auto head = split("/a/b?x=1&y=a%20b+c&empty=&flag");
    EXPECT_EQ(head.path, "/a/b");
    EXPECT_EQ(head.query, (std::map<std::string, std::string>{
                              {"x", "1"}, {"y", "a b c"}, {"empty", ""}, {"flag", ""}}));
    EXPECT_EQ(split("http://host:80/a?b=c").path, "/a");
    EXPECT_EQ(split("http://host").path, "/");
    EXPECT_EQ(split("/?&&x=1&").query.size(), 1U);
}

TEST(RequestTarget, RefusesWhatIsAmbiguousOrBroken) {
    for (const auto* bad : {"/a%", "/a%2", "/a%zz", "/a%00", "/a%0a", "/?x=%0d", "/?x=1&x=2",
                            "/?x=%", "/a#b", "a/b", "*", "/a\x7f"}) {
        EXPECT_TRUE(refused(bad)) << bad;
    }
    request_head options;
    options.method = "OPTIONS";
    options.target = "*";
    EXPECT_FALSE(split_target(options));
}

TEST(RequestTarget, DecodesSegmentsAfterSplittingThem) {
    EXPECT_EQ(path_segments("/a/b%2Fc/"), (segments{"a", "b/c", ""}));
    EXPECT_EQ(path_segments("/"), segments{""});
    EXPECT_EQ(path_segments("/a+b"), segments{"a+b"});
    EXPECT_FALSE(path_segments("a"));
    EXPECT_FALSE(path_segments("/%2"));
}

TEST(ResponseHead, WritesOneHead) {
    response_framing framing;
    framing.length = 5;
    EXPECT_EQ(
        response_head(200, {{"X-A", "b"}}, framing, wall_time{std::chrono::seconds{784111777}}),
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-A: b\r\n"
        "Content-Length: 5\r\n\r\n");
    framing.length.reset();
    framing.chunked = true;
    framing.keep_alive = false;
    const auto head = response_head(404, {}, framing, wall_time{});
    EXPECT_NE(head.find("HTTP/1.1 404 Not Found\r\n"), std::string::npos);
    EXPECT_NE(head.find("Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"),
              std::string::npos);
}

// proves: O10
TEST(ResponseHead, LeavesOutHeadersThatWouldBreakOut) {
    response_framing framing;
    framing.length = 0;
    const auto head = response_head(
        200, {{"A", "b\r\nSet-Cookie: x"}, {"B\n", "c"}, {"", "d"}, {"E", std::string{"\0", 1}}},
        framing, wall_time{});
    EXPECT_EQ(
        head,
        "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n");
}

TEST(Problem, IsRfc9457) {
    const auto plain = problem(404, "operation.not_found", "no operation has this id");
    EXPECT_EQ(plain.status, 404);
    EXPECT_EQ(plain.headers.front().second, "application/problem+json");
    EXPECT_EQ(plain.body,
              R"({"type":"/problems/operation.not_found","title":"Not Found","status":404,)"
              R"("detail":"no operation has this id"})");
    const auto full = problem(422, "request.invalid", "2 rules",
                              {{"/owner", "json.missing_member", "the member is required"}}, "/x");
    EXPECT_EQ(full.body,
              R"({"type":"/problems/request.invalid","title":"Unprocessable Content","status":422,)"
              R"("detail":"2 rules","instance":"/x","errors":[{"pointer":"/owner",)"
              R"("code":"json.missing_member","detail":"the member is required"}]})");
}

TEST(FileBody, OpensRegularFilesOnly) {
    EXPECT_FALSE(file_body::open("/nonexistent"));
    EXPECT_FALSE(file_body::open("/"));
    const auto self = file_body::open("/proc/self/exe");
    ASSERT_TRUE(self);
    EXPECT_GT(self->length, 0U);
}

}  // namespace
}  // namespace thole::io
