#include "thole/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "thole/assert.hpp"

namespace thole {

namespace {

// Timers moved in one tick per level, so that a tick stays far below a millisecond.
constexpr std::uint32_t portion = 2048;
constexpr auto all = std::numeric_limits<std::uint32_t>::max();

}  // namespace

timer_wheel::timer_wheel(time_point start, duration tick, std::size_t reserve)
    : start_{start}, tick_{tick} {
    THOLE_ASSERT(tick > duration::zero(), "a tick takes time");
    nodes_.reserve(first_node + reserve);
    for (std::uint32_t head = 0; head < first_node; ++head) nodes_.push_back({head, head, 0, 0, 0});
}

std::uint64_t timer_wheel::elapsed(time_point now) const noexcept {
    return now <= start_ ? 0 : static_cast<std::uint64_t>((now - start_) / tick_);
}

// Rounded up: a timer never fires early.
std::uint32_t timer_wheel::due_tick(time_point at) const noexcept {
    const auto since = at <= start_ ? 0 : static_cast<std::uint64_t>((at - start_).count());
    const auto tick = static_cast<std::uint64_t>(tick_.count());
    const auto due = since / tick + (since % tick != 0 ? 1 : 0);
    const auto ahead = due <= now_ticks_ ? 1 : std::min<std::uint64_t>(due - now_ticks_, longest);
    return static_cast<std::uint32_t>(now_ticks_ + ahead);
}

// The list for what is due then: by how far away it is, the level; by when, the list.
std::uint32_t timer_wheel::head_for(std::uint32_t due) const noexcept {
    const auto ahead = due - static_cast<std::uint32_t>(now_ticks_);
    const auto level = (static_cast<unsigned>(std::bit_width(ahead | 1U)) - 1) / level_bits;
    return level * heads_per_level + ((due >> (level * level_bits)) & (lists - 1));
}

void timer_wheel::link(std::uint32_t head, std::uint32_t index) noexcept {
    auto& n = nodes_[index];
    auto& h = nodes_[head];
    n.previous = head;
    n.next = h.next;
    nodes_[h.next].previous = index;
    h.next = index;
}

void timer_wheel::unlink(std::uint32_t index) noexcept {
    const auto& n = nodes_[index];
    nodes_[n.previous].next = n.next;
    nodes_[n.next].previous = n.previous;
}

// Puts the whole list `from` in front of `to`.
void timer_wheel::splice(std::uint32_t from, std::uint32_t to) noexcept {
    if (is_empty(from)) return;
    auto& f = nodes_[from];
    auto& t = nodes_[to];
    nodes_[f.previous].next = t.next;
    nodes_[t.next].previous = f.previous;
    nodes_[f.next].previous = to;
    t.next = f.next;
    f.next = f.previous = from;
}

// Precondition: unlinked.
void timer_wheel::release(std::uint32_t index) noexcept {
    auto& n = nodes_[index];
    if (++n.generation == 0) n.generation = 1;
    n.next = free_;
    n.previous = index;
    free_ = index;
    --armed_;
}

timer_id timer_wheel::arm(time_point at, std::uint64_t data) {
    auto index = free_;
    if (index == 0) {
        THOLE_ASSERT(nodes_.size() < all, "fewer than 2^32 timers");
        index = static_cast<std::uint32_t>(nodes_.size());
        nodes_.push_back({0, 0, 0, 1, 0});
    } else {
        free_ = nodes_[index].next;
    }
    auto& n = nodes_[index];
    n.due = due_tick(at);
    n.data = data;
    link(head_for(n.due), index);
    ++armed_;
    return {index, n.generation};
}

bool timer_wheel::cancel(timer_id id) noexcept {
    if (id.index < first_node || id.index >= nodes_.size()) return false;
    if (nodes_[id.index].generation != id.generation) return false;
    unlink(id.index);
    release(id.index);
    return true;
}

bool timer_wheel::rearm(timer_id id, time_point at) noexcept {
    if (id.index < first_node || id.index >= nodes_.size()) return false;
    auto& n = nodes_[id.index];
    if (n.generation != id.generation) return false;
    unlink(id.index);
    n.due = due_tick(at);
    link(head_for(n.due), id.index);
    return true;
}

std::optional<std::uint32_t> timer_wheel::pop_due() noexcept {
    const auto index = nodes_[due_head].next;
    if (index == due_head) return std::nullopt;
    unlink(index);
    return index;
}

// One tick. Of a level's list whose span begins at T, what is due early in it is spread from a
// quarter of a span before T on; the rest cannot be told apart from the span before yet, waits in
// the level's last list and is spread after T, before the next list's turn.
void timer_wheel::step() noexcept {
    ++now_ticks_;
    const auto now = static_cast<std::uint32_t>(now_ticks_);
    for (unsigned level = levels - 1; level > 0; --level) {
        const auto base = level * heads_per_level;
        const auto late = base + lists;
        const auto phase = now & (span(level) - 1);
        const auto lead = span(level) / 4;
        const auto list_at = [&](std::uint32_t tick) {
            return base + ((tick >> (level * level_bits)) & (lists - 1));
        };
        if (phase == 0) {
            spread(level, list_at(now), all);
        } else if (phase >= span(level) - lead) {
            if (phase == span(level) - lead) spread(level, late, all);
            spread(level, list_at(now + span(level)), portion);
        } else if (!is_empty(late)) {
            spread(level, late, portion);
        }
    }
    splice(now & (lists - 1), due_head);
}

// Moves timers of one list to where they belong now; those that still belong here, to the late
// list.
void timer_wheel::spread(unsigned level, std::uint32_t head, std::uint32_t most) noexcept {
    const auto late = level * heads_per_level + lists;
    const auto now = static_cast<std::uint32_t>(now_ticks_);
    for (; most > 0 && !is_empty(head); --most) {
        const auto index = nodes_[head].next;
        unlink(index);
        const auto due = nodes_[index].due;
        if (due == now) {
            link(due_head, index);
        } else {
            link(due - now < span(level) ? head_for(due) : late, index);
        }
    }
}

std::optional<time_point> timer_wheel::next() const noexcept {
    if (armed_ == 0) return std::nullopt;
    return saturating_add(start_, saturating_multiply(tick_, now_ticks_ + ticks_to_next()));
}

std::uint64_t timer_wheel::ticks_to_next() const noexcept {
    if (armed_ == 0) return std::numeric_limits<std::uint64_t>::max() / 2;
    const auto now = static_cast<std::uint32_t>(now_ticks_);
    std::uint64_t wait = longest;
    for (unsigned level = 0; level < levels; ++level) {
        const auto base = level * heads_per_level;
        const auto shift = level * level_bits;
        const auto phase = now & (span(level) - 1);
        const auto lead = level == 0 ? 0 : span(level) / 4;
        if (!is_empty(base + lists)) {
            wait =
                std::min<std::uint64_t>(wait, phase + lead < span(level) ? 1 : span(level) - phase);
        }
        const auto current = now >> shift;
        for (std::uint32_t ahead = 1; ahead <= lists; ++ahead) {
            if (is_empty(base + ((current + ahead) & (lists - 1)))) continue;
            const auto begins = (static_cast<std::uint64_t>(current) + ahead) << shift;
            const auto until = begins - now;
            wait = std::min(wait, until > lead ? until - lead : 1);
            break;
        }
    }
    return wait;
}

}  // namespace thole
