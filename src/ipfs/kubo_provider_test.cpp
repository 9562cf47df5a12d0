#include "ipfs/kubo_provider.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "ipfs/client_testing.hpp"
#include "ipfs/codec/car.hpp"
#include "ipfs/codec/testing.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/form.hpp"

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;
using testing::answered;
using testing::run;

const name label{"kubo"};

struct fixture {
    explicit fixture(testing::scripted_transport::script script) : transport{std::move(script)} {}
    io::virtual_loop loop;
    testing::scripted_transport transport;
    kubo_provider node{label, {.url = "http://node:5001/"}, transport, loop};
    deadline until = deadline::after(loop.now(), 100s);
};

upload hello() {
    upload out{.predicted = cid_of(as_bytes("hello world"))};
    out.name = "../hel\"lo\r\n.txt";
    out.source = std::make_shared<memory_source>("hello world");
    out.owner = "op-1";
    return out;
}

// proves: I1, I2
TEST(KuboProvider, SaysEveryOptionThatDecidesTheCid) {
    fixture f{[](const io::http_request& request) -> result<io::http_response> {
        EXPECT_EQ(request.method, "POST");
        EXPECT_EQ(request.effect, io::effect_class::idempotent);
        EXPECT_FALSE(request.until.is_never());
        std::string type;
        for (const auto& [key, value] : request.headers) {
            if (key == "Content-Type") type = value;
        }
        const auto boundary = type.substr(type.find("boundary=") + 9);
        EXPECT_EQ(request.body,
                  "--" + boundary +
                      "\r\nContent-Disposition: form-data; name=\"file\"; "
                      "filename=\".._hel_lo__.txt\"\r\nContent-Type: application/octet-stream"
                      "\r\n\r\nhello world\r\n--" +
                      boundary + "--\r\n");
        return answered(200, "{\"Name\":\"a\",\"Bytes\":3}\n{\"Name\":\"x\",\"Hash\":\"" +
                                 cid_of(as_bytes("hello world")).text() + "\",\"Size\":11}\n");
    }};
    const auto receipt = run(f.loop, f.node.put(hello(), f.until));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->provider, "kubo");
    EXPECT_EQ(receipt->cid, cid_of(as_bytes("hello world")).text());
    const auto& url = f.transport.urls.at(0);
    EXPECT_TRUE(url.starts_with("http://node:5001/api/v0/add?"));
    for (const auto* option : {"cid-version=1", "raw-leaves=true", "chunker=size-262144",
                               "cid-base=base32", "pin=true", "wrap-with-directory=false"}) {
        EXPECT_NE(url.find(option), std::string::npos) << option;
    }
    EXPECT_EQ(url.find("max-file-links"), std::string::npos);
    auto wide = hello();
    wide.shape = v1_2025;
    (void)run(f.loop, f.node.put(wide, f.until));
    EXPECT_NE(f.transport.urls.at(1).find("chunker=size-1048576&max-file-links=1024"),
              std::string::npos);
}

TEST(KuboProvider, AnswersThatAreNoCidAreMalformed) {
    for (const std::string body :
         {"", "\n", "{}", "[]", "nonsense", "{\"Hash\":7}", "{\"Hash\":\"x\"}"}) {
        fixture f{[&](const io::http_request&) { return answered(200, body); }};
        const auto receipt = run(f.loop, f.node.put(hello(), f.until));
        ASSERT_FALSE(receipt) << body;
        EXPECT_TRUE(receipt.error().is(thole::codes::http_malformed));
        EXPECT_EQ(receipt.error().effect(), fault_effect::unknown);
        EXPECT_EQ(receipt.error().endpoint(), label);
    }
}

