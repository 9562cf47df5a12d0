#include "solana/keypair_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "solana/codec/golden.hpp"
#include "solana/codes.hpp"

namespace thole::solana {
namespace {

class KeypairFile : public testing::Test {
  protected:
    KeypairFile() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "thole-key-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~KeypairFile() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& text, mode_t mode) const {
        const auto path = folder_ + "/wallet.json";
        std::ofstream{path} << text;
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }
    static std::string key_json() {
        std::string out = "[";
        const auto file = golden::load("solana");
        for (const auto b : golden::hex(file.at("keys").as_array()[0].at("secret_key"))) {
            out += (out.size() > 1 ? "," : "") + std::to_string(b);
        }
        return out + "]\n";
    }
    std::string folder_;
};

// proves: S10
TEST_F(KeypairFile, IsReadWhenOnlyItsOwnerMay) {
    for (const mode_t mode : {0600, 0400}) {
        const auto read = load_keypair(write(key_json(), mode));
        ASSERT_TRUE(read) << read.error().describe();
        EXPECT_EQ(read->address().text(), "5ADtywQ2ZsWubybufk7tsnmg2Zn52NLZhx1cJFa7PffP");
        std::filesystem::remove_all(folder_ + "/wallet.json");
    }
}

// proves: S10
TEST_F(KeypairFile, IsRefusedWhenAnyoneElseMay) {
    for (const mode_t mode : {0640, 0604, 0660, 0644, 0610, 0601}) {
        const auto read = load_keypair(write(key_json(), mode));
        ASSERT_FALSE(read) << std::oct << mode;
        EXPECT_TRUE(read.error().is(codes::keypair_exposed));
    }
}

TEST_F(KeypairFile, SaysWhatIsWrongWithoutTheKey) {
    EXPECT_TRUE(load_keypair(folder_ + "/none").error().is(codes::keypair_unreadable));
    EXPECT_TRUE(load_keypair(folder_).error().is(codes::keypair_unreadable));
    const auto broken = load_keypair(write("[1,2,3]", 0600));
    ASSERT_FALSE(broken);
    EXPECT_TRUE(broken.error().is(codes::keypair_invalid));
    EXPECT_EQ(broken.error().describe().find("1,2,3"), std::string::npos);
    EXPECT_TRUE(
        load_keypair(write(std::string(5000, ' '), 0600)).error().is(codes::keypair_invalid));
}

}  // namespace
}  // namespace thole::solana
