#pragma once

// For functional tests only: a localnet of one's own, and a hand on its faults.
//
// The process is given its standard input as a leash: when this object goes, or the test dies, it
// ends by itself. Ports are picked by the system; loopback only.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

extern char** environ;

namespace thole::solana::testing {

class localnet_process {
  public:
    explicit localnet_process(std::vector<std::string> options) {
        std::array<int, 2> in{};
        std::array<int, 2> out{};
        if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) return;
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        options.insert(options.begin(),
                       {"node", THOLE_SOURCE_DIR "/localnet/bin/localnet.js", "--exit-with-stdin"});
        std::vector<char*> arguments;
        for (auto& each : options) arguments.push_back(each.data());
        arguments.push_back(nullptr);
        if (::posix_spawnp(&pid_, "node", &actions, nullptr, arguments.data(), environ) != 0)
            pid_ = -1;
        posix_spawn_file_actions_destroy(&actions);
        ::close(in[0]);
        ::close(out[1]);
        leash_ = in[1];
        read_addresses(out[0]);
        ::close(out[0]);
    }

    ~localnet_process() {
        if (leash_ >= 0) ::close(leash_);
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    localnet_process(const localnet_process&) = delete;
    localnet_process& operator=(const localnet_process&) = delete;

    [[nodiscard]] bool is_up() const noexcept { return !control.empty(); }

    std::vector<std::string> rpc;
    std::string control;

  private:
    // The one line that it prints when it is ready; nothing when it ended before.
    void read_addresses(int from) {
        std::string line;
        for (char c = 0; ::read(from, &c, 1) == 1 && c != '\n';) line += c;
        boost::json::error_code failed;
        const auto said = boost::json::parse(line, failed);
        if (failed || !said.is_object()) return;
        for (const auto& url : said.at("rpc").as_array()) rpc.emplace_back(url.as_string());
        control = std::string{said.at("control").as_string()};
    }

    pid_t pid_ = -1;
    int leash_ = -1;
};

}  // namespace thole::solana::testing
