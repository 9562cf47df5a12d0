#include "bench/mint_world.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <fstream>
#include <functional>
#include <memory>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "bench/engine_daemon.hpp"
#include "bench/http_link.hpp"
#include "ipfs/codec/dag_builder.hpp"
#include "thole/assert.hpp"

namespace thole::bench {

namespace asio = boost::asio;

fake_world::fake_world() {
    int ends[2];
    THOLE_ASSERT(::pipe(ends) == 0, "a pipe opens");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    ::posix_spawn_file_actions_addclose(&actions, ends[0]);
    std::string words[] = {THOLE_FAKE, "mint", "--slot-ms", std::to_string(slot_ms)};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
    const int error = ::posix_spawn(&pid_, THOLE_FAKE, &actions, nullptr, argv, environ);
    THOLE_ASSERT(error == 0, "the models' binary starts");
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    char line[64] = {};
    THOLE_ASSERT(::read(ends[0], line, sizeof line - 1) > 0, "it says where it listens");
    ::close(ends[0]);
    THOLE_ASSERT(std::sscanf(line, "{\"listen\":%u}", &port_) == 1, "it says where it listens");
}

fake_world::~fake_world() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
}

std::string fake_world::ask(const std::string& method, const std::string& path,
                            const std::string& body) const {
    asio::io_context io;
    asio::ip::tcp::socket socket{io};
    socket.connect({asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port_)});
    asio::write(socket, asio::buffer(method + " " + path +
                                     " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                                     "Content-Length: " +
                                     std::to_string(body.size()) + "\r\n\r\n" + body));
    std::string answer;
    boost::system::error_code end;
    asio::read(socket, asio::dynamic_buffer(answer), end);
    return answer.substr(answer.find("\r\n\r\n") + 4);
}

std::uint64_t fake_world::requests() const {
    return boost::json::parse(ask("GET", "/_kept", {})).at("requests").to_number<std::uint64_t>();
}

std::uint64_t fake_world::landed() const {
    return boost::json::parse(ask("GET", "/_kept", {})).at("landed").to_number<std::uint64_t>();
}

std::string fake_world::calls() const {
    return boost::json::serialize(boost::json::parse(ask("GET", "/_kept", {})).at("calls"));
}

void fake_world::fund(const solana::public_key& wallet) const {
    (void)ask("POST", "/_faults", R"({"fund":")" + wallet.text() + R"("})");
}

solana::keypair bench_wallet() {
    return solana::keypair::from_seed({7, 7, 7});
}

std::string picture_of(int number) {
    using namespace std::string_literals;
    auto out = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\b\2"s;
    out += std::to_string(number);
    out.resize(4096, 'w');
    return out;
}

nft::mint_request request_of(int number, std::string image_cid) {
    nft::mint_request r;
    const auto owner = sha256(as_bytes("owner " + std::to_string(number)));
    solana::public_key key;
    std::ranges::copy(owner, key.raw.begin());
    r.owner = key.text();
    r.account = "bench-" + std::to_string(number);
    r.name = "Bench " + std::to_string(number);
    r.symbol = "BENCH";
    r.description = "Made to be measured.";
    r.image = std::move(image_cid);
    r.level = 3;
    return r;
}

