// thole mint --batch: everything is judged before anything leaves; then the items are minted a few
// at a time, one of each account, under keys that are the same in every run – so that to start it
// again after a crash is to go on. What runs before this one have sent comes first: a list whose
// lines have moved or changed since would mint some of them a second time under another key, so it
// is refused before anything new is sent.

#include <fmt/format.h>
#include <poll.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <deque>
#include <set>

#include "app/cli/batch_files.hpp"
#include "app/cli/commands.hpp"
#include "ipfs/codec/dag_builder.hpp"
#include "thole/clock.hpp"

namespace thole::app {
namespace {

using std::chrono::seconds;

constexpr std::size_t most_shown = 50;             // mistakes on a terminal
constexpr duration unreachable_for = seconds{60};  // then the command gives up; nothing is lost
constexpr duration mint_takes = seconds{20};       // finality and what comes after it

constexpr std::string_view list_was_changed =
    ": lines were put in, taken out or changed since. Nothing more is sent, for it might be minted "
    "twice. Put the list back as it was, and what is new into a list of its own (or --batch-id)";

struct under_way {
    std::size_t item;
    std::string id;
};

struct failure {
    std::size_t item;
    std::string id;  // "" = it was never accepted
    std::string what;
};

std::string minutes_of(duration time) {
    const auto whole = std::chrono::duration_cast<seconds>(time).count();
    return whole < 120 ? fmt::format("{} s", whole) : fmt::format("{} min", (whole + 59) / 60);
}

// Lamports as SOL.
std::string sol_of(std::uint64_t lamports) {
    return fmt::format("{}.{:04} SOL", lamports / 1'000'000'000,
                       lamports % 1'000'000'000 / 100'000);
}

std::string problem_of(const client_answer& answer) {
    boost::system::error_code error;
    const auto value = boost::json::parse(answer.body, error);
    if (error) return fmt::format("HTTP {}", answer.status);
    auto out = text_of(value, "title");
    if (const auto detail = text_of(value, "detail"); !detail.empty()) out += ": " + detail;
    return out.empty() ? fmt::format("HTTP {}", answer.status) : out;
}

// The code of a problem as the daemon tells it; "" where somebody else answered.
std::string problem_type(const client_answer& answer) {
    constexpr std::string_view prefix = "/problems/";
    boost::system::error_code error;
    const auto value = boost::json::parse(answer.body, error);
    const auto type = error ? std::string{} : text_of(value, "type");
    return type.starts_with(prefix) ? type.substr(prefix.size()) : std::string{};
}

// A member without which a 2xx answer says nothing. Asked again it would say the same.
std::expected<std::string, std::string> told(const client_answer& answer, const char* member) {
    if (answer.status / 100 != 2) return std::unexpected{problem_of(answer)};
    boost::system::error_code error;
    const auto value = boost::json::parse(answer.body, error);
    auto text = error ? std::string{} : text_of(value, member);
    if (!text.empty()) return text;
    return std::unexpected{fmt::format(
        "the answer with HTTP {} has no \"{}\": is this Thole's API?", answer.status, member)};
}

// Says nothing about what was asked: the daemon is ill, or what stands before it does not reach it.
// What the daemon itself says with 503 (no room now) and 507 (no room on the disk) does.
bool is_away(const client_answer& answer) {
    if (answer.status == 408) return true;
    if (answer.status / 100 != 5 || answer.status == 507) return false;
    return answer.status != 503 || problem_type(answer).empty();
}

// It would be said of every item.
bool is_about_access(const client_answer& answer) {
    return answer.status == 401 || answer.status == 403 || answer.status == 407 ||
           (answer.status == 503 && problem_type(answer) == "mint.disabled");
}

// Asked for again at once it may fail for ever; the others can go on without it.
bool is_about_item(const client_answer& answer) {
    return problem_type(answer) == "image.worker_failed";
}

class batch_run {
  public:
    batch_run(session& s, client& daemon, const loaded_batch& batch, const batch_options& how)
        : s_{s}, daemon_{daemon}, batch_{batch}, how_{how} {}
    int run();
    // The most that accounts and places allow at once decides how long it takes.
    [[nodiscard]] duration estimated_time() const;

