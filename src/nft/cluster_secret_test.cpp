#include "nft/cluster_secret.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "nft/codes.hpp"

namespace thole::nft {
namespace {

class cluster_secret_file : public testing::Test {
  protected:
    void SetUp() override {
        auto pattern = (std::filesystem::temp_directory_path() / "thole-secret-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    result<cluster_secret> open(const std::optional<std::string>& stored, std::uint64_t live) {
        return open_cluster_secret(file(), stored, live, entropy_);
    }
    [[nodiscard]] std::filesystem::path file() const { return folder_ / "cluster-secret"; }
    void write(const std::string& text, mode_t mode = 0600) {
        std::ofstream{file()} << text;
        ::chmod(file().c_str(), mode);
    }

  private:
    std::filesystem::path folder_;
    seeded_entropy entropy_{7};
};

TEST_F(cluster_secret_file, is_made_once_and_private) {
    const auto first = open(std::nullopt, 0);
    ASSERT_TRUE(first.has_value());
    struct stat about{};
    ASSERT_EQ(::stat(file().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    EXPECT_FALSE(std::filesystem::exists(file().string() + ".new"));
    const auto second = open(first->fingerprint(), 5);
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(second->fingerprint(), first->fingerprint());
    EXPECT_EQ(second->sign(as_bytes("x")), first->sign(as_bytes("x")));
}

TEST_F(cluster_secret_file, the_fingerprint_is_not_the_secret) {
    const auto made = open(std::nullopt, 0);
    ASSERT_TRUE(made.has_value());
    std::string text;
    std::ifstream{file()} >> text;
    EXPECT_EQ(text.size(), 64U);
    EXPECT_EQ(made->fingerprint().size(), 32U);
    EXPECT_EQ(text.find(made->fingerprint()), std::string::npos);
}

// proves: S4
TEST_F(cluster_secret_file, a_lost_secret_refuses_to_start_while_mints_are_live) {
    const auto made = open(std::nullopt, 0);
    ASSERT_TRUE(made.has_value());
    std::filesystem::remove(file());
    const auto lost = open(made->fingerprint(), 1);
    ASSERT_FALSE(lost.has_value());
    EXPECT_TRUE(lost.error().is(codes::secret_lost));
    EXPECT_FALSE(std::filesystem::exists(file()));
    const auto renewed = open(made->fingerprint(), 0);
    ASSERT_TRUE(renewed.has_value());
    EXPECT_NE(renewed->fingerprint(), made->fingerprint());
}

// proves: S4
TEST_F(cluster_secret_file, a_changed_secret_refuses_to_start_while_mints_are_live) {
    write(std::string(64, 'a') + "\n");
    const auto changed = open("0123456789abcdef0123456789abcdef", 2);
    ASSERT_FALSE(changed.has_value());
    EXPECT_TRUE(changed.error().is(codes::secret_changed));
    EXPECT_EQ(changed.error().detail().find(std::string(64, 'a')), std::string_view::npos);
    EXPECT_TRUE(open("0123456789abcdef0123456789abcdef", 0).has_value());
}

TEST_F(cluster_secret_file, an_open_or_damaged_file_is_refused) {
    write(std::string(64, 'a') + "\n", 0640);
    auto refused = open(std::nullopt, 0);
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(refused.error().is(codes::secret_open_mode));
    for (const auto& text : {std::string{}, std::string(64, 'a'), std::string(63, 'a') + "\n",
                             std::string(64, 'g') + "\n", std::string(64, 'A') + "\n",
                             std::string(64, 'a') + "\n\n"}) {
        write(text);
        refused = open(std::nullopt, 0);
        ASSERT_FALSE(refused.has_value()) << text;
        EXPECT_TRUE(refused.error().is(codes::secret_unreadable));
    }
}

TEST_F(cluster_secret_file, a_half_written_file_of_a_crash_is_replaced) {
    std::ofstream{file().string() + ".new"} << "dead";
    EXPECT_TRUE(open(std::nullopt, 0).has_value());
}

}  // namespace
}  // namespace thole::nft
