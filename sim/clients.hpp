#pragma once

// Those who ask: clients that submit and ask again until they are answered, that repeat
// themselves, change their minds, and operators who meddle. They outlive processes: what a dead
// one did not answer is asked again of the next.
//
//   clients crowd{where};
//   crowd.step(processes, age);                  // begins what is due
//
// Single-owner, on the loops of the processes of the moment.

#include <queue>
#include <set>

#include "sim/process.hpp"

namespace thole::sim {

enum class act_kind : std::uint8_t {
    submit,
    repeat,
    contradict,
    cancel,
    retry,
    close,
    fail,
    pause,
    resume,
    prioritise,
    hold,     // its whole kind
    release,  // …
    resolve,  // by what the chain says of the newest generation, once it says it for good
    skip,     // the invitation, of orders
    reopen,   // at their first step
    edit,
    migrate,
    act_on_all,  // orders of one tag; with a window in which …
    undo         // … it is taken back
};

struct act {
    duration at{};
    int number = 0;  // in order of making: breaks ties
    act_kind kind = act_kind::submit;
    int client = 0;
};

class clients {
  public:
    explicit clients(world& where);

    // Age at which somebody does something next.
    [[nodiscard]] std::optional<duration> next() const;
    // Begins what is due, each at one of these; none: it waits.
    void step(std::span<process* const> at, duration age);
    // It is gone: what was on its way there is asked again.
    void process_ended(const process& p, duration age);
    // Nobody wants anything any more.
    [[nodiscard]] bool is_over() const noexcept { return waiting_.empty() && under_way_.empty(); }
    // An operator's act, added by the run's last hour.
    void add(act_kind kind, int client, duration at);
    // Of what nobody asked for, as a child: its row, negative, in the place of the client.
    [[nodiscard]] std::optional<uuid> id_of(int client) const;
    [[nodiscard]] std::size_t accepted() const noexcept { return ids_.size(); }
    // To be told of every commit: some change their minds at a certain step.
    void committed(const known_operation& op, duration age);

  private:
    struct later {
        bool operator()(const act& a, const act& b) const noexcept {
            return a.at != b.at ? a.at > b.at : a.number > b.number;
        }
    };
    struct errand {
        act what;
        const process* at = nullptr;
    };
    task<> carry_out(process& p, act what);
    task<bool> submit(process& p, act what);
    task<bool> command(process& p, act what);
    task<bool> resolve(process& p, uuid id);
    task<bool> act_on_order(process& p, act what, uuid id);
    task<bool> act_on_all(process& p, act what);
    task<bool> undo(process& p, act what);
    void intervene(int client, duration at);
    void make_orders();
    void again(act what, duration after, duration age);

    world& world_;
    rng chance_;
    int made_ = 0;
    std::priority_queue<act, std::vector<act>, later> waiting_;
    std::map<int, errand> under_way_;  // by number
    std::map<int, uuid> ids_;          // by client, once accepted
    std::set<int> changed_minds_;
    std::map<int, uuid> acts_;    // bulk ones that can be undone, by number
    std::multiset<int> holding_;  // clients whose hold was answered and who have not released it
};

}  // namespace thole::sim
