// The binary itself: exit codes, messages, a daemon that starts, answers and stops.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/cli/client.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "sql/sqlite.hpp"

namespace thole::app {
namespace {

using ::testing::HasSubstr;
using namespace std::string_view_literals;

std::string read_all(const std::filesystem::path& path) {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
}

struct outcome {
    int exit = -1;
    std::string out;
    std::string err;
};

// One grey pixel, and a file of 86 bytes that says it has 50 000 × 50 000 of them.
constexpr auto smallest_png =
    "\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\000\000\001"
    "\000\000\000\001\010\000\000\000\000\072\176\233\125\000\000\000\012\111\104\101"
    "\124\170\332\143\150\000\000\000\202\000\201\332\105\010\073\000\000\000\000\111"
    "\105\116\104\256\102\140\202"sv;
constexpr auto bomb_png =
    "\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\000\303\120"
    "\000\000\303\120\001\000\000\000\000\143\324\000\147\000\000\000\035\111\104\101"
    "\124\170\332\355\301\061\001\000\000\000\302\240\365\117\155\007\157\240\000\000"
    "\000\000\000\000\156\003\030\153\000\001\066\254\167\111\000\000\000\000\111\105"
    "\116\104\256\102\140\202"sv;

bool has_image_worker() {
    const auto beside = std::filesystem::path{THOLE_BINARY}.parent_path() / "thole-image-worker";
    return ::access(beside.c_str(), X_OK) == 0;
}

class cli_test : public ::testing::Test {
  protected:
    cli_test() {
        auto pattern = (std::filesystem::temp_directory_path() / "thole-cli-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        write("thole.toml", config());
    }
    ~cli_test() override {
        if (daemon_ > 0) stop();
        std::filesystem::remove_all(folder_);
    }

    std::string config(std::string_view more = {}) const {
        return "[server]\nlisten = \"127.0.0.1:0\"\nsocket = \"" + (folder_ / "s").string() +
               "\"\n[data]\nfolder = \"" + (folder_ / "data").string() + "\"\n" + std::string{more};
    }
    std::string write(const std::string& name, std::string_view text, mode_t mode = 0600) {
        const auto path = folder_ / name;
        std::ofstream{path} << text;
        ::chmod(path.c_str(), mode);
        return path.string();
    }

    // Starts the binary with standard output and error in files.
    pid_t start(std::vector<std::string> args, const std::string& name) {
        args.insert(args.begin(), {THOLE_BINARY, "--config", (folder_ / "thole.toml").string()});
        std::vector<char*> argv;
        for (auto& each : args) argv.push_back(each.data());
        argv.push_back(nullptr);
        std::vector<std::string> env{"PATH=/usr/bin:/bin", "HOME=" + folder_.string()};
        std::vector<char*> envp;
        for (auto& each : env) envp.push_back(each.data());
        envp.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        const auto file = [&](int fd, const std::string& suffix) {
            posix_spawn_file_actions_addopen(&actions, fd, (folder_ / (name + suffix)).c_str(),
                                             O_WRONLY | O_CREAT | O_TRUNC, 0600);
        };
        file(1, ".out");
        file(2, ".err");
        pid_t pid = -1;
        EXPECT_EQ(::posix_spawn(&pid, THOLE_BINARY, &actions, nullptr, argv.data(), envp.data()),
                  0);
        posix_spawn_file_actions_destroy(&actions);
        return pid;
    }

    outcome run(std::vector<std::string> args) {
        const auto pid = start(std::move(args), "run");
        int status = 0;
        EXPECT_EQ(::waitpid(pid, &status, 0), pid);
        return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                read_all(folder_ / "run.out"), read_all(folder_ / "run.err")};
    }

