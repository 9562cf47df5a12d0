#include "solana/rpc.hpp"

#include <algorithm>
#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <set>
#include <tuple>

#include "solana/codes.hpp"
#include "solana/rpc_codec.hpp"
#include "solana/rpc_error.hpp"
#include "thole/assert.hpp"
#include "thole/codes.hpp"

namespace thole::solana::rpc {

namespace {

constexpr std::string_view base64_encoding = R"("encoding":"base64")";

std::string texts_of(const auto& values) {
    std::vector<std::string> out;
    for (const auto& v : values) out.push_back(v.text());
    return quoted_list(out);
}

// [config] for methods without a parameter of their own.
std::string only_config(const options& o) {
    return "[" + config(o.level, o.min_context_slot) + "]";
}

std::string with_config(std::string first, const options& o, std::string_view more = {}) {
    return "[" + std::move(first) + "," + config(o.level, o.min_context_slot, more) + "]";
}

// The error object in a body that came with an HTTP error, if it is one of a node.
std::optional<fault> node_error(const std::string& body, std::uint64_t id) {
    auto read = read_answer(body, id);
    if (read || read.error().is(codes::rpc_bad_answer)) return std::nullopt;
    return read.error();
}

// Statuses that speak about the account or the quota, whatever the body says.
bool is_about_access(int status) {
    return status == 401 || status == 402 || status == 403 || status == 429 || status == 451;
}

// A status without a node's own error is of what stands before it, as of a URL that was retired,
// and says nothing about the request.
fault of_this_endpoint(fault f) {
    if (f.kind() == fault_kind::permanent) f.as(fault_kind::transient).of(fault_scope::endpoint);
    return f;
}

// Refusals after which the transaction surely was not relayed by this endpoint.
bool surely_not_relayed(const fault& f) {
    const auto is = [&](const auto&... code) { return (f.is(code) || ...); };
    return f.kind() == fault_kind::rejected || f.scope() == fault_scope::request ||
           is(codes::blockhash_not_found, codes::node_behind, codes::rpc_rate_limited,
              codes::context_slot_not_reached, codes::rpc_method_missing,
              thole::codes::http_rate_limited, thole::codes::http_unauthorized,
              thole::codes::http_client_error);
}

void judge_send_effect(fault& f) {
    if (is_hint_of_success(f)) return;  // keeps "unknown"
    // A transport fault knows by itself whether a byte had left.
    const bool answered = f.code().starts_with("solana.") || f.code().starts_with("http.");
    if (!answered) return;
    f.with_effect(surely_not_relayed(f) ? fault_effect::none : fault_effect::unknown);
}

result<bool> read_health(const json::value& v) {
    if (v.is_string() && v.as_string() == "ok") return true;
    return fail(codes::node_behind, "it does not say ok");
}

bool is_timeout(const fault& f) {
    return f.is(thole::codes::net_timeout) || f.is(thole::codes::net_connect_timeout);
}

}  // namespace

client::client(io::http_transport& transport, io::loop& loop, endpoint_set& endpoints, rng& chance,
               settings s)
    : transport_{transport},
      loop_{loop},
      endpoints_{endpoints},
      chance_{chance},
      settings_{std::move(s)},
      accounts_{loop, endpoints.dependency(), [this](std::vector<public_key> keys, options o) {
                    return ask_accounts(std::move(keys), o);
                }} {}

// ---- endpoints ----------------------------------------------------------------------------------

name client::dependency() const noexcept {
    return endpoints_.dependency();
}

name client::provider_of(name endpoint) const {
    const auto* config = endpoints_.config_of(endpoint);
    return config == nullptr ? name{} : config->provider;
}

std::uint64_t client::lag_of(name endpoint) const {
    const auto at = positions_.find(endpoint);
    return at == positions_.end() ? 0 : at->second.lag;
}

std::uint64_t client::seen_slot(name endpoint) const {
    const auto at = positions_.find(endpoint);
    return at == positions_.end() ? 0 : at->second.slot;
}

void client::note_slot(name endpoint, commitment level, std::uint64_t slot) {
    if (slot == 0) return;
    // Finalized state is some 32 slots old on every node; comparing it would condemn all.
    if (level == commitment::finalized) {
        // What one alone makes up is forgotten some time after it.
        const bool is_old = loop_.now() - final_.seen >= std::chrono::minutes{15};
        if (slot >= final_.slot || is_old) final_ = {0, slot, loop_.now()};
        return;
    }
    positions_[endpoint] = {0, slot, loop_.now()};
    const auto front = front_slot();
    for (auto& [other, at] : positions_) {
        const auto behind = front - std::min(front, at.slot);
        // The others may have moved on since they were asked.
        at.lag = other == endpoint ? behind : std::min(at.lag, behind);
    }
}

std::uint64_t client::front_slot() const {
    std::vector<std::uint64_t> recent;
    for (const auto& [endpoint, at] : positions_) {
        if (loop_.now() - at.seen < std::chrono::minutes{1}) recent.push_back(at.slot);
    }
    std::ranges::sort(recent, std::ranges::greater{});
    for (const auto slot : recent) {
        const auto near = std::ranges::count_if(recent, [&](std::uint64_t other) {
            return other <= slot && slot - other <= settings_.max_lag;
        });
        if (2 * static_cast<std::size_t>(near) >= recent.size()) return slot;
    }
    return recent.empty() ? 0 : recent.front();
}

std::vector<name> client::cordoned(role wanted) const {
    std::vector<name> out;
    if (settings_.max_lag == 0) return out;
    for (const auto& [endpoint, at] : positions_) {
        const bool recent = loop_.now() - at.seen < settings_.cordon_for;
        if (recent && at.lag > settings_.max_lag) out.push_back(endpoint);
    }
    // An answer from far behind is better than none.
    if (!endpoints_.any_eligible(loop_.now(), out, wanted)) out.clear();
    return out;
}

std::vector<endpoint_view> client::ranked_views(role wanted) const {
    auto all = endpoints_.view(loop_.now());
    std::erase_if(all,
                  [&](const endpoint_view& e) { return e.drained || !e.config.roles.has(wanted); });
    const auto behind = cordoned(wanted);
    const auto rank = [&](const endpoint_view& e) {
        const bool last = e.block != endpoint_block::none ||
                          std::ranges::find(behind, e.config.name) != behind.end();
        return std::tuple{last, e.config.tier, e.latency, e.config.name.view()};
    };
    std::ranges::sort(all, {}, rank);
    return all;
}

std::vector<name> client::ranked(role wanted) const {
    std::vector<name> out;
    for (const auto& e : ranked_views(wanted)) out.push_back(e.config.name);
    return out;
}

std::vector<name> client::spread(role wanted, std::size_t most) const {
    std::vector<name> out;
    std::vector<name> rest;
    std::set<name> providers;
    for (const auto& e : ranked_views(wanted)) {
        const bool first = providers.insert(e.config.provider).second;
        (first ? out : rest).push_back(e.config.name);
    }
    out.insert(out.end(), rest.begin(), rest.end());
    if (out.size() > most) out.resize(most);
    return out;
}

std::size_t client::providers(role wanted) const {
    std::set<name> all;
    for (const auto& e : endpoints_.view(loop_.now())) {
        if (e.config.roles.has(wanted)) all.insert(e.config.provider);
    }
    return all.size();
}

// Whoever names an endpoint has chosen it, for a role of its own.
role client::role_for(name endpoint, role wanted) const {
    const auto* config = endpoints_.config_of(endpoint);
    if (config == nullptr || config->roles.has(wanted)) return wanted;
    for (const auto own : {role::history, role::read, role::send}) {
        if (config->roles.has(own)) return own;
    }
    return wanted;
}

// The set speaks of all that it holds; whoever wants one endpoint waits for that one.
fault client::refused_by(name endpoint, fault why) const {
    for (const auto& e : endpoints_.view(loop_.now())) {
        if (e.config.name == endpoint && e.blocked_for < duration::max()) {
            return std::move(why.with_retry_after(e.blocked_for));
        }
    }
    return why;
}

// That one endpoint cannot serve it is no end while another one is merely away or was not asked.
fault client::of_all(fault last, std::size_t unable, role wanted) const {
    if (last.kind() == fault_kind::permanent && unable < ranked_views(wanted).size()) {
        last.as(fault_kind::transient);
    }
    return last;
}

std::vector<name> client::all_but(name endpoint) const {
    auto out = endpoints_.names();
    std::erase(out, endpoint);
    return out;
}

duration client::timeout_of(role wanted) const noexcept {
    switch (wanted) {
        case role::read:
            return settings_.read_timeout;
        case role::send:
            return settings_.send_timeout;
        case role::history:
            return settings_.history_timeout;
    }
    return settings_.read_timeout;
}

// ---- one call -----------------------------------------------------------------------------------

template <auto Read>
auto client::typed(call c, options o)
    -> task<rpc_result<typename decltype(Read(std::declval<const json_value&>()))::value_type>> {
    using value_type = typename decltype(Read(std::declval<const json_value&>()))::value_type;
    std::optional<value_type> value;
    c.take = [&value](const json_value& said) -> std::optional<fault> {
        auto read = Read(said);
        if (!read) return std::move(read).error();
        value.emplace(*std::move(read));
        return std::nullopt;
    };
    auto answer = co_await run(std::move(c), o);
    if (!answer) co_return std::unexpected{answer.error()};
    from_node<value_type> out;
    out.value = *std::move(value);
    out.endpoint = answer->endpoint;
    out.provider = answer->provider;
    out.context_slot = answer->context_slot;
    out.latency = answer->latency;
    co_return out;
}

task<client::raw> client::run(call c, options o) {
    const bool named = !o.endpoint.empty();
    if (named) c.wanted = role_for(o.endpoint, c.wanted);
    auto tried = named ? all_but(o.endpoint) : cordoned(c.wanted);
    std::optional<fault> last;
    std::size_t unable = 0;   // endpoints that cannot serve it at all
    std::set<name> refusing;  // providers that call the request itself wrong
    for (;;) {
        const auto now = loop_.now();
        if (o.until.expired(now)) {
            if (last) co_return fail(of_all(*std::move(last), unable, c.wanted));
            co_return fail(fault{thole::codes::policy_deadline}.at(dependency()));
        }
        auto pick = endpoints_.pick(now, tried, c.wanted, chance_);
        if (!pick && o.vital) pick = endpoints_.pick_least_bad(now, tried, c.wanted);
        if (!pick) {
            if (last) co_return fail(of_all(*std::move(last), unable, c.wanted));
            co_return fail(named ? refused_by(o.endpoint, pick.error()) : pick.error());
        }
        tried.push_back(pick->endpoint().name);
        const auto provider = pick->endpoint().provider;
        auto answer = co_await attempt(std::move(*pick), c, o);
        if (answer || named) co_return answer;
        last = answer.error();
        if (last->is(codes::rpc_invalid_request)) {
            refusing.insert(provider);
            if (refusing.size() >= std::min<std::size_t>(2, providers(c.wanted))) co_return answer;
            // By one alone it says something about that one.
            last = fault{codes::rpc_bad_answer}
                       .with_detail(last->describe())
                       .at(dependency(), last->endpoint());
            continue;
        }
        const bool final =
            last->scope() == fault_scope::request || last->kind() == fault_kind::cancelled;
        if (final) co_return answer;
        unable += last->kind() == fault_kind::permanent ? 1 : 0;
    }
}

task<client::raw> client::attempt(endpoint_pick pick, const call& c, const options& o) {
    const auto started = loop_.now();
    const auto timeout = timeout_of(c.wanted);
    const auto until = o.until.child(started, timeout);
    auto answer = co_await exchange(pick.endpoint(), c, o, until);
    const auto now = loop_.now();
    // Who was given less time than usual is not to blame for needing more.
    const bool cut_short = until.at() < saturating_add(started, timeout);
    if (!answer && cut_short && is_timeout(answer.error())) co_return answer;
    pick.record(answer, now - started, now);
    if (answer) {
        answer->latency = now - started;
        note_slot(answer->endpoint, o.level, answer->context_slot);
    }
    co_return answer;
}

task<client::raw> client::exchange(const endpoint_config& to, const call& c, const options& o,
                                   deadline until) {
    const auto id = next_id_++;
    io::http_request request;
    request.method = "POST";
    request.url = to.url;
    if (const auto own = settings_.headers.find(to.name); own != settings_.headers.end()) {
        request.headers = own->second;
    }
    request.headers.emplace_back("content-type", "application/json");
    request.body = body_of(id, c.method, c.params);
    // The same signed bytes have the same effect however often they arrive.
    request.effect = c.wanted == role::send ? io::effect_class::idempotent : io::effect_class::read;
    request.until = until;
    request.max_response_bytes = settings_.max_response_bytes;
    request.dependency = dependency();
    request.endpoint = to.name;
    auto response = co_await transport_.send(std::move(request));
    if (!response) co_return std::unexpected{response.error()};
    co_return judge(std::move(*response), to, c, o, id);
}

client::raw client::judge(io::http_response response, const endpoint_config& from, const call& c,
                          const options& o, std::uint64_t id) const {
    const auto refuse = [&](fault f) {
        return std::unexpected<fault>{std::move(f.at(dependency(), from.name))};
    };
    if (response.status / 100 != 2) {
        if (!is_about_access(response.status)) {
            if (auto known = node_error(response.body, id)) return refuse(std::move(*known));
        }
        const auto failed =
            io::expect_success(std::move(response), dependency(), from.name, loop_.wall_now());
        return std::unexpected{of_this_endpoint(failed.error())};
    }
    // Goes as a whole, so nothing in it is given back alone; most answers fit here.
    std::array<unsigned char, 8192> room;
    json::monotonic_resource memory{room.data(), room.size()};
    const auto value = read_answer(response.body, id, &memory);
    if (!value) return refuse(value.error());
    from_node<taken> out;
    out.endpoint = from.name;
    out.provider = from.provider;
    const json_value* inner = &*value;
    if (c.has_context) {
        const auto context = read_context(*value);
        if (!context) return refuse(context.error());
        inner = context->value;
        out.context_slot = context->slot;
        if (o.min_context_slot && context->slot < *o.min_context_slot) {
            return refuse(fault{codes::context_slot_not_reached}.with_detail(
                "at slot " + std::to_string(context->slot)));
        }
    }
    if (auto flaw = c.take(*inner)) return refuse(std::move(*flaw));
    return out;
}

// ---- methods ------------------------------------------------------------------------------------

task<rpc_result<latest_blockhash>> client::get_latest_blockhash(options o) {
    call c{"getLatestBlockhash", only_config(o), role::read};
    return typed<read_latest_blockhash>(std::move(c), o);
}

task<rpc_result<std::uint64_t>> client::get_block_height(options o) {
    call c{"getBlockHeight", only_config(o), role::read, false};
    return typed<read_u64>(std::move(c), o);
}

task<rpc_result<std::uint64_t>> client::get_slot(options o) {
    call c{"getSlot", only_config(o), role::read, false};
    return typed<read_u64>(std::move(c), o);
}

task<rpc_result<epoch_info>> client::get_epoch_info(options o) {
    call c{"getEpochInfo", only_config(o), role::read, false};
    return typed<read_epoch_info>(std::move(c), o);
}

task<rpc_result<bool>> client::get_health(options o) {
    call c{"getHealth", "[]", role::read, false};
    return typed<read_health>(std::move(c), o);
}

task<rpc_result<std::uint64_t>> client::get_first_available_block(options o) {
    call c{"getFirstAvailableBlock", "[]", role::history, false};
    return typed<read_u64>(std::move(c), o);
}

task<rpc_result<bool>> client::is_blockhash_valid(blockhash hash, options o) {
    call c{"isBlockhashValid", with_config(quoted(hash.text()), o), role::read};
    return typed<read_bool>(std::move(c), o);
}

task<rpc_result<std::vector<std::optional<signature_status>>>> client::get_signature_statuses(
    std::vector<signature> signatures, bool history, options o) {
    THOLE_ASSERT(signatures.size() <= 256, "one request carries at most 256 signatures");
    std::string how = history ? R"({"searchTransactionHistory":true})" : "{}";
    call c{"getSignatureStatuses", "[" + texts_of(signatures) + "," + how + "]",
           history ? role::history : role::read};
    auto answer = co_await typed<read_statuses>(std::move(c), o);
    if (answer && answer->value.size() != signatures.size()) {
        co_return std::unexpected{fault{codes::rpc_bad_answer}
                                      .with_detail("another number of statuses")
                                      .at(dependency(), answer->endpoint)};
    }
    co_return answer;
}

task<rpc_result<std::optional<account_info>>> client::get_account(public_key key, options o) {
    call c{"getAccountInfo", with_config(quoted(key.text()), o, base64_encoding), role::read};
    return typed<read_account>(std::move(c), o);
}

task<rpc_result<std::vector<std::optional<account_info>>>> client::get_accounts(
    std::vector<public_key> keys, options o) {
    THOLE_ASSERT(keys.size() <= account_gatherer::most_accounts, "what one request carries");
    return accounts_.get(std::move(keys), o);
}

task<account_gatherer::answer> client::ask_accounts(std::vector<public_key> keys, options o) {
    call c{"getMultipleAccounts", with_config(texts_of(keys), o, base64_encoding), role::read};
    auto answer = co_await typed<read_accounts>(std::move(c), o);
    if (answer && answer->value.size() != keys.size()) {
        co_return std::unexpected{fault{codes::rpc_bad_answer}
                                      .with_detail("another number of accounts")
                                      .at(dependency(), answer->endpoint)};
    }
    co_return answer;
}

task<rpc_result<std::vector<keyed_account>>> client::get_token_accounts_by_owner(
    public_key owner, public_key token_program, options o) {
    const auto filter =
        quoted(owner.text()) + R"(,{"programId":)" + quoted(token_program.text()) + "}";
    call c{"getTokenAccountsByOwner", with_config(filter, o, base64_encoding), role::read};
    return typed<read_keyed_accounts>(std::move(c), o);
}

task<rpc_result<std::uint64_t>> client::get_balance(public_key key, options o) {
    call c{"getBalance", with_config(quoted(key.text()), o), role::read};
    return typed<read_u64>(std::move(c), o);
}

task<rpc_result<std::uint64_t>> client::get_rent_exemption(std::uint64_t space, options o) {
    const auto level = config(o.level, {});
    call c{"getMinimumBalanceForRentExemption", "[" + std::to_string(space) + "," + level + "]",
           role::read, false};
    return typed<read_u64>(std::move(c), o);
}

task<rpc_result<std::vector<prioritization_fee>>> client::get_recent_prioritization_fees(
    std::vector<public_key> writable, options o) {
    call c{"getRecentPrioritizationFees", "[" + texts_of(writable) + "]", role::read, false};
    return typed<read_fees>(std::move(c), o);
}

task<rpc_result<simulation>> client::simulate(bytes transaction, options o) {
    constexpr std::string_view more =
        R"("encoding":"base64","sigVerify":false,"replaceRecentBlockhash":true)";
    call c{"simulateTransaction", with_config(quoted(to_base64(transaction)), o, more), role::read};
    return typed<read_simulation>(std::move(c), o);
}

task<rpc_result<signature>> client::send_transaction(name endpoint, std::string transaction_base64,
                                                     send_options s) {
    std::string how = R"("encoding":"base64","maxRetries":0,"skipPreflight":)";
    how += s.skip_preflight ? "true" : "false";
    how += R"(,"preflightCommitment":")" + std::string{to_string(s.preflight_level)} + '"';
    call c{"sendTransaction",
           "[" + quoted(transaction_base64) + "," + config({}, s.min_context_slot, how) + "]",
           role::send, false};
    options o{.until = s.until};
    o.endpoint = endpoint;
    auto answer = co_await typed<read_signature>(std::move(c), o);
    if (!answer) {
        auto f = answer.error();
        judge_send_effect(f);
        co_return std::unexpected{std::move(f)};
    }
    co_return answer;
}

}  // namespace thole::solana::rpc
