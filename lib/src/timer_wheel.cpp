#include "thole/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "thole/assert.hpp"

namespace thole {

using namespace std::chrono_literals;

namespace {

// Notes moved in one tick per level, so that a tick stays far below a millisecond.
constexpr std::uint32_t portion = 4096;
// A littered wheel sweeps so many blocks each time that it took so many more into use.
constexpr int blocks_swept = 4;
constexpr std::size_t spare_blocks = 16;
constexpr std::size_t cache_line = 64;
constexpr auto all = std::numeric_limits<std::uint32_t>::max();

// Has it come to the cache.
template <class T>
void fetch(const T& what) noexcept {
    for (std::size_t at = 0; at < sizeof what; at += cache_line) {
        __builtin_prefetch(reinterpret_cast<const char*>(&what) + at);
    }
}

}  // namespace

timer_wheel::timer_wheel(time_point start, duration tick, std::size_t reserve)
    : start_{start}, tick_{tick}, by_tick_{static_cast<std::uint64_t>(tick.count())} {
    THOLE_ASSERT(tick > 1ns, "a tick takes time");
    tops_.fill(none);
    stamps_.reserve(reserve);
    dues_.reserve(reserve);
    data_.reserve(reserve);
    // Every list may have a block that is not full.
    // Sweeping takes a while to find what is stale.
    if (reserve > 0) blocks_.reserve(blocks_for(reserve) + reserve / 8 / block::size);
}

std::uint64_t timer_wheel::elapsed(time_point now) const noexcept {
    return now <= start_ ? 0 : static_cast<std::uint64_t>((now - start_) / tick_);
}

// Rounded up: a timer never fires early.
std::uint32_t timer_wheel::due_tick(time_point at) const noexcept {
    const auto since = std::max(at - start_, duration::zero());
    const auto up = static_cast<std::uint64_t>(tick_.count()) - 1;
    const auto due = (static_cast<std::uint64_t>(since.count()) + up) / by_tick_;
    const auto ahead =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(due - now_ticks_), 1, longest);
    return static_cast<std::uint32_t>(now_ticks_) + static_cast<std::uint32_t>(ahead);
}

// The list for what is due then: by how far away it is, the level; by when, the list.
std::uint32_t timer_wheel::list_for(std::uint32_t due) const noexcept {
    struct level_of {
        std::uint16_t first_list = 0;
        std::uint16_t shift = 0;
    };
    static constexpr auto levels_by_width = [] {
        std::array<level_of, 33> table{};
        for (std::uint16_t width = 1; width < table.size(); ++width) {
            const auto level = static_cast<std::uint16_t>((width - 1) / level_bits);
            table[width].first_list = static_cast<std::uint16_t>(level * lists_per_level);
            table[width].shift = static_cast<std::uint16_t>(level * level_bits);
        }
        return table;
    }();
    const auto ahead = due - static_cast<std::uint32_t>(now_ticks_);
    const auto level = levels_by_width[static_cast<unsigned>(std::bit_width(ahead | 1U))];
    return level.first_list + ((due >> level.shift) & (lists - 1));
}

// ---- notes --------------------------------------------------------------------------------------

bool timer_wheel::is_armed(timer_id id) const noexcept {
    return (id.generation & 1U) != 0 && id.index < stamps_.size() &&
           stamps_[id.index] == id.generation;
}

// Armed, and armed as often as when the note was written.
bool timer_wheel::is_current(std::uint32_t note) const noexcept {
    constexpr auto tag_and_armed = (std::uint32_t{1} << (tag_bits + 1)) - 1;
    return (stamps_[note & most] & tag_and_armed) == ((note >> (32 - tag_bits)) << 1 | 1U);
}

void timer_wheel::push(std::uint32_t list, std::uint32_t note) {
    auto top = tops_[list];
    if (top == none || blocks_[top].count == block::size) [[unlikely]]
        top = add_block(list);
    auto& b = blocks_[top];
    b.notes[b.count++] = note;
}

std::uint32_t timer_wheel::pop(std::uint32_t list) noexcept {
    // What is being swept is still in its list.
    if (tops_[list] == none) tops_[list] = std::exchange(unswept_, none);
    const auto top = tops_[list];
    auto& b = blocks_[top];
    const auto note = b.notes[--b.count];
    if (b.count == 0) {
        tops_[list] = b.below;
        free_block(top);
    }
    return note;
}

[[gnu::noinline]] std::uint32_t timer_wheel::add_block(std::uint32_t list) {
    auto index = free_blocks_;
    if (index == none) {
        blocks_.emplace_back();
        index = static_cast<std::uint32_t>(blocks_.size() - 1);
    } else {
        free_blocks_ = blocks_[index].below;
    }
    blocks_[index].below = std::exchange(tops_[list], index);
    ++blocks_used_;
    return index;
}

void timer_wheel::free_block(std::uint32_t index) noexcept {
    blocks_[index].below = free_blocks_;
    blocks_[index].count = 0;
    free_blocks_ = index;
    --blocks_used_;
}

// ---- arming -------------------------------------------------------------------------------------

timer_id timer_wheel::arm(time_point at, std::uint64_t data) {
    auto index = free_;
    if (index == none) {
        THOLE_ASSERT(stamps_.size() < most, "fewer than 2^26 timers");
        index = static_cast<std::uint32_t>(stamps_.size());
        stamps_.push_back(0);
        dues_.push_back(0);
        data_.push_back(0);
    } else {
        free_ = static_cast<std::uint32_t>(data_[index]);
    }
    const timer_id id{index, stamps_[index] + 1};
    data_[index] = data;
    ++armed_;
    place(id, due_tick(at));
    return id;
}

