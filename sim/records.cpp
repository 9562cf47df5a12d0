#include "sim/records.hpp"

#include "thole/codes.hpp"

namespace thole::sim {

task<result<>> reached_records::travel() {
    const duration takes{chance_.between(200'000, 3'000'000)};
    if (auto slept = co_await loop_.sleep_for(takes); !slept) co_return slept;
    if (troubles_.away) co_return fail(codes::db_unavailable);
    co_return result<>{};
}

template <class T>
task<T> reached_records::write(task<T> call) {
    if (auto there = co_await travel(); !there) co_return fail(there.error());
    if (happens(troubles_.conflict)) co_return fail(codes::db_conflict);
    auto answer = co_await std::move(call);
    if (answer && happens(troubles_.cut)) {
        co_return std::unexpected{fault{codes::db_unavailable}.with_effect(fault_effect::unknown)};
    }
    co_return answer;
}

template <class T>
task<T> reached_records::read(task<T> call) {
    if (auto there = co_await travel(); !there) co_return fail(there.error());
    co_return co_await std::move(call);
}

task<result<nft::record>> reached_records::upsert(nft::record wanted) {
    return write(upsert_seen(std::move(wanted)));
}
task<result<nft::record>> reached_records::upsert_seen(nft::record wanted) {
    auto answer = co_await inner_.upsert(std::move(wanted));
    if (answer) tell_(*answer);
    co_return answer;
}
task<result<nft::record>> reached_records::converge(nft::record from_chain) {
    return write(converge_seen(std::move(from_chain)));
}
task<result<nft::record>> reached_records::converge_seen(nft::record from_chain) {
    auto answer = co_await inner_.converge(std::move(from_chain));
    if (answer) tell_(*answer);
    co_return answer;
}
task<result<bool>> reached_records::mark_rolled_back(uuid operation, store_time now) {
    return write(roll_back_seen(operation, now));
}
task<result<bool>> reached_records::roll_back_seen(uuid operation, store_time now) {
    auto answer = co_await inner_.mark_rolled_back(operation, now);
    if (answer && *answer) {
        const auto row = co_await inner_.find(operation);
        if (row && *row) tell_(**row);
    }
    co_return answer;
}
task<result<std::optional<nft::record>>> reached_records::find(uuid operation) {
    return read(inner_.find(operation));
}
task<result<std::optional<nft::record>>> reached_records::find_mint(std::string mint) {
    return read(inner_.find_mint(std::move(mint)));
}
task<result<std::vector<nft::record>>> reached_records::of_account(std::string account, int limit) {
    return read(inner_.of_account(std::move(account), limit));
}
task<result<std::vector<nft::record>>> reached_records::page(std::optional<uuid> after, int limit) {
    return read(inner_.page(after, limit));
}
task<result<std::vector<uuid>>> reached_records::missing(std::vector<uuid> of) {
    return read(inner_.missing(std::move(of)));
}
task<result<std::optional<uuid>>> reached_records::minting(std::string account) {
    return read(inner_.minting(std::move(account)));
}
task<result<>> reached_records::probe() {
    return write(inner_.probe());
}
task<result<std::uint64_t>> reached_records::live() {
    return read(inner_.live());
}
task<result<std::optional<std::string>>> reached_records::meta(std::string name) {
    return read(inner_.meta(std::move(name)));
}
task<result<>> reached_records::set_meta(std::string name, std::string value) {
    return write(inner_.set_meta(std::move(name), std::move(value)));
}

}  // namespace thole::sim