  private:
    // Sends again what was sent before, which changes nothing, and refuses a list that was changed.
    void look_back();
    // Whether the daemon has an operation of that key; false: also when the run is at its end.
    [[nodiscard]] bool is_sent(std::string_view name);
    void line_up(const std::set<std::size_t>& sent);
    [[nodiscard]] bool is_over() const { return lost_ || stopped_ || !refused_.empty(); }
    void submit_more();
    // Whether the daemon took it, in whatever way; false: ask again later.
    bool submit(std::size_t item);
    // The CID under which it is kept, or why it is refused; nothing: ask again later.
    [[nodiscard]] std::optional<std::expected<std::string, std::string>> upload(
        const picture& what);
    void look();
    void end(const under_way& one, const boost::json::value& operation);
    void give_up(std::size_t item, std::string id, std::string what);
    void hold_back(std::size_t parked);
    [[nodiscard]] std::optional<client_answer> call(const client_call& what);
    void show_progress();
    [[nodiscard]] int report();
    void pause() { ::poll(nullptr, 0, 250); }

    session& s_;
    client& daemon_;
    const loaded_batch& batch_;
    const batch_options& how_;
    const system_clock time_{};
    const time_point began_ = time_.now();
    time_point reached_at_ = began_;
    std::map<std::string, std::deque<std::size_t>> waiting_;  // by account
    std::deque<std::string> idle_;  // accounts with items waiting and none under way
    std::vector<under_way> running_;
    // By the picture's CID the one under which it is kept: another where it was compressed.
    std::map<std::string, std::string> uploaded_;
    std::vector<failure> failures_;
    std::size_t completed_ = 0;
    std::size_t parked_ = 0;
    std::string away_;     // why it was not reached
    std::string refused_;  // the whole run; why
    bool lost_ = false;
    bool stopped_ = false;
};

duration batch_run::estimated_time() const {
    std::map<std::string, std::size_t> lines;
    for (const auto& item : batch_.items) ++lines[nft::account_of(item.request)];
    std::size_t longest = 0;
    for (const auto& [account, line] : lines) longest = std::max(longest, line);
    const auto at_once = std::min<std::size_t>(how_.parallel, lines.size());
    const auto rounds = (batch_.items.size() + at_once - 1) / std::max<std::size_t>(at_once, 1);
    return mint_takes * static_cast<std::int64_t>(std::max(longest, rounds));
}

// Nothing: not reached, or it has no room now; the operation is asked for again.
std::optional<client_answer> batch_run::call(const client_call& what) {
    auto answer = daemon_.call(what);
    const auto now = time_.now();
    if (!answer || is_away(*answer)) {
        away_ = answer ? problem_of(*answer) : answer.error();
        lost_ = now - reached_at_ > unreachable_for;
        return std::nullopt;
    }
    reached_at_ = now;
    if (is_about_access(*answer)) {
        refused_ = problem_of(*answer);
        return std::nullopt;
    }
    const bool has_no_room = answer->status == 503 && !is_about_item(*answer);
    if (answer->status == 429 || has_no_room) return std::nullopt;
    return std::move(*answer);
}

void batch_run::give_up(std::size_t item, std::string id, std::string what) {
    failures_.push_back({item, std::move(id), std::move(what)});
    const auto& account = nft::account_of(batch_.items[item].request);
    if (!waiting_[account].empty()) idle_.push_back(account);
}

std::optional<std::expected<std::string, std::string>> batch_run::upload(const picture& what) {
    if (const auto kept = uploaded_.find(what.cid); kept != uploaded_.end()) return kept->second;
    auto content = read_picture(what.file);
    if (!content) return std::unexpected{what.file.string() + " " + content.error()};
    if (ipfs::cid_of(as_bytes(*content)).text() != what.cid) {
        return std::unexpected{what.file.string() + " has changed since it was judged"};
    }
    const auto answer = call({.method = "POST",
                              .path = "/api/v1/content",
                              .headers = {{"Content-Type", "application/octet-stream"}},
                              .body = std::move(*content),
                              .timeout = std::chrono::minutes{10}});
    if (!answer) return std::nullopt;
    if (answer->status == 507) return stopped_ = true, std::nullopt;
    auto kept = told(*answer, "cid");
    if (kept) uploaded_[what.cid] = *kept;
    return kept;
}

bool batch_run::submit(std::size_t index) {
    const auto& item = batch_.items[index];
    const auto kept = upload(batch_.pictures.at(item.image));
    if (!kept) return false;
    if (!*kept) return give_up(index, {}, kept->error()), true;
    const auto key = nft::key_of_item(batch_.id, item);
    auto request = item.request;
    request.image = **kept;
    const auto answer =
        call({.method = "POST",
              .path = "/api/v1/mints",
              .headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", key}},
              .body = json::write(request)});
    if (!answer) return false;
    if (answer->status == 507) return stopped_ = true, false;
    if (answer->status == 422 && problem_type(*answer) == "engine.key_conflict") {
        refused_ = fmt::format("{} says something else than what was sent as {}{}", item.place, key,
                               list_was_changed);
        return false;
    }
    const auto id = told(*answer, "id");
    const auto state = told(*answer, "state");
    if (!id || !state) return give_up(index, {}, id ? state.error() : id.error()), true;
    const under_way one{index, *id};
    if (exit_of_state(*state) != exit_attention) {
        end(one, boost::json::parse(answer->body));  // a run before this one had minted it
    } else {
        running_.push_back(one);
    }
    return true;
}

bool batch_run::is_sent(std::string_view name) {
    const auto key = nft::key_of_item(batch_.id, name);
    const auto path = "/api/v1/operations?kind=mint&limit=1&key=" + percent_encoded(key);
    for (;; pause()) {
        const auto answer = call({.path = path});
        if (answer && answer->status == 200) {
            boost::system::error_code error;
            const auto page = boost::json::parse(answer->body, error);
            const auto* fields = error ? nullptr : page.if_object();
            const auto* items = fields == nullptr ? nullptr : fields->if_contains("items");
            if (items != nullptr && items->is_array()) return !items->get_array().empty();
        }
        if (answer) {
            const auto wrong = told(*answer, "items");
            refused_ = wrong ? "\"items\" is no list: is this Thole's API?" : wrong.error();
        }
        if (is_over()) return false;
    }
}

void batch_run::look_back() {
    std::set<std::size_t> sent;
    for (std::size_t i = 0; i < batch_.items.size() && !is_over(); ++i) {
        if (i % 1000 == 999)
            s_.err.status(fmt::format("{} of {} looked up", i + 1, batch_.items.size()));
        if (is_sent(batch_.items[i].name)) sent.insert(i);
    }
    for (const auto* names : {&batch_.spare, &batch_.beyond}) {
        for (const auto& name : *names) {
            if (is_over() || !is_sent(name)) continue;
            refused_ = fmt::format("an item was sent as {}, where none is now{}",
                                   nft::key_of_item(batch_.id, name), list_was_changed);
        }
    }
    for (const auto item : sent) {
        while (!is_over() && !submit(item)) {
            if (!is_over()) pause();
        }
    }
    line_up(sent);
}

void batch_run::line_up(const std::set<std::size_t>& sent) {
    std::set<std::string> busy;
    for (const auto& one : running_) busy.insert(nft::account_of(batch_.items[one.item].request));
    for (std::size_t i = 0; i < batch_.items.size(); ++i) {
        if (sent.contains(i)) continue;
        const auto& account = nft::account_of(batch_.items[i].request);
        auto& line = waiting_[account];
        if (line.empty() && !busy.contains(account)) idle_.push_back(account);
        line.push_back(i);
    }
}

void batch_run::submit_more() {
    while (running_.size() < how_.parallel && !idle_.empty() && !is_over()) {
        const auto account = idle_.front();
        auto& line = waiting_[account];
        const auto item = line.front();
        idle_.pop_front();
        line.pop_front();
        if (submit(item)) continue;
        line.push_front(item);
        idle_.push_front(account);
        return;
    }
}

void batch_run::end(const under_way& one, const boost::json::value& operation) {
    const auto state = text_of(operation, "state");
    if (state == "completed") {
        ++completed_;
        const auto& account = nft::account_of(batch_.items[one.item].request);
        if (!waiting_[account].empty()) idle_.push_back(account);
        return;
    }
    auto what = state;
    const auto* fault = operation.as_object().if_contains("fault");
    if (fault != nullptr) what += " " + text_of(*fault, "code");
    if (const auto cause = text_of(operation, "cause"); !cause.empty()) what += ": " + cause;
    if (state == "parked") {
        ++parked_;
        hold_back(one.item);
    }
    give_up(one.item, one.id, std::move(what));
}

// A parked mint keeps its account's lock: the others of that account could only wait behind it.
void batch_run::hold_back(std::size_t parked) {
    auto& line = waiting_[nft::account_of(batch_.items[parked].request)];
    for (const auto item : line) {
        failures_.push_back(
            {item,
             {},
             "not sent: " + batch_.items[parked].place + " of the same account is parked"});
    }
    line.clear();
}

void batch_run::look() {
    std::vector<under_way> still;
    for (auto& one : running_) {
        const auto answer = call({.path = "/api/v1/operations/" + percent_encoded(one.id)});
        if (answer && answer->status == 404) {
            give_up(one.item, one.id, "the daemon does not know it any more");
            continue;
        }
        if (answer && answer->status / 100 == 4) refused_ = problem_of(*answer);
        if (!answer || answer->status != 200) {
            still.push_back(std::move(one));
            continue;
        }
        const auto state = told(*answer, "state");
        if (!state) {
            give_up(one.item, one.id, state.error());
        } else if (exit_of_state(*state) != exit_attention || *state == "parked") {
            end(one, boost::json::parse(answer->body));
        } else {
            still.push_back(std::move(one));
        }
    }
    running_ = std::move(still);
}

void batch_run::show_progress() {
    const auto all = batch_.items.size();
    const auto ended = completed_ + failures_.size();
    const auto passed = time_.now() - began_;
    constexpr std::size_t width = 20;
    auto line = fmt::format("{} {} of {} completed, {} under way", bar(ended, all, width),
                            completed_, all, running_.size());
    if (!failures_.empty()) line += fmt::format(", {} not", failures_.size());
    if (completed_ > 0 && ended < all) {
        const auto left =
            passed / static_cast<std::int64_t>(ended) * static_cast<std::int64_t>(all - ended);
        line += ", about " + minutes_of(left) + " left";
    }
    if (columns(line) >= s_.err.width()) line.resize(s_.err.width() - 1);
    s_.err.status(line);
}

int batch_run::run() {
    const auto all = batch_.items.size();
    look_back();
    while (completed_ + failures_.size() < all && !lost_ && refused_.empty()) {
        submit_more();
        show_progress();
        if (stopped_ && running_.empty()) break;
        pause();
        look();
    }
    s_.err.status("");
    return report();
}

int batch_run::report() {
    const auto all = batch_.items.size();
    if (s_.json) {
        boost::json::array list;
        for (const auto& each : failures_) {
            const auto& item = batch_.items[each.item];
            list.push_back(boost::json::object{{"place", item.place},
                                               {"key", nft::key_of_item(batch_.id, item)},
                                               {"operation", each.id},
                                               {"detail", each.what}});
        }
        boost::json::object said{{"v", 1},
                                 {"batch", batch_.id},
                                 {"items", all},
                                 {"completed", completed_},
                                 {"failures", std::move(list)}};
        if (!refused_.empty()) said["refused"] = refused_;
        s_.print_json(said);
    } else {
        s_.out.print(fmt::format("{} of {} completed\n", completed_, all));
        for (const auto& each : failures_) {
            s_.out.print(fmt::format("  {}: {}  {}\n", batch_.items[each.item].place,
                                     plain(each.what), each.id));
        }
    }
    if (!refused_.empty()) {
        s_.complain(plain(refused_));
        return exit_refused;
    }
    if (lost_) {
        s_.complain(
            fmt::format("{} does not answer ({}); the same command goes on where it stopped",
                        daemon_.where(), plain(away_)));
        return exit_unreachable;
    }
    if (stopped_) s_.complain("the daemon's disk is full; the same command goes on later");
    if (completed_ == all) return exit_done;
    return parked_ > 0 ? exit_attention : exit_ended_otherwise;
}

int refuse_batch(session& s, const loaded_batch& batch) {
    if (s.json) {
        boost::json::array list;
        for (const auto& each : batch.mistakes) list.push_back(json::to_value(each));
        s.print_json(boost::json::object{{"v", 1}, {"mistakes", std::move(list)}});
        return exit_refused;
    }
    s.complain(fmt::format("{} mistake{}; nothing was sent", batch.mistakes.size(),
                           batch.mistakes.size() == 1 ? "" : "s"));
    for (std::size_t i = 0; i < std::min(most_shown, batch.mistakes.size()); ++i) {
        const auto& each = batch.mistakes[i];
        s.err.print(fmt::format("  {}: {}{}{}\n", plain(each.place), plain(each.field),
                                each.field.empty() ? "" : ": ", plain(each.detail)));
    }
    if (batch.mistakes.size() > most_shown) {
        s.err.print(fmt::format("  and {} more: -o json lists them all\n",
                                batch.mistakes.size() - most_shown));
    }
    return exit_refused;
}

// Of every picture once, and of a metadata file for each item, which says about what the request
// does and repeats the picture's address.
std::uint64_t content_bytes(const loaded_batch& batch) {
    constexpr std::uint64_t frame = 300;
    std::map<std::string, std::uint64_t> pictures;  // by CID: the same one may have several names
    for (const auto& [name, each] : batch.pictures) pictures[each.cid] = each.bytes;
    std::uint64_t out = 0;
    for (const auto& [cid, bytes] : pictures) out += bytes;
    for (const auto& item : batch.items) out += json::write(item.request).size() + frame;
    return out;
}

// "0.12 EUR + 0.15 USD"
std::string sum_text(const boost::json::array& amounts) {
    std::string out;
    for (const auto& each : amounts) {
        out += (out.empty() ? "" : " + ") + std::string{each.as_string()};
    }
    return out;
}

// At most; the wallet may be filled up meanwhile: an operation that is short of lamports waits.
std::optional<int> show_estimate(session& s, client& daemon, const loaded_batch& batch,
                                 duration time) {
    std::map<nft::token_standard, std::uint64_t> counts;
    for (const auto& item : batch.items) ++counts[item.request.standard];
    std::uint64_t lamports = 0;
    std::uint64_t held = 0;
    duration by_rates{};                         // of endpoints and providers
    std::uint64_t bytes = content_bytes(batch);  // asked with the first
    std::string kept;
    for (const auto& [standard, count] : counts) {
        int code = exit_done;
        const auto path = fmt::format("/api/v1/mints/estimate?standard={}&count={}&bytes={}",
                                      json::detail::enum_text(standard), count, bytes);
        const auto answer = ask(s, daemon, {.path = path}, code);
        if (!answer) return code;
        lamports += number_of(*answer, "lamports");
        by_rates += seconds{number_of(*answer, "seconds")};
        held = number_of(*answer, "wallet_lamports");
        if (bytes > 0) kept = sum_text(items_of(*answer, "content_per_month"));
        bytes = 0;
    }
    s.err.print(fmt::format("batch {}: {} mints, at most {} of the wallet's {}, about {}\n",
                            batch.id, batch.items.size(), sol_of(lamports), sol_of(held),
                            minutes_of(std::max(time, by_rates))));
    if (!kept.empty()) {
        s.err.print(fmt::format("its content, {} in each place, costs about {} a month\n",
                                size_text(content_bytes(batch)), kept));
    }
    if (lamports > held) {
        s.err.print("the wallet may run short; mints then wait until it is funded\n");
    }
    return std::nullopt;
}

}  // namespace

int run_batch(session& s, client& daemon, const batch_options& options) {
    const auto batch = load_batch(options.from, options.id, options.tags);
    if (!batch.mistakes.empty()) return refuse_batch(s, batch);
    batch_run run{s, daemon, batch, options};
    if (const auto failed = show_estimate(s, daemon, batch, run.estimated_time())) return *failed;
    return options.dry_run ? static_cast<int>(exit_done) : run.run();
}

}  // namespace thole::app
