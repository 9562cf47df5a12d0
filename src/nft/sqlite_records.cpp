#include "nft/sqlite_records.hpp"

#include "nft/codes.hpp"
#include "thole/codes.hpp"

namespace thole::nft {

result<std::string> sqlite_path(std::string_view url) {
    constexpr std::string_view scheme = "sqlite://";
    if (!url.starts_with(scheme)) return fail(codes::record_url, std::string{url});
    const auto path = url.substr(scheme.size());
    if (path.size() < 2 || path.front() != '/' || path.back() == '/') {
        return fail(codes::record_url, std::string{url});
    }
    return std::string{path};
}

sqlite_records::sqlite_records(std::string path, sql::blocking_pool* pool,
                               sql::open_options options)
    : path_{std::move(path)}, options_{options} {
    if (pool != nullptr) writes_.emplace(*pool, static_cast<sql::connection_owner&>(*this));
}

result<sql::database*> sqlite_records::connection() {
    if (!table_) {
        auto opened = record_table::open(path_, options_);
        if (!opened) return fail(opened.error());
        table_.emplace(std::move(*opened));
    }
    return &table_->database();
}

template <class F>
auto sqlite_records::on_connection(F work) -> task<std::invoke_result_t<F&, record_table&>> {
    using answer = std::invoke_result_t<F&, record_table&>;
    if (writes_) {
        auto call = [this, &work]() -> answer { return work(*table_); };
        co_return co_await writes_->run(std::move(call));
    }
    if (const auto db = connection(); !db) co_return fail(db.error());
    auto done = work(*table_);
    if (!done && done.error().is(thole::codes::db_unavailable)) lose_connection();
    co_return done;
}

task<result<record>> sqlite_records::upsert(record wanted) {
    auto work = [&wanted](record_table& t) { return t.upsert(wanted); };
    co_return co_await on_connection(std::move(work));
}

task<result<record>> sqlite_records::converge(record from_chain) {
    auto work = [&from_chain](record_table& t) { return t.converge(from_chain); };
    co_return co_await on_connection(std::move(work));
}

task<result<bool>> sqlite_records::mark_rolled_back(uuid operation, store_time now) {
    auto work = [operation, now](record_table& t) { return t.mark_rolled_back(operation, now); };
    co_return co_await on_connection(std::move(work));
}

task<result<std::optional<record>>> sqlite_records::find(uuid operation) {
    auto work = [operation](record_table& t) { return t.find(operation); };
    co_return co_await on_connection(std::move(work));
}

task<result<std::vector<uuid>>> sqlite_records::missing(std::vector<uuid> of) {
    auto work = [&of](record_table& t) { return t.missing(of); };
    co_return co_await on_connection(std::move(work));
}

task<result<std::optional<record>>> sqlite_records::find_mint(std::string mint) {
    auto work = [&mint](record_table& t) { return t.find_mint(mint); };
    co_return co_await on_connection(std::move(work));
}

task<result<std::vector<record>>> sqlite_records::of_account(std::string account, int limit) {
    auto work = [&account, limit](record_table& t) { return t.of_account(account, limit); };
    co_return co_await on_connection(std::move(work));
}

task<result<std::vector<record>>> sqlite_records::page(std::optional<uuid> after, int limit) {
    auto work = [after, limit](record_table& t) { return t.page(after, limit); };
    co_return co_await on_connection(std::move(work));
}

task<result<std::optional<uuid>>> sqlite_records::minting(std::string account) {
    auto work = [&account](record_table& t) { return t.minting(account); };
    co_return co_await on_connection(std::move(work));
}

task<result<>> sqlite_records::probe() {
    auto work = [](record_table& t) { return t.probe(); };
    co_return co_await on_connection(std::move(work));
}

task<result<std::uint64_t>> sqlite_records::live() {
    auto work = [](record_table& t) { return t.live(); };
    co_return co_await on_connection(std::move(work));
}

task<result<std::optional<std::string>>> sqlite_records::meta(std::string name) {
    auto work = [&name](record_table& t) { return t.meta(name); };
    co_return co_await on_connection(std::move(work));
}

task<result<>> sqlite_records::set_meta(std::string name, std::string value) {
    auto work = [&name, &value](record_table& t) { return t.set_meta(name, value); };
    co_return co_await on_connection(std::move(work));
}

}  // namespace thole::nft
