#include <fmt/format.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "app/cli/commands.hpp"
#include "base/bytes.hpp"
#include "base/entropy.hpp"
#include "thole/clock.hpp"

namespace thole::app {
namespace {

using boost::json::value;

// Until the operation has ended or is parked; nothing: the daemon is not there, or time is over.
std::optional<value> ended(session& s, client& daemon, const std::string& id,
                           std::uint32_t timeout_seconds, int& code) {
    const system_clock time;
    const auto until = time.now() + std::chrono::seconds{timeout_seconds};
    const auto path = "/api/v1/operations/" + percent_encoded(id);
    std::string after = "0";
    for (;;) {
        auto now = ask(s, daemon, {.path = path}, code);
        if (!now) return std::nullopt;
        const auto state = text_of(*now, "state");
        if (exit_of_state(state) != exit_attention || state == "parked") return now;
        if (time.now() >= until) {
            s.complain(
                fmt::format("not ended after {} s: thole operation show {}", timeout_seconds, id));
            code = exit_attention;
            return std::nullopt;
        }
        const auto events = fmt::format("{}/events?after={}&wait_ms=1000", path, after);
        const auto page = ask(s, daemon, {.path = events}, code);
        if (!page) return std::nullopt;
        const auto& list = page->at("events").as_array();
        if (!list.empty()) after = text_of(list.back(), "seq");
    }
}

void show_report(session& s, const value& report) {
    s.out.print(fmt::format("{} records compared, {} left alone, {} drifted, {} repaired\n",
                            text_of(report, "records"), text_of(report, "at_work"),
                            text_of(report, "drifted"), text_of(report, "fixed")));
    if (text_of(report, "unseen") != "0") {
        s.out.print(fmt::format("{} of which chain or content could not be seen\n",
                                text_of(report, "unseen")));
    }
    const auto& findings = report.at("findings").as_array();
    if (findings.empty()) return;
    table t{{"DRIFT", "REMEDY", "MINT", "OPERATION", "DETAIL"}};
    for (const auto& each : findings) {
        t.add({{text_of(each, "drift"), colour::yellow},
               {text_of(each, "remedy")},
               {text_of(each, "mint")},
               {text_of(each, "operation_id")},
               {text_of(each, "detail")}});
    }
    t.never_cut(3).cut_first(4);
    s.out.print(t.text(s.out, s.out.width()));
}

}  // namespace

int run_reconcile(session& s, client& daemon, const reconcile_options& options) {
    std::array<std::uint8_t, 16> random{};
    system_entropy{}.fill(random);
    const boost::json::object request{{"dry_run", options.dry_run}, {"content", options.content}};
    int code = exit_done;
    const auto accepted = ask(s, daemon,
                              {.method = "POST",
                               .path = "/api/v1/reconciliations",
                               .headers = {{"Content-Type", "application/json"},
                                           {"Idempotency-Key", "cli-" + to_hex(random)}},
                               .body = boost::json::serialize(request)},
                              code);
    if (!accepted) return code;
    const auto operation =
        ended(s, daemon, text_of(*accepted, "id"), options.timeout_seconds, code);
    if (!operation) return code;
    const auto* report = operation->as_object().if_contains("report");
    if (s.json) {
        s.print_json(report == nullptr ? *operation : *report);
    } else if (report != nullptr) {
        show_report(s, *report);
    }
    if (report == nullptr) {
        if (!s.json) explain_cause(s, s.err, daemon, *operation);
        return exit_of_state(text_of(*operation, "state"));
    }
    return text_of(*report, "drifted") == text_of(*report, "fixed") ? exit_done : exit_findings;
}

}  // namespace thole::app
