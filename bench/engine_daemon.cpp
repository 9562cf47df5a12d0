#include "bench/engine_daemon.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "bench/http_link.hpp"
#include "thole/assert.hpp"

namespace thole::bench {

namespace {

namespace asio = boost::asio;

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
        http_link c{io, socket};
        c.send("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n",
               [&](int status, const std::string&) { ready = status == 200; });
        io.run();
    } catch (const boost::system::system_error&) {
        return false;  // it does not listen yet
    }
    return ready;
}

struct client {
    http_link c;
    std::function<void()> next;
};

}  // namespace

std::string daemon_process::journal_in(const scratch_folder& folder) {
    std::filesystem::create_directories(folder.file("data"));
    std::filesystem::permissions(folder.file("data"), std::filesystem::perms::owner_all);
    return folder.file("data/journal.sqlite");
}

daemon_process::daemon_process(const scratch_folder& folder, std::string_view sections)
    : socket_{folder.file("s")} {
    const auto config = folder.file("thole.toml");
    std::ofstream{config}
        << "[server]\nlisten = \"127.0.0.1:0\"\nmax_connections = 4096\nsocket = \"" << socket_
        << "\"\n[data]\nfolder = \"" << folder.file("data") << "\"\n[log]\nlevel = \"warning\"\n"
        << sections;
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
            mine.c.send(post(next++), [&mine, &out, sent](int status, const std::string&) {
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
