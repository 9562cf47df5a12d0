#include "ipfs/fetcher.hpp"

#include <algorithm>
#include <list>

#include "io/scope.hpp"
#include "io/with_deadline.hpp"
#include "ipfs/codec/car.hpp"
#include "ipfs/codec/dag_builder.hpp"
#include "ipfs/codes.hpp"
#include "ipfs/provider_http.hpp"
#include "thole/codes.hpp"

namespace thole::ipfs {
namespace {

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The target of a redirect: absolute http(s), or a path on the same host; else "".
std::string redirected(std::string_view from, std::string_view location) {
    if (location.starts_with("https://") || location.starts_with("http://")) {
        return std::string{location};
    }
    if (!location.starts_with('/') || location.starts_with("//")) return {};
    const auto authority = from.find("://") + 3;
    std::string out{from.substr(0, std::min(from.find('/', authority), from.size()))};
    return out.append(location);
}

// Content up to this size is good for a probe.
constexpr std::size_t largest_probe = 64 << 10;

}  // namespace

bool is_about_content(const fault& f) noexcept {
    return f.code().starts_with("ipfs.");
}

// What one answer is collected into; a CAR's blocks go to the verifier as they arrive.
struct fetcher::attempt {
    attempt(const fetch_request& what, bool by_car, io::http_transport& first)
        : car{by_car}, through{&first}, content{what.content}, max_bytes{what.max_bytes} {}
    attempt(const attempt&) = delete;

    void restart() {
        failed.reset();
        verify.emplace(content, verify_limits{.max_file_bytes = max_bytes});
        read.emplace(car_limits{},
                     [this](const cid& id, bytes_view block) { return verify->add(id, block); });
    }
    // False stops the transfer. A body that is no CAR at all may be an error page: it is let
    // through, so that its status is seen.
    bool take(bytes_view part) {
        if (failed) return true;
        if (auto ok = read->feed(part); !ok) failed = ok.error();
        return !failed || read->roots().empty();
    }
    [[nodiscard]] result<bytes> finish() {
        if (failed) return std::unexpected(*failed);
        if (auto ok = read->finish(); !ok) return std::unexpected(ok.error());
        return verify->take();
    }

