#include "ipfs/originals.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ipfs/codec/dag_builder.hpp"
#include "ipfs/store_testing.hpp"

namespace thole::ipfs {
namespace {

struct fixture {
    testing::temporary_folder folder;
    std::optional<originals> notes;
    const cid kept = cid_of(as_bytes("small"));
    const cid other = cid_of(as_bytes("another"));
    const original large{sha256(as_bytes("large")), 5};
    const original larger{sha256(as_bytes("larger")), 6};

    fixture() { open(); }
    void open() {
        notes.emplace(folder.path() + "/originals", std::make_shared<disk>());
        ASSERT_TRUE(notes->load());
    }
};

// proves: I3
TEST(Originals, AreKnownByTheirHashAndByWhatTheyBecame) {
    fixture f;
    EXPECT_EQ(f.notes->kept_instead_of(f.large.sha256), std::nullopt);
    ASSERT_TRUE(f.notes->note(f.kept, f.large));
    ASSERT_TRUE(f.notes->note(f.kept, f.larger));
    for (int restarts = 0; restarts < 2; ++restarts) {
        EXPECT_EQ(f.notes->kept_instead_of(f.large.sha256), f.kept);
        EXPECT_EQ(f.notes->kept_instead_of(f.larger.sha256), f.kept);
        EXPECT_EQ(f.notes->of(f.kept).size(), 2U);
        EXPECT_TRUE(f.notes->of(f.other).empty());
        f.open();
    }
}

// proves: I3
TEST(Originals, OneNeverBecomesTwo) {
    fixture f;
    ASSERT_TRUE(f.notes->note(f.kept, f.large));
    ASSERT_TRUE(f.notes->note(f.kept, f.larger));
    ASSERT_TRUE(f.notes->note(f.other, f.large));
    for (int restarts = 0; restarts < 2; ++restarts) {
        EXPECT_EQ(f.notes->kept_instead_of(f.large.sha256), f.other) << "the last note counts";
        EXPECT_EQ(f.notes->of(f.other), std::vector{f.large});
        EXPECT_EQ(f.notes->of(f.kept), std::vector{f.larger}) << "the other one stays";
        f.open();
    }
}

TEST(Originals, AreForgottenWithTheirContent) {
    fixture f;
    ASSERT_TRUE(f.notes->note(f.kept, f.large));
    ASSERT_TRUE(f.notes->forget(f.kept));
    ASSERT_TRUE(f.notes->forget(f.other));
    for (int restarts = 0; restarts < 2; ++restarts) {
        EXPECT_EQ(f.notes->kept_instead_of(f.large.sha256), std::nullopt);
        EXPECT_TRUE(f.notes->of(f.kept).empty());
        f.open();
    }
    ASSERT_TRUE(f.notes->note(f.other, f.large));
    EXPECT_EQ(f.notes->kept_instead_of(f.large.sha256), f.other);
}

TEST(Originals, NamesOfAnotherFormSayNothing) {
    fixture f;
    const auto shard = f.folder.path() + "/originals/ab";
    std::filesystem::create_directories(shard);
    const auto hash = to_hex(f.large.sha256);
    for (const auto& name :
         {std::string{"x"}, f.kept.text() + "~" + hash, f.kept.text() + "~" + hash + "~5x",
          f.kept.text() + "~" + hash.substr(2) + "~5", "nocid~" + hash + "~5"}) {
        std::ofstream{shard + "/" + name};
    }
    f.open();
    EXPECT_EQ(f.notes->kept_instead_of(f.large.sha256), std::nullopt);
}

}  // namespace
}  // namespace thole::ipfs
