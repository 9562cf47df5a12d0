#pragma once

// The journals that must all behave alike, each with the loop it runs on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "engine/decide.hpp"
#include "engine/inline_journal.hpp"
#include "engine/model_store.hpp"
#include "engine/sqlite_journal.hpp"
#include "io/scope.hpp"
#include "io/system_loop.hpp"
#include "io/virtual_loop.hpp"

namespace thole::saga::testing {

// Where files cost no disk access, if there is such a place.
inline std::filesystem::path in_memory_folder() {
    const std::filesystem::path shared{"/dev/shm"};
    return std::filesystem::exists(shared) ? shared : std::filesystem::temp_directory_path();
}

class temporary_folder {
  public:
    explicit temporary_folder(
        const std::filesystem::path& in = std::filesystem::temp_directory_path()) {
        std::string name = (in / "thole-XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    ~temporary_folder() { std::filesystem::remove_all(path_); }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    [[nodiscard]] std::string file(std::string_view name) const {
        return path_ + "/" + std::string{name};
    }

  private:
    std::string path_;
};

template <class T>
task<> keep(task<T> call, std::optional<T>& answer) {
    answer.emplace(co_await std::move(call));
}

// Runs a call on a virtual loop to its end.
template <class T>
T wait_on(io::virtual_loop& loop, task<T> call) {
    std::optional<T> answer;
    io::scope work{loop};
    work.spawn(keep(std::move(call), answer));
    loop.run_ready();
    EXPECT_TRUE(answer.has_value()) << "the call waits for something";
    return std::move(*answer);
}

struct model_world {
    io::virtual_loop loop;
    model_store store;
    std::optional<inline_journal> log;

    model_world() { reopen(); }
    void reopen() { log.emplace(loop, store); }
    journal& operator*() { return *log; }
    template <class T>
    T wait(task<T> call) {
        return wait_on(loop, std::move(call));
    }
};

struct sqlite_inline_world {
    temporary_folder folder;
    io::virtual_loop loop;
    std::unique_ptr<sqlite_store> store;
    std::optional<inline_journal> log;

    sqlite_inline_world() { reopen(); }
    void reopen() {
        log.reset();
        store.reset();
        auto opened = sqlite_store::open(folder.file("j.db"), sql::access::read_write);
        EXPECT_TRUE(opened) << opened.error().describe();
        store = std::move(*opened);
        log.emplace(loop, *store);
    }
    journal& operator*() { return *log; }
    template <class T>
    T wait(task<T> call) {
        return wait_on(loop, std::move(call));
    }
};

struct sqlite_world {
    temporary_folder folder;
    io::system_loop loop;
    std::unique_ptr<sqlite_journal> log;
    sqlite_journal::options options;

    sqlite_world() { reopen(); }
    void reopen() {
        log.reset();
        auto opened = sqlite_journal::open(loop, folder.file("j.db"), options);
        EXPECT_TRUE(opened) << opened.error().describe();
        log = std::move(*opened);
    }
    journal& operator*() { return *log; }
    template <class T>
    T wait(task<T> call) {
        std::optional<T> answer;
        loop.run_until(keep(std::move(call), answer));
        return std::move(*answer);
    }
};

}  // namespace thole::saga::testing
