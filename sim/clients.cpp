#include "sim/clients.hpp"

#include <boost/asio/co_spawn.hpp>

#include "engine/codes.hpp"
#include "nft/mint_input.hpp"
#include "sim/orders.hpp"

namespace thole::sim {

namespace {

using namespace std::chrono_literals;

// Until a client asks again that was not answered, or was refused once.
constexpr duration patience = 2s;

duration draw(rng& chance, duration least, duration most) {
    return duration{chance.between(least.count(), most.count())};
}

}  // namespace

clients::clients(world& where) : world_{where}, chance_{where.seed ^ 0xC11E475} {
    const auto& w = where.today.workload;
    const auto percent = [&](int of_100) {
        return chance_.chance(static_cast<std::uint64_t>(of_100), 100);
    };
    for (int i = 0; i < w.operations; ++i) {
        const auto at = draw(chance_, w.over.least, w.over.most);
        add(act_kind::submit, i, at);
        if (percent(w.duplicates)) add(act_kind::repeat, i, at + draw(chance_, 0s, 20s));
        if (percent(w.conflicting)) add(act_kind::contradict, i, at + draw(chance_, 1s, 20s));
        if (percent(w.cancels)) add(act_kind::cancel, i, at + draw(chance_, 0s, 20s));
        constexpr std::array verbs{act_kind::cancel, act_kind::retry, act_kind::close,
                                   act_kind::fail, act_kind::retry};
        for (int n = 0; n < 3 && percent(w.verbs); ++n) {
            add(verbs.at(chance_.below(verbs.size())), i, at + draw(chance_, 0s, 120s));
        }
        if (w.interventions > 0) intervene(i, at);
    }
    if (w.orders > 0) make_orders();
}

// By dice of their own: days without orders go as they went.
void clients::make_orders() {
    const auto& w = world_.today.workload;
    rng chance{world_.seed ^ 0x0BDE25};
    for (int i = w.operations; i < w.operations + w.orders; ++i) {
        const auto at = draw(chance, w.over.least, w.over.most);
        add(act_kind::submit, i, at);
        if (chance.chance(static_cast<std::uint64_t>(w.duplicates), 100)) {
            add(act_kind::repeat, i, at + draw(chance, 0s, 20s));
        }
        constexpr std::array verbs{act_kind::skip,    act_kind::skip,       act_kind::reopen,
                                   act_kind::edit,    act_kind::edit,       act_kind::migrate,
                                   act_kind::migrate, act_kind::prioritise, act_kind::retry,
                                   act_kind::cancel,  act_kind::pause,      act_kind::close};
        for (int n = 0; n < 4; ++n) {
            if (!chance.chance(static_cast<std::uint64_t>(w.order_verbs), 100)) continue;
            const auto verb = verbs.at(chance.below(verbs.size()));
            const auto when = at + draw(chance, 0s, 60s);
            add(verb, i, when);
            if (verb == act_kind::pause) {
                add(act_kind::resume, i, when + draw(chance, 1s, 40s));
            }
        }
    }
    for (int i = 0; i < w.bulk_acts; ++i) {
        const auto at = draw(chance, w.over.least, w.over.most + 60s);
        add(act_kind::act_on_all, i, at);
        if (i % 2 == 0) add(act_kind::undo, i, at + draw(chance, 1s, 15s));
    }
}

// What rests goes on in the end.
void clients::intervene(int client, duration at) {
    const auto percent = static_cast<std::uint64_t>(world_.today.workload.interventions);
    for (int n = 0; n < 3; ++n) {
        if (!chance_.chance(percent, 100)) continue;
        const auto when = at + draw(chance_, 0s, 120s);
        const auto later = when + draw(chance_, 1s, 60s);
        switch (chance_.below(4)) {
            case 0:
                add(act_kind::pause, client, when);
                add(act_kind::resume, client, later);
                break;
            case 1:
                add(act_kind::hold, client, when);
                add(act_kind::release, client, later);
                break;
            case 2:
                add(act_kind::prioritise, client, when);
                break;
            default:
                add(act_kind::resolve, client, when);
        }
    }
}

void clients::add(act_kind kind, int client, duration at) {
    waiting_.push({at, ++made_, kind, client});
}

std::optional<duration> clients::next() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.top().at;
}

std::optional<uuid> clients::id_of(int client) const {
    if (client < 0) {
        const auto* op = world_.judges.find(std::int64_t{-client});
        return op == nullptr ? std::nullopt : std::optional{op->id};
    }
    const auto found = ids_.find(client);
    if (found == ids_.end()) return std::nullopt;
    return found->second;
}

