#include "app/cli/commands.hpp"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>

#include "api/fault_catalog.hpp"

namespace thole::app {
namespace {

using boost::json::array;
using boost::json::object;

object failed(const char* event, const char* code, const char* detail) {
    return {{"event", event}, {"fault", object{{"code", code}, {"detail", detail}}}};
}

const array story{
    object{{"event", "operation.submitted"}}, failed("step.failed", "net.timeout", "first"),
    failed("step.failed", "ipfs.too_large", "51 MiB"),
    failed("undo.failed", "net.timeout", "on the way back"), object{{"event", "operation.ended"}}};

TEST(cause_text, a_rollback_is_explained_by_code_meaning_and_detail) {
    const auto* known = api::find_fault("net.timeout");
    ASSERT_NE(known, nullptr);
    const auto text = cause_text(object{{"cause", "net.timeout"}},
                                 object{{"code", "net.timeout"}, {"detail", "after 5 s"}});
    EXPECT_EQ(text, "Cause: net.timeout. " + std::string{known->meaning} + "\n  after 5 s\n");
}

TEST(cause_text, attempts_that_were_spent_name_what_failed) {
    const auto text = cause_text(object{{"cause", "operation.attempts_spent"}},
                                 object{{"code", "net.timeout"}, {"detail", ""}});
    EXPECT_TRUE(text.starts_with("Cause: operation.attempts_spent. All attempts")) << text;
    EXPECT_NE(text.find("\nLast failure: net.timeout. "), std::string::npos) << text;
}

TEST(cause_text, a_persons_reason_stands_alone_and_none_says_nothing) {
    EXPECT_EQ(cause_text(object{{"cause", "double order"}}, nullptr), "Cause: double order.\n");
    EXPECT_EQ(cause_text(object{{"state", "completed"}}, nullptr), "");
}

TEST(what_a_parked_one_needs, names_the_acts_that_take_it_on) {
    const auto of = [](const char* progress, const char* cause) {
        return what_a_parked_one_needs(
            object{{"id", "ID"}, {"progress", progress}, {"cause", cause}});
    };
    EXPECT_EQ(of("NEEDS_ATTENTION", ""),
              "A person must decide: remove the cause, then \"thole operation retry ID\"; or give "
              "it up with cancel, close or fail.");
    EXPECT_EQ(of("NEEDS_ATTENTION", "cancelled"),
              "A person must decide: remove the cause, then \"thole operation retry ID\" (or "
              "cancel) goes on with its undo; or leave it as it is with close or fail.");
    EXPECT_EQ(of("PAUSED", "cancelled"),
              "A person paused it. \"thole operation resume ID\" lets it go on.");
}

TEST(size_text, is_of_powers_of_a_thousand) {
    EXPECT_EQ(size_text(0), "0 B");
    EXPECT_EQ(size_text(999), "999 B");
    EXPECT_EQ(size_text(1'234'567), "1.2 MB");
    EXPECT_EQ(size_text(999'950), "1.0 MB");
    EXPECT_EQ(size_text(2'000'000'000), "2.0 GB");
    EXPECT_EQ(size_text(UINT64_MAX), "18.4 EB");
}

TEST(last_failure, is_the_newest_on_the_way_forward) {
    EXPECT_EQ(text_of(last_failure(story), "detail"), "51 MiB");
    EXPECT_TRUE(last_failure(array{object{{"event", "operation.submitted"}}}).is_null());
}

}  // namespace
}  // namespace thole::app
