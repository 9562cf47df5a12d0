#include "io/system_resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstring>

#include "io/cancellation.hpp"
#include "io/codes.hpp"
#include "io/event.hpp"
#include "io/lookup_pool.hpp"
#include "io/with_deadline.hpp"

namespace thole::io {

namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t longest_name = 253;  // RFC 1035, in text form without the last dot

std::optional<ip::address> address_of(const sockaddr* raw) {
    if (raw->sa_family == AF_INET) {
        ip::address_v4::bytes_type octets;
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(raw);
        std::memcpy(octets.data(), &v4->sin_addr, octets.size());
        return ip::address_v4{octets};
    }
    if (raw->sa_family == AF_INET6) {
        ip::address_v6::bytes_type octets;
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(raw);
        std::memcpy(octets.data(), &v6->sin6_addr, octets.size());
        return ip::address_v6{octets, v6->sin6_scope_id};
    }
    return std::nullopt;
}

// "No such name" is a fact about the name; everything else may be different in a second.
fault fault_of(int error, const std::string& host) {
    const bool missing = error == EAI_NONAME || error == EAI_NODATA || error == EAI_ADDRFAMILY;
    const auto& code = missing ? codes::net_dns_not_found : codes::net_dns_temporary;
    return fault{code}.with_detail(host + ": " + ::gai_strerror(error));
}

}  // namespace

lookup_answer lookup_with_getaddrinfo(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    lookup_answer answer;
    answer.error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (answer.error != 0) return answer;
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{list, &::freeaddrinfo};
    for (const auto* each = list; each != nullptr; each = each->ai_next) {
        const auto address = address_of(each->ai_addr);
        if (address && std::ranges::find(answer.found, *address) == answer.found.end()) {
            answer.found.push_back(*address);
        }
    }
    if (answer.found.empty()) answer.error = EAI_NONAME;
    return answer;
}

struct system_resolver::core {
    struct entry {
        result<addresses> answer;
        time_point at;
    };
    struct flight {
        event landed;
        std::optional<result<addresses>> answer;
    };

    core(loop& on, options opts) : owner{on}, limits{opts} {}

    [[nodiscard]] const result<addresses>* fresh(const std::string& host) const {
        const auto found = cache.find(host);
        if (found == cache.end()) return nullptr;
        const auto& [answer, at] = found->second;
        const auto lifetime = answer ? limits.fresh_for : limits.missing_for;
        return owner.now() - at < lifetime ? &answer : nullptr;
    }

    [[nodiscard]] std::optional<addresses> stale(const std::string& host) const {
        const auto found = cache.find(host);
        if (found == cache.end() || !found->second.answer) return std::nullopt;
        const auto age = owner.now() - found->second.at;
        if (age >= saturating_add(limits.fresh_for, limits.stale_for)) return std::nullopt;
        return *found->second.answer;
    }

    // The lookup under way for this name, started if there is none; null when refused.
    std::shared_ptr<flight> board(const std::string& host) {
        if (const auto found = flights.find(host); found != flights.end()) {
            ++counts.coalesced;
            return found->second;
        }
        if (!pool->submit(host)) {
            ++counts.refused;
            return nullptr;
        }
        ++counts.lookups;
        return flights[host] = std::make_shared<flight>();
    }

    void land(const std::string& host, lookup_answer got) {
        auto answer = got.error == 0 ? result<addresses>{std::move(got.found)}
                                     : result<addresses>{fail(fault_of(got.error, host))};
        keep(host, answer);
        const auto found = flights.find(host);
        if (found == flights.end()) return;
        const auto landing = found->second;
        flights.erase(found);
        landing->answer.emplace(std::move(answer));
        landing->landed.set();
    }

    void keep(const std::string& host, const result<addresses>& answer) {
        // A failing name server must not push out the answer that may have to serve as stale.
        const bool temporary = !answer && !answer.error().is(codes::net_dns_not_found);
        if (temporary) return;
        if (!cache.contains(host) && cache.size() >= limits.max_cached) {
            cache.erase(std::ranges::min_element(cache, {},
                                                 [](const auto& each) { return each.second.at; }));
        }
        cache.insert_or_assign(host, entry{answer, owner.now()});
    }

    loop& owner;
    options limits;
    std::map<std::string, entry, std::less<>> cache;
    std::map<std::string, std::shared_ptr<flight>, std::less<>> flights;
    counters counts;
    std::optional<lookup_pool> pool;
};

system_resolver::system_resolver(loop& owner, options opts, lookup_function lookup)
    : core_{std::make_shared<core>(owner, opts)} {
    auto deliver = [weak = std::weak_ptr{core_}](const std::string& host, lookup_answer answer) {
        if (const auto alive = weak.lock()) alive->land(host, std::move(answer));
    };
    core_->pool.emplace(owner, opts.threads, opts.max_waiting, std::move(lookup),
                        std::move(deliver));
}

system_resolver::~system_resolver() {
    core_->pool.reset();
}

void system_resolver::clear_cache() {
    core_->cache.clear();
}

system_resolver::counters system_resolver::counted() const noexcept {
    return core_->counts;
}

task<result<addresses>> system_resolver::resolve(std::string host, deadline until) {
    if (co_await was_cancelled()) co_return fail(cancelled_fault());
    boost::system::error_code not_literal;
    const auto literal = ip::make_address(host, not_literal);
    if (!not_literal) co_return addresses{literal};
    if (host.empty() || host.size() > longest_name || host.find('\0') != std::string::npos) {
        co_return fail(codes::net_dns_not_found, "not a host name");
    }
    const auto self = core_;
    if (const auto* known = self->fresh(host)) {
        ++self->counts.hits;
        co_return *known;
    }
    auto old = self->stale(host);
    const auto flight = self->board(host);
    if (flight == nullptr) {
        if (old) co_return ++self->counts.stale, std::move(*old);
        co_return fail(codes::net_resolver_full);
    }
    const auto bound = old ? until.child(self->owner.now(), self->limits.stale_after) : until;
    const auto waited = co_await with_deadline(self->owner, bound, flight->landed.wait());
    if (!waited && waited.error().kind() == fault_kind::cancelled) {
        co_return fail(cancelled_fault());
    }
    if (waited &&
        (flight->answer->has_value() || flight->answer->error().is(codes::net_dns_not_found))) {
        co_return *flight->answer;
    }
    if (old) co_return ++self->counts.stale, std::move(*old);
    if (waited) co_return *flight->answer;
    co_return fail(codes::net_dns_temporary, host + ": the name servers did not answer in time");
}

}  // namespace thole::io
