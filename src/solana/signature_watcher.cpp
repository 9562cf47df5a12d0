#include "solana/signature_watcher.hpp"

#include <algorithm>

#include "io/with_deadline.hpp"
#include "solana/codes.hpp"
#include "solana/gather.hpp"
#include "thole/assert.hpp"
#include "thole/codes.hpp"

namespace thole::solana {

namespace {

constexpr std::size_t most_per_request = 256;
constexpr std::size_t lanes = 4;  // requests at once on one endpoint

}  // namespace

std::optional<signature_status> signature_watcher::best(const entry& e) {
    std::optional<signature_status> out;
    for (const auto& [endpoint, status] : e.seen) {
        if (!out || status.commitment > out->commitment) out = status;
    }
    return out;
}

std::vector<told_status> signature_watcher::told(const signature& s) const {
    std::vector<told_status> out;
    const auto at = watched_.find(s);
    if (at == watched_.end()) return out;
    for (const auto& [endpoint, status] : at->second.seen) {
        out.push_back({endpoint, client_.provider_of(endpoint), status});
    }
    return out;
}

std::uint64_t signature_watcher::rounds_final(const signature& s) const {
    const auto at = watched_.find(s);
    return at == watched_.end() ? 0 : at->second.rounds_final;
}

task<result<std::optional<signature_status>>> signature_watcher::look(signature s, deadline until) {
    auto& loop = client_.loop();
    if (!watched_.contains(s) && watched_.size() >= settings_.most) {
        drop_forgotten(loop.now());
        if (watched_.size() >= settings_.most) co_return fail(codes::watch_full);
    }
    watched_[s].looked_at = loop.now();
    const auto asked_at_start = watched_[s].asked_in_round;
    const bool fresh = asked_at_start != 0 && loop.now() < next_round_;
    while (!fresh) {
        const auto at = watched_.find(s);
        if (at == watched_.end()) co_return std::nullopt;  // forgotten meanwhile
        if (at->second.asked_in_round > asked_at_start) break;
        if (until.expired(loop.now())) co_return fail(thole::codes::policy_deadline);
        result<> waited;
        if (polling_.is_busy()) {
            waited = co_await polling_.wait();
        } else if (loop.now() < next_round_) {
            waited = co_await until_next_round(until);
        } else {
            co_await make_round(until);
            if (co_await io::was_cancelled()) waited = std::unexpected{io::cancelled_fault()};
        }
        if (!waited) co_return std::unexpected{waited.error()};
    }
    const auto at = watched_.find(s);
    if (at == watched_.end()) co_return std::nullopt;
    if (!at->second.answered) {
        co_return fail(thole::codes::policy_no_endpoint, "no endpoint told a status");
    }
    co_return best(at->second);
}

task<result<signature_status>> signature_watcher::wait_for(signature s, commitment level,
                                                           deadline until) {
    auto& loop = client_.loop();
    for (;;) {
        const auto status = co_await look(s, until);
        if (status && *status && (*status)->commitment >= level) co_return **status;
        const bool gone = !status && status.error().kind() == fault_kind::cancelled;
        if (gone) co_return std::unexpected{status.error()};
        if (until.expired(loop.now())) co_return fail(thole::codes::policy_deadline);
        const auto slept = co_await until_next_round(until);
        if (!slept) co_return std::unexpected{slept.error()};
    }
}

void signature_watcher::hurry() {
    THOLE_ASSERT(settings_.hinted, "the watcher knows that it may be hurried");
    next_round_ = std::min(next_round_, client_.loop().now());
    hurried_.notify_all();
}

task<result<>> signature_watcher::until_next_round(deadline until) {
    auto& loop = client_.loop();
    const auto at = std::min(until.at(), next_round_);
    if (!settings_.hinted) co_return co_await loop.sleep_until(at);
    auto woken = co_await io::with_deadline(loop, deadline{at}, hurried_.wait());
    if (!woken && woken.error().is(thole::codes::policy_deadline)) co_return result<>{};
    co_return woken;
}

task<> signature_watcher::make_round(deadline until) {
    auto& loop = client_.loop();
    const busy_flag::holder busy{polling_};
    next_round_ = saturating_add(loop.now(), settings_.interval);
    drop_forgotten(loop.now());
    const auto all = take_batches();
    ++rounds_;
    const auto end = until.child(loop.now(), settings_.timeout);
    std::vector<task<bool>> asks;
    for (const auto endpoint : client_.spread(role::read, settings_.endpoints)) {
        for (std::size_t lane = 0; lane < std::min(lanes, all->size()); ++lane) {
            asks.push_back(ask_lane(endpoint, all, lane, end));
        }
    }
    static_cast<void>(co_await gather(std::move(asks)));
    if (co_await io::was_cancelled()) {
        next_round_ = loop.now();  // this was no round: the next one who looks makes it
        co_return;
    }
    settle_round(all);
}

signature_watcher::batches signature_watcher::take_batches() {
    std::vector<std::vector<signature>> out;
    for (auto& [s, e] : watched_) {
        e.answering.clear();
        if (out.empty() || out.back().size() == most_per_request) out.emplace_back();
        out.back().push_back(s);
    }
    return std::make_shared<const std::vector<std::vector<signature>>>(std::move(out));
}

task<bool> signature_watcher::ask_lane(name endpoint, batches all, std::size_t lane,
                                       deadline until) {
    rpc::options how{.until = until};
    how.endpoint = endpoint;
    how.vital = true;
    // Each round begins elsewhere, should the time not suffice for all.
    const auto first = static_cast<std::size_t>(rounds_) * lanes;
    for (auto at = lane; at < all->size(); at += lanes) {
        const auto& batch = (*all)[(first + at) % all->size()];
        const auto answer = co_await client_.get_signature_statuses(batch, false, how);
        if (!answer) co_return false;  // an endpoint that is ill is not asked on and on
        keep(endpoint, batch, answer->value);
    }
    co_return true;
}

void signature_watcher::keep(name endpoint, const std::vector<signature>& batch,
                             const statuses& answers) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto at = watched_.find(batch[i]);
        if (at == watched_.end()) continue;
        auto& seen = at->second.seen;
        at->second.answering.push_back(endpoint);
        const auto old = seen.find(endpoint);
        if (old != seen.end() && old->second.commitment == commitment::finalized) continue;
        if (answers[i]) {
            seen[endpoint] = *answers[i];
        } else {
            seen.erase(endpoint);
        }
    }
}

// What an endpoint said in an earlier round, and did not repeat, may be a block that was dropped.
void signature_watcher::settle_round(const batches& all) {
    for (const auto& batch : *all) {
        for (const auto& s : batch) {
            const auto at = watched_.find(s);
            if (at == watched_.end()) continue;
            auto& e = at->second;
            e.asked_in_round = rounds_;
            e.answered = !e.answering.empty();
            std::erase_if(e.seen, [&](const auto& each) {
                return e.answered && each.second.commitment != commitment::finalized &&
                       std::ranges::find(e.answering, each.first) == e.answering.end();
            });
            const auto firmest = best(e);
            const bool final = firmest && firmest->commitment == commitment::finalized;
            e.rounds_final = final ? e.rounds_final + 1 : 0;
        }
    }
}

void signature_watcher::drop_forgotten(time_point now) {
    std::erase_if(watched_, [&](const auto& each) {
        return now - each.second.looked_at >= settings_.forget_after;
    });
}

}  // namespace thole::solana