void clients::step(std::span<process* const> at, duration age) {
    while (!at.empty() && !waiting_.empty() && waiting_.top().at <= age) {
        const auto what = waiting_.top();
        waiting_.pop();
        auto& p = *at[at.size() > 1 ? chance_.below(at.size()) : 0];
        under_way_.emplace(what.number, errand{what, &p});
        // What the product throws ends the run (nothing_throws).
        boost::asio::co_spawn(p.loop().executor(), carry_out(p, what), [](std::exception_ptr e) {
            if (e) std::rethrow_exception(std::move(e));
        });
    }
}

void clients::process_ended(const process& p, duration age) {
    std::erase_if(under_way_, [&](const auto& each) {
        auto [what, at] = each.second;
        if (at != &p) return false;
        what.at = age + draw(chance_, 0s, patience);
        waiting_.push(what);
        return true;
    });
}

void clients::again(act what, duration after, duration age) {
    what.at = age + after;
    waiting_.push(what);
}

// Inside the process, so it dies with it.
task<> clients::carry_out(process& p, act what) {
    const bool submits = what.kind <= act_kind::contradict;
    const bool answered = co_await (submits ? submit(p, what) : command(p, what));
    const auto mine = under_way_.find(what.number);
    if (mine == under_way_.end() || mine->second.at != &p) co_return;  // it was asked again
    under_way_.erase(mine);
    if (!answered) again(what, draw(chance_, patience / 2, patience), p.age());
}

namespace {

std::string tag_of(int number) {
    return "batch-" + std::to_string(number % 3);
}

// One in five is difficult (desk.hpp).
saga::submission order_of(int client, int accounts) {
    saga::submission s;
    s.kind = order_kind;
    s.key = world::key_of(client);
    order wanted{"user-" + std::to_string(client % accounts), "order " + std::to_string(client)};
    if (client % 5 == 0) wanted.text += " " + std::string{desk::difficult};
    s.input = json::write(wanted);
    s.subject = wanted.account;
    s.tags = {tag_of(client), "order"};
    return s;
}

}  // namespace

task<bool> clients::submit(process& p, act what) {
    if (what.client >= world_.today.workload.operations) {
        auto wanted = order_of(what.client, world_.today.workload.accounts);
        const auto answer = co_await p.engine().submit(std::move(wanted));
        if (!answer) co_return false;
        ids_.emplace(what.client, answer->view.id);
        world_.judges.accepted(what.client, answer->view.id, answer->replayed);
        co_return true;
    }
    auto wanted = world_.request_of(what.client);
    if (what.kind == act_kind::contradict) wanted.description = "Another seat.";
    saga::submission s;
    s.kind = "mint";
    s.key = world::key_of(what.client);
    s.input = json::write(nft::accept_mint(wanted, world_.base(), {s.tenant, s.kind, s.key}));
    s.request_hash = nft::payload_hash(wanted);
    s.subject = nft::account_of(wanted);
    auto& probes = world_.judges.probes;
    const auto answer = co_await p.engine().submit(std::move(s));
    if (answer) {
        // Who contradicts may be the first to be heard.
        ids_.emplace(what.client, answer->view.id);
        world_.judges.accepted(what.client, answer->view.id, answer->replayed);
        co_return true;
    }
    const auto& f = answer.error();
    if (f.is(codes::engine_key_conflict)) {
        probes.hit(probe::key_conflict);
        if (what.kind == act_kind::submit) co_return ids_.contains(what.client);
        co_return true;
    }
    if (f.is(codes::engine_queue_full)) probes.hit(probe::queue_full);
    co_return false;
}

task<bool> clients::act_on_order(process& p, act what, uuid id) {
    saga::act_details more;
    auto verb = saga::bulk_act::migrate;
    if (what.kind == act_kind::skip) {
        verb = saga::bulk_act::skip;
        more.step = "invite";
        more.output = R"({"value":"by telephone"})";
    } else if (what.kind == act_kind::reopen) {
        verb = saga::bulk_act::reopen;
        more.step = "look";
    } else if (what.kind == act_kind::edit) {
        verb = saga::bulk_act::edit;
        more.patch = R"({"text":"amended"})";
    }
    const auto done = co_await p.engine().act(id, verb, "operator", "by hand", std::move(more));
    co_return done || done.error().kind() == fault_kind::permanent;
}

// He counts, and acts when as many fit still. What rests is begun again in the end (run.cpp).
task<bool> clients::act_on_all(process& p, act what) {
    if (acts_.contains(what.client)) co_return true;
    constexpr std::array verbs{saga::bulk_act::pause, saga::bulk_act::prioritise,
                               saga::bulk_act::cancel, saga::bulk_act::retry};
    saga::bulk_request wanted;
    wanted.which.kind = order_kind;
    wanted.which.tag = tag_of(what.client);
    wanted.act = verbs.at(static_cast<std::size_t>(what.client / 2) % verbs.size());
    wanted.more.priority = saga::operation_priority::low;
    wanted.actor = "operator";
    wanted.reason = "all of them";
    wanted.window = 20s;
    auto counting = wanted;
    const auto counted = co_await p.engine().act_on_all(std::move(counting));
    if (!counted) co_return false;
    wanted.dry_run = false;
    wanted.expect = counted->matched;
    const auto done = co_await p.engine().act_on_all(std::move(wanted));
    if (done && done->undoable) acts_.emplace(what.client, done->undoable->id);
    co_return done.has_value();
}