    // The id of an accepted operation that does nothing.
    std::string submit_bench(const std::string& key) {
        client daemon{{.socket = (folder_ / "s").string(), .url = {}, .token = {}}};
        const auto answer = daemon.call(
            {.method = "POST",
             .path = "/api/v1/operations/bench",
             .headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", key}},
             .body = "{}"});
        EXPECT_TRUE(answer && answer->status == 202);
        const auto document = boost::json::parse(answer->body);
        return std::string{document.at("id").as_string()};
    }

    // Until it answers that it is ready.
    void serve() {
        daemon_ = start({"serve"}, "serve");
        client daemon{{.socket = (folder_ / "s").string(), .url = {}, .token = {}}};
        for (int i = 0; i < 600; ++i) {
            const auto answer = daemon.call({.path = "/readyz"});
            if (answer && answer->status == 200) return;
            ASSERT_EQ(::waitpid(daemon_, nullptr, WNOHANG), 0) << read_all(folder_ / "serve.err");
            ::poll(nullptr, 0, 50);
        }
        FAIL() << "not ready in 30 s: " << read_all(folder_ / "serve.err");
    }
    int stop(int signal = SIGTERM) {
        ::kill(daemon_, signal);
        int status = 0;
        EXPECT_EQ(::waitpid(daemon_, &status, 0), daemon_);
        daemon_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    std::filesystem::path folder_;
    pid_t daemon_ = -1;
};

TEST_F(cli_test, usage_errors_are_exit_2) {
    for (const auto& args : std::vector<std::vector<std::string>>{
             {},
             {"bogus"},
             {"operation"},
             {"operation", "show"},
             {"mint", "--image", "x"},
             {"-o", "yaml", "version"},
             {"mint", "--image", "x", "--name", "n", "--owner", "o", "--level", "-1"},
             {"mint", "--image", "x", "--name", "n", "--owner", "o", "--attribute", "novalue"}}) {
        const auto done = run(args);
        EXPECT_EQ(done.exit, 2) << (args.empty() ? "" : args[0]);
        EXPECT_THAT(done.err, HasSubstr("thole:"));
        EXPECT_EQ(done.out, "");
    }
    EXPECT_THAT(run({"bogus"}).err, HasSubstr("\"bogus\""));
    EXPECT_THAT(run({"operation", "bogus"}).err, HasSubstr("\"bogus\""));
    EXPECT_EQ(run({"explain"}).exit, 2);
    EXPECT_EQ(run({"--help"}).exit, 0);
    EXPECT_THAT(run({"--help"}).out, HasSubstr("Exit codes:"));
}

// proves: O9
TEST_F(cli_test, config_check_prints_every_mistake_and_exits_2) {
    write("thole.toml", config("[log]\nlevel = \"loud\"\n[mint]\nfee_percentile = 0\n"));
    auto done = run({"config", "check"});
    EXPECT_EQ(done.exit, 2);
    EXPECT_THAT(done.err, HasSubstr("2 mistakes"));
    EXPECT_THAT(done.err, HasSubstr("thole.toml:7"));
    EXPECT_THAT(done.err, HasSubstr("log.level: must be one of"));
    EXPECT_THAT(done.err, HasSubstr("mint.fee_percentile: must be from 1 to 100"));
    done = run({"-o", "json", "config", "check"});
    EXPECT_EQ(done.exit, 2);
    const auto body = boost::json::parse(done.out);
    EXPECT_FALSE(body.at("valid").as_bool());
    EXPECT_EQ(body.at("problems").as_array().size(), 2U);
    EXPECT_EQ(run({"serve"}).exit, 2) << "serve refuses the same";
}

// proves: O9, S3, S10
TEST_F(cli_test, config_check_refuses_an_open_key_and_a_single_provider) {
    ed25519_seed seed{};
    std::string key = "[";
    for (const auto byte : seed) key += std::to_string(byte) + ",";
    for (const auto byte : ed25519_key{seed}.public_half()) key += std::to_string(byte) + ",";
    key.back() = ']';
    const auto file = write("wallet.json", key, 0644);
    write("thole.toml", config("[wallet]\nkey = \"file:" + file +
                               "\"\n[[dependency.solana.endpoint]]\nname = \"a\"\n"
                               "url = \"https://a.example.org\"\n"));
    const auto done = run({"config", "check"});
    EXPECT_EQ(done.exit, 2);
    EXPECT_THAT(done.err, HasSubstr("wallet.key: " + file + " has mode 0644"));
    EXPECT_THAT(done.err, HasSubstr("at least two providers, found only \"example.org\""));
}

TEST_F(cli_test, what_needs_no_daemon_works_without_one) {
    EXPECT_THAT(run({"version"}).out, HasSubstr("thole "));
    EXPECT_EQ(run({"--version"}).out, run({"version"}).out);
    EXPECT_EQ(run({"-o", "json", "--version"}).out, run({"-o", "json", "version"}).out);
    EXPECT_EQ(run({"config", "check"}).exit, 0);
    EXPECT_EQ(run({"explain", "net.timeout"}).out, run({"explain", "fault", "net.timeout"}).out);
    EXPECT_EQ(run({"explain", "no.such"}).exit, 3);
    EXPECT_THAT(run({"explain", "no.such"}).err, HasSubstr("\"no.such\""));
    EXPECT_THAT(run({"explain", "fault", "net.timeout"}).out, HasSubstr("effect is unknown"));
    EXPECT_THAT(run({"-o", "json", "explain", "fault"}).out, HasSubstr("\"engine.key_conflict\""));
    const auto done = run({"explain", "fault", "no.such"});
    EXPECT_EQ(done.exit, 3);
    EXPECT_THAT(done.err, HasSubstr("no.such"));
}

TEST_F(cli_test, no_daemon_is_exit_4) {
    for (const auto& args :
         std::vector<std::vector<std::string>>{{"operation", "list"},
                                               {"status"},
                                               {"verify", "x"},
                                               {"--url", "http://127.0.0.1:1", "status"}}) {
        const auto done = run(args);
        EXPECT_EQ(done.exit, 4) << args[0];
        EXPECT_THAT(done.err, HasSubstr("does not answer"));
    }
    EXPECT_EQ(run({"--token-file", write("t", "token", 0644), "status"}).exit, 2);

    EXPECT_THAT(run({"status"}).err, HasSubstr((folder_ / "s").string() + ": no such file"));
    // What a killed daemon leaves: a socket nobody listens on.
    const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    (folder_ / "s").string().copy(name.sun_path, sizeof name.sun_path - 1);
    ASSERT_EQ(::bind(left, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    ::close(left);
    EXPECT_THAT(run({"status"}).err, HasSubstr((folder_ / "s").string() + ": connection refused"));
}

TEST_F(cli_test, a_daemon_starts_answers_and_stops) {
    serve();
    EXPECT_EQ(run({"status"}).exit, 0);
    EXPECT_THAT(run({"status"}).out, HasSubstr("journal"));
    EXPECT_EQ(run({"operation", "list"}).out, "no operations\n");
    const auto list = run({"operation", "list", "-o", "json"});
    EXPECT_EQ(boost::json::parse(list.out).at("items").as_array().size(), 0U);
    auto done = run({"operation", "show", "00000000-0000-7000-8000-000000000000"});
    EXPECT_EQ(done.exit, 3);
    EXPECT_THAT(done.err, HasSubstr("code: operation.not_found"));
    EXPECT_THAT(run({"explain", "00000000-0000-7000-8000-000000000000"}).err,
                HasSubstr("code: operation.not_found"));
    done = run({"operation", "list", "--state", "bogus"});
    EXPECT_EQ(done.exit, 3);
    EXPECT_TRUE(done.err.starts_with("thole: refused (code: api.bad_parameter)\n  state: "))
        << done.err;
    EXPECT_EQ(run({"verify", "not-a-wallet"}).exit, 3);

    struct stat about{};
    ASSERT_EQ(::stat((folder_ / "s").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600U);
    ASSERT_EQ(::stat((folder_ / "data").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0700U);
    EXPECT_EQ(stop(), 0);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "s"));
}

// proves: I2
TEST_F(cli_test, what_providers_keep_is_shown_with_its_price) {
    write("thole.toml", config("[[dependency.ipfs.provider]]\nname = \"here\"\n"
                               "price_per_gb_month = \"9000 EUR\"\n"
                               "[[dependency.ipfs.provider]]\nname = \"node\"\nkind = \"kubo\"\n"
                               "url = \"http://127.0.0.1:1\"\n"));
    serve();
    client daemon{{.socket = (folder_ / "s").string(), .url = {}, .token = {}}};
    const auto sent = daemon.call(
        {.method = "POST", .path = "/api/v1/content", .body = std::string{smallest_png}});
    ASSERT_TRUE(sent && sent->status == 201);
    const auto shown = run({"providers"});
    EXPECT_EQ(shown.exit, 0);
    EXPECT_THAT(shown.out, ::testing::ContainsRegex("here +store +1 +[0-9]+ B +9000.00 EUR +0.00"));
    EXPECT_THAT(shown.out, ::testing::ContainsRegex("node +kubo +0 +0 B"));
    const auto body = boost::json::parse(run({"-o", "json", "providers"}).out);
    EXPECT_EQ(body.at("items").as_array().size(), 2U);
    EXPECT_EQ(body.at("cost_per_month").as_array().size(), 1U);
    // Told to the scraper too.
    const auto figures = daemon.call({.path = "/metrics"});
    ASSERT_TRUE(figures);
    EXPECT_THAT(figures->body, HasSubstr("thole_provider_kept_bytes{endpoint=\"node\"} 0"));
}

TEST_F(cli_test, bad_images_are_refused_before_anything_is_sent) {
    serve();
    const auto mint = [&](const std::string& image) {
        return run({"mint", "--image", image, "--name", "n", "--owner", "o"});
    };
    auto done = mint((folder_ / "absent.png").string());
    EXPECT_EQ(done.exit, 3);
    EXPECT_THAT(done.err, HasSubstr("--image: "));
    EXPECT_THAT(mint(write("empty.png", "")).err, HasSubstr("is empty"));
    const auto large = write("large.png", "");
    std::filesystem::resize_file(large, (50U << 20) + 1);
    done = mint(large);
    EXPECT_EQ(done.exit, 3);
    EXPECT_THAT(done.err, HasSubstr("at most 50 MiB"));
    done = mint(write("text.png",
                      "this is no image, whatever its name says, and long enough to be "
                      "judged by its first bytes"));
    EXPECT_EQ(done.exit, 3);
    EXPECT_THAT(done.err, HasSubstr("code: api.media_type"));
    EXPECT_EQ(run({"operation", "list"}).out, "no operations\n");
}

TEST_F(cli_test, without_a_wallet_minting_says_what_is_missing) {
    serve();
    const auto image = write("a.png", smallest_png);
    const auto done = run({"mint", "--image", image, "--name", "n", "--symbol", "s", "--owner",
                           "7A4NamkMyPufJdqsoRxUt3fE2KYuQ9NAb25GgAKECwaf"});
    EXPECT_EQ(done.exit, 1);
    EXPECT_THAT(done.err, HasSubstr("code: mint.disabled"));
    EXPECT_THAT(done.err, HasSubstr("wallet.key"));
}

// proves: I3
TEST_F(cli_test, a_bomb_is_refused_before_it_is_kept) {
    if (!has_image_worker()) {
        EXPECT_EQ(run({"image-worker"}).exit, 2);
        GTEST_SKIP() << "built without decoders of images";
    }
    serve();
    const auto mint = [&](const std::string& image) {
        return run({"mint", "--image", image, "--name", "n", "--symbol", "s", "--owner",
                    "7A4NamkMyPufJdqsoRxUt3fE2KYuQ9NAb25GgAKECwaf"});
    };
    const auto bomb = mint(write("bomb.png", bomb_png));
    EXPECT_EQ(bomb.exit, 3);
    EXPECT_THAT(bomb.err, HasSubstr("code: image.refused"));
    EXPECT_THAT(bomb.err, HasSubstr("2500000000 pixels"));
    const auto piece = mint(write("piece.png", smallest_png.substr(0, 60)));
    EXPECT_THAT(piece.err, HasSubstr("code: image.refused"));
}

// proves: I3
TEST_F(cli_test, a_picture_is_kept_in_fewer_bytes_when_that_is_wished) {
    if (!has_image_worker()) GTEST_SKIP() << "built without decoders of images";
    write("thole.toml", config("[images]\ncompress = true\n"));
    serve();
    // Sixteen by sixteen black pixels, not deflated.
    const auto image = std::array{
        "\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\000\000\020"
        "\000\000\000\020\010\000\000\000\000\072\230\240\275\000\000\001\033\111\104\101"
        "\124\170\001\001\020\001\357\376"sv,
        "\001\020\000\001\331\362\313\127\000\000\000\000\111\105\116\104\256\102\140\202"sv};
    const auto sent =
        std::string{image.front()} + std::string(272, '\0') + std::string{image.back()};
    client daemon{{.socket = (folder_ / "s").string(), .url = {}, .token = {}}};
    const auto answer = daemon.call({.method = "POST", .path = "/api/v1/content", .body = sent});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 201);
    const auto told = boost::json::parse(answer->body);
    EXPECT_LT(told.at("size").to_number<std::size_t>(), 150U);
    EXPECT_EQ(told.at("width").to_number<int>(), 16);
    EXPECT_EQ(told.at("original").at("size").to_number<std::size_t>(), sent.size());
    EXPECT_EQ(told.at("original").at("sha256").as_string(),
              "840c41afbdbeafd1bba541993c092138416468b215b127edd553b4c69be04355");
    const auto served = daemon.call({.path = "/ipfs/" + std::string{told.at("cid").as_string()}});
    ASSERT_TRUE(served);
    EXPECT_EQ(served->body.size(), told.at("size").to_number<std::size_t>());
    // The same file is the same content, over a restart too.
    stop();
    serve();
    const auto again = daemon.call({.method = "POST", .path = "/api/v1/content", .body = sent});
    ASSERT_TRUE(again && again->status == 200);
    EXPECT_EQ(boost::json::parse(again->body).at("cid"), told.at("cid"));
}

TEST_F(cli_test, a_second_daemon_on_the_same_folder_is_refused) {
    serve();
    write("thole.toml", config("") + "[log]\nlevel = \"info\"\n");
    const auto done = run({"--socket", (folder_ / "other").string(), "serve"});
    EXPECT_EQ(done.exit, 1);
    EXPECT_THAT(done.err, HasSubstr("Another process"));
    EXPECT_EQ(run({"status"}).exit, 0) << "the first one goes on";
}

TEST_F(cli_test, a_taken_port_is_said_and_leaves_nothing_behind) {
    serve();
    const auto log = read_all(folder_ / "serve.err");
    const auto at = log.find("url=http://");
    ASSERT_NE(at, std::string::npos) << log;
    const auto address = log.substr(at + 11, log.find_first_of(" \n", at) - at - 11);
    const auto done = run({"--data", (folder_ / "other").string(), "--socket",
                           (folder_ / "s2").string(), "serve", "--listen", address});
    EXPECT_EQ(done.exit, 1);
    EXPECT_THAT(done.err, HasSubstr("cannot listen on " + address));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "s2"));
}

// proves: O10
TEST_F(cli_test, over_tcp_a_token_file_opens_what_its_scopes_allow) {
    const auto token = write("token", "tok-abcdefghijklmnopqrstuvwxyz\n");
    write("thole.toml", config("[[server.token]]\nname = \"ci\"\nsecret = \"file:" + token +
                               "\"\nscopes = [\"read\", \"operate\"]\n"));
    serve();
    const auto log = read_all(folder_ / "serve.err");
    const auto at = log.find("url=http://");
    ASSERT_NE(at, std::string::npos) << log;
    const auto url = log.substr(at + 4, log.find_first_of(" \n", at) - at - 4);
    EXPECT_EQ(run({"--url", url, "operation", "list"}).exit, 0) << "reading is free here";
    const std::string id = "00000000-0000-7000-8000-000000000000";
    EXPECT_THAT(run({"--url", url, "operation", "cancel", id}).err,
                HasSubstr("api.token_required"));
    EXPECT_THAT(run({"--url", url, "--token-file", token, "operation", "cancel", id}).err,
                HasSubstr("operation.not_found"));
    const auto wrong = write("wrong", "tok-zyxwvutsrqponmlkjihgfedcba\n");
    EXPECT_THAT(run({"--url", url, "--token-file", wrong, "operation", "list"}).err,
                HasSubstr("api.token_invalid"));
}

// proves: E5, E6
TEST_F(cli_test, operations_are_paused_resumed_and_held_from_the_command_line) {
    write("thole.toml", config("[engine]\nbench = true\n[engine.kind.bench]\nconcurrency = 2\n"));
    serve();
    auto done = run({"operation", "hold", "--kind", "bench", "--reason", "a look first"});
    EXPECT_EQ(done.exit, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("a look first"));
    EXPECT_THAT(run({"operation", "hold", "--kind", "bunch", "--reason", "x"}).err,
                HasSubstr("code: engine.unknown_kind"));
    EXPECT_EQ(run({"operation", "hold", "--reason", "x"}).exit, 2);
    const auto log = read_all(folder_ / "serve.err");
    std::vector<std::string> ids;
    for (const auto* key : {"a", "b"}) ids.push_back(submit_bench(key));
    done = run({"explain", ids[0]});
    EXPECT_THAT(done.out, HasSubstr("engine.held"));
    done = run({"operation", "pause", ids[0], "--reason", "not yet"});
    EXPECT_EQ(done.exit, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("PAUSED"));
    done = run({"operation", "prioritise", ids[0], "--priority", "high", "--reason", "now"});
    EXPECT_EQ(done.exit, 0) << done.err;
    EXPECT_THAT(run({"operation", "show", ids[0]}).out, HasSubstr("high"));
    EXPECT_EQ(run({"operation", "prioritise", ids[0], "--priority", "soon", "--reason", "x"}).exit,
              2);
    EXPECT_EQ(run({"operation", "skip", ids[1], "--reason", "x"}).exit, 2);
    done = run({"operation", "skip", ids[1], "--output", "{}", "--reason", "by hand"});
    EXPECT_EQ(done.exit, 0) << done.err;
    EXPECT_THAT(run({"operation", "events", ids[1]}).out, HasSubstr("step.skipped"));
    done = run({"operation", "reopen", ids[1], "--step", "one", "--reason", "after all"});
    EXPECT_EQ(done.exit, 0) << done.err;
    EXPECT_THAT(run({"operation", "reopen", ids[1], "--step", "six", "--reason", "x"}).err,
                HasSubstr("code: operation.step_not_begun"));
    done = run({"operation", "edit", ids[0], "--set", R"({"note":"mended"})", "--reason", "slip"});
    EXPECT_EQ(done.exit, 0) << done.err;
    EXPECT_EQ(run({"operation", "pause", ids[0]}).exit, 0);
    EXPECT_EQ(run({"operation", "edit", ids[0], "--set", "{", "--reason", "x"}).exit, 2);
    EXPECT_THAT(run({"operation", "migrate", ids[0], "--to", "7", "--reason", "x"}).err,
                HasSubstr("code: engine.unknown_definition"));
    EXPECT_THAT(run({"operation", "resolve", ids[0], "--landed", "x", "--reason", "y"}).err,
                HasSubstr("code: operation.nothing_undecided"));
    EXPECT_EQ(run({"operation", "resolve", ids[0], "--reason", "y"}).exit, 2);
    done = run({"operation", "release", "--kind", "bench", "--reason", "seen"});
    EXPECT_EQ(done.out, "nothing is held\n") << done.err;
    EXPECT_THAT(run({"operation", "holds", "--history"}).out, HasSubstr("released"));
    EXPECT_THAT(run({"operation", "release", "--everything", "--reason", "x"}).err,
                HasSubstr("code: engine.not_held"));
    EXPECT_EQ(run({"operation", "events", ids[1], "--follow"}).exit, 0);
    EXPECT_THAT(run({"operation", "show", ids[0]}).out, HasSubstr("PAUSED"));
    EXPECT_EQ(run({"operation", "all", "resume", "--state", "parked", "--reason", "go"}).out,
              "1 would be asked to resume; --yes does it\n");
    EXPECT_EQ(
        run({"operation", "all", "resume", "--state", "parked", "--reason", "go", "--yes"}).out,
        "1 of 1 accepted\n");
    EXPECT_EQ(run({"operation", "events", ids[0], "--follow"}).exit, 0);
    EXPECT_THAT(run({"operation", "resume", ids[0]}).err, HasSubstr("code: operation.ended"));
}

// proves: E7
TEST_F(cli_test, the_doctor_proves_the_journal_beside_the_daemon_and_on_a_copy) {
    write("thole.toml", config("[engine]\nbench = true\n"));
    EXPECT_EQ(run({"doctor"}).exit, 3) << "there is no journal yet";
    serve();
    for (int i = 0; i < 5; ++i) submit_bench("k" + std::to_string(i));
    const auto sound = run({"doctor", "-o", "json"});
    EXPECT_EQ(sound.exit, 0) << sound.err;
    EXPECT_EQ(boost::json::parse(sound.out).at("operations"), 5);
    EXPECT_EQ(boost::json::parse(sound.out).at("found"), 0);
    EXPECT_EQ(stop(), 0);
    EXPECT_THAT(run({"doctor"}).out, HasSubstr("sound  5 operations"));

    const auto copy = (folder_ / "copy.sqlite").string();
    std::filesystem::copy_file(folder_ / "data/journal.sqlite", copy);
    {
        auto db = sql::database::open(copy, sql::access::read_write);
        ASSERT_TRUE(db && db->execute("update op set progress = 'HALF' where key = 'k3'"));
    }
    const auto damaged = run({"doctor", copy});
    EXPECT_EQ(damaged.exit, 6);
    EXPECT_THAT(damaged.out, HasSubstr("row.differs"));
    EXPECT_THAT(damaged.out, HasSubstr("progress: events say INITIATED, row says HALF"));
    const auto found = boost::json::parse(run({"doctor", copy, "-o", "json"}).out);
    EXPECT_EQ(found.at("findings").at(0).at("kind"), "row.differs");
}

// proves: E7
TEST_F(cli_test, following_an_operation_whose_events_are_archived_ends) {
    write("thole.toml", config("[engine]\nbench = true\n"));
    serve();
    const auto id = submit_bench("a");
    EXPECT_THAT(run({"operation", "events", id, "--follow"}).out, HasSubstr("operation.ended"));
    EXPECT_EQ(stop(), 0);
    {
        auto db = sql::database::open((folder_ / "data/journal.sqlite").string(),
                                      sql::access::read_write);
        ASSERT_TRUE(db && db->execute("delete from event; update op set flags = flags | 1024"));
    }
    serve();
    const auto done = run({"operation", "events", id, "--follow"});
    EXPECT_EQ(done.exit, 0) << done.err;
    EXPECT_EQ(done.out, "");
}

// proves: E7
TEST_F(cli_test, operations_and_acts_are_exported_as_json_lines) {
    write("thole.toml", config("[engine]\nbench = true\n"));
    serve();
    std::vector<std::string> ids;
    for (const auto* key : {"a", "b", "c"}) ids.push_back(submit_bench(key));
    for (const auto& id : ids) EXPECT_EQ(run({"operation", "events", id, "--follow"}).exit, 0);
    EXPECT_EQ(run({"operation", "hold", "--kind", "bench", "--reason", "x"}).exit, 0);
    const auto held = submit_bench("d");
    EXPECT_EQ(run({"operation", "pause", held, "--reason", "not yet"}).exit, 0);
    const auto lines_of = [](const std::string& text) {
        std::vector<boost::json::value> out;
        std::istringstream in{text};
        for (std::string line; std::getline(in, line);) out.push_back(boost::json::parse(line));
        return out;
    };
    const auto whole = lines_of(run({"operation", "export", "--state", "completed"}).out);
    ASSERT_EQ(whole.size(), 3U * 10U) << "each with its nine events";
    EXPECT_EQ(whole[0].at("operation").at("id").as_string(), std::string_view{ids[2]});
    EXPECT_EQ(whole[1].at("event").at("event"), "operation.submitted");
    const auto acts = lines_of(run({"operation", "export", "--acts"}).out);
    ASSERT_EQ(acts.size(), 2U);
    EXPECT_EQ(acts[0].at("operation").at("id").as_string(), std::string_view{held});
    EXPECT_EQ(acts[1].at("event").at("data").at("reason"), "not yet");
    EXPECT_EQ(acts[1].at("event").at("data").at("before").at("state"), "ready");
    const auto file = (folder_ / "audit.jsonl").string();
    EXPECT_EQ(run({"operation", "export", "--to", file}).exit, 0);
    EXPECT_EQ(lines_of(read_all(file)).size(), 3U * 10U + 3U);
    struct stat about{};
    ASSERT_EQ(::stat(file.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600U);
    EXPECT_EQ(run({"operation", "export", "--to", file}).exit, 2) << "it is there already";
    // A filter by tag reaches the daemon from each of the three.
    EXPECT_EQ(run({"operation", "export", "--tag", "spring"}).out, "");
    EXPECT_EQ(run({"operation", "list", "--tag", "spring"}).out, "no operations\n");
    EXPECT_THAT(run({"operation", "list", "--tag", "no blanks"}).err, HasSubstr("tag"));
    EXPECT_EQ(run({"operation", "all", "pause", "--tag", "spring", "--reason", "x"}).out,
              "0 would be asked to pause; --yes does it\n");
}

// proves: E5
TEST_F(cli_test, what_is_begun_by_the_clock_is_shown) {
    write("thole.toml", config("[engine.cron.often]\nat = \"*/5 * * * *\"\nkind = \"bench\"\n"));
    const auto refused = run({"serve"});
    EXPECT_EQ(refused.exit, 1);
    EXPECT_THAT(refused.err, HasSubstr("engine.cron.often.kind"));
    write("thole.toml", config("[engine]\nbench = true\n[engine.cron.often]\n"
                               "at = \"*/5 * * * *\"\nkind = \"bench\"\n"
                               "[engine.kind.bench]\nkeep_for = \"24h\"\n"));
    serve();
    const auto shown = run({"operation", "cron", "--ticks", "2", "-o", "json"});
    EXPECT_EQ(shown.exit, 0) << shown.err;
    const auto item = boost::json::parse(shown.out).at("items").at(0);
    EXPECT_EQ(item.at("name"), "often");
    ASSERT_EQ(item.at("next").as_array().size(), 2U);
    EXPECT_THAT(run({"operation", "cron"}).out, HasSubstr("*/5 * * * *"));
}

TEST_F(cli_test, a_kill_leaves_nothing_that_hinders_the_next_start) {
    serve();
    EXPECT_EQ(stop(SIGKILL), 128 + SIGKILL);
    serve();
    EXPECT_EQ(run({"status"}).exit, 0);
    EXPECT_EQ(stop(SIGINT), 0);
}

}  // namespace
}  // namespace thole::app
