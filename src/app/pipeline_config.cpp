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

// What both have under one name and of one type; the rest is told by hand.
template <class From, class To>
void copy_named(const From& from, To& to) {
    boost::mp11::mp_for_each<json::detail::members_of<From>>([&](auto theirs) {
        boost::mp11::mp_for_each<json::detail::members_of<To>>([&](auto ours) {
            using their_type = json::detail::member_type<From, decltype(theirs)>;
            using our_type = json::detail::member_type<To, decltype(ours)>;
            if constexpr (std::same_as<their_type, our_type>) {
                if (std::string_view{theirs.name} == ours.name) {
                    to.*decltype(ours)::pointer = from.*decltype(theirs)::pointer;
                }
            }
        });
    });
}

retry_table table_of(const retry_settings& s) {
    retry_table out;
    copy_named(s, out);
    copy_named(s.delays, out);
    out.list.assign(s.delays.list.begin(), s.delays.list.begin() + s.delays.listed_count);
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
        copy_named(t, s);
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
        copy_named(t, d);
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
        chaos_settings s;
        copy_named(t, s);
        s.fault = fault;
        return s;
    }

    pipeline_settings settings_of(const pipeline_table& t) {
        pipeline_settings s;
        copy_named(t, s);
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
    pipeline_table out;
    copy_named(s, out);
    if (s.retry) out.retry = table_of(*s.retry);
    if (s.chaos) {
        copy_named(*s.chaos, out.chaos.emplace());
        out.chaos->fault = std::string{s.chaos->fault->text};
    }
    return out;
}

}  // namespace thole::app
