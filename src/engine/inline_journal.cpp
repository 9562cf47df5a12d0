#include "engine/inline_journal.hpp"

namespace thole::saga {

inline_journal::inline_journal(io::loop& loop, store& storage)
    : loop_{loop}, store_{storage}, clock_{loop, storage.latest().value_or(store_time{})} {}

task<bool> inline_journal::turn() {
    auto start = [this](io::resumption<bool> done) {
        loop_.post([done = std::move(done)]() mutable { done.resume(true); });
    };
    return io::suspend<bool>(std::move(start));
}

task<result<std::int64_t>> inline_journal::begin(node_identity node) {
    return write([this, node = std::move(node)] { return store_.recover(node, now()); });
}
task<result<submit_answer>> inline_journal::submit(const new_operation& o) {
    return write([this, &o] { return store_.submit(o); });
}
task<result<move_answer>> inline_journal::commit(const move& m) {
    return write([this, &m] { return store_.apply(m); });
}
task<result<claim_answer>> inline_journal::claim(claim_request request) {
    return write([this, request] { return store_.claim(request); });
}
task<result<std::optional<stored_operation>>> inline_journal::load(uuid id) {
    return read([this, id] { return store_.load(id); });
}
task<result<std::optional<operation>>> inline_journal::find_key(std::string tenant,
                                                                std::string kind, std::string key) {
    return read([this, tenant = std::move(tenant), kind = std::move(kind), key = std::move(key)] {
        return store_.find_key(tenant, kind, key);
    });
}
task<result<operation_page>> inline_journal::list(list_filter filter) {
    return read([this, filter = std::move(filter)] { return store_.list(filter); });
}
task<result<std::vector<event>>> inline_journal::events(std::int64_t row, std::int64_t after,
                                                        int limit) {
    return read([this, row, after, limit] { return store_.events(row, after, limit); });
}
task<result<operation_counts>> inline_journal::counts() {
    return read([this] { return store_.counts(); });
}
task<result<std::vector<held_lock>>> inline_journal::locks() {
    return read([this] { return store_.locks(); });
}

task<result<>> inline_journal::hold(hold_record what) {
    return write([this, what = std::move(what)] { return store_.hold(what); });
}
task<result<std::vector<hold_record>>> inline_journal::holds(bool all) {
    return read([this, all] { return store_.holds(all); });
}

task<result<removable_page>> inline_journal::removable(removable_query query) {
    return read([this, query = std::move(query)] { return store_.removable(query); });
}
task<result<>> inline_journal::remove(removal what) {
    return write([this, what = std::move(what)] { return store_.remove(what); });
}
task<result<std::vector<prepared_row>>> inline_journal::prepared(std::int64_t row) {
    return read([this, row] { return store_.prepared(row); });
}

}  // namespace thole::saga
