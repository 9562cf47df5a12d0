#include "ipfs/psa_provider.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "base/excerpt.hpp"
#include "ipfs/codes.hpp"
#include "thole/codes.hpp"

namespace thole::ipfs {
namespace {

namespace json = boost::json;

constexpr std::string_view mark = "thole";  // in the pin's meta
constexpr std::size_t longest_name = 255;
constexpr std::size_t most_origins = 20;

}  // namespace

psa_provider::psa_provider(name label, psa_options options, io::http_transport& transport,
                           io::loop& time)
    : options_{std::move(options)}, http_{label, options_.token, transport, time}, loop_{time} {
    options_.url = without_slash(options_.url);
    options_.origins.resize(std::min(options_.origins.size(), most_origins));
}

psa_provider::pin psa_provider::read(const json::value& from) {
    return {text_at(from, "/requestid"), text_at(from, "/pin/cid"), text_at(from, "/status"),
            !text_at(from, "/pin/meta/" + std::string{mark}).empty()};
}

task<result<psa_provider::pin>> psa_provider::one(io::http_request request) {
    auto answer = co_await http_.exchange(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status == 409) {
        co_return std::unexpected(http_.located(
            fault{codes::provider_payment}.with_detail(printable_excerpt(answer->body, 200))));
    }
    const auto good = http_.judge(*std::move(answer));
    if (!good) co_return std::unexpected(good.error());
    boost::system::error_code error;
    auto out = read(json::parse(good->body, error));
    if (error || out.id.empty() || out.status.empty()) {
        co_return std::unexpected(http_.malformed(good->body, fault_effect::unknown));
    }
    co_return out;
}

task<result<psa_provider::pin>> psa_provider::ask_for(const upload& what, deadline until) {
    json::array origins;
    for (const auto& each : options_.origins) origins.emplace_back(each);
    json::object body{{"cid", what.predicted.text()},
                      {"name", what.name.substr(0, longest_name)},
                      {"meta", json::object{{mark, what.owner}}}};
    if (!origins.empty()) body["origins"] = std::move(origins);
    auto request = http_.request("POST", options_.url + "/pins", soon(until));
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = json::serialize(body);
    auto made = co_await one(std::move(request));
    if (made && what.session) {
        if (auto ok = co_await what.session->keep(made->id); !ok) {
            co_return std::unexpected(ok.error().with_effect(fault_effect::unknown));
        }
    }
    co_return made;
}

// Nothing when the service does not know that request.
task<result<std::optional<psa_provider::pin>>> psa_provider::look(std::string id, deadline until) {
    auto answer =
        co_await http_.exchange(http_.request("GET", options_.url + "/pins/" + id, soon(until)));
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status == 404) co_return std::nullopt;
    const auto good = http_.judge(*std::move(answer));
    if (!good) co_return std::unexpected(good.error());
    boost::system::error_code error;
    auto out = read(json::parse(good->body, error));
    if (error || out.status.empty()) co_return std::unexpected(http_.malformed(good->body));
    co_return out;
}

// Polls until the service has it, or says that it cannot. As long as there is a request, every
// fault's effect is unknown: it may be pinned yet.
task<result<pin_receipt>> psa_provider::settle(pin now, const upload& what, deadline until) {
    auto pause = options_.poll_first;
    for (;;) {
        if (now.status == "pinned") {
            co_return pin_receipt{std::string{label().view()}, now.cid, now.id};
        }
        if (now.status == "failed") {
            // The next attempt asks anew.
            const auto gone = co_await http_.remove(options_.url + "/pins/" + now.id, soon(until));
            if (what.session) (void)co_await what.session->keep({});
            const auto left = gone ? fault_effect::none : fault_effect::unknown;
            co_return std::unexpected(http_.located(fault{codes::pin_failed}.with_effect(left)));
        }
        const auto wake = saturating_add(loop_.now(), pause);
        if (wake >= until.at()) {
            co_return std::unexpected(
                http_.located(fault{thole::codes::net_timeout}
                                  .with_effect(fault_effect::unknown)
                                  .with_detail("still " + now.status + ": request " + now.id)));
        }
        if (auto slept = co_await loop_.sleep_until(wake); !slept) {
            co_return std::unexpected(slept.error().with_effect(fault_effect::unknown));
        }
        pause = std::min(2 * pause, options_.poll_most);
        auto next = co_await look(now.id, until);
        if (!next) co_return std::unexpected(next.error().with_effect(fault_effect::unknown));
        if (!*next) co_return std::unexpected(http_.located(fault{codes::pin_failed}));
        now = **std::move(next);
    }
}

task<result<pin_receipt>> psa_provider::put(upload what, deadline until) {
    const auto most = http_.within(until, options_.put_timeout);
    if (what.session && !what.session->token().empty()) {
        auto begun = co_await look(what.session->token(), most);
        if (!begun) co_return std::unexpected(begun.error().with_effect(fault_effect::unknown));
        if (*begun) co_return co_await settle(**std::move(begun), what, most);
    }
    auto made = co_await ask_for(what, most);
    if (!made) co_return std::unexpected(made.error());
    co_return co_await settle(*std::move(made), what, most);
}

// Every request for that content; the default of the API is pinned ones only.
task<result<std::vector<psa_provider::pin>>> psa_provider::find(std::string wanted,
                                                                deadline until) {
    auto url = options_.url + "/pins?limit=1000&status=queued,pinning,pinned,failed&cid=" + wanted;
    const auto answer = co_await http_.ask(http_.request("GET", std::move(url), soon(until)));
    if (!answer) co_return std::unexpected(answer.error());
    boost::system::error_code error;
    const auto* results = answer->find_pointer("/results", error);
    if (results == nullptr || !results->is_array()) {
        co_return std::unexpected(http_.malformed(json::serialize(*answer)));
    }
    std::vector<pin> out;
    for (const auto& each : results->get_array()) out.push_back(read(each));
    co_return out;
}

task<result<pin_state>> psa_provider::status(cid id, deadline until) {
    const auto found = co_await find(id.text(), until);
    if (!found) co_return std::unexpected(found.error());
    auto best = pin_state::absent;
    for (const auto& each : *found) {
        if (each.status == "pinned") co_return pin_state::pinned;
        const bool waits = each.status == "queued" || each.status == "pinning";
        if (waits) best = pin_state::queued;
        if (each.status == "failed" && best == pin_state::absent) best = pin_state::failed;
    }
    co_return best;
}

task<result<>> psa_provider::unpin(pin_receipt receipt, deadline until) {
    const auto found = co_await find(receipt.cid, until);
    if (!found) co_return std::unexpected(found.error());
    for (const auto& each : *found) {
        if (!each.ours) continue;
        auto gone = co_await http_.remove(options_.url + "/pins/" + each.id, soon(until));
        if (!gone) co_return gone;
    }
    co_return result<>{};
}

task<result<>> psa_provider::check(deadline until) {
    const auto answer =
        co_await http_.ask(http_.request("GET", options_.url + "/pins?limit=1", soon(until)));
    if (!answer) co_return std::unexpected(answer.error());
    co_return result<>{};
}

}  // namespace thole::ipfs
