#include "app/stores.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <filesystem>

#include "app/start_error.hpp"

namespace thole::app {

void make_data_folder(const config& c) {
    namespace fs = std::filesystem;
    std::error_code error;
    const bool made = fs::create_directories(c.data.folder, error);
    if (error) {
        throw start_error{
            fmt::format("data.folder {} cannot be made: {}", c.data.folder, error.message())};
    }
    if (made) ::chmod(c.data.folder.c_str(), 0700);
    const auto records = fs::path{c.records.url.substr(std::string_view{"sqlite://"}.size())};
    if (!fs::is_directory(records.parent_path(), error)) {
        throw start_error{fmt::format("records.url: the folder {} does not exist",
                                      records.parent_path().string())};
    }
}

bool has_room(const config& c) noexcept {
    if (c.data.min_free_bytes == 0) return true;
    struct statvfs about{};
    // A disk that cannot be asked is judged by the write itself.
    if (::statvfs(c.data.folder.c_str(), &about) != 0) return true;
    return static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize >= c.data.min_free_bytes;
}

task<result<nft::cluster_secret>> open_secret(const config& c, nft::records& table,
                                              entropy& source) {
    const std::string meta{nft::cluster_secret::meta_name};
    const auto stored = co_await table.meta(meta);
    if (!stored) co_return fail(stored.error());
    const auto live = co_await table.live();
    if (!live) co_return fail(live.error());
    auto secret =
        nft::open_cluster_secret(c.data.folder + "/cluster-secret", *stored, *live, source);
    if (!secret) co_return secret;
    const auto kept = co_await table.set_meta(meta, secret->fingerprint());
    if (!kept) co_return fail(kept.error());
    co_return secret;
}

task<result<nft::issuers>> bind_wallet(solana::public_key wallet, nft::records& table) {
    const std::string meta{nft::wallet_meta_name};
    const std::string earlier_meta{nft::earlier_wallets_meta_name};
    const auto stored = co_await table.meta(meta);
    if (!stored) co_return fail(stored.error());
    const auto live = co_await table.live();
    if (!live) co_return fail(live.error());
    const auto same = nft::check_wallet(wallet, *stored, *live);
    if (!same) co_return fail(same.error());
    auto earlier = co_await table.meta(earlier_meta);
    if (!earlier) co_return fail(earlier.error());
    auto list = earlier->value_or(std::string{});
    if (*stored && **stored != wallet.text()) {
        list += (list.empty() ? "" : ",") + **stored;
        // Before the present one is replaced: it must not be forgotten in between.
        const auto kept = co_await table.set_meta(earlier_meta, list);
        if (!kept) co_return fail(kept.error());
    }
    const auto kept = co_await table.set_meta(meta, wallet.text());
    if (!kept) co_return fail(kept.error());
    co_return nft::wallets_of(wallet, list);
}

}  // namespace thole::app