TEST(KuboProvider, KnowsNotPinnedFromFailure) {
    int status = 500;
    std::string body = R"({"Message":"path 'x' is not pinned","Code":0,"Type":"error"})";
    fixture f{[&](const io::http_request&) { return answered(status, body); }};
    const auto id = cid_of({});
    EXPECT_EQ(*run(f.loop, f.node.status(id, f.until)), pin_state::absent);
    EXPECT_TRUE(run(f.loop, f.node.unpin({"kubo", id.text(), ""}, f.until)));
    body = R"({"Message":"disk is on fire"})";
    EXPECT_TRUE(
        run(f.loop, f.node.status(id, f.until)).error().is(thole::codes::http_server_error));
    EXPECT_FALSE(run(f.loop, f.node.unpin({"kubo", id.text(), ""}, f.until)));
    status = 200;
    EXPECT_EQ(*run(f.loop, f.node.status(id, f.until)), pin_state::pinned);
    EXPECT_TRUE(run(f.loop, f.node.check(f.until)));
    EXPECT_EQ(f.transport.urls.back(), "http://node:5001/api/v0/version");
}

// A node that makes `its_own` of every file, and imports CARs as `imported` says.
struct stubborn_node {
    std::string its_own = cid_of(as_bytes("something else")).text();
    std::function<result<io::http_response>(const io::http_request&)> imported;
    bool cannot_unpin = false;
    std::vector<std::string> calls;

    result<io::http_response> operator()(const io::http_request& request) {
        constexpr std::string_view root{"http://node:5001/api/v0/"};
        const auto call = request.url.substr(root.size());
        calls.push_back(call.substr(0, call.find('?')));
        if (calls.back() == "add") return answered(200, "{\"Hash\":\"" + its_own + "\"}\n");
        if (calls.back() == "dag/import") return imported(request);
        EXPECT_EQ(call, "pin/rm?recursive=true&arg=" + its_own);
        return answered(cannot_unpin ? 403 : 200, "{}");
    }
};

std::string root_line(const cid& root, const std::string& trouble = {}) {
    return R"({"Stats":{"BlockCount":3}})"
           "\n"
           R"({"Root":{"Cid":{"/":")" +
           root.text() + R"("},"PinErrorMsg":")" + trouble + "\"}}\n";
}

upload large() {
    const auto content = testing::noise(600'000);
    auto out = hello();
    out.predicted = cid_of(content);
    out.source = std::make_shared<memory_source>(content);
    return out;
}

// proves: I2, I5
TEST(KuboProvider, GivesItsOwnBlocksToANodeThatChunksOtherwise) {
    stubborn_node node;
    node.imported = [&](const io::http_request& request) -> result<io::http_response> {
        // What is between the part's head and the closing boundary is a CAR of the predicted CID.
        const auto begin = request.body.find("\r\n\r\n") + 4;
        const auto car =
            std::string_view{request.body}.substr(begin, request.body.rfind("\r\n--") - begin);
        std::vector<std::pair<cid, bytes>> blocks;
        car_reader in{{}, [&](const cid& id, bytes_view block) -> result<> {
                          blocks.emplace_back(id, bytes(block.begin(), block.end()));
                          return {};
                      }};
        EXPECT_TRUE(in.feed(as_bytes(car)));
        EXPECT_TRUE(in.finish());
        EXPECT_EQ(in.roots(), std::vector{large().predicted});
        for (const auto& [id, block] : blocks) EXPECT_TRUE(id.matches(block));
        EXPECT_EQ(blocks.size(), 4U);
        return answered(200, root_line(large().predicted));
    };
    fixture f{std::ref(node)};
    auto receipt = run(f.loop, f.node.put(large(), f.until));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->cid, large().predicted.text());
    EXPECT_EQ(node.calls, (std::vector<std::string>{"add", "dag/import", "pin/rm"}))
        << "what it had made of the file is not left pinned";
    node.calls.clear();
    ASSERT_TRUE(run(f.loop, f.node.put(large(), f.until)));
    EXPECT_EQ(node.calls, std::vector<std::string>{"dag/import"}) << "it is known by now";
}

