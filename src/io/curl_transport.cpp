#include "io/curl_transport.hpp"

#include <vector>

#include "io/cancellation.hpp"
#include "io/curl_exchange.hpp"
#include "thole/assert.hpp"

namespace thole::io {

namespace {

constexpr std::size_t pooled_handles = 64;

struct curl_easy_free {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using easy_handle = std::unique_ptr<CURL, curl_easy_free>;

}  // namespace

struct curl_transport::core {
    core(system_loop& on, resolver& with, options opts)
        : owner{on},
          names{with},
          settings{std::move(opts)},
          multi{std::in_place, on,
                curl_multi::limits{settings.idle_connections, settings.connections_per_host}} {}

    easy_handle borrow() {
        if (idle.empty()) {
            easy_handle made{curl_easy_init()};
            THOLE_ASSERT(made != nullptr, "memory for a curl handle");
            return made;
        }
        auto handle = std::move(idle.back());
        idle.pop_back();
        return handle;
    }

    void give_back(easy_handle handle) {
        // Options point into the frame that is about to end.
        curl_easy_reset(handle.get());
        if (multi && idle.size() < pooled_handles) idle.push_back(std::move(handle));
    }

    system_loop& owner;
    resolver& names;
    options settings;
    std::vector<easy_handle> idle;
    std::vector<curl_exchange*> running;
    counters counts;
    std::optional<curl_multi> multi;  // empty once the transport is gone
};

curl_transport::curl_transport(system_loop& owner, resolver& names, options opts)
    : core_{std::make_shared<core>(owner, names, std::move(opts))} {
    THOLE_ASSERT(core_->settings.connect_timeout > duration::zero(),
                 "a connect timeout is positive");
}

curl_transport::~curl_transport() {
    const auto running = core_->running;
    for (auto* each : running) each->stop(curl_exchange::end::cancelled);
    core_->multi.reset();
    core_->idle.clear();
}

curl_transport::counters curl_transport::counted() const noexcept {
    auto out = core_->counts;
    out.in_flight = core_->running.size();
    return out;
}

namespace {

struct destination {
    curl_target dialled;  // the target itself, or the proxy
    addresses found;
    duration resolved{};
};

task<result<destination>> find_destination(loop& owner, resolver& names,
                                           const curl_transport::options& settings,
                                           const http_request& request) {
    auto target = parse_curl_target(request.url);
    if (!target) co_return fail(target.error());
    auto dialled = settings.proxy.empty() ? std::move(target) : parse_curl_target(settings.proxy);
    if (!dialled) co_return fail(dialled.error());
    const auto before = owner.now();
    auto found = co_await names.resolve(dialled->host, request.until);
    if (!found) co_return fail(found.error());
    if (settings.proxy.empty()) {
        if (auto permitted = settings.guard.check(dialled->host, *found); !permitted) {
            co_return fail(permitted.error());
        }
    }
    co_return destination{std::move(*dialled), std::move(*found), owner.now() - before};
}

}  // namespace

task<result<http_response>> curl_transport::send(http_request request) {
    const auto self = core_;
    THOLE_ASSERT(!request.until.is_never(), "every request has a deadline");
    ++self->counts.started;
    const auto started = self->owner.now();
    const auto placed = [&](const fault& seen) {
        ++self->counts.failed;
        return fail(fault{seen}.at(request.dependency, request.endpoint));
    };
    if (co_await was_cancelled()) co_return placed(cancelled_fault());
    if (request.until.expired(started)) co_return placed(fault{codes::policy_deadline});
    auto to = co_await find_destination(self->owner, self->names, self->settings, request);
    if (!to) co_return placed(to.error());
    if (!self->multi) co_return placed(cancelled_fault());

    auto handle = self->borrow();
    result<http_response> answer;
    {
        curl_exchange exchange{self->owner, handle.get(), request, started};
        if (auto ready = exchange.prepare(self->settings, to->dialled, to->found); !ready) {
            co_return placed(ready.error());
        }
        self->running.push_back(&exchange);
        auto start = [&](resumption<curl_exchange::end> waiting) {
            exchange.start(*self->multi, std::move(waiting));
        };
        const auto why = co_await suspend<curl_exchange::end>(std::move(start));
        std::erase(self->running, &exchange);
        if (exchange.connected()) ++self->counts.connections;
        answer = exchange.finish(why, to->resolved);
    }
    self->give_back(std::move(handle));
    if (!answer) co_return placed(answer.error());
    ++self->counts.succeeded;
    co_return answer;
}

}  // namespace thole::io
