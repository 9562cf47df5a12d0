#include "engine/retention.hpp"

#include "base/time_text.hpp"
#include "engine/archive_text.hpp"

namespace thole::saga {

namespace {

constexpr int events_per_page = 500;

// One file a month: "operations-2026-01.jsonl".
std::string file_of(store_time now) {
    return "operations-" + rfc3339(now).substr(0, 7) + ".jsonl";
}

// As many of them as one commit should carry.
void keep_few(std::vector<operation>& items) {
    std::int64_t events = 0;
    std::size_t few = 0;
    for (const auto& each : items) {
        events += each.now.seq;
        if (few > 0 && events > retention::most_events_at_once) break;
        ++few;
    }
    items.resize(few);
}

}  // namespace

task<result<retention_report>> retention::sweep() {
    retention_report report;
    report.file = file_of(journal_.now());
    for (const auto& [kind, rule] : rules_) {
        for (bool more = true; more;) {
            auto done = co_await remove_some(kind, rule, report);
            if (!done) co_return fail(std::move(done).error());
            more = *done;
        }
    }
    co_return report;
}

// False: nothing of that kind is left that may go.
task<result<bool>> retention::remove_some(const std::string& kind, retention_rule rule,
                                          retention_report& report) {
    removable_query query{kind, {}, most_at_once, report.file, rule.keep_rows};
    query.before = journal_.now() - std::chrono::ceil<store_time::duration>(rule.keep_for);
    auto page = co_await journal_.removable(std::move(query));
    if (!page) co_return fail(std::move(page).error());
    if (page->items.empty()) co_return false;
    keep_few(page->items);
    auto size = co_await known_size(report.file, page->archived);
    if (!size) co_return fail(std::move(size).error());
    removal what{{}, rule.keep_rows, report.file, *size};
    std::string lines;
    for (const auto& op : page->items) {
        what.rows.push_back(op.who.row);
        auto written = co_await write_out(op, report.file, what.archived, lines);
        if (!written) co_return fail(std::move(written).error());
        what.archived = *written;
    }
    auto written = co_await shelf_.append(report.file, what.archived, std::move(lines));
    if (!written) co_return fail(std::move(written).error());
    what.archived = *written;
    const auto many = std::ssize(what.rows);
    auto done = co_await journal_.remove(std::move(what));
    if (!done) co_return fail(std::move(done).error());
    report.removed += many;
    co_return true;
}

// A file that the journal does not know may hold what another journal has archived: it is written
// down as it is before anything is added, so that none of it is ever cut off.
task<result<std::int64_t>> retention::known_size(std::string file,
                                                 std::optional<std::int64_t> archived) {
    if (archived) co_return *archived;
    auto size = co_await shelf_.size(file);
    if (!size) co_return size;
    removal nothing{{}, false, std::move(file), *size};
    auto done = co_await journal_.remove(std::move(nothing));
    if (!done) co_return fail(std::move(done).error());
    co_return size;
}

// Adds the operation to `lines`, and lines to the file when they are many. Answers the file's size.
task<result<std::int64_t>> retention::write_out(operation op, std::string file, std::int64_t from,
                                                std::string& lines) {
    lines += archived_operation(op);
    for (std::int64_t after = 0;;) {
        auto events = co_await journal_.events(op.who.row, after, events_per_page);
        if (!events) co_return fail(std::move(events).error());
        for (const auto& e : *events) lines += archived_event(op.who.id, e, cipher_.get());
        if (lines.size() > most_bytes_in_memory) {
            std::string full;
            full.swap(lines);
            auto written = co_await shelf_.append(file, from, std::move(full));
            if (!written) co_return written;
            from = *written;
        }
        if (std::ssize(*events) < events_per_page) break;
        after = events->back().seq;
    }
    auto prepared = co_await journal_.prepared(op.who.row);
    if (!prepared) co_return fail(std::move(prepared).error());
    for (const auto& p : *prepared) lines += archived_generation(op.who.id, p, cipher_.get());
    co_return from;
}

}  // namespace thole::saga
