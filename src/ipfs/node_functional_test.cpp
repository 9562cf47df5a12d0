// The Kubo client and the fetcher against a real node, started as a child process. Built once for
// each node there is: NODE_PROGRAM runs NODE_SCRIPT with NODE_FOLDER_OPTION and a folder;
// NODE_ADDS_VERSION_0 says whether it makes version 0 CIDs as Kubo does (the small content node
// wraps a single leaf once more).

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "io/curl_transport.hpp"
#include "io/system_resolver.hpp"
#include "ipfs/codec/testing.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/fetcher.hpp"
#include "ipfs/kubo_provider.hpp"
#include "ipfs/store_testing.hpp"

extern char** environ;

namespace thole::ipfs {
namespace {

using namespace std::chrono_literals;

template <class T>
task<> keep_result(task<T> work, std::optional<T>& out) {
    out.emplace(co_await std::move(work));
}

// Ends with its standard input, so also when this test dies.
class node_process {
  public:
    explicit node_process(const std::string& folder) {
        int in[2], out[2];
        if (::pipe(in) != 0 || ::pipe(out) != 0) throw std::runtime_error{"pipe"};
        posix_spawn_file_actions_t files;
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawn_file_actions_adddup2(&files, in[0], 0);
        ::posix_spawn_file_actions_adddup2(&files, out[1], 1);
        for (const int end : {in[0], in[1], out[0], out[1]}) {
            ::posix_spawn_file_actions_addclose(&files, end);
        }
        std::vector<std::string> words{NODE_PROGRAM, NODE_SCRIPT, NODE_FOLDER_OPTION, folder,
                                       "--exit-with-stdin"};
        std::vector<char*> arguments;
        for (auto& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        const int failed =
            ::posix_spawnp(&pid_, arguments[0], &files, nullptr, arguments.data(), environ);
        ::posix_spawn_file_actions_destroy(&files);
        ::close(in[0]);
        ::close(out[1]);
        input_ = in[1];
        output_ = out[0];
        if (failed != 0) throw std::runtime_error{std::string{"cannot start "} + NODE_PROGRAM};
        const auto line = first_line();
        const auto ready = boost::json::parse(line).as_object();
        api = ready.at("api").as_string();
        gateway = ready.at("gateway").as_string();
    }
    ~node_process() {
        stop();
        ::close(output_);
    }
    node_process(const node_process&) = delete;

    void stop() {
        if (pid_ <= 0) return;
        ::close(input_);
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

    std::string api, gateway;

  private:
    std::string first_line() {
        std::string line;
        char c = 0;
        pollfd wait{output_, POLLIN, 0};
        while (::poll(&wait, 1, 60'000) > 0 && ::read(output_, &c, 1) == 1) {
            if (c == '\n') return line;
            line.push_back(c);
        }
        stop();
        throw std::runtime_error{std::string{"the node did not get ready: "} + NODE_SCRIPT};
    }

    pid_t pid_ = 0;
    int input_ = -1, output_ = -1;
};

class NodeTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        folder = new testing::temporary_folder;
        node = new node_process{folder->path()};
    }
    static void TearDownTestSuite() {
        delete node;
        delete folder;
    }
    template <class T>
    T run(task<T> work) {
        std::optional<T> out;
        loop.run_until(keep_result(std::move(work), out));
        return std::move(out.value());
    }
    [[nodiscard]] deadline soon() const { return deadline::after(loop.now(), 30s); }
    upload of(bytes content, const profile& shape) {
        upload out{.predicted = cid_of(content, shape)};
        out.shape = shape;
        out.name = "file.bin";
        out.source = std::make_shared<memory_source>(std::move(content));
        return out;
    }

    static testing::temporary_folder* folder;
    static node_process* node;
    io::system_loop loop;
    io::system_resolver names{loop};
    io::curl_transport transport{loop, names};
    kubo_provider provider{name{"kubo"}, {.url = node->api}, transport, loop};
};
testing::temporary_folder* NodeTest::folder = nullptr;
node_process* NodeTest::node = nullptr;

// proves: I1, I2, X3
TEST_F(NodeTest, TheCidIsTheOnePredicted) {
    for (const std::size_t size : {0, 1, 262'144, 262'145, 1'048'577, 10'485'760}) {
        for (const auto& shape : {v1_256k, v0_2015}) {
            if (shape.cid_version == 0 && !NODE_ADDS_VERSION_0) continue;
            const auto what = of(testing::noise(size, size + 1), shape);
            const auto receipt = run(provider.put(what, soon()));
            ASSERT_TRUE(receipt) << size << " " << receipt.error().describe();
            EXPECT_EQ(receipt->cid, what.predicted.text()) << size << " " << shape.name;
        }
    }
}

// proves: I2, I5, X3
TEST_F(NodeTest, PinsAreSeenAndGivenBack) {
    const auto what = of(testing::noise(300'000, 77), v1_256k);
    EXPECT_EQ(*run(provider.status(what.predicted, soon())), pin_state::absent);
    const auto receipt = run(provider.put(what, soon()));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(*run(provider.status(what.predicted, soon())), pin_state::pinned);
    ASSERT_TRUE(run(provider.put(what, soon())));  // again: the same
    auto gone = run(provider.unpin(*receipt, soon()));
    EXPECT_TRUE(gone) << gone.error().describe();
    gone = run(provider.unpin(*receipt, soon()));
    EXPECT_TRUE(gone) << gone.error().describe();
    EXPECT_EQ(*run(provider.status(what.predicted, soon())), pin_state::absent);
    EXPECT_TRUE(run(provider.check(soon())));
}

// Fewer links a node than any of them makes by itself: it cannot but answer another CID, and takes
// the blocks instead.
// proves: I2, I5, X3
TEST_F(NodeTest, BlocksAreImportedWhereItChunksOtherwise) {
    auto narrow = v1_256k;
    narrow.links = 3;
    const auto content = testing::noise(2'000'000, 99);
    const auto what = of(content, narrow);
    const auto receipt = run(provider.put(what, soon()));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_EQ(receipt->cid, what.predicted.text());
    EXPECT_EQ(*run(provider.status(what.predicted, soon())), pin_state::pinned);
    EXPECT_EQ(*run(provider.status(cid_of(content, v1_256k), soon())), pin_state::absent);
    auto gone = run(provider.unpin(*receipt, soon()));
    EXPECT_TRUE(gone) << gone.error().describe();
}

// proves: I4, X3
TEST_F(NodeTest, ItsGatewayIsBelievedByHash) {
    const auto content = testing::noise(1'500'000, 5);
    const auto what = of(content, v1_256k);
    ASSERT_TRUE(run(provider.put(what, soon())));
    std::vector<endpoint_config> endpoints(1);
    endpoints[0].name = name{"node"};
    endpoints[0].url = node->gateway;
    endpoint_set gateways{name{"gateways"}, {}, endpoints};
    fetcher get{transport, gateways, {}, loop, 1, {.per_gateway = 3s}};
    fetch_request held{.content = what.predicted};
    const auto got = run(get.fetch(held, soon()));
    ASSERT_TRUE(got) << got.error().describe();
    EXPECT_EQ(got->content, content);
    // Nobody holds this one: a node looks for it for ever, or says so.
    fetch_request absent{.content = cid_of(as_bytes("nobody holds this"))};
    const auto none = run(get.fetch(absent, soon()));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind(), fault_kind::transient) << none.error().describe();
}

// What the published packages write, read by us: block by block, against the CID alone.
// proves: I4, X3
TEST_F(NodeTest, ItsGatewayIsReadAsCars) {
    if (!NODE_SERVES_CARS) GTEST_SKIP() << "this node's gateway knows no CAR";
    std::vector<endpoint_config> endpoints(1);
    endpoints[0].name = name{"node"};
    endpoints[0].url = node->gateway;
    endpoint_set gateways{name{"gateways"}, {}, endpoints};
    fetcher get{transport, gateways, {name{"node"}}, loop, 1, {.per_gateway = 3s}};
    // A leaf alone, a node over leaves, and nodes over nodes.
    for (const std::size_t size : {5'000, 1'500'000, 46'000'000}) {
        const auto content = testing::noise(size, size);
        const auto what = of(content, v1_256k);
        ASSERT_TRUE(run(provider.put(what, soon())));
        const auto got = run(get.fetch({.content = what.predicted}, soon()));
        ASSERT_TRUE(got) << got.error().describe();
        EXPECT_TRUE(got->trustless);
        EXPECT_TRUE(got->content == content) << size;
    }
}

TEST_F(NodeTest, ADeadNodeIsAnOutage) {
    const testing::temporary_folder own;
    node_process mortal{own.path()};
    kubo_provider at{name{"kubo"}, {.url = mortal.api}, transport, loop};
    ASSERT_TRUE(run(at.check(soon())));
    mortal.stop();
    const auto dead = run(at.put(of(testing::noise(10), v1_256k), soon()));
    ASSERT_FALSE(dead);
    EXPECT_NE(dead.error().kind(), fault_kind::permanent) << dead.error().describe();
    const auto again = run(at.check(soon()));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), "net.connection_refused");
}

}  // namespace
}  // namespace thole::ipfs
