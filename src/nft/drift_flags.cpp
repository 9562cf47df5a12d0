#include "nft/drift_flags.hpp"

namespace thole::nft {

task<result<>> drift_flags::load() {
    const auto text = co_await table_.meta(std::string{meta_name});
    if (!text) co_return fail(text.error());
    if (!*text) co_return result<>{};
    const auto kept = json::read<std::map<std::string, drift>>(**text);
    if (!kept) co_return result<>{};  // of a later version: it is found again
    for (const auto& [mint, what] : *kept) {
        if (const auto id = uuid::parse(mint)) open_.emplace(*id, what);
    }
    co_return result<>{};
}

task<result<>> drift_flags::set(uuid mint, drift what) {
    const auto known = open_.find(mint);
    if (known == open_.end() && open_.size() >= most) co_return result<>{};
    if (known == open_.end() || known->second != what) {
        open_[mint] = what;
        ++changes_;
    }
    co_return co_await keep();
}

task<result<>> drift_flags::clear(uuid mint) {
    const auto known = open_.extract(mint);
    if (known.empty()) co_return result<>{};
    ++changes_;
    auto kept = co_await keep();
    if (!kept && open_.emplace(mint, known.mapped()).second) ++changes_;
    co_return kept;
}

std::optional<drift> drift_flags::find(const uuid& mint) const {
    const auto known = open_.find(mint);
    if (known == open_.end()) return std::nullopt;
    return known->second;
}

task<result<>> drift_flags::keep() {
    const auto mine = changes_;
    while (writing_.is_busy()) {
        if (auto waited = co_await writing_.wait(); !waited) co_return waited;
    }
    if (kept_ >= mine) co_return result<>{};
    const solana::busy_flag::holder busy{writing_};
    const auto all = changes_;
    auto done = co_await write();
    if (done) kept_ = all;
    co_return done;
}

task<result<>> drift_flags::write() {
    std::map<std::string, drift> all;
    for (const auto& [mint, what] : open_) all.emplace(mint.text(), what);
    co_return co_await table_.set_meta(std::string{meta_name}, json::write(all));
}

}  // namespace thole::nft
