#include "engine/crash_journal.hpp"

namespace thole::saga {

task<bool> crash_switch::hang() {
    auto start = [this](io::resumption<bool> never) { hanging_.push_back(std::move(never)); };
    co_return co_await io::suspend<bool>(std::move(start));
}

template <class T>
task<T> crash_journal::write(task<T> call) {
    if (power_.off_) co_await power_.hang();
    const bool now = ++power_.writes_ == power_.at_.write;
    if (now && power_.at_.when == crash_when::before) {
        power_.off_ = true;
        co_await power_.hang();
    }
    auto answer = co_await std::move(call);
    if (now) power_.off_ = true;
    // Another call may have died while this one was on its way to the store and back.
    const bool told = now && power_.at_.when == crash_when::acknowledged;
    if (power_.off_ && !told) co_await power_.hang();
    co_return answer;
}

template <class T>
task<T> crash_journal::read(task<T> call) {
    if (power_.off_) co_await power_.hang();
    auto answer = co_await std::move(call);
    if (power_.off_) co_await power_.hang();
    co_return answer;
}

task<result<std::int64_t>> crash_journal::begin(node_identity node) {
    return write(inner_.begin(std::move(node)));
}
task<result<submit_answer>> crash_journal::submit(const new_operation& o) {
    return write(inner_.submit(o));
}
task<result<move_answer>> crash_journal::commit(const move& m) {
    return write(inner_.commit(m));
}
task<result<claim_answer>> crash_journal::claim(claim_request request) {
    return write(inner_.claim(request));
}
task<result<std::optional<stored_operation>>> crash_journal::load(uuid id) {
    return read(inner_.load(id));
}
task<result<std::optional<operation>>> crash_journal::find_key(std::string tenant, std::string kind,
                                                               std::string key) {
    return read(inner_.find_key(std::move(tenant), std::move(kind), std::move(key)));
}
task<result<operation_page>> crash_journal::list(list_filter filter) {
    return read(inner_.list(std::move(filter)));
}
task<result<std::vector<event>>> crash_journal::events(std::int64_t row, std::int64_t after,
                                                       int limit) {
    return read(inner_.events(row, after, limit));
}
task<result<operation_counts>> crash_journal::counts() {
    return read(inner_.counts());
}
task<result<std::vector<held_lock>>> crash_journal::locks() {
    return read(inner_.locks());
}

task<result<>> crash_journal::hold(hold_record what) {
    return write(inner_.hold(std::move(what)));
}
task<result<std::vector<hold_record>>> crash_journal::holds(bool all) {
    return read(inner_.holds(all));
}

}  // namespace thole::saga
