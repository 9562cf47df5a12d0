// Notifications, broken connections and nonsense, on a dialer that is a script.

#include "solana/signature_hints.hpp"

#include <gmock/gmock.h>

#include "base/json.hpp"
#include "io/virtual_loop.hpp"
#include "thole/codes.hpp"

namespace thole::solana {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;

// The node's end of a connection.
struct line {
    std::vector<std::string> heard;    // from us
    std::vector<std::string> to_tell;  // to us
    bool broken = false;
    io::signal changed;

    void tell(std::string text) {
        to_tell.push_back(std::move(text));
        changed.notify_all();
    }
    void cut() {
        broken = true;
        changed.notify_all();
    }
};

class our_end final : public io::websocket {
  public:
    explicit our_end(std::shared_ptr<line> to) : line_{std::move(to)} {}
    task<result<>> send(std::string text) override {
        if (line_->broken) co_return fail(thole::codes::net_reset);
        line_->heard.push_back(std::move(text));
        co_return result<>{};
    }
    task<result<std::string>> receive() override {
        while (line_->to_tell.empty()) {
            if (line_->broken) co_return fail(thole::codes::net_reset);
            if (auto waited = co_await line_->changed.wait(); !waited) {
                co_return fail(waited.error());
            }
        }
        auto text = line_->to_tell.front();
        line_->to_tell.erase(line_->to_tell.begin());
        co_return text;
    }
    void cut() override { line_->cut(); }

  private:
    std::shared_ptr<line> line_;
};

struct scripted_dialer final : io::websocket_dialer {
    std::vector<std::string> opened;
    std::vector<std::shared_ptr<line>> lines;
    int refuse = 0;

    task<result<std::unique_ptr<io::websocket>>> open(std::string url, deadline) override {
        opened.push_back(url);
        if (refuse > 0) {
            --refuse;
            co_return fail(thole::codes::net_connection_refused);
        }
        lines.push_back(std::make_shared<line>());
        co_return std::make_unique<our_end>(lines.back());
    }
};

struct world {
    io::virtual_loop loop;
    scripted_dialer dialer;
    std::vector<std::string> told;
    signature_hints hints;
    io::scope work{loop};