TEST(KuboProvider, ANodeThatCannotImportKeepsItsOwnCid) {
    for (const auto& answer :
         {answered(404, "404 page not found"), answered(200, ""), answered(200, "nonsense\n{}"),
          answered(200, root_line(cid_of({}))),
          answered(200, root_line(large().predicted, "block was not found locally"))}) {
        stubborn_node node;
        node.imported = [&](const io::http_request&) { return answer; };
        fixture f{std::ref(node)};
        const auto receipt = run(f.loop, f.node.put(large(), f.until));
        ASSERT_TRUE(receipt);
        EXPECT_EQ(receipt->cid, node.its_own) << "so that it is judged a mismatch";
        EXPECT_EQ(node.calls, (std::vector<std::string>{"add", "dag/import"}));
    }
}

struct noted_session final : upload_session {
    std::string value;
    [[nodiscard]] std::string token() const override { return value; }
    [[nodiscard]] task<result<>> keep(std::string token) override {
        value = std::move(token);
        co_return result<>{};
    }
};

// proves: I5
TEST(KuboProvider, SaysWhetherTheNodeMayHaveOurBlocksBesideItsOwn) {
    stubborn_node node;
    result<io::http_response> answer = answered(200, root_line(large().predicted));
    node.imported = [&](const io::http_request&) { return answer; };
    fixture f{std::ref(node)};
    auto what = large();
    const auto session = std::make_shared<noted_session>();
    what.session = session;
    const auto put = [&] { return run(f.loop, f.node.put(what, f.until)); };
    // An import without an answer, and one whose answer says nothing of the root.
    for (const auto& unclear :
         {result<io::http_response>{
              fail(fault{thole::codes::net_timeout}.with_effect(fault_effect::unknown))},
          result<io::http_response>{answered(200, "{}")}}) {
        answer = unclear;
        EXPECT_EQ(put()->cid, node.its_own);
        EXPECT_EQ(session->value, node.its_own);
    }
    answer = answered(404, "404 page not found");
    EXPECT_EQ(put()->cid, node.its_own);
    EXPECT_EQ(session->value, "") << "surely not";
    // Imported, and what the node had made of it stays.
    answer = answered(200, root_line(large().predicted));
    node.cannot_unpin = true;
    EXPECT_EQ(put()->cid, node.its_own) << "so that it is given back";
    EXPECT_EQ(session->value, node.its_own);
    node.calls.clear();
    EXPECT_EQ(put()->cid, large().predicted.text());
    EXPECT_EQ(node.calls, std::vector<std::string>{"dag/import"});
}

TEST(KuboProvider, GivesEachCallItsOwnShortDeadline) {
    deadline seen;
    fixture f{[&](const io::http_request& request) -> result<io::http_response> {
        seen = request.until;
        return fail(thole::codes::net_timeout);
    }};
    EXPECT_FALSE(run(f.loop, f.node.status(cid_of({}), f.until)));
    EXPECT_EQ(seen.remaining(f.loop.now()), 5s);
    EXPECT_FALSE(run(f.loop, f.node.put(hello(), f.until)));
    EXPECT_EQ(seen.remaining(f.loop.now()), 60s);
    const auto short_one = deadline::after(f.loop.now(), 1s);
    EXPECT_FALSE(run(f.loop, f.node.put(hello(), short_one)));
    EXPECT_EQ(seen, short_one);
}

RC_GTEST_PROP(MultipartProperty, NoFileNameBreaksOutOfItsHeader, (const std::string& file_name)) {
    form body{cid_of({})};
    body.file("file", file_name, as_bytes("x"));
    const auto text = std::move(body).finish();
    const auto head = text.substr(0, text.find("\r\n\r\n"));
    RC_ASSERT(std::ranges::count(head, '\n') == 2);
    RC_ASSERT(std::ranges::count(head, '"') == 4);
}

}  // namespace
}  // namespace thole::ipfs
