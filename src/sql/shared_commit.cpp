#include "sql/shared_commit.hpp"

#include <algorithm>

namespace thole::sql {

void shared_commit::refuse_rest(std::span<job* const> all, const fault& why) {
    for (auto* each : all) {
        if (each->failed() == nullptr) each->refuse(why);
    }
}

void shared_commit::in_one_transaction(database& db, std::span<job* const> all) {
    auto together = transaction::begin(db);
    if (!together) return refuse_rest(all, together.error());
    for (auto* each : all) {
        auto alone = transaction::begin(db);
        if (!alone) return refuse_rest(all, alone.error());
        each->work();
        if (each->failed() == nullptr) {
            if (auto kept = alone->commit(); !kept) each->refuse(kept.error());
        }
        // Some errors (a full disk) end the whole transaction, with what the others had written.
        if (db.in_transaction()) continue;
        const auto* why = each->failed();
        return refuse_rest(all, why != nullptr ? *why : fault{codes::db_unavailable});
    }
    if (auto done = together->commit(); !done) refuse_rest(all, done.error());
}

void shared_commit::carry_out(std::span<job* const> all) {
    if (auto db = owner_.connection(); !db) {
        refuse_rest(all, db.error());
    } else if (all.size() == 1) {
        all.front()->work();
    } else {
        in_one_transaction(**db, all);
    }
    const bool lost = std::ranges::any_of(all, [](const job* each) {
        return each->failed() != nullptr && each->failed()->is(codes::db_unavailable);
    });
    if (lost) owner_.lose_connection();
}

}  // namespace thole::sql
