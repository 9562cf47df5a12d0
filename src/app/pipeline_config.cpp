#include "app/pipeline_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "thole/classify.hpp"
#include "thole/presets.hpp"

namespace thole::app {
namespace {

constexpr std::array kinds{fault_kind::transient, fault_kind::rate_limited, fault_kind::outage,
                           fault_kind::conflict,  fault_kind::permanent,    fault_kind::rejected,
                           fault_kind::cancelled};
static_assert(kinds.size() == std::tuple_size_v<decltype(retry_settings::kind_attempts)>);

retry_table table_of(const retry_settings& s) {
    const auto& d = s.delays;
    retry_table out{.attempts = s.attempts,
                    .kind_attempts = {},
                    .attempts_per_endpoint = s.attempts_per_endpoint,
                    .shape = d.shape,
                    .adaptive = d.adaptive,
                    .jitter_permille = d.jitter_permille,
                    .factor_permille = d.factor_permille,
                    .base = d.base,
                    .cap = d.cap,
                    .floor = d.floor,
                    .list = {d.list.begin(), d.list.begin() + d.listed_count},
                    .longest_refusal = s.longest_refusal,
                    .longest_retry_after = s.longest_retry_after,
                    .idempotent = s.idempotent};
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        out.kind_attempts[std::string{to_string(kinds[i])}] = s.kind_attempts[i];
    }
    return out;
}

class reader {
  public:
    std::expected<pipeline_settings, json::problems> read(const boost::json::value& table,
                                                          pipeline_table t) {
        lay_preset(table, t);
        const auto unread = json::read_over(t, table);
        found_.insert(found_.end(), unread.begin(), unread.end());
        auto settings = settings_of(t);
        for (auto& each : placed(validate(settings))) refuse(each.pointer, each.detail);
        if (!found_.empty()) return std::unexpected{std::move(found_)};
        return settings;
    }

  private:
    // One place has one problem: the first that is found.
    void refuse(std::string pointer, std::string rule) {
        const auto told = [&](const json::problem& p) { return p.pointer == pointer; };
        if (std::ranges::any_of(found_, told)) return;
        found_.push_back({std::move(pointer), "config.rule", std::move(rule)});
    }

    void lay_preset(const boost::json::value& table, pipeline_table& out) {
        const auto* object = table.if_object();
        const auto* name = object == nullptr ? nullptr : object->if_contains("preset");
        if (name == nullptr || !name->is_string()) return;
        const auto* base = presets::find(name->as_string());
        if (base == nullptr) {
            std::string names;
            for (const auto* each : presets::all) names += fmt::format(" \"{}\"", each->name);
            refuse("/preset", "must be one of" + names);
            return;
        }
        const auto* elsewhere = object->if_contains("retried_elsewhere");
        const bool said = elsewhere != nullptr && elsewhere->is_bool() && elsewhere->get_bool();
        if (!out.retried_elsewhere && !said) {
            out.retry = table_of(base->retry);
            out.budget.emplace();
        }
        out.breaker = base->breaker;
        if (base->timeout) out.timeout = *base->timeout;
    }

    retry_settings settings_of(const retry_table& t) {
        retry_settings s;
        s.attempts = t.attempts;
        s.attempts_per_endpoint = t.attempts_per_endpoint;
        s.longest_refusal = t.longest_refusal;
        s.longest_retry_after = t.longest_retry_after;
        s.idempotent = t.idempotent;
        for (const auto& [kind, attempts] : t.kind_attempts) {
            const auto known =
                std::ranges::find(kinds, kind, [](fault_kind k) { return to_string(k); });
            if (known == kinds.end()) {
                std::string names;
                for (const auto each : kinds) names += fmt::format(" \"{}\"", to_string(each));
                refuse("/retry/kind_attempts/" + kind,
                       "there is no such kind of fault; must be one of" + names);
            } else {
                s.kind_attempts[static_cast<std::size_t>(known - kinds.begin())] = attempts;
            }
        }
        auto& d = s.delays;
        d.shape = t.shape;
        d.adaptive = t.adaptive;
        d.jitter_permille = t.jitter_permille;
        d.factor_permille = t.factor_permille;
        d.base = t.base;
        d.cap = t.cap;
        d.floor = t.floor;
        if (t.list.size() > d.list.size()) {
            refuse("/retry/list", fmt::format("must hold at most {} delays", d.list.size()));
        }
        d.listed_count = static_cast<std::uint8_t>(std::min(t.list.size(), d.list.size()));
        std::copy_n(t.list.begin(), d.listed_count, d.list.begin());
        return s;
    }

    chaos_settings settings_of(const chaos_table& t) {
        const auto* fault = find_code(t.fault);
        if (fault == nullptr) {
            refuse("/chaos/fault", "must name a fault code, like \"net.connect_timeout\"");
            fault = chaos_settings{}.fault;
        }
        return {.enabled = t.enabled,
                .seed = t.seed,
                .latency_permille = t.latency_permille,
                .latency_least = t.latency_least,
                .latency_most = t.latency_most,
                .fault_permille = t.fault_permille,
                .fault = fault,
                .result_permille = t.result_permille};
    }

    pipeline_settings settings_of(const pipeline_table& t) {
        pipeline_settings s{.effect = t.effect,
                            .retried_elsewhere = t.retried_elsewhere,
                            .total = t.total,
                            .timeout = t.timeout,
                            .hedge = t.hedge,
                            .budget = t.budget,
                            .limiter = t.limiter,
                            .bulkhead = t.bulkhead,
                            .adaptive = t.adaptive,
                            .breaker = t.breaker,
                            .order = t.order};
        if (t.retry) s.retry = settings_of(*t.retry);
        if (t.chaos) s.chaos = settings_of(*t.chaos);
        return s;
    }

    json::problems found_;
};

}  // namespace

json::problems placed(const problems& of_settings) {
    json::problems out;
    for (const auto& each : of_settings) {
        auto pointer = "/" + std::string{each.field};
        std::ranges::replace(pointer, '.', '/');
        out.push_back({std::move(pointer), "config.rule", each.text});
    }
    return out;
}

std::expected<pipeline_settings, json::problems> read_pipeline(const boost::json::value& table,
                                                               pipeline_table base) {
    return reader{}.read(table, std::move(base));
}

pipeline_table table_of(const pipeline_settings& s) {
    pipeline_table out{.preset = {},
                       .effect = s.effect,
                       .retried_elsewhere = s.retried_elsewhere,
                       .total = s.total,
                       .timeout = s.timeout,
                       .hedge = s.hedge,
                       .retry = {},
                       .budget = s.budget,
                       .limiter = s.limiter,
                       .bulkhead = s.bulkhead,
                       .adaptive = s.adaptive,
                       .breaker = s.breaker,
                       .chaos = {},
                       .order = s.order};
    if (s.retry) out.retry = table_of(*s.retry);
    if (const auto& c = s.chaos) {
        out.chaos = chaos_table{.enabled = c->enabled,
                                .seed = c->seed,
                                .latency_permille = c->latency_permille,
                                .latency_least = c->latency_least,
                                .latency_most = c->latency_most,
                                .fault_permille = c->fault_permille,
                                .fault = std::string{c->fault->text},
                                .result_permille = c->result_permille};
    }
    return out;
}

}  // namespace thole::app
