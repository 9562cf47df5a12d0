#include "solana/signature_hints.hpp"

#include <boost/json/object.hpp>

#include <algorithm>
#include <iterator>

#include "base/json.hpp"
#include "io/cancellation.hpp"

namespace thole::solana {
namespace {

std::optional<std::uint64_t> number_at(const boost::json::object& from, std::string_view member) {
    const auto* found = from.if_contains(member);
    if (found == nullptr) return std::nullopt;
    if (const auto* whole = found->if_int64(); whole != nullptr && *whole >= 0) {
        return static_cast<std::uint64_t>(*whole);
    }
    if (const auto* large = found->if_uint64()) return *large;
    return std::nullopt;
}

}  // namespace

signature_hints::signature_hints(io::websocket_dialer& dialer, io::loop& loop, settings s,
                                 std::function<void()> before_telling)
    : dialer_{dialer},
      loop_{loop},
      settings_{std::move(s)},
      before_telling_{std::move(before_telling)},
      chance_{settings_.seed} {
    THOLE_ASSERT(!settings_.urls.empty(), "there is somebody to tell");
}

void signature_hints::watch(const std::string& signature, std::function<void()> tell) {
    if (watched_.contains(signature)) return;
    if (watched_.size() >= settings_.most) drop_old();
    if (watched_.size() >= settings_.most) return;
    watched_.emplace(signature, entry{std::move(tell), loop_.now()});
    if (connected_) subscribe(signature);
}

void signature_hints::drop_old() {
    const auto now = loop_.now();
    std::erase_if(watched_, [&](const auto& each) {
        return now - each.second.since >= settings_.forget_after;
    });
}

task<> signature_hints::run() {
    io::scope parts{loop_};
    parts.spawn(tell_together());
    parts.spawn(tell_again());
    co_await keep_connected();
    co_await parts.close();
}

task<> signature_hints::keep_connected() {
    std::uint32_t failures = 0;
    for (std::size_t turn = 0;; ++turn) {
        const auto& url = settings_.urls[turn % settings_.urls.size()];
        const auto until = deadline::after(loop_.now(), settings_.connect);
        const auto began = loop_.now();
        auto opened = co_await dialer_.open(url, until);
        if (opened) co_await talk(**opened);
        if (co_await io::was_cancelled()) co_return;
        drop_old();
        const bool lasted = opened && loop_.now() - began > settings_.pause.cap;
        failures = lasted ? 0 : std::min(failures + 1, 64U);
        const auto slept = co_await loop_.sleep_for(settings_.pause.delay(failures, chance_));
        if (!slept) co_return;
    }
}

// Until the connection breaks.
task<> signature_hints::talk(io::websocket& to) {
    asked_.clear();
    subscribed_.clear();
    outbox_.clear();
    connected_ = true;
    for (const auto& [signature, each] : watched_) subscribe(signature);
    io::scope writing{loop_};
    writing.spawn(write(to));
    for (;;) {
        const auto text = co_await to.receive();
        if (!text) break;
        hear(*text);
    }
    connected_ = false;
    to.cut();
    co_await writing.close();
}

task<> signature_hints::write(io::websocket& to) {
    for (;;) {
        while (outbox_.empty()) {
            if (const auto filled = co_await outbox_filled_.wait(); !filled) co_return;
        }
        for (auto& text : std::exchange(outbox_, {})) {
            if (const auto sent = co_await to.send(std::move(text)); !sent) {
                to.cut();  // the reader is told
                co_return;
            }
        }
    }
}

void signature_hints::subscribe(const std::string& signature) {
    for (const auto* level : {"confirmed", "finalized"}) {
        const auto id = ++last_request_;
        asked_[id] = signature;
        outbox_.push_back(json::write(boost::json::value{
            {"jsonrpc", "2.0"},
            {"id", id},
            {"method", "signatureSubscribe"},
            {"params", boost::json::value{signature, {{"commitment", level}}}}}));
    }
    outbox_filled_.notify_all();
}

// The answer to a subscription, or a notification; anything else is let alone.
void signature_hints::hear(const std::string& text) {
    const auto read = json::parse(text);
    const auto* message = read ? read->if_object() : nullptr;
    if (message == nullptr) return;
    if (const auto id = number_at(*message, "id")) {
        const auto asked = asked_.extract(*id);
        const auto subscription = number_at(*message, "result");
        if (!asked.empty() && subscription) subscribed_[*subscription] = asked.mapped();
        return;
    }
    const auto* method = message->if_contains("method");
    if (method == nullptr || *method != "signatureNotification") return;
    const auto* params = message->if_contains("params");
    if (params == nullptr || !params->is_object()) return;
    const auto subscription = number_at(params->get_object(), "subscription");
    if (!subscription) return;
    const auto known = subscribed_.extract(*subscription);
    if (known.empty() || !watched_.contains(known.mapped())) return;
    told_.push_back(known.mapped());
    told_some_.notify_all();
}

task<> signature_hints::tell_together() {
    for (;;) {
        while (told_.empty()) {
            if (const auto some = co_await told_some_.wait(); !some) co_return;
        }
        if (const auto slept = co_await loop_.sleep_for(settings_.gather); !slept) co_return;
        before_telling_();
        for (const auto& signature : std::exchange(told_, {})) {
            const auto at = watched_.find(signature);
            if (at == watched_.end()) continue;
            const auto tell = at->second.tell;
            if (--at->second.left == 0) {
                watched_.erase(at);
                finals_.push_back({saturating_add(loop_.now(), settings_.echo), tell});
                finals_some_.notify_all();
            }
            tell();
        }
    }
}

task<> signature_hints::tell_again() {
    for (;;) {
        while (finals_.empty()) {
            if (const auto some = co_await finals_some_.wait(); !some) co_return;
        }
        if (const auto slept = co_await loop_.sleep_until(finals_.front().at); !slept) co_return;
        before_telling_();
        const auto due = std::ranges::partition_point(
            finals_, [now = loop_.now()](const final_one& each) { return each.at <= now; });
        std::vector<final_one> told{std::make_move_iterator(finals_.begin()),
                                    std::make_move_iterator(due)};
        finals_.erase(finals_.begin(), due);
        for (const auto& each : told) each.tell();
    }
}

}  // namespace thole::solana