task<bool> clients::undo(process& p, act what) {
    const auto found = acts_.find(what.client);
    if (found == acts_.end()) co_return false;  // it was not answered yet
    const auto done = co_await p.engine().cancel(found->second, "operator", "the wrong ones");
    co_return done || done.error().kind() == fault_kind::permanent;
}

task<bool> clients::command(process& p, act what) {
    if (what.kind == act_kind::act_on_all) co_return co_await act_on_all(p, what);
    if (what.kind == act_kind::undo) co_return co_await undo(p, what);
    const auto id = id_of(what.client);
    if (!id) co_return false;  // not accepted yet
    if (what.kind == act_kind::resolve) co_return co_await resolve(p, *id);
    if (what.kind >= act_kind::skip) co_return co_await act_on_order(p, what, *id);
    auto& probes = world_.judges.probes;
    auto& engine = p.engine();
    if (what.kind == act_kind::hold || what.kind == act_kind::release) {
        const bool holds = what.kind == act_kind::hold;
        if (!holds && !holding_.contains(what.client)) co_return false;  // his hold comes first
        auto call = holds ? engine.hold("mint", "operator", "a moment")
                          : engine.release("mint", "operator", "on");
        const auto done = co_await std::move(call);
        if (done && holds) {
            probes.hit(probe::held);
            holding_.insert(what.client);
        }
        const bool answered = done || done.error().kind() == fault_kind::permanent;
        if (answered && !holds) holding_.extract(what.client);
        co_return answered;
    }
    result<saga::operation_view> answer = fail(codes::operation_not_found);
    switch (what.kind) {
        case act_kind::cancel:
            answer = co_await engine.cancel(*id, "client", "no longer wanted");
            break;
        case act_kind::retry:
            answer = co_await engine.retry(*id, "operator", "look again");
            break;
        case act_kind::close:
            answer = co_await engine.close(*id, "operator", "settled by hand");
            if (answer) probes.hit(probe::closed_by_person);
            break;
        case act_kind::fail:
            answer = co_await engine.fail(*id, "operator", "given up");
            if (answer) probes.hit(probe::failed_by_person);
            break;
        case act_kind::pause:
            answer = co_await engine.pause(*id, "operator", "a moment");
            break;
        case act_kind::resume:
            answer = co_await engine.resume(*id, "operator", "on");
            break;
        case act_kind::prioritise: {
            saga::act_details more;
            more.priority = saga::operation_priority::high;
            answer = co_await engine.act(*id, saga::bulk_act::prioritise, "operator", "a friend",
                                         std::move(more));
            break;
        }
        default:
            break;
    }
    if (answer) co_return true;
    if (answer.error().is(codes::operation_past_pivot)) probes.hit(probe::cancel_refused);
    // A refusal is an answer; a journal that is away is not.
    co_return answer.error().kind() == fault_kind::permanent;
}

// He says of a generation only what the chain itself says for good, and waits until it does.
task<bool> clients::resolve(process& p, uuid id) {
    const auto* known = world_.judges.find(id);
    if (known == nullptr || known->generations.empty() || !known->now.live) co_return true;
    const auto& newest = known->generations.back();
    const auto& chain = world_.chain;
    const auto final = chain.view(model::commitment::finalized, 0);
    const auto* landed = chain.find(newest.signature);
    saga::resolution word{.reference = newest.signature, .generation = newest.generation};
    word.landed = landed != nullptr && landed->error.is_null() && landed->slot <= final.slot;
    const bool failed = landed != nullptr && !landed->error.is_null() && landed->slot <= final.slot;
    const bool expired = landed == nullptr && final.height > newest.last_valid_height;
    const bool dead = failed || expired;
    if (!word.landed && !dead) co_return false;
    word.accept_risk = dead;
    const auto answer = co_await p.engine().resolve(id, "operator", "seen", std::move(word));
    co_return answer || answer.error().kind() == fault_kind::permanent ||
        answer.error().is(codes::operation_generation_changed);
}

void clients::committed(const known_operation& op, duration age) {
    const auto& at = world_.today.workload.cancel_at;
    if (at.empty() || op.now.step_name != at || !changed_minds_.insert(op.client).second) return;
    add(act_kind::cancel, op.client, age + 1ms);
}

}  // namespace thole::sim