    explicit world(std::size_t most = 100)
        : hints{dialer, loop, {.urls = {"ws://a", "ws://b"}, .most = most}, [this] {
                    told.emplace_back("round");
                }} {
        work.spawn(hints.run());
        loop.run_ready();
    }
    ~world() {
        auto end = [](io::scope& s) -> task<> { co_await s.close(); };
        io::scope closing{loop};
        closing.spawn(end(work));
        loop.run_ready();
    }
    void watch(const std::string& signature) {
        hints.watch(signature, [this, signature] { told.push_back(signature); });
        loop.run_ready();
    }
    line& now() { return *dialer.lines.back(); }
    // Answers the subscription that was heard as the n-th on this line.
    void confirm(std::size_t n, int subscription) {
        const auto asked = json::parse(now().heard.at(n)).value();
        now().tell(R"({"jsonrpc":"2.0","id":)" +
                   std::to_string(asked.at("id").to_number<std::uint64_t>()) + R"(,"result":)" +
                   std::to_string(subscription) + "}");
        loop.run_ready();
    }
    void notify(int subscription) {
        now().tell(R"({"jsonrpc":"2.0","method":"signatureNotification","params":{"result":)"
                   R"({"context":{"slot":5},"value":{"err":null}},"subscription":)" +
                   std::to_string(subscription) + "}}");
        loop.run_ready();
    }
};

// proves: S1
TEST(signature_hints, tells_when_it_is_confirmed_and_when_it_is_final) {
    world w;
    w.watch("sig");
    ASSERT_THAT(w.now().heard, SizeIs(2));
    EXPECT_THAT(w.now().heard[0], testing::HasSubstr(R"("method":"signatureSubscribe")"));
    EXPECT_THAT(w.now().heard[0], testing::HasSubstr(R"(["sig",{"commitment":"confirmed"}])"));
    EXPECT_THAT(w.now().heard[1], testing::HasSubstr(R"({"commitment":"finalized"})"));
    w.confirm(0, 70);
    w.confirm(1, 71);
    w.notify(70);
    EXPECT_TRUE(w.told.empty()) << "gathered first";
    w.loop.advance(50ms);
    EXPECT_THAT(w.told, ElementsAre("round", "sig"));
    w.notify(71);
    w.loop.advance(50ms);
    EXPECT_THAT(w.told, ElementsAre("round", "sig", "round", "sig"));
    EXPECT_EQ(w.hints.watching(), 0U);
    w.notify(71);
    w.loop.advance(1s);
    EXPECT_THAT(w.told, SizeIs(6)) << "once more, for nodes that are later";
    w.loop.advance(1h);
    EXPECT_THAT(w.told, SizeIs(6)) << "nobody watches it any more";
}

TEST(signature_hints, what_comes_together_is_told_together) {
    world w;
    for (const auto* each : {"a", "b", "c"}) w.watch(each);
    for (int i = 0; i < 6; ++i) w.confirm(static_cast<std::size_t>(i), i);
    for (const int finalized : {1, 3, 5}) w.notify(finalized);
    w.loop.advance(50ms);
    EXPECT_THAT(w.told, ElementsAre("round", "a", "b", "c"));
}

TEST(signature_hints, a_broken_connection_is_opened_elsewhere_and_subscribed_anew) {
    world w;
    w.watch("kept");
    w.watch("forgotten");
    w.hints.forget("forgotten");
    w.dialer.refuse = 1;
    w.now().cut();
    w.loop.advance(10s);
    EXPECT_THAT(w.dialer.opened, ElementsAre("ws://a", "ws://b", "ws://a"));
    ASSERT_THAT(w.now().heard, SizeIs(2));
    EXPECT_THAT(w.now().heard[0], testing::HasSubstr("kept"));
    w.confirm(1, 9);
    w.notify(9);
    w.loop.advance(50ms);
    EXPECT_THAT(w.told, ElementsAre("round", "kept"));
}

TEST(signature_hints, pauses_grow_while_nobody_is_there) {
    world w;
    w.dialer.refuse = 1'000'000;
    w.now().cut();
    w.loop.advance(10min);
    EXPECT_FALSE(w.hints.connected());
    EXPECT_LE(w.dialer.opened.size(), 40U);
    EXPECT_GE(w.dialer.opened.size(), 15U);
}

TEST(signature_hints, nonsense_is_let_alone) {
    world w;
    w.watch("sig");
    for (const auto* text :
         {"", "{", "[]", "7", "{}", R"({"id":1})", R"({"id":-1,"result":3})",
          R"({"id":1,"result":"three"})", R"({"id":99,"result":3})", R"({"method":7})",
          R"({"method":"signatureNotification"})",
          R"({"method":"signatureNotification","params":[]})",
          R"({"method":"signatureNotification","params":{"subscription":"x"}})",
          R"({"method":"signatureNotification","params":{"subscription":12345}})",
          R"({"method":"slotNotification","params":{"subscription":1}})"}) {
        w.now().tell(text);
        w.loop.run_ready();
    }
    w.loop.advance(1s);
    EXPECT_TRUE(w.told.empty());
    EXPECT_TRUE(w.hints.connected());
}

TEST(signature_hints, watches_a_limited_number_and_drops_what_is_old) {
    world w{2};
    w.watch("a");
    w.watch("b");
    w.watch("c");
    EXPECT_EQ(w.hints.watching(), 2U);
    w.loop.advance(5min);
    w.watch("d");
    EXPECT_EQ(w.hints.watching(), 1U);
}

}  // namespace
}  // namespace thole::solana
