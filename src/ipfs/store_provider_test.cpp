#include "ipfs/store_provider.hpp"

#include <gtest/gtest.h>

#include "io/system_loop.hpp"
#include "ipfs/codec/testing.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/store_testing.hpp"

namespace thole::ipfs {
namespace {

constexpr store_time start{std::chrono::seconds{1'767'225'600}};

// Counts how often its bytes were wanted.
class counting_source final : public content_source {
  public:
    explicit counting_source(bytes content) : held_{std::move(content)} {}
    int loads = 0;
    task<result<std::shared_ptr<const bytes>>> load() override {
        ++loads;
        return held_.load();
    }

  private:
    memory_source held_;
};

template <class T>
task<> keep_result(task<T> work, std::optional<T>& out) {
    out.emplace(co_await std::move(work));
}

struct fixture {
    testing::temporary_folder folder;
    std::unique_ptr<content_store> store = *content_store::open({.folder = folder.path() + "/c"});
    io::system_loop loop;
    sql::blocking_pool pool{loop, {.threads = 2, .queue = 8}};
    store_provider local{name{"store"}, *store, pool, [] { return start; }};

    template <class T>
    T run(task<T> work) {
        std::optional<T> out;
        loop.run_until(keep_result(std::move(work), out));
        return std::move(out.value());
    }
};

// proves: I2, I5
TEST(StoreProvider, KeepsCountsAndGivesBack) {
    fixture f;
    const auto content = testing::noise(300'000);
    const auto source = std::make_shared<counting_source>(content);
    upload what{.predicted = cid_of(content)};
    what.source = source;
    what.owner = "op-1";
    const auto until = deadline::never();
    const auto first = f.run(f.local.put(what, until));
    ASSERT_TRUE(first) << first.error().describe();
    EXPECT_EQ(first->cid, what.predicted.text());
    EXPECT_EQ(first->id, "op-1");
    what.owner = "op-2";
    const auto second = f.run(f.local.put(what, until));
    ASSERT_TRUE(second);
    EXPECT_EQ(source->loads, 1);  // held already
    EXPECT_EQ(f.store->owners(what.predicted).size(), 2U);
    EXPECT_EQ(*f.run(f.local.status(what.predicted, until)), pin_state::pinned);
    EXPECT_TRUE(f.run(f.local.unpin(*first, until)));
    EXPECT_TRUE(f.run(f.local.unpin(*first, until)));
    EXPECT_EQ(f.store->owners(what.predicted), std::vector<std::string>{"op-2"});
    EXPECT_TRUE(f.run(f.local.release("op-2", until)));
    EXPECT_TRUE(f.run(f.local.release("op-2", until)));
    EXPECT_EQ(*f.run(f.local.status(what.predicted, until)), pin_state::absent);
    EXPECT_TRUE(f.run(f.local.check(until)));
    store_source held{*f.store, f.pool, what.predicted};
    EXPECT_EQ(**f.run(held.load()), content);
}

TEST(StoreProvider, AnswersTheRealCidWhenThePredictionIsWrong) {
    fixture f;
    upload what{.predicted = cid_of(as_bytes("predicted"))};
    what.source = std::make_shared<memory_source>("other");
    what.owner = "op-1";
    const auto receipt = f.run(f.local.put(what, deadline::never()));
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->cid, cid_of(as_bytes("other")).text());
    what.owner = "no owner";
    EXPECT_TRUE(f.run(f.local.put(what, deadline::never())).error().is(codes::bad_owner));
}

// Holds a content whose bytes on the disk are no longer its own.
struct damaged_fixture : fixture {
    const bytes content = testing::noise(3000);
    upload what{.predicted = cid_of(content)};
    std::shared_ptr<counting_source> source = std::make_shared<counting_source>(content);

    explicit damaged_fixture(std::uint64_t told_size) {
        what.source = source;
        what.size = told_size;
        what.owner = "op-1";
        EXPECT_TRUE(put());
        const auto path = testing::object_of(store->options().folder, what.predicted.text());
        std::fstream{path, std::ios::in | std::ios::out | std::ios::binary}.seekp(1000) << "damage";
        EXPECT_TRUE(store->read_all(what.predicted).error().is(codes::corrupt));
    }
    result<pin_receipt> put() { return run(local.put(what, deadline::never())); }
};

// proves: I2
TEST(StoreProvider, MendsADamagedDocumentWithTheBytesInHand) {
    damaged_fixture f{64U << 10U};
    const auto receipt = f.put();
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->cid, f.what.predicted.text());
    EXPECT_EQ(f.source->loads, 2);
    EXPECT_EQ(*f.store->read_all(f.what.predicted), f.content);
    EXPECT_EQ(f.store->owners(f.what.predicted), std::vector<std::string>{"op-1"});
    ASSERT_TRUE(f.put());
    EXPECT_EQ(f.source->loads, 2) << "it is whole by now";
}

TEST(StoreProvider, DoesNotCountADamagedDocumentWithoutItsBytes) {
    damaged_fixture f{3000};
    f.what.source = std::make_shared<store_source>(*f.store, f.pool, f.what.predicted);
    EXPECT_TRUE(f.put().error().is(codes::corrupt));
}

TEST(StoreProvider, DoesNotReadALargeOneForEachPut) {
    damaged_fixture f{(64U << 10U) + 1};
    EXPECT_TRUE(f.put());
    EXPECT_EQ(f.source->loads, 1);
}

}  // namespace
}  // namespace thole::ipfs