// With a new generation, so that earlier notes are stale.
void timer_wheel::place(timer_id id, std::uint32_t due) {
    stamps_[id.index] = id.generation;
    dues_[id.index] = due;
    push(list_for(due), (id.generation >> 1) << (32 - tag_bits) | id.index);
    if (blocks_used_ > tidy_above_) [[unlikely]]
        tidy();
}

bool timer_wheel::cancel(timer_id id) noexcept {
    if (!is_armed(id)) return false;
    release(id.index);
    return true;
}

bool timer_wheel::rearm(timer_id& id, time_point at) {
    if (id.index >= stamps_.size()) return false;
    // A timer is seldom in the cache: what is written comes while `due` is computed, and what is
    // asked, last, so that the next call can begin before the answer is there.
    __builtin_prefetch(&dues_[id.index], 1);
    const auto due = due_tick(at);
    if (!is_armed(id)) return false;
    id.generation += 2;
    place(id, due);
    return true;
}

void timer_wheel::release(std::uint32_t index) noexcept {
    ++stamps_[index];
    data_[index] = free_;
    free_ = index;
    --armed_;
}

// ---- time passes --------------------------------------------------------------------------------

std::optional<std::uint32_t> timer_wheel::pop_due() noexcept {
    const auto now = static_cast<std::uint32_t>(now_ticks_);
    for (const auto list : {due_list, now & (lists - 1)}) {
        while (!is_empty(list)) {
            const auto note = pop(list);
            if (!is_current(note)) continue;
            const auto due = dues_[note & most];
            if (due == now) return note & most;
            push(list_for(due), note);
        }
    }
    return std::nullopt;
}

// One tick. Of a level's list whose span begins at T, what is due early in it is spread from a
// quarter of a span before T on; the rest cannot be told apart from the span before yet, waits in
// the level's last list and is spread after T, before the next list's turn.
void timer_wheel::step() {
    ++now_ticks_;
    const auto now = static_cast<std::uint32_t>(now_ticks_);
    for (unsigned level = levels - 1; level > 0; --level) {
        const auto base = level * lists_per_level;
        const auto late = base + lists;
        const auto phase = now & (span(level) - 1);
        const auto lead = span(level) / 4;
        const auto begins = now - phase;
        const auto list_at = [&](std::uint32_t tick) {
            return base + ((tick >> (level * level_bits)) & (lists - 1));
        };
        if (phase == 0) {
            spread(level, list_at(now), begins, all);
        } else if (phase >= span(level) - lead) {
            if (phase == span(level) - lead) spread(level, late, begins, all);
            const auto next = begins + span(level);
            spread(level, list_at(next), next, portion);
        } else if (!is_empty(late)) {
            spread(level, late, begins, portion);
        }
    }
}

// Moves what was due in the span that begins there to where it belongs now; what still belongs
// here, to the late list.
void timer_wheel::spread(unsigned level, std::uint32_t list, std::uint32_t begins,
                         std::uint32_t portion) {
    const auto late = level * lists_per_level + lists;
    const auto now = static_cast<std::uint32_t>(now_ticks_);
    for (; portion > 0 && !is_empty(list); --portion) {
        const auto note = pop(list);
        if (!is_current(note)) continue;
        const auto due = dues_[note & most];
        if (due == now) {
            push(due_list, note);
        } else {
            const bool is_late = due - begins < span(level) && due - now >= span(level);
            push(is_late ? late : list_for(due), note);
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
        const auto base = level * lists_per_level;
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

// ---- sweeping -----------------------------------------------------------------------------------

// As many as so many timers may take before it is time to sweep: full ones with three stale notes
// for four current ones, and of every list one that is not full.
std::size_t timer_wheel::blocks_for(std::size_t timers) noexcept {
    return timers / 4 * 7 / block::size + std::min<std::size_t>(timers, all_lists) + spare_blocks;
}

[[gnu::noinline]] void timer_wheel::tidy() {
    for (int i = 0; i < blocks_swept && blocks_used_ > blocks_for(armed_); ++i) sweep();
    tidy_above_ = std::max(blocks_for(armed_), blocks_used_);
}

// Looks at one block of one list, in turn, and keeps its current notes.
void timer_wheel::sweep() {
    if (unswept_ == none) {
        do {
            swept_list_ = (swept_list_ + 1) % all_lists;
        } while (is_empty(swept_list_));  // there are blocks in use
        unswept_ = std::exchange(tops_[swept_list_], none);
    }
    const auto index = unswept_;
    unswept_ = blocks_[index].below;
    if (unswept_ != none) fetch(blocks_[unswept_]);
    const auto notes = blocks_[index].notes;
    const auto looked_at = blocks_[index].count;
    free_block(index);
    std::array<std::uint32_t, block::size> current;
    std::uint32_t kept = 0;
    // Without a branch: which of them are current is a matter of chance.
    for (std::uint32_t i = 0; i < looked_at; ++i) {
        current[kept] = notes[i];
        kept += is_current(notes[i]) ? 1U : 0U;
    }
    for (std::uint32_t i = 0; i < kept; ++i) push(swept_list_, current[i]);
}

}  // namespace thole
