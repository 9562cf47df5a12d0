#include "engine/payload_cipher.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "engine/codes.hpp"

namespace thole::saga {
namespace {

payload_key key(std::string id, std::uint8_t with) {
    return {std::move(id), secret{bytes(payload_key_bytes, with)}};
}

payload_cipher::ptr cipher(std::vector<payload_key> keys) {
    static seeded_entropy random{1};
    auto made = payload_cipher::make(std::move(keys), random);
    EXPECT_TRUE(made) << made.error().describe();
    return *made;
}

const uuid an_operation = *uuid::parse("018f4e5a-0000-7000-8000-000000000001");
const uuid another = *uuid::parse("018f4e5a-0000-7000-8000-000000000002");

payload_label any_label() {
    return {*rc::gen::element(an_operation, another),
            *rc::gen::element(payload_place::event_payload, payload_place::event_data,
                              payload_place::prepared),
            *rc::gen::inRange<std::int64_t>(0, 3)};
}
bool same(const payload_label& a, const payload_label& b) {
    return a.operation == b.operation && a.place == b.place && a.number == b.number;
}

// proves: E8
RC_GTEST_PROP(payload_cipher_property, opens_where_it_belongs_and_nowhere_else, ()) {
    const auto c = cipher({key("a", 1), key("b", 2)});
    const auto plain = *rc::gen::arbitrary<std::string>();
    const auto home = any_label();
    const auto sealed = c->seal(plain, home);
    RC_ASSERT(payload_cipher::key_of(sealed) == "b");
    RC_ASSERT(*c->open(sealed, home) == plain);
    const auto elsewhere = any_label();
    const auto moved = c->open(sealed, elsewhere);
    RC_ASSERT(moved.has_value() == same(home, elsewhere));
    if (!moved) RC_ASSERT(moved.error().is(codes::engine_payload_unreadable));
}

// proves: E8
RC_GTEST_PROP(payload_cipher_property, one_changed_byte_or_a_missing_one_is_noticed, ()) {
    const auto c = cipher({key("a", 1)});
    const auto plain = *rc::gen::arbitrary<std::string>();
    auto sealed = c->seal(plain, {an_operation});
    const auto at = *rc::gen::inRange<std::size_t>(0, sealed.size());
    if (*rc::gen::arbitrary<bool>()) {
        sealed[at] = static_cast<std::uint8_t>(sealed[at] ^ *rc::gen::inRange(1, 256));
    } else {
        sealed.resize(at);
    }
    RC_ASSERT(!c->open(sealed, {an_operation}));
}

TEST(payload_cipher_test, older_keys_open_and_the_newest_seals) {
    const payload_label label{an_operation};
    const auto before = cipher({key("old", 1)})->seal("text", label);
    const auto both = cipher({key("old", 1), key("new", 2)});
    EXPECT_EQ(*both->open(before, label), "text");
    EXPECT_EQ(both->newest(), "new");
    EXPECT_EQ(payload_cipher::key_of(both->seal("text", label)), "new");
}

TEST(payload_cipher_test, a_missing_and_a_wrong_key_are_told_by_their_id) {
    const payload_label label{an_operation};
    const auto sealed = cipher({key("2026-01", 1)})->seal("text", label);
    const auto missing = cipher({key("2026-07", 2)})->open(sealed, label);
    EXPECT_TRUE(missing.error().is(codes::engine_payload_key_missing));
    EXPECT_NE(missing.error().detail().find("\"2026-01\""), std::string_view::npos);
    const auto none = open_payload(nullptr, sealed, label);
    EXPECT_TRUE(none.error().is(codes::engine_payload_key_missing));
    EXPECT_NE(none.error().detail().find("\"2026-01\""), std::string_view::npos);
    const auto wrong = cipher({key("2026-01", 3)})->open(sealed, label);
    EXPECT_TRUE(wrong.error().is(codes::engine_payload_unreadable));
    EXPECT_NE(wrong.error().detail().find("\"2026-01\""), std::string_view::npos);
}

TEST(payload_cipher_test, the_same_text_is_never_sealed_alike) {
    const auto c = cipher({key("a", 1)});
    std::set<bytes> seen;
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(c->seal("text", {an_operation})).second);
}

TEST(payload_cipher_test, fingerprints_tell_keys_apart) {
    const auto c = cipher({key("a", 1), key("b", 2)});
    EXPECT_NE(c->fingerprint("a"), c->fingerprint("b"));
    EXPECT_EQ(c->fingerprint("a"), cipher({key("a", 1)})->fingerprint("a"));
    EXPECT_FALSE(c->fingerprint("c"));
}

TEST(payload_cipher_test, bad_keys_are_refused_with_the_rule) {
    seeded_entropy random{1};
    const auto refused = [&](std::vector<payload_key> keys) {
        const auto made = payload_cipher::make(std::move(keys), random);
        EXPECT_FALSE(made);
        return made ? std::string{} : std::string{made.error().detail()};
    };
    EXPECT_NE(refused({}).find("none"), std::string::npos);
    EXPECT_NE(refused({key("", 1)}).find("letters"), std::string::npos);
    EXPECT_NE(refused({key("a b", 1)}).find("letters"), std::string::npos);
    EXPECT_NE(refused({key(std::string(33, 'a'), 1)}).find("letters"), std::string::npos);
    EXPECT_NE(refused({key("a", 1), key("a", 2)}).find("twice"), std::string::npos);
    EXPECT_NE(refused({payload_key{"a", secret{bytes(16)}}}).find("32 bytes"), std::string::npos);
}

}  // namespace
}  // namespace thole::saga
