#pragma once

// One daemon of a run over its lives: the process of the moment, or the wait for the next; and
// those before it, until what they had sent has arrived.
//
//   node one{where, seams, crowd, 0};
//   one.step();                                  // begins, runs what is ready, ends
//   where.set_age(*one.next()); one.advance();   // to the age of the world
//
// Single-owner.

#include "sim/clients.hpp"

namespace thole::sim {

struct life_span {
    int writes = 0;
    int calls = 0;
    bool died = false;  // else it ended in order
};

class node {
  public:
    node(world& where, const seams& with, clients& crowd, int number)
        : world_{where}, seams_{with}, crowd_{crowd}, number_{number} {}

    // What befalls it in a certain life, from its start (fault_event::life).
    void script(fault_event what) { scripted_.push_back(std::move(what)); }
    // When it does something by itself next.
    [[nodiscard]] duration next() const;
    void advance();
    void step();
    // A fault of a process begins.
    void befall(const fault_event& what);
    void weather_changed();
    void step_wall(std::chrono::microseconds by);
    // The run is over: whatever is left of it goes.
    void close();

    // Null: it is down, being stopped, or stands still.
    [[nodiscard]] process* serving() const noexcept;
    // Neither down nor being stopped.
    [[nodiscard]] bool is_well() const noexcept { return serving() != nullptr; }
    // Tells the court who is still calling. Precondition: is_well().
    void report_in_flight() const { up_->report_in_flight(); }
    [[nodiscard]] const std::vector<life_span>& lives() const noexcept { return lives_; }

  private:
    struct late {
        std::unique_ptr<process> who;
        duration until{};
    };
    void begin();
    void arm(const fault_event& what);
    void stop();
    void end(bool died);
    void bury(std::unique_ptr<process> who, bool died);
    void tell_of_death();

    world& world_;
    const seams& seams_;
    clients& crowd_;
    const int number_;
    std::unique_ptr<process> up_;
    std::vector<late> late_;
    std::vector<life_span> lives_;
    std::vector<fault_event> scripted_;
    std::vector<fault_event> arm_next_;  // what befell while no process was there
    std::optional<fault_event> armed_;
    duration back_at_{};
    duration downtime_{};
    std::optional<duration> still_until_;
    bool killed_ = false;
    bool power_cut_ = false;
    bool stopping_ = false;
};

}  // namespace thole::sim