    bool car;
    io::http_transport* through;
    cid content;
    std::uint64_t max_bytes;
    std::optional<dag_verifier> verify;
    std::optional<car_reader> read;
    std::optional<fault> failed;
};

fetcher::fetcher(io::http_transport& transport, endpoint_set& gateways, std::vector<name> trustless,
                 io::loop& loop, std::uint64_t seed, fetcher_options options)
    : transport_{transport},
      gateways_{gateways},
      trustless_{std::move(trustless)},
      loop_{loop},
      chance_{seed},
      options_{std::move(options)},
      budget_{{}, gateways.dependency()},
      cache_{options_.cache_bytes},
      served_last_{cid_of({})} {}

// One GET, redirects included. An error status is a fault; a body that stops the verifier too.
task<result<io::http_response>> fetcher::get(attempt& state, std::string url,
                                             std::string_view accept, std::uint64_t max_bytes,
                                             deadline until) {
    auto* through = state.through;
    for (int left = options_.redirects;; --left) {
        io::http_request request;
        request.url = url;
        request.headers.emplace_back("Accept", std::string{accept});
        request.until = until;
        request.max_response_bytes = max_bytes;
        request.dependency = gateways_.dependency();
        if (state.car) {
            state.restart();
            request.on_body = [&state](bytes_view part) { return state.take(part); };
        }
        auto answer = co_await through->send(std::move(request));
        if (!answer && state.failed) co_return std::unexpected(*state.failed);
        if (!answer) co_return answer;
        if (!is_redirect(answer->status)) {
            if (answer->status == 404 || answer->status == 410) co_return fail(codes::not_found);
            co_return io::expect_success(*std::move(answer), gateways_.dependency(), {},
                                         loop_.wall_now());
        }
        auto next = redirected(url, answer->header("location"));
        if (left == 0 || next.empty()) {
            co_return fail(thole::codes::http_unexpected_status, "a redirect that is not followed");
        }
        const bool leaves = same_origin(url, next).empty();
        if (leaves && options_.elsewhere != nullptr) through = options_.elsewhere;
        url = std::move(next);
    }
}

task<result<fetched>> fetcher::ask(const fetch_request& what, name gateway, std::string base,
                                   deadline until) {
    while (base.ends_with('/')) base.pop_back();
    const bool trustless = std::ranges::find(trustless_, gateway) != trustless_.end();
    const bool raw = what.content.content() == codec::raw;
    attempt state{what, trustless && !raw, transport_};
    std::string url = base + "/ipfs/" + what.content.text();
    std::string_view accept = "*/*";
    auto limit = what.max_bytes;
    if (trustless) {
        url += raw ? "?format=raw" : "?format=car&dag-scope=entity";
        accept = raw ? "application/vnd.ipld.raw"
                     : "application/vnd.ipld.car; version=1; order=dfs; dups=n";
        // Inner nodes and block headers: far below a tenth for any sane chunking.
        if (!raw) limit += limit / 10 + (1 << 20);
    }
    auto answer = co_await get(state, std::move(url), accept, limit, until);
    if (!answer) co_return std::unexpected(answer.error());
    fetched out;
    out.gateway = gateway;
    out.trustless = trustless;
    if (state.car) {
        auto file = state.finish();
        if (!file) co_return std::unexpected(file.error());
        out.content = *std::move(file);
        co_return out;
    }
    const auto body = as_bytes(answer->body);
    const auto shape = verify_bytes(what.content, body, what.known);
    if (!shape) co_return std::unexpected(shape.error());
    out.shape = *shape;
    out.content.assign(body.begin(), body.end());
    co_return out;
}

// One gateway that is asked, and in the end its answer.
struct fetcher::leg {
    endpoint_pick pick;
    time_point begin;
    std::optional<result<fetched>> got{};
};

struct fetcher::pass {
    const fetch_request& what;
    deadline until;
    io::scope scope;
    std::vector<name> tried{what.exclude};
    std::list<leg> in_flight{};
    io::signal answered{};
    fetch_report report{fail(thole::codes::policy_deadline), {}};
    // What refused to be asked; it says less than what a gateway answered in this pass.
    std::optional<fault> refusal{};
};

task<> fetcher::run(pass& p, leg& on) {
    const auto& gateway = on.pick.endpoint();
    on.got.emplace(co_await ask(p.what, gateway.name, gateway.url,
                                p.until.child(on.begin, options_.per_gateway)));
    p.answered.notify_all();
}

// Asks one more gateway; false when there is none to ask.
bool fetcher::send(pass& p, bool copy) {
    const auto begin = loop_.now();
    auto pick = gateways_.pick(begin, p.tried, role::read, chance_, p.what.only);
    if (!pick || (!p.what.only.empty() && pick->endpoint().name != p.what.only)) {
        p.refusal =
            pick ? fault{thole::codes::policy_no_endpoint}.at(gateways_.dependency(), p.what.only)
                 : pick.error();
        return false;
    }
    p.tried.push_back(pick->endpoint().name);
    if (copy) ++copies_;
    if (p.tried.size() == p.what.exclude.size() + 1) budget_.deposit(begin);
    auto& on = p.in_flight.emplace_back(*std::move(pick), begin);
    return p.scope.spawn(run(p, on));
}

task<result<>> fetcher::answer(pass& p) {
    const auto has_answer = [](const leg& each) { return each.got.has_value(); };
    while (std::ranges::none_of(p.in_flight, has_answer)) {
        if (auto waited = co_await p.answered.wait(); !waited) co_return waited;
    }
    co_return result<>{};
}

// Takes the answer that is there into the report; true when it ends the pass.
bool fetcher::settle(pass& p) {
    const auto done =
        std::ranges::find_if(p.in_flight, [](const leg& e) { return e.got.has_value(); });
    auto got = *std::move(done->got);
    const auto gateway = done->pick.endpoint().name;
    const auto end = loop_.now();
    const auto latency = end - done->begin;
    if (!got) got.error().at(gateways_.dependency(), gateway);
    // Not to have a content says nothing about how well a gateway is: new content would open
    // the breakers of all.
    if (got || !got.error().is(codes::not_found)) done->pick.record(got, latency, end);
    p.in_flight.erase(done);
    p.report.calls.push_back(evidence_of("fetch", gateway, latency, got ? nullptr : &got.error()));
    if (got) {
        seen_.record(latency);
        cache_.put(p.what.content, got->content);
        if (got->content.size() <= largest_probe) served_last_ = p.what.content;
    }
    p.report.outcome = std::move(got);
    return p.report.outcome || p.report.outcome.error().kind() == fault_kind::cancelled;
}

// The copies that lost against the answer; the scope stops their transfers.
void fetcher::give_up(pass& p) {
    fault late{thole::codes::policy_cancelled};
    if (p.report.outcome) late.with_detail("another gateway answered first");
    for (const auto& each : p.in_flight) {
        const auto gateway = each.pick.endpoint().name;
        p.report.calls.push_back(evidence_of("fetch", gateway, loop_.now() - each.begin, &late));
        if (p.report.outcome && options_.on_late) options_.on_late(gateway);
    }
}

// Waits for the gateway just asked, and for others that are asked while it is late. False when the
// pass is over, true when each of them failed.
task<bool> fetcher::race(pass& p) {
    constexpr hedge_settings none{};
    const auto& how = options_.hedge ? *options_.hedge : none;
    hedge copies{how, options_.hedge ? call_effect::read : call_effect::once,
                 seen_.percentile(how.percentile_permille), p.until, &budget_};
    auto next = copies.next(hedge_event::start, loop_.now());
    for (;;) {
        // Without a gateway to ask, a copy would be paid for nothing.
        const bool another = p.what.only.empty() && next.at != time_point::max() &&
                             gateways_.any_eligible(loop_.now(), p.tried, role::read);
        const auto at = another ? deadline{next.at} : deadline{};
        const auto waited = co_await io::with_deadline(loop_, at, answer(p));
        if (waited) {
            if (settle(p)) co_return false;
            next = copies.next(hedge_event::failure, loop_.now());
            if (next.act == hedge_act::finish) co_return true;
        } else if (waited.error().is(thole::codes::policy_deadline)) {
            next = copies.next(hedge_event::elapsed, loop_.now());
            if (next.act == hedge_act::call && !send(p, true)) {
                next = copies.next(hedge_event::failure, loop_.now());
            }
        } else {
            p.report.outcome = std::unexpected(waited.error());
            co_return false;
        }
    }
}

task<fetch_report> fetcher::fetch_reported(fetch_request what, deadline until) {
    if (what.asked == freshness::remembered) {
        const auto* kept = cache_.find(what.content);
        if (kept != nullptr && kept->size() <= what.max_bytes) {
            co_return fetch_report{fetched{.content = *kept, .gateway = {}, .shape = {}}, {}};
        }
    }
    pass p{what, until, io::scope{loop_}};
    while (!until.expired(loop_.now())) {
        if (!send(p, false)) {
            if (p.report.calls.empty()) p.report.outcome = std::unexpected(*p.refusal);
            break;
        }
        if (!co_await race(p) || !what.only.empty()) break;
    }
    give_up(p);
    co_await p.scope.close();
    co_return std::move(p.report);
}

// A gateway of the set is asked as such; any other server with the guard, as a redirect to it is.
task<result<>> fetcher::follow(std::string url, cid content, std::uint64_t max_bytes,
                               deadline until) {
    const fetch_request what{.content = std::move(content), .max_bytes = max_bytes};
    attempt state{what, false, transport_};
    const auto is_there = [&url](const auto& e) { return !same_origin(e.config.url, url).empty(); };
    const auto known = gateways_.view(loop_.now());
    const bool ours = std::ranges::any_of(known, is_there);
    if (!ours && options_.elsewhere != nullptr) state.through = options_.elsewhere;
    const auto by = until.child(loop_.now(), options_.per_gateway);
    const auto answer = co_await get(state, std::move(url), "*/*", max_bytes, by);
    if (!answer) co_return std::unexpected(answer.error());
    const auto shape = verify_bytes(what.content, as_bytes(answer->body), {});
    if (!shape) co_return std::unexpected(shape.error());
    co_return result<>{};
}

task<result<>> fetcher::probe(name gateway, deadline until) {
    const auto now = loop_.now();
    const auto known = gateways_.view(now);
    const auto at = std::ranges::find(known, gateway, [](const auto& e) { return e.config.name; });
    if (at == known.end()) co_return fail(thole::codes::policy_no_endpoint);
    const fetch_request what{.content = served_last_, .max_bytes = largest_probe};
    const auto got =
        co_await ask(what, gateway, at->config.url, until.child(now, options_.per_gateway));
    if (!got && !got.error().is(codes::not_found)) co_return std::unexpected(got.error());
    co_return result<>{};
}

task<result<fetched>> fetcher::fetch(fetch_request what, deadline until) {
    auto report = co_await fetch_reported(std::move(what), until);
    co_return std::move(report.outcome);
}

}  // namespace thole::ipfs
