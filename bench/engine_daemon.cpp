#include "bench/engine_daemon.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "thole/assert.hpp"

namespace thole::bench {

namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;

pid_t start(const std::string& config, const std::string& log) {
    const std::string binary = THOLE_BINARY;
    std::vector<std::string> args{binary, "--config", config, "serve"};
    std::vector<char*> argv;
    for (auto& each : args) argv.push_back(each.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    for (const int fd : {1, 2}) {
        ::posix_spawn_file_actions_addopen(&actions, fd, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                           0600);
    }
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, binary.c_str(), &actions, nullptr, argv.data(), environ);
    THOLE_ASSERT(error == 0, "the daemon's binary starts");
    ::posix_spawn_file_actions_destroy(&actions);
    return pid;
}

// A keep-alive connection that sends one request after another. Plain callbacks, so that the
// measuring side costs little.
class connection {
  public:
    using done = std::function<void(int status)>;
    connection(asio::io_context& io, const std::string& socket) : socket_{io} {
        socket_.connect(local::endpoint{socket});
    }
    void send(std::string request, done then) {
        request_ = std::move(request);
        then_ = std::move(then);
        asio::async_write(socket_, asio::buffer(request_), [this](auto error, std::size_t) {
            THOLE_ASSERT(!error, "the daemon takes the request");
            read_head();
        });
    }

  private:
    void read_head() {
        asio::async_read_until(socket_, asio::dynamic_buffer(answer_), "\r\n\r\n",
                               [this](auto error, std::size_t head) {
                                   THOLE_ASSERT(!error, "the daemon answers");
                                   read_body(head);
                               });
    }
    void read_body(std::size_t head) {
        constexpr std::string_view field = "Content-Length: ";
        const auto at = answer_.find(field);
        THOLE_ASSERT(at < head, "an answer has a length");
        std::size_t length = 0;
        std::from_chars(answer_.data() + at + field.size(), answer_.data() + head, length);
        const auto whole = head + length;
        const auto missing = whole > answer_.size() ? whole - answer_.size() : 0;
        asio::async_read(socket_, asio::dynamic_buffer(answer_), asio::transfer_exactly(missing),
                         [this, whole](auto error, std::size_t) {
                             THOLE_ASSERT(!error, "the daemon answers");
                             int status = 0;
                             std::from_chars(answer_.data() + 9, answer_.data() + 12, status);
                             answer_.erase(0, whole);
                             std::exchange(then_, nullptr)(status);
                         });
    }
    local::socket socket_;
    std::string request_;
    std::string answer_;
    done then_;
};

std::string post(int number) {
    constexpr std::string_view body = "{}";
    return "POST /api/v1/operations/bench HTTP/1.1\r\nHost: localhost\r\n"
           "Content-Type: application/json\r\nPrefer: wait=10\r\nIdempotency-Key: key-" +
           std::to_string(number) + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string{body};
}

bool is_ready(const std::string& socket) {
    asio::io_context io;
    bool ready = false;
    try {
        connection c{io, socket};
        c.send("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n",
               [&](int status) { ready = status == 200; });
        io.run();
    } catch (const boost::system::system_error&) {
        return false;  // it does not listen yet
    }
    return ready;
}

struct client {
    connection c;
    std::function<void()> next;
};

}  // namespace

std::string daemon_process::journal_in(const scratch_folder& folder) {
    std::filesystem::create_directories(folder.file("data"));
    std::filesystem::permissions(folder.file("data"), std::filesystem::perms::owner_all);
    return folder.file("data/journal.sqlite");
}

daemon_process::daemon_process(const scratch_folder& folder) : socket_{folder.file("s")} {
    const auto config = folder.file("thole.toml");
    std::ofstream{config} << "[server]\nlisten = \"127.0.0.1:0\"\nsocket = \"" << socket_
                          << "\"\n[data]\nfolder = \"" << folder.file("data")
                          << "\"\n[engine]\nbench = true\nmax_waiting = 2000000\n"
                             "[log]\nlevel = \"warning\"\n";
    std::filesystem::permissions(
        config, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    pid_ = start(config, folder.file("log"));
    for (int i = 0; i < 3000; ++i) {
        if (is_ready(socket_)) return;
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    THOLE_ASSERT(false, "the daemon is ready within a minute");
}

daemon_process::~daemon_process() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
}

double daemon_process::resident_mb() const {
    std::ifstream status{"/proc/" + std::to_string(pid_) + "/statm"};
    std::int64_t size = 0;
    std::int64_t resident = 0;
    status >> size >> resident;
    return static_cast<double>(resident * ::sysconf(_SC_PAGESIZE)) / 1e6;
}

double daemon_process::processor_seconds() const {
    std::ifstream status{"/proc/" + std::to_string(pid_) + "/stat"};
    std::string text;
    std::getline(status, text);
    text = text.substr(text.rfind(')') + 2);  // field 3 on
    std::size_t at = 0;
    for (int field = 3; field < 14; ++field) at = text.find(' ', at) + 1;
    char* end = nullptr;
    const auto user = std::strtoll(text.c_str() + at, &end, 10);
    const auto system = std::strtoll(end, nullptr, 10);
    return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

figures daemon_process::load(int clients, int operations) {
    figures out;
    out.operations = operations;
    asio::io_context io{1};
    std::vector<std::unique_ptr<client>> all;
    int next = 0;
    const auto cpu = processor_seconds();
    const auto begun = stopwatch::now();
    for (int i = 0; i < clients; ++i) {
        auto& mine = *all.emplace_back(new client{{io, socket_}, {}});
        mine.next = [&mine, &next, &out, operations] {
            if (next == operations) return;
            const auto sent = stopwatch::now();
            mine.c.send(post(next++), [&mine, &out, sent](int status) {
                THOLE_ASSERT(status == 200, "it completes within its wait");
                out.latency_ms.push_back(seconds_since(sent) * 1e3);
                mine.next();
            });
        };
        mine.next();
    }
    io.run();
    out.seconds = seconds_since(begun);
    out.cpu_seconds = processor_seconds() - cpu;
    return out;
}

}  // namespace thole::bench
