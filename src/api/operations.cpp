#include "api/operations.hpp"

#include <boost/json/array.hpp>

#include "api/codes.hpp"
#include "api/reply.hpp"
#include "api/submission.hpp"
#include "base/time_text.hpp"
#include "engine/act_saga.hpp"
#include "engine/codes.hpp"
#include "engine/tags.hpp"

namespace thole::api {
namespace {

constexpr std::int64_t most_listed = 500;
constexpr std::int64_t longest_wait_ms = 60'000;

struct act_request {
    std::optional<std::string> reason;
};
BOOST_DESCRIBE_STRUCT(act_request, (), (reason))

struct filter_request {
    std::optional<std::string> state, kind, key, account, tag, error;
    std::optional<store_time> since, until;
    std::optional<uuid> parent;
};
BOOST_DESCRIBE_STRUCT(filter_request, (),
                      (state, kind, key, account, tag, error, since, until, parent))

// What skip, reopen, prioritise and edit need besides the reason.
struct detailed_request {
    std::string reason;
    std::optional<boost::json::value> output;
    std::optional<std::string> step;
    std::optional<saga::operation_priority> priority;
    std::optional<boost::json::value> patch;
    std::optional<int> version;
};
BOOST_DESCRIBE_STRUCT(detailed_request, (), (reason, output, step, priority, patch, version))

struct bulk_body {
    saga::bulk_act act = saga::bulk_act::retry;
    filter_request filter;
    std::string reason;
    std::optional<bool> dry_run;
    std::optional<std::int64_t> expect;
    std::optional<int> undo_window_s;
    std::optional<boost::json::value> output;
    std::optional<std::string> step;
    std::optional<saga::operation_priority> priority;
    std::optional<boost::json::value> patch;
    std::optional<int> version;
};
BOOST_DESCRIBE_STRUCT(bulk_body, (),
                      (act, filter, reason, dry_run, expect, undo_window_s, output, step, priority,
                       patch, version))

struct refused_count {
    std::string code;
    std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(refused_count, (), (code, count))
struct bulk_document {
    int v = 1;
    bool dry_run = true;
    std::int64_t matched = 0;
    std::int64_t done = 0;
    std::vector<refused_count> refused;
};
BOOST_DESCRIBE_STRUCT(bulk_document, (), (v, dry_run, matched, done, refused))

enum class verdict_word : std::uint8_t { landed, dead };
BOOST_DESCRIBE_ENUM(verdict_word, landed, dead)

struct resolve_request {
    verdict_word verdict = verdict_word::landed;
    std::string reference;
    std::optional<boost::json::value> output;
    std::optional<bool> accept_risk;
    std::optional<int> generation;
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(resolve_request, (),
                      (verdict, reference, output, accept_risk, generation, reason))

constexpr std::size_t longest_text = 1000;
constexpr int longest_window_s = 86'400;

// What an act that can be undone is for, and what became of it.
void show_act(const saga::operation_details& of, boost::json::object& out) {
    const auto asked = of.find_input<saga::act_request>();
    if (!asked) return;
    out["act"] = json::to_value(asked->act);
    out["matched"] = json::to_value(std::ssize(asked->on));
    out["undo_until"] = json::to_value(asked->until);
    const auto report = of.find_output<saga::take_effect>();
    if (!report) return;
    out["done"] = json::to_value(report->done);
    out["refused"] = json::to_value(report->refused);
}

std::optional<io::server_response> check_text(std::string_view pointer, std::string_view text,
                                              bool required) {
    if (required && text.empty()) {
        return refuse(422, codes::api_invalid, {},
                      {{std::string{pointer}, "value.required", "a person must say it"}});
    }
    if (text.size() > longest_text) {
        return refuse(422, codes::api_invalid, {},
                      {{std::string{pointer}, "value.too_long", "at most 1000 bytes"}});
    }
    return std::nullopt;
}

io::server_response missing(const char* pointer, const char* what) {
    return refuse(422, codes::api_invalid, {}, {{pointer, "value.required", what}});
}

// Checks that the act has what it needs; Body is either of the two above.
template <class Body>
std::expected<saga::act_details, io::server_response> details_for(saga::bulk_act act,
                                                                  const Body& body) {
    saga::act_details out;
    if (act == saga::bulk_act::skip && !body.output) {
        return std::unexpected{missing("/output", "the step's output, which later steps read")};
    }
    if (act == saga::bulk_act::reopen && !body.step) {
        return std::unexpected{missing("/step", "the name of the step to go back to")};
    }
    if (act == saga::bulk_act::prioritise && !body.priority) {
        return std::unexpected{missing("/priority", "high, normal or low")};
    }
    if (act == saga::bulk_act::edit && (!body.patch || !body.patch->is_object())) {
        return std::unexpected{missing("/patch", "an object: what changes in the input")};
    }
    out.version = body.version;
    if (body.patch) out.patch = json::write(*body.patch);
    if (body.output) out.output = json::write(*body.output);
    out.step = body.step.value_or("");
    out.priority = body.priority.value_or(saga::operation_priority::normal);
    return out;
}

std::expected<uuid, io::server_response> id_of(const call& c) {
    const auto id = uuid::parse(c.path.at("id"));
    // What cannot be an id names no operation.
    if (!id) return std::unexpected{refuse(404, codes::operation_not_found)};
    return *id;
}

template <class E>
std::optional<E> named(std::string_view text) {
    const auto& names = json::detail::enum_names<E>;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == text) return json::detail::enum_values<E>[i];
    }
    return std::nullopt;
}

// One word for the caller: a state that lasts, or the way it ended.
std::expected<void, io::server_response> set_state(saga::list_filter& filter,
                                                   const std::string& text) {
    if (const auto state = named<saga::op_state>(text);
        state && *state != saga::op_state::terminal) {
        filter.state = *state;
        return {};
    }
    if (const auto ending = named<saga::op_ending>(text);
        ending && *ending != saga::op_ending::none) {
        filter.state = saga::op_state::terminal;
        filter.ending = *ending;
        return {};
    }
    return std::unexpected{
        refuse(400, codes::api_bad_parameter, {},
               {{"state", "api.unknown_value",
                 "must be one of ready, running, blocked, parked, completed, rolled_back, failed, "
                 "closed"}})};
}

std::expected<saga::list_filter, io::server_response> filter_of(const filter_request& asked) {
    saga::list_filter filter;
    filter.tenant = "default";
    filter.kind = asked.kind;
    filter.key = asked.key;
    filter.subject = asked.account;
    filter.tag = asked.tag;
    filter.text = asked.error;
    filter.parent = asked.parent;
    filter.created_from = asked.since;
    filter.created_to = asked.until;
    if (asked.tag && !saga::is_tag(*asked.tag)) {
        return std::unexpected{refuse(400, codes::api_bad_parameter, {},
                                      {{"tag", "value.form", std::string{saga::tag_rule}}})};
    }
    if (asked.state) {
        auto set = set_state(filter, *asked.state);
        if (!set) return std::unexpected{std::move(set.error())};
    }
    return filter;
}

}  // namespace

operations_resource::operations_resource(saga::engine& engine, documents& docs,
                                         const io::loop& time, disk_check room,
                                         std::set<std::string, std::less<>> plain_kinds)
    : engine_{engine},
      docs_{docs},
      time_{time},
      room_{std::move(room)},
      plain_kinds_{std::move(plain_kinds)} {
    docs.add(std::string{saga::act_kind}, show_act);
}

void operations_resource::add_to(router& to) {
    to.add({"GET",
            "/api/v1/operations",
            "operations",
            access::read,
            {"state", "kind", "key", "account", "tag", "parent", "error", "since", "until", "limit",
             "cursor"}},
           [this](call c) { return list(std::move(c)); });
    to.add({"GET", "/api/v1/operations/{id}", "operations", access::read},
           [this](call c) { return show(std::move(c)); });
    to.add({"POST", "/api/v1/operations/{kind}", "operations", access::submit, {}, 64 << 10},
           [this](call c) { return submit(std::move(c)); });
    to.add({"GET",
            "/api/v1/operations/{id}/events",
            "events",
            access::read,
            {"after", "limit", "wait_ms"}},
           [this](call c) { return events(std::move(c)); });
    const auto add_verb = [&](const char* pattern, verb what, bool reason_required) {
        to.add({"POST", pattern, "operations", access::operate, {}, 64 << 10},
               [this, what, reason_required](call c) {
                   return act(std::move(c), what, reason_required);
               });
    };
    add_verb("/api/v1/operations/{id}/cancel", &saga::engine::cancel, false);
    add_verb("/api/v1/operations/{id}/retry", &saga::engine::retry, false);
    add_verb("/api/v1/operations/{id}/close", &saga::engine::close, true);
    add_verb("/api/v1/operations/{id}/fail", &saga::engine::fail, true);
    add_verb("/api/v1/operations/{id}/pause", &saga::engine::pause, false);
    add_verb("/api/v1/operations/{id}/resume", &saga::engine::resume, false);
    for (const auto& [pattern, what] :
         {std::pair{"/api/v1/operations/{id}/skip", saga::bulk_act::skip},
          {"/api/v1/operations/{id}/reopen", saga::bulk_act::reopen},
          {"/api/v1/operations/{id}/prioritise", saga::bulk_act::prioritise},
          {"/api/v1/operations/{id}/edit", saga::bulk_act::edit},
          {"/api/v1/operations/{id}/migrate", saga::bulk_act::migrate}}) {
        to.add({"POST", pattern, "operations", access::operate, {}, 64 << 10},
               [this, what](call c) { return act_with(std::move(c), what); });
    }
    to.add({"POST", "/api/v1/acts", "operations", access::operate, {}, 64 << 10},
           [this](call c) { return act_on_all(std::move(c)); });
    to.add({"POST", "/api/v1/operations/{id}/resolve", "operations", access::operate, {}, 64 << 10},
           [this](call c) { return resolve(std::move(c)); });
}

task<io::server_response> operations_resource::list(call c) {
    filter_request asked{c.parameter("state"),
                         c.parameter("kind"),
                         c.parameter("key"),
                         c.parameter("account"),
                         c.parameter("tag"),
                         c.parameter("error"),
                         {},
                         {},
                         {}};
    if (const auto given = c.parameter("parent")) {
        asked.parent = uuid::parse(*given);
        if (!asked.parent) {
            co_return refuse(400, codes::api_bad_parameter, {},
                             {{"parent", "value.form", "must be the id of an operation"}});
        }
    }
    for (const auto& [name, to] : {std::pair{"since", &asked.since}, {"until", &asked.until}}) {
        const auto given = c.parameter(name);
        if (!given) continue;
        *to = parse_store_time(*given);
        if (!*to) {
            co_return refuse(400, codes::api_bad_parameter, {},
                             {{name, "value.form", "must be a time as 2026-01-31T12:00:00Z"}});
        }
    }
    auto made = filter_of(asked);
    if (!made) co_return std::move(made.error());
    auto& filter = *made;
    auto limit = c.number("limit", 50, 1, most_listed);
    if (!limit) co_return std::move(limit.error());
    auto cursor = c.number("cursor", 0, 0, INT64_MAX);
    if (!cursor) co_return std::move(cursor.error());
    filter.limit = static_cast<int>(*limit);
    filter.before = *cursor;
    filter.with_outputs = true;  // what a kind adds is made of them

    auto page = co_await engine_.list(std::move(filter));
    if (!page) co_return refuse(page.error());
    boost::json::array items;
    items.reserve(page->items.size());
    for (const auto& each : page->items) items.push_back(docs_.of(each));
    boost::json::object out{{"v", 1}, {"items", std::move(items)}};
    if (page->next != 0) out["next_cursor"] = std::to_string(page->next);
    co_return reply(200, out);
}

task<io::server_response> operations_resource::submit(call c) {
    const auto kind = c.path.at("kind");
    if (!plain_kinds_.contains(kind)) co_return refuse(404, thole::codes::engine_unknown_kind);
    auto key = idempotency_key(c);
    if (!key) co_return std::move(key).error();
    if (!is_json(c.http.header("Content-Type"))) {
        co_return refuse(415, codes::api_media_type, "The body must be application/json.");
    }
    if (auto read = json::parse(c.http.body); !read) co_return refuse_body(read.error());
    if (!room_()) co_return refuse(507, codes::api_disk_full);
    saga::submission s;
    s.kind = kind;
    s.key = *key;
    s.input = c.http.body;
    auto accepted = co_await engine_.submit(std::move(s));
    if (!accepted) co_return refuse(accepted.error());
    const submission_place place{engine_, docs_, time_};
    co_return co_await answer_accepted(place, std::move(c), std::move(*accepted));
}

task<io::server_response> operations_resource::show(call c) {
    auto id = id_of(c);
    if (!id) co_return std::move(id.error());
    auto found = co_await engine_.get(*id);
    if (!found) co_return refuse(found.error());
    co_return reply(200, docs_.of(*found));
}

task<io::server_response> operations_resource::events(call c) {
    auto id = id_of(c);
    if (!id) co_return std::move(id.error());
    auto after = c.number("after", 0, 0, INT32_MAX);
    if (!after) co_return std::move(after.error());
    auto limit = c.number("limit", 100, 1, most_listed);
    if (!limit) co_return std::move(limit.error());
    auto wait = c.number("wait_ms", 0, 0, longest_wait_ms);
    if (!wait) co_return std::move(wait.error());

    const auto until = deadline::after(time_.now(), std::chrono::milliseconds{*wait});
    auto found =
        co_await engine_.events(*id, static_cast<int>(*after), static_cast<int>(*limit), until);
    if (!found) co_return refuse(found.error());
    boost::json::array items;
    items.reserve(found->size());
    for (const auto& each : *found) items.push_back(json::to_value(each));
    co_return reply(200, boost::json::object{{"v", 1}, {"events", std::move(items)}});
}

task<io::server_response> operations_resource::act(call c, verb what, bool reason_required) {
    auto id = id_of(c);
    if (!id) co_return std::move(id.error());
    auto body = json::read<act_request>(c.http.body.empty() ? std::string_view{"{}"} : c.http.body);
    if (!body) co_return refuse_body(body.error());
    auto reason = body->reason.value_or("");
    if (auto bad = check_text("/reason", reason, reason_required)) co_return std::move(*bad);
    auto done = co_await (engine_.*what)(*id, c.who.name, std::move(reason));
    co_return co_await answer(*id, std::move(done));
}

task<io::server_response> operations_resource::act_with(call c, saga::bulk_act what) {
    auto id = id_of(c);
    if (!id) co_return std::move(id.error());
    auto body = json::read<detailed_request>(c.http.body);
    if (!body) co_return refuse_body(body.error());
    if (auto bad = check_text("/reason", body->reason, true)) co_return std::move(*bad);
    auto more = details_for(what, *body);
    if (!more) co_return std::move(more.error());
    auto done =
        co_await engine_.act(*id, what, c.who.name, std::move(body->reason), std::move(*more));
    co_return co_await answer(*id, std::move(done));
}

task<io::server_response> operations_resource::resolve(call c) {
    auto id = id_of(c);
    if (!id) co_return std::move(id.error());
    auto body = json::read<resolve_request>(c.http.body);
    if (!body) co_return refuse_body(body.error());
    if (auto bad = check_text("/reference", body->reference, true)) co_return std::move(*bad);
    if (auto bad = check_text("/reason", body->reason, true)) co_return std::move(*bad);
    saga::resolution what;
    what.landed = body->verdict == verdict_word::landed;
    what.reference = std::move(body->reference);
    if (body->output) what.output = json::write(*body->output);
    what.accept_risk = body->accept_risk.value_or(false);
    what.generation = body->generation.value_or(0);
    auto done = co_await engine_.resolve(*id, c.who.name, std::move(body->reason), std::move(what));
    co_return co_await answer(*id, std::move(done));
}

// On all that fit; counts only, unless told otherwise.
task<io::server_response> operations_resource::act_on_all(call c) {
    auto body = json::read<bulk_body>(c.http.body);
    if (!body) co_return refuse_body(body.error());
    if (auto bad = check_text("/reason", body->reason, true)) co_return std::move(*bad);
    auto filter = filter_of(body->filter);
    if (!filter) co_return std::move(filter.error());
    auto more = details_for(body->act, *body);
    if (!more) co_return std::move(more.error());
    saga::bulk_request what;
    what.more = std::move(*more);
    what.which = std::move(*filter);
    what.act = body->act;
    what.actor = c.who.name;
    what.reason = std::move(body->reason);
    what.dry_run = body->dry_run.value_or(true);
    what.expect = body->expect;
    if (!what.dry_run && !what.expect) {
        co_return refuse(422, codes::api_invalid, {},
                         {{"/expect", "value.required",
                           "say how many fit, as a dry run counted them, before acting"}});
    }
    if (const auto window = body->undo_window_s) {
        if (*window < 1 || *window > longest_window_s) {
            co_return refuse(422, codes::api_invalid, {},
                             {{"/undo_window_s", "value.range", "must be from 1 to 86400"}});
        }
        what.window = std::chrono::seconds{*window};
    }
    const bool dry_run = what.dry_run;
    const auto done = co_await engine_.act_on_all(std::move(what));
    if (!done) co_return refuse(done.error());
    if (done->undoable) co_return co_await answer(done->undoable->id, *done->undoable);
    bulk_document out{1, dry_run, done->matched, done->done, {}};
    for (const auto& [code, count] : done->refused) out.refused.push_back({code, count});
    co_return reply(200, json::to_value(out));
}

task<io::server_response> operations_resource::answer(uuid id, result<saga::operation_view> done) {
    if (!done) co_return refuse(done.error());
    auto found = co_await engine_.get(id);
    if (!found) co_return refuse(found.error());
    co_return reply(202, docs_.of(*found));
}

}  // namespace thole::api