namespace {

std::string config_for(const fake_world& world, const scratch_folder& folder) {
    const auto key_file = folder.file("wallet.json");
    const auto wallet = bench_wallet();
    std::string numbers = "[7,7,7";
    for (int i = 3; i < 32; ++i) numbers += ",0";
    for (const auto byte : wallet.address().raw) numbers += "," + std::to_string(byte);
    std::ofstream{key_file} << numbers << "]";
    std::filesystem::permissions(key_file, std::filesystem::perms::owner_read);
    std::string out = "[wallet]\nkey = \"file:" + key_file + "\"\n[engine]\nconcurrency = 2048\n" +
                      "[images]\ncheck = \"off\"\n"
                      "[mint]\nstatus_poll = \"" +
                      std::to_string(status_poll.count()) + "ms\"\n";
    for (int i = 0; i < 3; ++i) {
        const auto label = "node-" + std::to_string(i);
        out += "[[dependency.solana.endpoint]]\nname = \"" + label + "\"\nprovider = \"" + label +
               "\"\nurl = \"" + world.rpc(i) + "\"\n";
    }
    out += "[[dependency.ipfs.provider]]\nname = \"own\"\nkind = \"store\"\n";
    out += "[[dependency.ipfs.provider]]\nname = \"second\"\nkind = \"kubo\"\nurl = \"" +
           world.url() + "\"\n";
    out += "[[dependency.gateway.endpoint]]\nname = \"second\"\nprovider = \"second\"\nurl = \"" +
           world.url() + "\"\n";
    return out;
}

std::string post(std::string_view path, std::string_view headers, std::string_view body) {
    std::string out = "POST ";
    out.append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(headers);
    out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
    return out.append(body);
}

// One after another on a connection of its own.
struct minter {
    http_link link;
    asio::steady_timer pause;
    int& next;
    mint_figures& out;

    void begin() {
        if (next == out.operations) return;
        keep(next++, stopwatch::now());
    }
    void again(int number, stopwatch::time_point begun) {
        pause.expires_after(std::chrono::milliseconds{20});
        pause.async_wait([this, number, begun](auto) { keep(number, begun); });
    }
    void keep(int number, stopwatch::time_point begun) {
        link.send(post("/api/v1/content", "Content-Type: image/png\r\n", picture_of(number)),
                  [this, number, begun](int status, const std::string& body) {
                      if (status == 503) return again(number, begun);  // too many at once
                      THOLE_ASSERT(status == 201, "new content is taken");
                      const auto cid = boost::json::parse(body).at("cid").as_string();
                      mint(number, std::string{cid}, begun);
                  });
    }
    void mint(int number, std::string cid, stopwatch::time_point begun) {
        const auto body = json::write(request_of(number, cid));
        const auto headers =
            "Content-Type: application/json\r\nPrefer: wait=60\r\n"
            "Idempotency-Key: mint-" +
            std::to_string(number) + "\r\n";
        link.send(post("/api/v1/mints", headers, body), [this, number, cid, begun](
                                                            int status, const std::string& answer) {
            if (status == 503) {  // too many at once: the same again, a moment later
                pause.expires_after(std::chrono::milliseconds{50});
                pause.async_wait([this, number, cid, begun](auto) { mint(number, cid, begun); });
                return;
            }
            const auto value = boost::json::parse(answer).as_object();
            const auto* state = value.if_contains("state");
            if (state == nullptr || *state != "completed")
                std::fprintf(stderr, "%s\n", answer.c_str());
            THOLE_ASSERT(state != nullptr && *state == "completed", "it is minted in its wait");
            out.latency_ms.push_back(seconds_since(begun) * 1e3);
            begin();
        });
    }
};

}  // namespace

mint_figures run_daemon(const fake_world& world, int clients, int mints) {
    const scratch_folder folder;
    daemon_process daemon{folder, config_for(world, folder)};
    mint_figures out;
    out.operations = mints;
    asio::io_context io{1};
    std::vector<std::unique_ptr<minter>> all;
    int next = 0;
    const auto asked = world.requests();
    const auto landed = world.landed();
    const auto cpu = daemon.processor_seconds();
    const auto begun = stopwatch::now();
    for (int i = 0; i < clients; ++i) {
        all.push_back(std::unique_ptr<minter>{
            new minter{{io, daemon.socket()}, asio::steady_timer{io}, next, out}});
        all.back()->begin();
    }
    io.run();
    out.seconds = seconds_since(begun);
    out.cpu_seconds = daemon.processor_seconds() - cpu;
    out.requests = world.requests() - asked;
    THOLE_ASSERT(world.landed() - landed == static_cast<std::uint64_t>(mints), "each landed once");
    return out;
}

}  // namespace thole::bench
