#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "app/cli/commands.hpp"
#include "base/json.hpp"

namespace thole::app {
namespace {

using boost::json::value;

colour colour_of_status(std::string_view status) {
    if (status == "pass") return colour::green;
    return status == "warn" ? colour::yellow : colour::red;
}

}  // namespace

int run_verify(session& s, client& daemon, const std::string& wallet) {
    int code = exit_done;
    const auto found = ask(
        s, daemon,
        {.path = "/api/v1/verify/" + percent_encoded(wallet), .timeout = std::chrono::seconds{60}},
        code);
    if (!found) return code;
    const auto& nfts = items_of(*found, "nfts");
    bool all_good = true;
    table t{{"MINT", "LEVEL", "ISSUER", "CONTENT", "REASON"}};
    for (const auto& each : nfts) {
        const auto issuer = text_of(each, "issuer_verified") == "true";
        const auto content = text_of(each, "content_verified") == "true";
        all_good = all_good && issuer && content;
        t.add({{text_of(each, "mint")},
               {text_of(each, "level")},
               {issuer ? "verified" : "no", issuer ? colour::green : colour::red},
               {content ? "verified" : "no", content ? colour::green : colour::red},
               {text_of(each, "reason")}});
    }
    if (s.json) {
        s.print_json(*found);
    } else {
        s.out.print(t.empty() ? "no NFTs\n" : t.text(s.out, s.out.is_tty() ? s.out.width() : 1000));
        const auto level = text_of(*found, "level");
        s.out.print(fmt::format("level {}, as of slot {}\n", level.empty() ? "none" : level,
                                text_of(*found, "slot")));
    }
    return all_good ? exit_done : exit_findings;
}

int run_status(session& s, client& daemon) {
    // 500 and 503 carry the same document, so they are no errors here.
    const auto answer = daemon.call({.path = "/health"});
    const auto parsed = answer ? json::parse(answer->body) : json::parse("null");
    std::optional<value> body;
    if (parsed && parsed->is_object() && parsed->as_object().contains("parts")) {
        body = *parsed;
    } else {
        int code = exit_done;
        body = ask(s, daemon, {.path = "/health"}, code);
        if (!body) return code;
    }
    const auto status = text_of(*body, "status");
    if (s.json) {
        s.print_json(*body);
        return status == "pass" ? exit_done : exit_findings;
    }
    table t{{"PART", "STATUS", "DETAIL"}};
    for (const auto& part : items_of(*body, "parts")) {
        const auto each = text_of(part, "status");
        t.add({{text_of(part, "name")}, {each, colour_of_status(each)}, {text_of(part, "detail")}});
    }
    for (const auto& dependency : items_of(*body, "dependencies")) {
        const auto each = text_of(dependency, "status");
        t.add({{text_of(dependency, "name")}, {each, colour_of_status(each)}, {""}});
        for (const auto& endpoint : items_of(dependency, "endpoints")) {
            const auto breaker = text_of(endpoint, "breaker");
            const auto latency = text_of(endpoint, "latency_ms");
            t.add({{"  " + text_of(endpoint, "name")},
                   {breaker, breaker == "closed" ? colour::green : colour::yellow},
                   {fmt::format("{}{}", text_of(endpoint, "provider"),
                                latency.empty() ? "" : ", " + latency + " ms")}});
        }
    }
    s.out.print(t.text(s.out, s.out.width()));
    return status == "pass" ? exit_done : exit_findings;
}

int run_providers(session& s, client& daemon) {
    int code = exit_done;
    const auto page = ask(s, daemon, {.path = "/api/v1/providers"}, code);
    if (!page) return code;
    if (s.json) return s.print_json(*page), exit_done;
    table t{{"PROVIDER", "KIND", "CONTENTS", "SIZE", "PRICE/GB MONTH", "COST/MONTH", "REMARK"}};
    for (const auto& each : items_of(*page, "items")) {
        const auto kind = text_of(each, "kind");
        const auto cost = text_of(each, "cost_per_month");
        const auto unknown = text_of(each, "unknown_size");
        const auto tried = text_of(each, "tried");
        std::string remark;
        if (unknown != "0") remark = fmt::format("and {} of unknown size", unknown);
        if (tried != "0") {
            remark += fmt::format("{}{} perhaps there", remark.empty() ? "" : ", ", tried);
        }
        t.add(
            {{text_of(each, "name"), colour::bold},
             {kind.empty() ? "not configured" : kind, kind.empty() ? colour::yellow : colour::none},
             {text_of(each, "contents")},
             {size_text(number_of(each, "bytes"))},
             {text_of(each, "price_per_gb_month")},
             {cost.empty() || unknown == "0" ? cost : "at least " + cost},
             {remark}});
    }
    s.out.print(t.text(s.out, s.out.is_tty() ? s.out.width() : 1000));
    return exit_done;
}

int run_cron(session& s, client& daemon, std::uint32_t ticks) {
    int code = exit_done;
    const auto page = ask(s, daemon, {.path = fmt::format("/api/v1/cron?ticks={}", ticks)}, code);
    if (!page) return code;
    if (s.json) return s.print_json(*page), exit_done;
    table t{{"NAME", "AT", "KIND", "MISSED", "LAST", "NEXT (UTC)"}};
    for (const auto& each : items_of(*page, "items")) {
        std::string next;
        for (const auto& tick : items_of(each, "next")) {
            next += (next.empty() ? "" : ", ") + short_time(tick.as_string()).substr(0, 16);
        }
        const auto last = text_of(each, "last_state");
        t.add({{text_of(each, "name"), colour::bold},
               {text_of(each, "at")},
               {text_of(each, "kind")},
               {text_of(each, "missed")},
               {last, colour_of_state(last)},
               {next.empty() ? "never" : next}});
    }
    s.out.print(t.empty() ? "nothing is begun by the clock\n" : t.text(s.out, 1000));
    return exit_done;
}

}  // namespace thole::app
