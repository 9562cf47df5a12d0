#include "sim/gates.hpp"

namespace thole::sim {

task<result<nft::record>> gated_records::upsert(nft::record wanted) {
    return gate_.pass(inner_.upsert(std::move(wanted)));
}
task<result<nft::record>> gated_records::converge(nft::record from_chain) {
    return gate_.pass(inner_.converge(std::move(from_chain)));
}
task<result<bool>> gated_records::mark_rolled_back(uuid operation, store_time now) {
    return gate_.pass(inner_.mark_rolled_back(operation, now));
}
task<result<std::optional<nft::record>>> gated_records::find(uuid operation) {
    return gate_.pass(inner_.find(operation));
}
task<result<std::optional<nft::record>>> gated_records::find_mint(std::string mint) {
    return gate_.pass(inner_.find_mint(std::move(mint)));
}
task<result<std::vector<nft::record>>> gated_records::of_account(std::string account, int limit) {
    return gate_.pass(inner_.of_account(std::move(account), limit));
}
task<result<std::vector<nft::record>>> gated_records::page(std::optional<uuid> after, int limit) {
    return gate_.pass(inner_.page(after, limit));
}
task<result<std::vector<uuid>>> gated_records::missing(std::vector<uuid> of) {
    return gate_.pass(inner_.missing(std::move(of)));
}
task<result<std::optional<uuid>>> gated_records::minting(std::string account) {
    return gate_.pass(inner_.minting(std::move(account)));
}
task<result<>> gated_records::probe() {
    return gate_.pass(inner_.probe());
}
task<result<std::uint64_t>> gated_records::live() {
    return gate_.pass(inner_.live());
}
task<result<std::optional<std::string>>> gated_records::meta(std::string name) {
    return gate_.pass(inner_.meta(std::move(name)));
}
task<result<>> gated_records::set_meta(std::string name, std::string value) {
    return gate_.pass(inner_.set_meta(std::move(name), std::move(value)));
}

task<result<>> gated_ledger::keep_session(ipfs::pin_row row, std::string session) {
    return gate_.pass(inner_.keep_session(std::move(row), std::move(session)));
}
task<result<ipfs::pin_try>> gated_ledger::intend(ipfs::pin_row row) {
    return gate_.pass(inner_.intend(std::move(row)));
}
task<result<>> gated_ledger::confirm(ipfs::pin_row row) {
    return gate_.pass(inner_.confirm(std::move(row)));
}
task<result<>> gated_ledger::forget(ipfs::pin_row row) {
    return gate_.pass(inner_.forget(std::move(row)));
}
task<result<std::vector<std::string>>> gated_ledger::owners(std::string after, int limit) {
    return gate_.pass(inner_.owners(std::move(after), limit));
}
task<result<std::vector<ipfs::pin_row>>> gated_ledger::of_owner(std::string owner) {
    return gate_.pass(inner_.of_owner(std::move(owner)));
}
task<result<bool>> gated_ledger::leave(ipfs::pin_row row) {
    return gate_.pass(inner_.leave(std::move(row)));
}

task<result<ipfs::pin_receipt>> gated_contents::put(ipfs::upload what, deadline until) {
    return gate_.pass(inner_.put(std::move(what), until));
}
task<result<ipfs::pin_state>> gated_contents::status(ipfs::cid id, deadline until) {
    return inner_.status(id, until);
}
task<result<>> gated_contents::unpin(ipfs::pin_receipt receipt, deadline until) {
    return gate_.pass(unpin_seen(std::move(receipt), until));
}
task<result<>> gated_contents::unpin_seen(ipfs::pin_receipt receipt, deadline until) {
    judges_.unpinned(receipt.cid, receipt.id);
    co_return co_await inner_.unpin(std::move(receipt), until);
}
task<result<>> gated_contents::check(deadline until) {
    return gate_.pass(inner_.check(until));
}
task<result<>> gated_contents::release(std::string owner, deadline until) {
    return gate_.pass(release_seen(std::move(owner), until));
}
task<result<>> gated_contents::release_seen(std::string owner, deadline until) {
    judges_.unpinned("everything", owner);
    co_return co_await inner_.release(std::move(owner), until);
}
task<result<nft::held_image>> gated_contents::find(ipfs::cid id) {
    return gate_.pass(inner_.find(id));
}
std::shared_ptr<ipfs::content_source> gated_contents::source(const ipfs::cid& id) {
    return inner_.source(id);
}

}  // namespace thole::sim
