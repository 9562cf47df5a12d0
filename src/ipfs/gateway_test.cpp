#include "ipfs/gateway.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <fstream>

#include "ipfs/codec/car.hpp"
#include "ipfs/codec/dag_pb.hpp"
#include "ipfs/codec/testing.hpp"
#include "ipfs/codec/verify.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/store_testing.hpp"

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;
constexpr store_time start{1'767'225'600'000'000us};

class GatewayTest : public ::testing::Test {
  protected:
    GatewayTest() {
        store = *content_store::open({.folder = folder.path() + "/content"});
        file = testing::noise(600'000);
        root = store->put(file, start)->info.root;
        json = store->put(as_bytes(R"({"name":"x"})"), start)->info.root;
    }

    gateway_answer ask(std::string path, io::http_headers headers = {},
                       std::string method = "GET") {
        gateway_request request;
        request.method = std::move(method);
        const auto mark = std::min(path.find('?'), path.size());
        for (auto at = mark; at < path.size();) {
            const auto end = std::min(path.find('&', at + 1), path.size());
            const auto pair = path.substr(at + 1, end - at - 1);
            request.query.emplace(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
            at = end;
        }
        request.path = path.substr(0, mark);
        request.headers = std::move(headers);
        return answer_gateway(*store, request);
    }
    static bytes drain(gateway_answer& answer) {
        bytes out{as_bytes(answer.text).begin(), as_bytes(answer.text).end()};
        while (answer.body) {
            auto part = answer.body->next();
            if (!part) ADD_FAILURE() << part.error().describe();
            if (!part || part->empty()) break;
            out.insert(out.end(), part->begin(), part->end());
        }
        return out;
    }
    static std::string header(const gateway_answer& answer, std::string_view name) {
        for (const auto& [key, value] : answer.headers) {
            if (key == name) return value;
        }
        return {};
    }

    testing::temporary_folder folder;
    std::unique_ptr<content_store> store;
    bytes file;
    cid root = cid_of({});
    cid json = cid_of({});
};

// proves: G2, I2
TEST_F(GatewayTest, ServesAFileWithItsTypeAndTag) {
    auto answer = ask("/ipfs/" + root.text());
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.length, file.size());
    EXPECT_EQ(header(answer, "Content-Type"), "application/octet-stream");
    EXPECT_EQ(header(answer, "ETag"), "\"" + root.text() + "\"");
    EXPECT_NE(header(answer, "Cache-Control").find("immutable"), std::string::npos);
    EXPECT_EQ(drain(answer), file);
    auto small = ask("/ipfs/" + json.text());
    EXPECT_EQ(header(small, "Content-Type"), "application/json");
    EXPECT_EQ(as_text(drain(small)), R"({"name":"x"})");
    // The base58 form names the same file.
    EXPECT_EQ(ask("/ipfs/" + root.base58_text()).status, 200);
    const auto head = ask("/ipfs/" + root.text(), {}, "HEAD");
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.length, file.size());
}

TEST_F(GatewayTest, AnswersRanges) {
    const auto path = "/ipfs/" + root.text();
    auto part = ask(path, {{"Range", "bytes=262140-262150"}});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(header(part, "Content-Range"), "bytes 262140-262150/600000");
    EXPECT_EQ(part.length, 11U);
    EXPECT_EQ(drain(part), bytes(file.begin() + 262'140, file.begin() + 262'151));
    auto tail = ask(path, {{"Range", "bytes=-5"}});
    EXPECT_EQ(drain(tail), bytes(file.end() - 5, file.end()));
    auto rest = ask(path, {{"Range", "bytes=599999-"}});
    EXPECT_EQ(drain(rest), bytes{file.back()});
    const auto beyond = ask(path, {{"Range", "bytes=600000-"}});
    EXPECT_EQ(beyond.status, 416);
    EXPECT_EQ(header(beyond, "Content-Range"), "bytes */600000");
    EXPECT_EQ(ask(path, {{"Range", "bytes=0-1,5-6"}}).status, 200);
    EXPECT_EQ(ask(path, {{"Range", "bytes=1-2"}, {"If-Range", "\"other\""}}).status, 200);
}

RC_GTEST_PROP(GatewayProperty, ARangeStaysInside, (const std::string& text)) {
    const auto size = *rc::gen::inRange<std::uint64_t>(0, 100);
    for (const auto& header : {text, "bytes=" + text,
                               "bytes=" + std::to_string(*rc::gen::inRange(0, 120)) + "-" +
                                   std::to_string(*rc::gen::inRange(0, 120))}) {
        if (const auto range = parse_range(header, size)) {
            RC_ASSERT(range->first <= size);
            RC_ASSERT(range->length <= size - range->first);
        }
    }
}

TEST_F(GatewayTest, KnowsWhatTheClientHas) {
    const auto path = "/ipfs/" + root.text();
    const auto tag = "\"" + root.text() + "\"";
    for (const auto& list : {tag, "W/" + tag, "\"a\", " + tag + ", \"b\"", std::string{"*"}}) {
        const auto answer = ask(path, {{"If-None-Match", list}});
        EXPECT_EQ(answer.status, 304) << list;
        EXPECT_EQ(answer.body, nullptr);
    }
    EXPECT_EQ(ask(path, {{"If-None-Match", "\"other\""}}).status, 200);
    EXPECT_EQ(ask(path + "?format=raw", {{"If-None-Match", tag}}).status, 200);
}

// proves: I2
TEST_F(GatewayTest, ServesEveryBlockRaw) {
    for (const auto& [id, block] : testing::take_apart(file, v1_256k).blocks) {
        auto by_query = ask("/ipfs/" + id.text() + "?format=raw");
        EXPECT_EQ(by_query.status, 200);
        EXPECT_EQ(header(by_query, "Content-Type"), "application/vnd.ipld.raw");
        EXPECT_EQ(drain(by_query), block);
        auto by_header = ask("/ipfs/" + id.text(), {{"Accept", "application/vnd.ipld.raw"}});
        EXPECT_EQ(drain(by_header), block);
    }
}

// proves: I2
TEST_F(GatewayTest, ServesACarThatProvesTheFile) {
    // Repeated chunks are sent once.
    const auto zeros = bytes(1'000'000, 0);
    ASSERT_TRUE(store->put(zeros, start));
    for (const auto& [id, content] :
         {std::pair{root, file}, {json, *store->read_all(json)}, {cid_of(zeros), zeros}}) {
        auto answer = ask("/ipfs/" + id.text() + "?format=car&dag-scope=entity");
        EXPECT_EQ(answer.status, 200);
        dag_verifier verify{id, {}};
        car_reader read{{},
                        [&](const cid& each, bytes_view block) { return verify.add(each, block); }};
        const auto car = drain(answer);
        ASSERT_TRUE(read.feed(car));
        ASSERT_TRUE(read.finish());
        EXPECT_EQ(read.roots(), std::vector{id});
        EXPECT_EQ(*verify.take(), content);
    }
    auto block =
        ask("/ipfs/" + root.text() + "?dag-scope=block", {{"Accept", "application/vnd.ipld.car"}});
    std::size_t count = 0;
    car_reader read{{}, [&](const cid& id, bytes_view) -> result<> {
                        ++count;
                        EXPECT_EQ(id, root);
                        return {};
                    }};
    ASSERT_TRUE(read.feed(drain(block)));
    EXPECT_EQ(count, 1U);
}

// The cases of the published gateway-conformance suite for a trustless gateway, as far as a gateway
// of files has them; doc/design/gateway.md lists them.

// trustless_gateway_raw_test: block, headers, file name, caching
// proves: I2, X3
TEST_F(GatewayTest, ConformsForRawBlocks) {
    const auto path = "/ipfs/" + json.text();
    const io::http_headers accept{{"Accept", "application/vnd.ipld.raw"}};
    for (const bool by_query : {true, false}) {
        auto answer = by_query ? ask(path + "?format=raw") : ask(path, accept);
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(header(answer, "Content-Type"), "application/vnd.ipld.raw");
        EXPECT_EQ(header(answer, "Content-Disposition"),
                  "attachment; filename=\"" + json.text() + ".bin\"");
        EXPECT_EQ(header(answer, "X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(header(answer, "ETag"), "\"" + json.text() + ".raw\"");
        EXPECT_EQ(header(answer, "X-Ipfs-Path"), path);
        EXPECT_EQ(header(answer, "Cache-Control"), "public, max-age=29030400, immutable");
        EXPECT_EQ(as_text(drain(answer)), R"({"name":"x"})");
    }
    const auto named = ask(path + "?filename=foobar.bin", accept);
    EXPECT_EQ(header(named, "Content-Disposition"), "attachment; filename=\"foobar.bin\"");
    const auto sly = ask(path + "?filename=a\"; x=\"b", accept);
    EXPECT_EQ(header(sly, "Content-Disposition"),
              "attachment; filename=\"" + json.text() + ".bin\"");
    const auto known =
        ask(path + "?format=raw", {{"If-None-Match", "\"" + json.text() + ".raw\""}});
    EXPECT_EQ(known.status, 304);
    // The query decides where both are said.
    const auto both = ask(path + "?format=raw", {{"Accept", "application/vnd.ipld.car"}});
    EXPECT_EQ(header(both, "Content-Type"), "application/vnd.ipld.raw");
}

// trustless_gateway_car_test: scopes, order, duplicates, headers; path_gateway_*: only-if-cached
// proves: I2, X3
TEST_F(GatewayTest, ConformsForCars) {
    const auto blocks_of = [&](const std::string& query, const io::http_headers& headers = {}) {
        auto answer = ask("/ipfs/" + root.text() + query, headers);
        EXPECT_EQ(answer.status, 200) << query;
        EXPECT_EQ(header(answer, "Content-Type"),
                  "application/vnd.ipld.car; version=1; order=dfs; dups=n");
        EXPECT_EQ(header(answer, "X-Content-Type-Options"), "nosniff");
        EXPECT_TRUE(header(answer, "ETag").starts_with("W/\"")) << "the bytes may differ in order";
        EXPECT_EQ(header(answer, "Content-Disposition"),
                  "attachment; filename=\"" + root.text() + ".car\"");
        EXPECT_EQ(answer.length, std::nullopt);
        std::vector<cid> out;
        car_reader read{{}, [&](const cid& id, bytes_view) -> result<> {
                            out.push_back(id);
                            return {};
                        }};
        EXPECT_TRUE(read.feed(drain(answer)));
        EXPECT_TRUE(read.finish());
        EXPECT_EQ(read.roots(), std::vector{root});
        return out;
    };
    const auto node = decode_dag_pb(*store->block(root));
    ASSERT_TRUE(node);
    std::vector<cid> depth_first{root};
    for (const auto& link : node->links) depth_first.push_back(link.target);
    EXPECT_EQ(blocks_of("?format=car"), depth_first) << "all, without being asked";
    EXPECT_EQ(blocks_of("?format=car&dag-scope=all"), depth_first);
    EXPECT_EQ(blocks_of("?format=car&dag-scope=entity"), depth_first);
    EXPECT_EQ(blocks_of("?format=car&dag-scope=block"), std::vector{root});
    EXPECT_EQ(blocks_of("", {{"Accept", "application/vnd.ipld.car; version=1; order=dfs; dups=n"}}),
              depth_first);
    // A block within a file is a root of its own.
    auto leaf = ask("/ipfs/" + depth_first[1].text() + "?format=car");
    EXPECT_EQ(leaf.status, 200);
    // Not held: said cheaply when that is the question.
    const auto absent = "/ipfs/" + cid_of(as_bytes("absent")).text() + "?format=car";
    EXPECT_EQ(ask(absent, {{"Cache-Control", "only-if-cached"}}, "HEAD").status, 412);
    EXPECT_EQ(ask(absent).status, 404);
}

TEST_F(GatewayTest, RefusesEverythingElse) {
    const auto absent = cid_of(as_bytes("absent")).text();
    EXPECT_EQ(ask("/ipfs/" + absent).status, 404);
    EXPECT_EQ(ask("/ipfs/" + absent + "?format=raw").status, 404);
    EXPECT_EQ(ask("/ipfs/" + absent + "?format=car").status, 404);
    for (const std::string query : {"", "?format=raw", "?format=car"}) {
        EXPECT_EQ(ask("/ipfs/" + absent + query, {{"Cache-Control", "only-if-cached"}}).status,
                  412);
        EXPECT_EQ(ask("/ipfs/" + root.text() + query, {{"Cache-Control", "only-if-cached"}}).status,
                  200);
    }
    EXPECT_EQ(ask("/ipfs/nonsense").status, 400);
    EXPECT_EQ(ask("/ipfs/").status, 400);
    EXPECT_EQ(ask("/ipfs/" + root.text() + "/x").status, 404);
    EXPECT_EQ(ask("/other").status, 404);
    EXPECT_EQ(ask("/ipfs/" + root.text() + "?format=tar").status, 400);
    EXPECT_EQ(ask("/ipfs/" + root.text() + "?format=car&dag-scope=x").status, 400);
    EXPECT_EQ(ask("/ipfs/" + root.text() + "?format=car&car-version=2").status, 400);
    const auto post = ask("/ipfs/" + root.text(), {}, "POST");
    EXPECT_EQ(post.status, 405);
    EXPECT_EQ(header(post, "Allow"), "GET, HEAD");
}

TEST_F(GatewayTest, DamageIsNeverServed) {
    const auto text = root.text();
    {
        std::fstream damaged{testing::object_of(folder.path() + "/content", text),
                             std::ios::in | std::ios::out | std::ios::binary};
        damaged.seekp(10);
        damaged.put(static_cast<char>(file[10] ^ 1));
        damaged.seekp(400'000);
        damaged.put(static_cast<char>(file[400'000] ^ 1));
    }
    // In the first chunk: no promise is made.
    EXPECT_EQ(ask("/ipfs/" + text).status, 500);
    auto car = ask("/ipfs/" + text + "?format=car");
    auto part = car.body->next();
    while (part && !part->empty()) part = car.body->next();
    ASSERT_FALSE(part);
    EXPECT_TRUE(part.error().is(codes::corrupt));
}

}  // namespace
}  // namespace thole::ipfs
