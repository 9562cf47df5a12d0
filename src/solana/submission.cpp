#include "solana/submission.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "solana/codes.hpp"
#include "solana/evidence.hpp"
#include "solana/gather.hpp"
#include "solana/rpc_error.hpp"
#include "solana/witness.hpp"
#include "thole/assert.hpp"

namespace thole::solana {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {
// Rounds of the watcher in which one provider alone may call it final before others are asked.
constexpr std::uint64_t rounds_to_agree = 3;

// Whether whoever asked gives up over such a refusal; over the others he waits.
bool ends_it(const fault& refused) {
    return refused.kind() == fault_kind::permanent && !is_hint_of_success(refused) &&
           !refused.is(codes::insufficient_funds);
}
constexpr std::size_t most_signed = 16'384;
}  // namespace

bool fan_out_report::is_out() const noexcept {
    return std::ranges::any_of(legs, [](const leg_report& leg) {
        return !leg.refusal || is_hint_of_success(*leg.refusal);
    });
}

std::optional<fault> fan_out_report::refusal() const {
    std::optional<fault> out;
    for (const auto& leg : legs) {
        if (!leg.refusal) return std::nullopt;
        const bool weightier = leg.refusal->scope() == fault_scope::request;
        if (!out || (weightier && out->scope() != fault_scope::request)) out = leg.refusal;
    }
    return out;
}

bool settled::is_curable() const noexcept {
    return state == submission_state::failed && error &&
           (error->is(codes::insufficient_funds) || error->is(codes::compute_exceeded));
}

submitter::submitter(rpc::client& client, blockhash_cache& blockhashes, signature_watcher& watcher,
                     submission_settings s)
    : client_{client},
      blockhashes_{blockhashes},
      watcher_{watcher},
      settings_{s},
      road_{s.crowding} {
    THOLE_ASSERT(s.fan_out >= 1 && s.required_providers >= 1, "somebody must be asked");
}

duration submitter::rebroadcast_after(duration since_first) noexcept {
    return std::clamp<duration>(since_first / 2, milliseconds{500}, seconds{4});
}

// ---- prepare ------------------------------------------------------------------------------------

task<result<compute_budget>> submitter::choose_budget(transaction_plan plan, public_key payer,
                                                      int generation, deadline until) {
    // A price of zero: the simulation must not fail for the fee of the largest limit.
    const auto widest = plan({settings_.fees.max_compute, 0});
    if (!widest) co_return std::unexpected{widest.error()};
    const auto draft = compile_message(message_version::legacy, payer, {}, *widest);
    if (!draft) co_return std::unexpected{draft.error()};
    transaction unsigned_one;
    unsigned_one.signatures.resize(draft->required_signatures);
    unsigned_one.message = *draft;
    const auto simulated = co_await simulate(serialize(unsigned_one), until);
    if (!simulated) co_return std::unexpected{simulated.error()};
    const auto price = co_await price_for(payer, generation, until);
    co_return compute_budget{choose_limit(simulated->units_consumed, settings_.fees), price};
}

task<result<simulation>> submitter::simulate(bytes unsigned_one, deadline until) {
    const rpc::options how{.until = until};
    auto first = co_await client_.simulate(unsigned_one, how);
    if (!first) co_return std::unexpected{first.error()};
    if (!first->value.error) co_return std::move(first->value);
    auto refused = fault_of(*first->value.error);
    refused.at(client_.dependency(), first->endpoint).with_effect(fault_effect::none);
    if (!ends_it(refused)) co_return std::unexpected{std::move(refused)};
    co_return co_await second_opinion(std::move(unsigned_one), first->provider, std::move(refused),
                                      until);
}

task<result<simulation>> submitter::second_opinion(bytes unsigned_one, name first, fault why,
                                                   deadline until) {
    rpc::options how{.until = until};
    std::vector<task<rpc_result<simulation>>> asks;
    for (const auto endpoint : client_.spread(role::read, settings_.witnesses)) {
        if (client_.provider_of(endpoint) == first) continue;
        how.endpoint = endpoint;
        asks.push_back(client_.simulate(unsigned_one, how));
    }
    auto answers = co_await gather(std::move(asks));
    std::set<name> alike{first};
    for (const auto& each : answers) {
        if (!each || !each->value.error) continue;
        if (fault_of(*each->value.error).code() == why.code()) alike.insert(each->provider);
    }
    if (alike.size() >= static_cast<std::size_t>(settings_.required_providers)) {
        co_return std::unexpected{std::move(why)};
    }
    // Should this one be wrong, the chain refuses what he let pass.
    for (auto& each : answers) {
        if (each && !each->value.error) co_return std::move(each->value);
    }
    co_return fail(fault{codes::refusal_disputed}
                       .with_detail(why.describe())
                       .at(client_.dependency(), why.endpoint()));
}

// Without an answer the last samples count, or the floor is bid: an estimate must not stop a mint.
task<std::uint64_t> submitter::price_for(public_key payer, int generation, deadline until) {
    auto& loop = client_.loop();
    if (!fees_at_ || loop.now() - *fees_at_ >= settings_.fees_max_age) {
        std::vector<public_key> paying_keys{payer};
        const rpc::options how{.until = until};
        auto recent = co_await client_.get_recent_prioritization_fees(std::move(paying_keys), how);
        if (recent) {
            fees_ = std::move(recent->value);
            fees_at_ = loop.now();
        }
    }
    const int crowded = crowding().congested ? 1 : 0;
    co_return choose_price(fees_, settings_.fees, generation + crowded);
}

task<result<prepared_transaction>> submitter::prepare(transaction_plan plan, const keypair& wallet,
                                                      int generation, deadline until) {
    const auto budget = co_await choose_budget(plan, wallet.address(), generation, until);
    if (!budget) co_return std::unexpected{budget.error()};
    const auto instructions = plan(*budget);
    if (!instructions) co_return std::unexpected{instructions.error()};
    // Whoever outlived a transaction knows that lives are short here: the next gets all of one.
    const auto age = generation > 1 ? blockhash_age::now : blockhash_age::recent;
    const auto recent = co_await blockhashes_.get(until, age);
    if (!recent) co_return std::unexpected{recent.error()};
    auto compiled = compile_message(message_version::legacy, wallet.address(),
                                    recent->value.blockhash, *instructions);
    if (!compiled) co_return std::unexpected{compiled.error()};
    const std::array signers{&wallet};
    const auto tx = sign(std::move(*compiled), signers);
    if (!tx) co_return std::unexpected{tx.error()};
    prepared_transaction p;
    p.signature = tx->id().text();
    p.transaction = to_base64(serialize(*tx));
    p.blockhash = recent->value.blockhash.text();
    p.last_valid_block_height = recent->value.last_valid_block_height;
    p.blockhash_slot = recent->context_slot;
    p.compute_limit = budget->limit;
    p.compute_price = budget->price;
    if (signed_.size() >= most_signed) signed_.clear();  // those that were never journaled
    signed_[p.signature] = client_.loop().now();
    co_return p;
}

// ---- send ---------------------------------------------------------------------------------------

task<leg_report> submitter::send_leg(name endpoint, prepared_transaction p, bool preflight,
                                     deadline until) {
    rpc::send_options how{.until = until};
    how.skip_preflight = !preflight;
    // Such a refusal then says what it is: the node's lag, not the transaction's end.
    if (preflight) how.min_context_slot = p.blockhash_slot;
    const auto started = client_.loop().now();
    const auto answer = co_await client_.send_transaction(endpoint, std::move(p.transaction), how);
    leg_report leg;
    leg.endpoint = endpoint;
    leg.latency = client_.loop().now() - started;
    leg.preflight = preflight;
    if (!answer) leg.refusal = answer.error();
    co_return leg;
}

task<fan_out_report> submitter::fan_out(prepared_transaction p, duration since_first,
                                        deadline until) {
    fan_out_report report;
    report.widened = since_first >= settings_.widen_after;
    const auto most = report.widened ? SIZE_MAX : settings_.fan_out;
    const auto endpoints = client_.spread(role::send, most);
    // By one that has surely seen the blockhash; another may refuse it for that alone.
    const auto knows = [&](name e) { return client_.seen_slot(e) >= p.blockhash_slot; };
    auto judge = std::ranges::find_if(endpoints, knows);
    if (judge == endpoints.end()) judge = endpoints.begin();
    std::vector<task<leg_report>> legs;
    for (auto to = endpoints.begin(); to != endpoints.end(); ++to) {
        const bool preflight = to == judge && since_first == duration::zero();
        legs.push_back(send_leg(*to, p, preflight, until));
    }
    report.legs = co_await gather(std::move(legs));
    // A leg that was cancelled before it began has no endpoint to tell of.
    std::erase_if(report.legs, [](const leg_report& leg) { return leg.endpoint.empty(); });
    co_return report;
}

// ---- settle -------------------------------------------------------------------------------------

task<std::optional<std::uint64_t>> submitter::finalized_height(deadline until) {
    auto& loop = client_.loop();
    const auto is_fresh = [&] {
        return height_ && loop.now() - height_at_ < settings_.height_max_age;
    };
    // A thousand operations that settle together ask once.
    if (asking_height_.is_busy() && !is_fresh()) {
        if (!co_await asking_height_.wait()) co_return std::nullopt;
        if (!is_fresh()) co_return std::nullopt;  // nobody told him either
    }
    if (is_fresh()) co_return height_;
    const busy_flag::holder busy{asking_height_};
    const auto told = co_await ask_height(until);
    if (!told) co_return std::nullopt;
    height_ = *told;
    height_at_ = loop.now();
    co_return height_;
}

// The height that as many providers have reached as a proof of death needs, or as many as answer:
// what one alone makes up has nobody asked for a proof.
task<std::optional<std::uint64_t>> submitter::ask_height(deadline until) {
    rpc::options how{.until = until, .level = commitment::finalized};
    const auto required = static_cast<std::size_t>(settings_.required_providers);
    std::vector<task<rpc_result<std::uint64_t>>> asks;
    for (const auto endpoint : client_.spread(role::read, required + 1)) {
        how.endpoint = endpoint;
        asks.push_back(client_.get_block_height(how));
    }
    std::map<name, std::uint64_t> by_provider;
    for (const auto& each : co_await gather(std::move(asks))) {
        if (!each) continue;
        auto& word = by_provider[each->provider];
        word = std::max(word, each->value);
    }
    if (by_provider.empty()) {
        how.endpoint = {};
        how.vital = true;
        const auto answer = co_await client_.get_block_height(how);
        co_return answer ? std::optional{answer->value} : std::nullopt;
    }
    std::vector<std::uint64_t> heights;
    for (const auto& [provider, height] : by_provider) heights.push_back(height);
    std::ranges::sort(heights, std::ranges::greater{});
    co_return heights[std::min(required, heights.size()) - 1];
}

task<settled> submitter::settle(prepared_transaction p, std::optional<public_key> mint,
                                deadline until) {
    const auto id = p.signature;
    auto out = co_await decide(std::move(p), mint, until);
    using enum submission_state;
    if (out.state == pending || out.state == uncertain) co_return out;
    const auto now = client_.loop().now();
    const auto made = signed_.find(id);
    if (out.state == dead) {
        road_.died(now);
    } else if (made != signed_.end()) {
        road_.landed(now - made->second, now);
    }
    if (made != signed_.end()) signed_.erase(made);
    co_return out;
}

bool submitter::is_agreed(const signature& s) const {
    std::set<name> providers;
    for (const auto& each : watcher_.told(s)) {
        const bool so = each.status && each.status->commitment >= commitment::confirmed;
        if (so) providers.insert(each.provider);
    }
    return std::ssize(providers) >= settings_.required_providers;
}

task<settled> submitter::decide(prepared_transaction p, std::optional<public_key> mint,
                                deadline until) {
    const auto id = signature::parse(p.signature);
    THOLE_ASSERT(id.has_value(), "a journaled signature reads back");
    const auto status = co_await watcher_.look(*id, until);
    settled out;
    if (status && *status) {
        out = settled_by(**status);
        const bool final =
            out.state == submission_state::landed || out.state == submission_state::failed;
        if (final) co_return co_await confirm_end(*id, std::move(out), until);
        out.agreed = out.state == submission_state::confirmed && is_agreed(*id);
        co_return out;
    }
    if (!status) out.error = status.error();
    // Only a hint whether asking for a proof is worth while; the proof reads heights of its own.
    const auto height = co_await finalized_height(until);
    if (!height || *height <= p.last_valid_block_height) {
        out.evidence = evidence_of_waiting(height, p.last_valid_block_height);
        co_return out;
    }
    co_return co_await judge(std::move(p), mint, until);
}

// An end on the chain, success or error, needs as many providers as a death: one node that lies or
// sits on a fork of its own must neither complete nor fail anything.
task<settled> submitter::confirm_end(solana::signature s, settled claim, deadline until) {
    auto out = settled_by(watcher_.told(s), settings_.required_providers);
    if (out.state != submission_state::uncertain) {
        watcher_.forget(s);  // decided: nobody needs to ask for it any more
        co_return out;
    }
    if (watcher_.rounds_final(s) < rounds_to_agree) {
        // Nodes reach finality one after another; the next round, which all share, will tell.
        claim.state = claim.state == submission_state::landed ? submission_state::confirmed
                                                              : submission_state::pending;
        claim.error.reset();
        claim.agreed = claim.state == submission_state::confirmed && is_agreed(s);
        co_return claim;
    }
    rpc::options how{.until = until, .level = commitment::finalized};
    how.vital = true;
    std::vector<task<rpc_result<std::vector<std::optional<signature_status>>>>> asks;
    for (const auto endpoint : client_.spread(role::history, settings_.witnesses)) {
        how.endpoint = endpoint;
        std::vector<solana::signature> one{s};
        asks.push_back(client_.get_signature_statuses(std::move(one), true, how));
    }
    std::vector<told_status> told;
    for (auto& answer : co_await gather(std::move(asks))) {
        if (!answer) continue;
        told.push_back({answer->endpoint, answer->provider, std::move(answer->value.front())});
    }
    // Whoever said so is gone or has thought better of it: it is looked at from the beginning.
    const bool denied = !told.empty() && std::ranges::none_of(told, [](const told_status& each) {
        return each.status && each.status->commitment == commitment::finalized;
    });
    out = settled_by(told, settings_.required_providers);
    if (denied || out.state != submission_state::uncertain) watcher_.forget(s);
    co_return out;
}

task<settled> submitter::judge(prepared_transaction p, std::optional<public_key> mint,
                               deadline until) {
    const auto id = signature::parse(p.signature);
    const auto hash = blockhash::parse(p.blockhash);
    THOLE_ASSERT(id && hash, "a journaled signature and its blockhash read back");
    const death_question question{{p.last_valid_block_height, p.blockhash_slot}, *id, *hash, mint};
    std::vector<task<result<death_witness>>> asks;
    const auto endpoints = client_.spread(role::history, settings_.witnesses);
    for (const auto endpoint : endpoints) {
        asks.push_back(ask_witness(client_, endpoint, question, until));
    }
    const auto answers = co_await gather(std::move(asks));
    std::vector<death_witness> witnesses;
    for (const auto& answer : answers) {
        if (answer) witnesses.push_back(*answer);
    }
    const auto verdict = judge_death(question.life, witnesses, settings_.required_providers);
    settled out = settled_by(verdict, witnesses, settings_.required_providers);
    out.evidence = evidence_of(verdict, question.life, endpoints, answers);
    if (out.state == submission_state::dead) watcher_.forget(*id);
    co_return out;
}

}  // namespace thole::solana
