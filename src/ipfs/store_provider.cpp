#include "ipfs/store_provider.hpp"

#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

// Bytes of a content, as of a metadata document, that is read whole whenever it is put again.
constexpr std::uint64_t most_reread = 64U << 10U;

}  // namespace

store_provider::store_provider(name label, content_store& store, sql::blocking_pool& pool,
                               store_clock now)
    : label_{label}, store_{store}, pool_{pool}, now_{std::move(now)} {}

task<result<pin_receipt>> store_provider::put(upload what, deadline) {
    const auto now = now_();
    auto root = what.predicted;
    result<> pinned = fail(codes::not_held);
    if (store_.has(root)) {
        auto keep = [this, &what]() -> result<> {
            auto kept = store_.pin(what.predicted, what.owner);
            if (!kept || !what.size || *what.size > most_reread) return kept;
            // That it is held says nothing of its bytes.
            const auto read = store_.read_all(what.predicted);
            const bool damaged = !read && read.error().is(codes::corrupt);
            return damaged ? fail(read.error()) : kept;
        };
        pinned = co_await pool_.run(keep);
    }
    // To put it anew replaces a damaged one.
    const bool wanted =
        !pinned && (pinned.error().is(codes::not_held) || pinned.error().is(codes::corrupt));
    if (wanted) {
        const auto content = co_await what.source->load();
        if (!content) co_return std::unexpected(content.error());
        auto write = [&]() -> result<cid> {
            const auto kept = store_.put(**content, now, what.shape);
            if (!kept) return std::unexpected(kept.error());
            if (auto ok = store_.pin(kept->info.root, what.owner); !ok) {
                return std::unexpected(ok.error());
            }
            return kept->info.root;
        };
        const auto written = co_await pool_.run(write);
        if (!written) co_return std::unexpected(fault{written.error()}.at(label_, label_));
        root = *written;
    } else if (!pinned) {
        co_return std::unexpected(pinned.error());
    }
    co_return pin_receipt{std::string{label_.view()}, root.text(), what.owner};
}

task<result<pin_state>> store_provider::status(cid id, deadline) {
    co_return store_.is_pinned(id) ? pin_state::pinned : pin_state::absent;
}

task<result<>> store_provider::unpin(pin_receipt receipt, deadline) {
    const auto id = cid::parse(receipt.cid);
    if (!id) co_return std::unexpected(id.error());
    const auto now = now_();
    auto give_back = [&] { return store_.unpin(*id, receipt.id, now); };
    co_return co_await pool_.run(give_back);
}

task<result<>> store_provider::check(deadline) {
    auto probe = [this] { return store_.probe(); };
    co_return co_await pool_.run(probe);
}

task<result<>> store_provider::release(std::string owner, deadline) {
    const auto now = now_();
    auto give_back = [&] { return store_.unpin_all(owner, now); };
    co_return co_await pool_.run(give_back);
}

task<result<std::shared_ptr<const bytes>>> store_source::load() {
    auto read = [this] { return store_.read_all(id_); };
    auto content = co_await pool_.run(read);
    if (!content) co_return std::unexpected(content.error());
    co_return std::make_shared<const bytes>(*std::move(content));
}

}  // namespace thole::ipfs
