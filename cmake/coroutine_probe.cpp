// Exits 0 when the compiler destroys each temporary of a co_await expression exactly once.
#include <coroutine>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <string>

namespace {

struct task {
    struct promise_type {
        task get_return_object() {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
    bool await_ready() { return false; }
    void await_suspend(std::coroutine_handle<>) {
        handle.resume();
        handle.destroy();
    }
    void await_resume() {}
};

int alive = 0;
struct counted {
    counted() { ++alive; }
    counted(const counted&) { ++alive; }
    counted(counted&&) noexcept { ++alive; }
    ~counted() { --alive; }
};
struct request {
    counted field;
    std::string text;
};

task take_function(std::function<void()>) {
    co_return;
}
task take_request(request) {
    co_return;
}

struct resume_now {
    bool await_ready() { return false; }
    bool await_suspend(std::coroutine_handle<>) { return false; }
    void await_resume() {}
};

task probe() {
    counted held;
    co_await resume_now{};
    co_await take_function([held] {});
    co_await take_request({.field = counted{}, .text = std::string(40, 'x')});
}

}  // namespace

int main() {
    auto running = probe();
    running.handle.resume();
    running.handle.resume();
    running.handle.destroy();
    return alive == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
