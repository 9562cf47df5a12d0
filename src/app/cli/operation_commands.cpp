#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "api/fault_catalog.hpp"
#include "app/cli/commands.hpp"
#include "base/json.hpp"
#include "engine/tags.hpp"

namespace thole::app {
namespace {

using boost::json::value;

const boost::json::array* array_of(const value& object, std::string_view member) {
    const auto* fields = object.if_object();
    const auto* found = fields == nullptr ? nullptr : fields->if_contains(member);
    return found == nullptr ? nullptr : found->if_array();
}

std::string operation_path(const std::string& id, std::string_view more = {}) {
    return fmt::format("/api/v1/operations/{}{}", percent_encoded(id), more);
}

// "reason, until 12:00:00", or the last fault's code.
std::string waits_for(const value& operation) {
    const auto& fields = operation.as_object();
    if (const auto* waiting = fields.if_contains("waiting")) {
        const auto until = text_of(*waiting, "until");
        return until.empty() ? text_of(*waiting, "reason")
                             : fmt::format("{}, until {}", text_of(*waiting, "reason"),
                                           short_time(until).substr(11));
    }
    if (const auto* fault = fields.if_contains("fault")) return text_of(*fault, "code");
    return {};
}

// The same as a sentence: what holds it up, and what would let it go on.
std::string why_it_waits(const value& operation) {
    const auto* waiting = operation.as_object().if_contains("waiting");
    if (waiting == nullptr) return {};
    auto reason = text_of(*waiting, "reason");
    const auto until = text_of(*waiting, "until");
    const auto at = until.empty() ? std::string{} : " until " + short_time(until).substr(11);
    const auto holder = text_of(*waiting, "holder");
    if (!holder.empty()) {
        return fmt::format("The lock it needs ({}) is held by operation {}.",
                           reason.starts_with("lock ") ? reason.substr(5) : reason, holder);
    }
    if (const auto child = text_of(*waiting, "child"); !child.empty()) {
        return fmt::format("It goes on when its child, operation {}, has ended.", child);
    }
    const auto space = reason.find(' ');
    const auto code = reason.substr(0, space);
    const auto place =
        space == std::string::npos ? std::string{"a dependency"} : reason.substr(space + 1);
    if (code == "policy.breaker_open") {
        return fmt::format("The circuit breaker of {} is open; it is tried again{}.", place, at);
    }
    if (code == "policy.rate_limited" || code == "http.rate_limited") {
        return fmt::format("{} is rate-limited{}.", place, at);
    }
    if (const auto* known = api::find_fault(code); known != nullptr) {
        return fmt::format("{} ({}){}.", known->meaning, code,
                           until.empty() ? "" : "; it goes on at" + at.substr(6));
    }
    return fmt::format("It waits for: {}{}.", reason, at);
}

// Steps side by side, one a line: which are done, which run, what the others wait for.
std::string members_text(const value& operation) {
    std::string out;
    const auto* members = operation.as_object().if_contains("members");
    if (members == nullptr || !members->is_array()) return out;
    for (const auto& each : members->as_array()) {
        auto state = text_of(each, "state");
        if (state == "gave_up") state = "gave up";
        const auto attempt = text_of(each, "attempt");
        if (attempt != "1") state += ", attempt " + attempt;
        const auto why = why_it_waits(each);
        out += fmt::format("  {}: {}{}{}\n", text_of(each, "step"), state, why.empty() ? "" : ". ",
                           why);
    }
    return out;
}

std::string tags_text(const value& operation) {
    std::vector<std::string> tags;
    for (const auto& each : items_of(operation, "tags")) tags.emplace_back(each.as_string());
    return plain(saga::joined_tags(tags));
}

void show_details(session& s, const value& operation) {
    table t{{"", ""}};
    for (const auto& [key, each] : operation.as_object()) {
        if (key == "v" || each.is_null()) continue;
        auto text = text_of(operation, key);
        if (const auto* fault = key == "fault" ? each.if_object() : nullptr) {
            text = fmt::format("{} at {}/{}: {}", text_of(*fault, "code"),
                               text_of(*fault, "dependency"), text_of(*fault, "endpoint"),
                               text_of(*fault, "detail"));
        } else if (key == "waiting") {
            text = waits_for(operation);
        } else if (key == "tags") {
            text = tags_text(operation);
        } else if (key == "members") {
            text = members_text(operation);
            std::ranges::replace(text, '\n', ';');
        } else if (key.ends_with("_at")) {
            text = short_time(text);
        }
        t.add({{std::string{key}, colour::dim},
               {text, key == "state" ? colour_of_state(text) : colour::none}});
    }
    s.out.print(t.text(s.out, 1000));
}

// "sendTransaction primary ok x6": each call once, in the order of its first appearance.
std::vector<std::string> counted(const boost::json::array& notes) {
    std::vector<std::pair<std::string, int>> calls;
    for (const auto& each : notes) {
        const auto fault = text_of(each, "fault");
        const auto call = fmt::format("{} {} {}", text_of(each, "what"), text_of(each, "endpoint"),
                                      fault.empty() ? "ok" : fault);
        const auto known = std::ranges::find(calls, call, &std::pair<std::string, int>::first);
        if (known == calls.end()) {
            calls.emplace_back(call, 1);
        } else {
            ++known->second;
        }
    }
    std::vector<std::string> out;
    for (const auto& [call, times] : calls) {
        out.push_back(times == 1 ? call : fmt::format("{} x{}", call, times));
    }
    return out;
}

std::string event_note(const value& event) {
    const auto& fields = event.as_object();
    std::string out;
    const auto add = [&out](std::string_view text) {
        if (text.empty()) return;
        out += out.empty() ? "" : ", ";
        out += text;
    };
    if (const auto* fault = fields.if_contains("fault")) {
        add(text_of(*fault, "code"));
        add(text_of(*fault, "detail"));
    }
    if (const auto* data = fields.if_contains("data"); data != nullptr && data->is_object()) {
        for (const auto* name : {"shown", "reason", "ending", "cause", "evidence"}) {
            add(text_of(*data, name));
        }
        if (const auto* notes = array_of(*data, "notes")) {
            for (const auto& each : counted(*notes)) add(each);
        }
    }
    if (const auto actor = text_of(event, "actor"); !actor.empty()) add("by " + actor);
    return out;
}

void show_event(session& s, const value& event) {
    const auto name = text_of(event, "event");
    const bool bad = name.ends_with("failed") || name.ends_with("parked");
    const auto note = event_note(event);
    const auto line = fmt::format(
        "{} {}  {}{}{}", s.out.painted(short_time(text_of(event, "at")).substr(11), colour::dim),
        s.out.painted(fmt::format("{:<24}", name), bad ? colour::red : colour::bold),
        text_of(event, "step"),
        text_of(event, "attempt").empty() || text_of(event, "attempt") == "1"
            ? ""
            : " #" + text_of(event, "attempt"),
        note.empty() ? "" : "  " + note);
    s.out.print(line + "\n");
}

}  // namespace

std::string list_path(const list_options& options) {
    std::string path = fmt::format("/api/v1/operations?limit={}", options.limit);
    const auto filter = [&path](const char* name, const std::string& text) {
        if (!text.empty()) path += fmt::format("&{}={}", name, percent_encoded(text));
    };
    filter("state", options.state);
    filter("kind", options.kind);
    filter("key", options.key);
    filter("account", options.account);
    filter("tag", options.tag);
    filter("parent", options.parent);
    filter("error", options.error);
    filter("since", options.since);
    filter("until", options.until);
    return path;
}

int run_operation_list(session& s, client& daemon, const list_options& options) {
    int code = exit_done;
    const auto page = ask(s, daemon, {.path = list_path(options)}, code);
    if (!page) return code;
    if (s.json) return s.print_json(*page), exit_done;
    table t{{"ID", "KIND", "KEY", "STATE", "PROGRESS", "WAITS"}};
    t.never_cut(0).cut_first(2);
    const auto* items = array_of(*page, "items");
    for (const auto& each : items == nullptr ? boost::json::array{} : *items) {
        const auto state = text_of(each, "state");
        t.add({{text_of(each, "id")},
               {text_of(each, "kind")},
               {text_of(each, "key")},
               {state, colour_of_state(state)},
               {text_of(each, "progress")},
               {waits_for(each)}});
    }
    s.out.print(t.empty() ? "no operations\n"
                          : t.text(s.out, s.out.is_tty() ? s.out.width() : 1000));
    if (!text_of(*page, "next_cursor").empty()) {
        s.err.print(fmt::format("more exist; the newest {} are shown\n", options.limit));
    }
    return exit_done;
}

int run_operation_show(session& s, client& daemon, const std::string& id) {
    int code = exit_done;
    const auto found = ask(s, daemon, {.path = operation_path(id)}, code);
    if (!found) return code;
    if (s.json) {
        s.print_json(*found);
    } else {
        show_details(s, *found);
    }
    return exit_done;
}

int run_operation_events(session& s, client& daemon, const std::string& id, bool follow) {
    std::string after = "0";
    boost::json::array all;
    // Of one that ended long ago the events may be in an archive: no last one will come.
    bool over = false;
    int wait_ms = 0;
    for (;;) {
        const auto path = operation_path(
            id, fmt::format("/events?after={}&limit=500&wait_ms={}", after, wait_ms));
        int code = exit_done;
        const auto page = ask(s, daemon, {.path = path}, code);
        if (!page) return code;
        const auto* events = array_of(*page, "events");
        const bool none = events == nullptr || events->empty();
        bool ended = false;
        for (const auto& each : none ? boost::json::array{} : *events) {
            after = text_of(each, "seq");
            ended = text_of(each, "event") == "operation.ended";
            if (!s.json) {
                show_event(s, each);
            } else if (follow) {
                s.print_json(each);  // one a line
            } else {
                all.push_back(each);
            }
        }
        if (ended || (none && (!follow || over))) break;
        if (!none) continue;
        const auto now = ask(s, daemon, {.path = operation_path(id)}, code);
        if (!now) return code;
        over = !text_of(*now, "ended_at").empty();  // what was written meanwhile is shown, too
        wait_ms = over ? 0 : 10'000;
    }
    if (s.json && !follow) s.print_json(all);
    return exit_done;
}

namespace {

int post_act(session& s, client& daemon, const std::string& id, const std::string& verb,
             const boost::json::object& body) {
    int code = exit_done;
    const auto done = ask(s, daemon,
                          {.method = "POST",
                           .path = operation_path(id, "/" + verb),
                           .headers = {{"Content-Type", "application/json"}},
                           .body = boost::json::serialize(body)},
                          code);
    if (!done) return code;
    if (s.json) {
        s.print_json(*done);
    } else {
        s.out.print(fmt::format("{} accepted; the operation is {} at {}\n", verb,
                                text_of(*done, "state"), text_of(*done, "progress")));
    }
    return exit_done;
}

}  // namespace

int run_operation_act(session& s, client& daemon, const std::string& id, const std::string& verb,
                      const std::string& reason) {
    boost::json::object body;
    if (!reason.empty()) body["reason"] = reason;
    return post_act(s, daemon, id, verb, body);
}

namespace {

// False: --output is no JSON.
bool add_details(session& s, const act_options& options, boost::json::object& body) {
    if (!options.output.empty()) {
        auto output = json::parse(options.output);
        if (!output) return s.complain("--output: not JSON"), false;
        body["output"] = std::move(*output);
    }
    if (!options.step.empty()) body["step"] = options.step;
    if (!options.priority.empty()) body["priority"] = options.priority;
    if (!options.version.empty()) body["version"] = std::stoi(options.version);
    if (!options.patch.empty()) {
        auto patch = json::parse(options.patch);
        if (!patch) return s.complain("--set: not JSON"), false;
        body["patch"] = std::move(*patch);
    }
    return true;
}

}  // namespace

int run_operation_act_with(session& s, client& daemon, const act_options& options,
                           const std::string& verb) {
    boost::json::object body{{"reason", options.reason}};
    if (!add_details(s, options, body)) return exit_usage;
    return post_act(s, daemon, options.id, verb, body);
}

// Counts first; acts only on --yes, and only when as many fit as were counted.
int run_operation_bulk(session& s, client& daemon, const bulk_options& options) {
    boost::json::object filter;
    const auto add = [&filter](const char* name, const std::string& text) {
        if (!text.empty()) filter[name] = text;
    };
    const auto& w = options.which;
    add("state", w.state), add("kind", w.kind), add("key", w.key), add("account", w.account);
    add("tag", w.tag);
    add("parent", w.parent), add("error", w.error), add("since", w.since), add("until", w.until);
    boost::json::object body{
        {"act", options.act}, {"filter", std::move(filter)}, {"reason", options.reason}};
    if (!add_details(s, options.more, body)) return exit_usage;
    if (options.undo_window > 0) body["undo_window_s"] = options.undo_window;
    const auto send = [&](int& code) {
        return ask(s, daemon,
                   {.method = "POST",
                    .path = "/api/v1/acts",
                    .headers = {{"Content-Type", "application/json"}},
                    .body = boost::json::serialize(body)},
                   code);
    };
    int code = exit_done;
    auto answer = send(code);
    if (!answer) return code;
    if (options.yes) {
        body["dry_run"] = false;
        body["expect"] = text_of(*answer, "matched");
        answer = send(code);
        if (!answer) return code;
    }
    if (s.json) return s.print_json(*answer), exit_done;
    const auto matched = text_of(*answer, "matched");
    if (!options.yes) {
        s.out.print(fmt::format("{} would be asked to {}; --yes does it\n", matched, options.act));
        return exit_done;
    }
    if (options.undo_window > 0) {
        s.out.print(fmt::format(
            "{}: asked of {}; until {} this undoes it: thole operation cancel {}\n", options.act,
            matched, short_time(text_of(*answer, "undo_until")), text_of(*answer, "id")));
        return exit_done;
    }
    s.out.print(fmt::format("{} of {} accepted\n", text_of(*answer, "done"), matched));
    const auto* refused = array_of(*answer, "refused");
    for (const auto& each : refused == nullptr ? boost::json::array{} : *refused) {
        s.out.print(fmt::format("{} refused: {}\n", text_of(each, "count"), text_of(each, "code")));
    }
    return exit_done;
}

namespace {

void show_holds(session& s, const value& page) {
    if (s.json) return s.print_json(page);
    table t{{"WHAT", "STATE", "SINCE", "BY", "REASON"}};
    const auto* items = array_of(page, "items");
    for (const auto& each : items == nullptr ? boost::json::array{} : *items) {
        const auto kind = text_of(each, "kind");
        t.add({{kind.empty() ? "everything" : kind},
               {text_of(each, "held") == "true" ? "held" : "released"},
               {short_time(text_of(each, "at"))},
               {text_of(each, "actor")},
               {text_of(each, "reason")}});
    }
    s.out.print(t.empty() ? "nothing is held\n" : t.text(s.out, 1000));
}

}  // namespace

int run_hold(session& s, client& daemon, const hold_options& options, const std::string& act) {
    boost::json::object body{{"act", act}, {"reason", options.reason}};
    if (!options.everything) body["kind"] = options.kind;
    int code = exit_done;
    const auto page = ask(s, daemon,
                          {.method = "POST",
                           .path = "/api/v1/holds",
                           .headers = {{"Content-Type", "application/json"}},
                           .body = boost::json::serialize(body)},
                          code);
    if (page) show_holds(s, *page);
    return code;
}

int run_hold_list(session& s, client& daemon, const hold_options& options) {
    int code = exit_done;
    const auto* path = options.history ? "/api/v1/holds?history=true" : "/api/v1/holds";
    const auto page = ask(s, daemon, {.path = path}, code);
    if (page) show_holds(s, *page);
    return code;
}

int run_operation_resolve(session& s, client& daemon, const resolve_options& options) {
    const bool landed = !options.landed.empty();
    boost::json::object body{{"verdict", landed ? "landed" : "dead"},
                             {"reference", landed ? options.landed : options.dead},
                             {"reason", options.reason}};
    if (!options.output.empty()) {
        auto output = json::parse(options.output);
        if (!output) return s.complain("--output: not JSON"), static_cast<int>(exit_usage);
        body["output"] = std::move(*output);
    }
    if (options.accept_risk) body["accept_risk"] = true;
    if (options.generation > 0) body["generation"] = options.generation;
    return post_act(s, daemon, options.id, "resolve", body);
}

namespace {

boost::json::array all_events(session& s, client& daemon, const std::string& id) {
    boost::json::array out;
    for (;;) {
        const auto after = out.empty() ? std::string{"0"} : text_of(out.back(), "seq");
        const auto path = operation_path(id, fmt::format("/events?after={}&limit=500", after));
        int code = exit_done;
        const auto page = ask(s, daemon, {.path = path}, code);
        const auto* events = page ? array_of(*page, "events") : nullptr;
        if (events == nullptr || events->empty()) return out;
        out.insert(out.end(), events->begin(), events->end());
    }
}

std::string with_meaning(const std::string& code) {
    const auto* known = api::find_fault(code);
    return known == nullptr ? code + "." : fmt::format("{}. {}", code, known->meaning);
}

}  // namespace

value last_failure(const boost::json::array& events) {
    value found;
    for (const auto& each : events) {
        const auto name = text_of(each, "event");
        const auto* fault = each.as_object().if_contains("fault");
        if (fault == nullptr) continue;
        if (name == "step.failed" || name == "compensation.started") found = *fault;
    }
    return found;
}

std::string cause_text(const value& operation, const value& failure) {
    const auto cause = text_of(operation, "cause");
    if (cause.empty()) return {};
    auto out = fmt::format("Cause: {}\n", with_meaning(cause));
    const auto code = text_of(failure, "code");
    const auto detail = text_of(failure, "detail");
    if (!code.empty() && code != cause) {
        out += fmt::format("Last failure: {}\n", with_meaning(code));
    }
    if (!detail.empty()) out += fmt::format("  {}\n", detail);
    return out;
}

void explain_cause(session& s, terminal& to, client& daemon, const value& operation) {
    if (text_of(operation, "cause").empty()) return;
    const auto events = all_events(s, daemon, text_of(operation, "id"));
    to.print(cause_text(operation, last_failure(events)));
}

std::string what_a_parked_one_needs(const value& operation) {
    const auto id = text_of(operation, "id");
    if (text_of(operation, "progress") == "PAUSED") {
        return "A person paused it. \"thole operation resume " + id + "\" lets it go on.";
    }
    // Before its end only what is undone has a cause.
    const bool undoing = !text_of(operation, "cause").empty();
    return fmt::format(
        "A person must decide: remove the cause, then \"thole operation retry {}\"{}.", id,
        undoing ? " (or cancel) goes on with its undo; or leave it as it is with close or fail"
                : "; or give it up with cancel, close or fail");
}

// In words: where it stands, why, and what a person can do.
int run_explain_operation(session& s, client& daemon, const std::string& id) {
    int code = exit_done;
    const auto found = ask(s, daemon, {.path = operation_path(id)}, code);
    if (!found) return code;
    const auto& o = *found;
    const auto state = text_of(o, "state");
    const auto* fault_value = o.as_object().if_contains("fault");
    const auto fault_text = fault_value == nullptr ? std::string{} : text_of(*fault_value, "code");
    const auto* fault = fault_text.empty() ? nullptr : api::find_fault(fault_text);

    std::string next;
    if (state == "completed") next = "It is done: every layer was read back and agrees.";
    if (state == "rolled_back") next = "It was undone; nothing of it is left in any layer.";
    if (state == "failed" || state == "closed") next = "A person ended it.";
    if (state == "running") next = "It is being worked on now.";
    if (state == "blocked")
        next = "Another operation of the same account is first; it goes on by itself.";
    if (state == "ready")
        next = "It goes on by itself when its time has come. \"thole operation retry\" hurries it.";
    if (state == "parked") next = what_a_parked_one_needs(o);
    if (text_of(o, "progress") == "UNCERTAIN") {
        next =
            "It is asked on. When you know better than the witnesses, say so: \"thole operation "
            "resolve " +
            id + "\" with --landed or --dead.";
    }
    if (s.json) {
        boost::json::object out{{"operation", o}, {"next", next}, {"why", why_it_waits(o)}};
        if (fault == nullptr) fault = api::find_fault(text_of(o, "cause"));
        if (fault != nullptr) out["explained"] = api::explain(*fault);
        if (!text_of(o, "cause").empty()) {
            out["failure"] = last_failure(all_events(s, daemon, id));
        }
        s.print_json(out);
        return exit_done;
    }
    s.out.print(fmt::format("{} {} is {} at {}.\n", text_of(o, "kind"), text_of(o, "key"),
                            s.out.painted(state, colour_of_state(state)), text_of(o, "progress")));
    if (!text_of(o, "step").empty()) {
        s.out.print(fmt::format("Step {}, attempt {}, generation {}.\n", text_of(o, "step"),
                                text_of(o, "attempt"), text_of(o, "generation")));
    }
    const auto members = members_text(o);
    if (!members.empty()) s.out.print("Side by side:\n" + members);
    if (const auto why = why_it_waits(o); !why.empty()) s.out.print(why + "\n");
    if (fault != nullptr) {
        s.out.print(fmt::format("Last fault: {} ({}). {}\n  {}\n", fault_text,
                                text_of(*fault_value, "detail"), fault->meaning,
                                api::response_to(fault->kind)));
    }
    explain_cause(s, s.out, daemon, o);
    s.out.print(next + "\n");
    return exit_done;
}

}  // namespace thole::app
