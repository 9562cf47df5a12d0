#include "io/timer_queue.hpp"

#include <algorithm>

#include "thole/assert.hpp"

namespace thole::io {

namespace {

// Four children: half the depth of a binary heap, and they share cache lines.
constexpr std::size_t arity = 4;

constexpr std::size_t parent_of(std::size_t index) {
    return (index - 1) / arity;
}

}  // namespace

timer_queue::entry::~entry() {
    THOLE_ASSERT(!armed(), "a timer is disarmed before it is destroyed");
}

void timer_queue::place(entry& which, std::size_t index) noexcept {
    heap_[index] = &which;
    which.index_ = index;
}

void timer_queue::sift_up(std::size_t index) noexcept {
    auto& moving = *heap_[index];
    while (index > 0 && before(moving, *heap_[parent_of(index)])) {
        place(*heap_[parent_of(index)], index);
        index = parent_of(index);
    }
    place(moving, index);
}

void timer_queue::sift_down(std::size_t index) noexcept {
    auto& moving = *heap_[index];
    for (;;) {
        const auto first = index * arity + 1;
        if (first >= heap_.size()) break;
        auto least = first;
        for (auto child = first + 1; child < std::min(first + arity, heap_.size()); ++child) {
            if (before(*heap_[child], *heap_[least])) least = child;
        }
        if (!before(*heap_[least], moving)) break;
        place(*heap_[least], index);
        index = least;
    }
    place(moving, index);
}

void timer_queue::arm(entry& which, time_point at) {
    if (which.armed()) {
        disarm(which);
    }
    which.at_ = at;
    which.order_ = next_order_++;
    heap_.push_back(&which);
    sift_up(heap_.size() - 1);
}

void timer_queue::disarm(entry& which) noexcept {
    if (!which.armed()) return;
    const auto hole = which.index_;
    THOLE_ASSERT(hole < heap_.size() && heap_[hole] == &which, "a timer belongs to one queue");
    which.index_ = entry::nowhere;
    auto& last = *heap_.back();
    heap_.pop_back();
    if (&last == &which) return;
    place(last, hole);
    sift_down(hole);
    sift_up(last.index_);
}

std::optional<time_point> timer_queue::next() const noexcept {
    return heap_.empty() ? std::nullopt : std::optional{heap_.front()->at_};
}

timer_queue::entry* timer_queue::pop_due(time_point now) noexcept {
    if (heap_.empty() || heap_.front()->at_ > now) return nullptr;
    auto* first = heap_.front();
    disarm(*first);
    return first;
}

}  // namespace thole::io
