// A mint whose partner has a say, on the production engine in virtual time.

#include <gmock/gmock.h>

#include "nft/mint_world_test.hpp"
#include "nft/text.hpp"

namespace thole::nft {
namespace {

using ::testing::HasSubstr;
using testing::shop_at;
using testing::world;
using namespace std::chrono_literals;

// The partner: its answer is made when it is asked.
struct shop {
    explicit shop(world& w) {
        w.net.mount("http://shop", [this](const io::http_request& r) {
            urls.push_back(r.url);
            for (const auto& [key, value] : r.headers) {
                if (key == "Authorization") token = value;
            }
            return answer(urls.size());
        });
    }
    std::vector<std::string> urls;
    std::string token;
    std::function<sim::reply(std::size_t call)> answer;
};

sim::reply shows(world& w, std::optional<int> level) {
    boost::json::array nfts;
    if (level) {
        nfts.push_back({{"mint", w.identity("order-1").mint.text()}, {"level", *level}});
    }
    return {200, json::write(boost::json::value(boost::json::object{{"nfts", nfts}})), {}};
}

// proves: C4, M2
TEST(partners_saga, a_mint_is_completed_only_when_the_partner_shows_it) {
    world w{{}, 10'000'000'000, {}, mint_version, shop_at(partner_place::mint)};
    shop there{w};
    there.answer = [&](std::size_t call) {
        return call < 3 ? shows(w, std::nullopt) : shows(w, 3);
    };
    const auto end = w.mint("order-1");
    EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
    EXPECT_EQ(there.urls.size(), 3U);
    EXPECT_EQ(there.urls.front(), "http://shop/seen/" + w.owner.text());
    EXPECT_EQ(there.token, "Bearer let me in");
    w.b.expect_stories_true();
}

// One that indexes wallets some time after they appear says 404 until then, or another 4xx.
// proves: C4, M2
TEST(partners_saga, a_partner_that_does_not_know_the_wallet_yet_is_asked_again) {
    for (const int status : {404, 400, 410}) {
        world w{{}, 10'000'000'000, {}, mint_version, shop_at(partner_place::mint)};
        shop there{w};
        there.answer = [&](std::size_t call) {
            return call < 3 ? sim::reply{status, "no such wallet", {}} : shows(w, 3);
        };
        const auto id = w.accept("order-1", w.request());
        const auto refused = w.until(id, [](const auto& view) { return view.fault.has_value(); });
        EXPECT_NE(refused.view.state, "parked") << json::write(refused.view);
        if (status == 404) {
            EXPECT_THAT(json::write(refused.view),
                        HasSubstr("partner shop: the wallet is not shown"));
        }
        const auto end = w.b.end_of(id);
        EXPECT_EQ(end.view.state, "completed") << json::write(end.view);
        EXPECT_EQ(there.urls.size(), 3U);
    }
}

// Else its timeline could not be read any more.
// proves: C4
TEST(partners_saga, a_page_in_another_encoding_is_told_in_readable_letters) {
    world w{{}, 10'000'000'000, {}, mint_version, shop_at(partner_place::mint)};
    shop there{w};
    there.answer = [&](std::size_t call) {
        return call < 3 ? sim::reply{200, "<p>ferm\xe9 pour l'\xe9t\xe9</p>", {}} : shows(w, 3);
    };
    const auto id = w.accept("order-1", w.request());
    const auto refused = w.until(id, [](const auto& view) { return view.fault.has_value(); });
    const auto text = json::write(refused.view);
    EXPECT_TRUE(is_utf8(text));
    EXPECT_THAT(text, HasSubstr("<p>ferm  pour l' t "));
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    w.b.expect_stories_true();
}

// proves: C4, D2
TEST(partners_saga, a_partner_that_is_down_is_waited_for_and_not_pestered) {
    world w{{}, 10'000'000'000, {}, mint_version, shop_at(partner_place::mint)};
    shop there{w};
    bool up = false;
    there.answer = [&](std::size_t) { return up ? shows(w, 3) : sim::reply{503, "closed", {}}; };
    const auto id = w.accept("order-1", w.request());
    w.b.loop.advance(10min);
    const auto waiting = w.b.now(id);
    EXPECT_THAT(json::write(waiting.view),
                HasSubstr("policy.breaker_open (rejected, endpoint) at shop"));
    // Ten minutes of a breaker that doubles its time from 20 s: a few probes, no more.
    EXPECT_LE(there.urls.size(), 9U);
    EXPECT_EQ(waiting.view.progress, "BLOCKCHAIN_CONFIRMED");
    const auto sent = w.sends();
    up = true;
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    EXPECT_EQ(w.sends(), sent) << "what happened on the chain is not done again";
    w.b.expect_stories_true();
}

// proves: C2, C4
TEST(partners_saga, another_view_at_the_second_look_is_for_a_person) {
    mint_settings settings;
    settings.recheck_after = 5min;
    world w{{}, 10'000'000'000, settings, mint_version, shop_at(partner_place::recheck)};
    shop there{w};
    there.answer = [&](std::size_t) { return shows(w, 4); };
    const auto mint = w.mint("order-1");
    EXPECT_EQ(mint.view.state, "completed");
    EXPECT_TRUE(there.urls.empty()) << "declared for the second look only";
    saga::list_filter filter;
    filter.kind = std::string{recheck_kind};
    const auto page = w.b.wait(w.b->list(std::move(filter)));
    ASSERT_TRUE(page && page->items.size() == 1);
    const auto parked =
        w.until(page->items[0].view.id, [](const auto& view) { return view.state == "parked"; });
    EXPECT_THAT(json::write(parked.view), HasSubstr("partner shop: level is 4"));
    EXPECT_EQ(w.b.now(mint.view.id).view.state, "completed");
    w.b.expect_stories_true();
}

}  // namespace
}  // namespace thole::nft
