// A mint's transaction while two providers call it confirmed, on the production engine in virtual
// time.

#include <gtest/gtest.h>

#include "nft/mint_world_test.hpp"

namespace thole::nft {
namespace {

using testing::world;
using namespace std::chrono_literals;

// proves: S2
TEST(sending, sends_no_more_while_two_providers_call_it_confirmed) {
    world w;
    const auto id = w.accept("order-1", w.request());
    w.until(id, [](const auto& view) { return view.progress == "BLOCKCHAIN_CONFIRMED"; });
    w.b.loop.advance(2s);  // both have told by now
    const auto sends = w.sends();
    EXPECT_EQ(w.b.end_of(id).view.state, "completed");
    EXPECT_EQ(w.sends(), sends);
}

// proves: S1
TEST(sending, what_rests_is_seldom_asked_about) {
    world w;
    const auto asked = [&] { return w.calls("getSignatureStatuses") / 2; };  // of two at once
    EXPECT_EQ(w.b.end_of(w.accept("order-1", w.request())).view.state, "completed");
    const auto first = asked();
    EXPECT_EQ(w.b.end_of(w.accept("order-2", w.request())).view.state, "completed");
    EXPECT_LE(first, 14U) << "of 13 s, while nobody knows how long it takes";
    EXPECT_LE(asked() - first, 8U) << "one came to its end";
}

}  // namespace
}  // namespace thole::nft
