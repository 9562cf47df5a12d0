#include "sim/checkers/checker.hpp"

namespace thole::sim {

std::vector<checker_maker> all_checkers() {
    return {nothing_is_lost,    one_key_one_operation,
            one_mint,           completed_holds,
            death_is_true,      journaled_first,
            events_fold,        step_once,
            nothing_left,       one_at_a_time,
            undone_in_reverse,  load_within_budget,
            one_home_for_retry, attempts_are_true,
            fence_holds,        within_limits,
            orders_hold,        children_first,
            rounds_begin,       drifts_end,
            within_pace,        filled_once};
}

}  // namespace thole::sim
