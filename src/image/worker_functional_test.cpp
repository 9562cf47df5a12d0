// The real child process, and programs that behave as a broken or hostile one would.

#include "image/worker.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "image/pictures_testing.hpp"

namespace thole::image {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::octets;

class ImageWorker : public ::testing::Test {
  protected:
    ImageWorker() { std::filesystem::create_directories(folder_); }
    ~ImageWorker() override { std::filesystem::remove_all(folder_); }

    result<report> look(const octets& file, worker_options options) {
        const auto path = folder_ / "image";
        std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(file.data()),
                                                    static_cast<std::streamsize>(file.size()));
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        auto seen = worker{std::move(options), time_}.at(fd);
        ::close(fd);
        return seen;
    }
    result<report> look(const octets& file, limits most = {}) {
        return look(file, {.program = IMAGE_WORKER, .most = most});
    }
    // A program that does as the shell script says, whatever it is asked.
    worker_options script(const std::string& text, duration patience = 10s) {
        const auto path = folder_ / "program";
        std::ofstream{path} << "#!/bin/sh\n" << text << "\n";
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return {.program = path, .most = {}, .patience = patience};
    }

    std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("thole-image-" + std::to_string(::getpid()));
    system_clock time_;
};

// proves: I3
TEST_F(ImageWorker, LooksAtEveryKind) {
    const std::pair<const char*, octets> all[] = {{"png", testing::png(640, 480)},
                                                  {"jpeg", testing::jpeg(640, 480, true)},
                                                  {"gif", testing::gif(640, 480, 2)},
                                                  {"webp", testing::animated_webp(640, 480, 2)}};
    for (const auto& [type, file] : all) {
        const auto seen = look(file);
        ASSERT_TRUE(seen) << seen.error().describe();
        EXPECT_EQ(seen->type, type);
        EXPECT_EQ(seen->width, 640U);
        EXPECT_EQ(seen->height, 480U);
        EXPECT_EQ(seen->bytes, file.size());
    }
}

TEST_F(ImageWorker, RefusesBombsLiesAndPieces) {
    const auto expect = [&](const octets& file, const char* rule) {
        const auto seen = look(file);
        ASSERT_FALSE(seen);
        EXPECT_TRUE(seen.error().is(codes::refused)) << seen.error().describe();
        EXPECT_THAT(std::string{seen.error().detail()}, HasSubstr(rule));
    };
    expect(testing::flat_png(50'000, 50'000, 1), "pixels: 2500000000 pixels");
    auto piece = testing::png(64, 64);
    piece.resize(piece.size() / 2);
    expect(piece, "malformed: its chunks are not whole");
    expect({'h', 'e', 'l', 'l', 'o'}, "type: ");
    expect({}, "type: ");
}

TEST_F(ImageWorker, TakesTheLargestThatItsLimitsAllow) {
    EXPECT_TRUE(look(testing::flat_png(8'000, 5'000, 5'000)));
    EXPECT_TRUE(look(testing::jpeg(5'000, 4'000, true)));
    EXPECT_TRUE(look(testing::webp(4'000, 2'000)));
    const auto file = testing::png(10, 10);
    EXPECT_TRUE(look(file, {.bytes = file.size(), .pixels = 100}));
    EXPECT_EQ(look(file, {.pixels = 99}).error().code(), "image.refused");
    EXPECT_EQ(look(file, {.bytes = file.size() - 1}).error().code(), "image.refused");
}

// proves: I3
TEST_F(ImageWorker, GivesTheSamePictureInFewerBytes) {
    const auto file = testing::png(300, 200, false, 0);
    const auto seen = look(file, {.program = IMAGE_WORKER, .most = {}, .compress = true});
    ASSERT_TRUE(seen) << seen.error().describe();
    EXPECT_LT(seen->smaller.size(), file.size());
    const octets smaller(seen->smaller.begin(), seen->smaller.end());
    const auto again = look(smaller, {.program = IMAGE_WORKER, .most = {}, .compress = true});
    ASSERT_TRUE(again) << again.error().describe();
    EXPECT_EQ(again->width, 300U);
    EXPECT_TRUE(again->smaller.empty());
    EXPECT_TRUE(look(file)->smaller.empty()) << "nobody asked";
}

// What says nothing about the image is no refusal of it.
TEST_F(ImageWorker, AWorkerThatHangsOrDiesIsNotBelieved) {
    const auto expect = [&](worker_options how, const char* detail) {
        const auto seen = look(testing::png(4, 4), std::move(how));
        ASSERT_FALSE(seen);
        EXPECT_TRUE(seen.error().is(codes::worker_failed)) << seen.error().describe();
        EXPECT_THAT(std::string{seen.error().detail()}, HasSubstr(detail));
    };
    expect(script("exec /bin/sleep 1000", 100ms), "no answer in time");
    expect(script("kill -9 $$"), "signal 9");
    expect(script("kill -31 $$"), "signal 31");
    expect(script("exec /bin/cat /dev/zero"), "talks too much");
    expect(script("echo no sandbox >&2; exit 4"), "ended with 4: no sandbox");
    expect(script("exit 0"), "cannot be read");
    expect(script("echo '{\"v\":1,\"type\":\"png\",\"written\":9}'; echo four"), "not whole");
    expect(script("echo '{\"v\":1}'"), "says nothing");
    expect(script("echo '{\"v\":1,\"type\":\"png\",\"surprise\":1}'"), "cannot be read");
    expect({.program = "/nonexistent/worker"}, "/nonexistent/worker");
}

TEST_F(ImageWorker, HasNoEnvironmentAndNoOtherDescriptor) {
    ::setenv("THOLE_SECRET", "key", 1);
    const int open = ::open("/etc/hostname", O_RDONLY);  // deliberately inherited by programs
    const auto seen = look({}, script("echo \"$THOLE_SECRET\" \"$HOME\" . >&2; exit 9"));
    ::close(open);
    ::unsetenv("THOLE_SECRET");
    EXPECT_THAT(std::string{seen.error().detail()}, HasSubstr("ended with 9:   ."));
}

TEST_F(ImageWorker, TimeOnTheProcessorIsTheImagesDoing) {
    const auto seen = look({}, script("kill -XCPU $$"));
    EXPECT_TRUE(seen.error().is(codes::refused));
    EXPECT_THAT(std::string{seen.error().detail()}, HasSubstr("takes too long"));
}

}  // namespace
}  // namespace thole::image
