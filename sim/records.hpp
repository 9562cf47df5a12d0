#pragma once

// The customer's database as a process reaches it: the production records behind a way that takes
// time, deadlocks, and loses its connection after COMMIT. Tells a witness what every write left.

#include <functional>

#include "io/loop.hpp"
#include "nft/records.hpp"
#include "thole/rng.hpp"

namespace thole::sim {

struct record_troubles {
    int conflict = 0;  // ‰ of the writes deadlock
    int cut = 0;       // ‰ are committed, and the connection is gone
    bool away = false;
};

class reached_records final : public nft::records {
  public:
    using witness = std::function<void(const nft::record&)>;
    reached_records(nft::records& inner, io::loop& loop, const record_troubles& troubles,
                    witness tell, std::uint64_t seed)
        : inner_{inner}, loop_{loop}, troubles_{troubles}, tell_{std::move(tell)}, chance_{seed} {}

    task<result<nft::record>> upsert(nft::record wanted) override;
    task<result<nft::record>> converge(nft::record from_chain) override;
    task<result<bool>> mark_rolled_back(uuid operation, store_time now) override;
    task<result<std::optional<nft::record>>> find(uuid operation) override;
    task<result<std::optional<nft::record>>> find_mint(std::string mint) override;
    task<result<std::vector<nft::record>>> of_account(std::string account, int limit) override;
    task<result<std::vector<nft::record>>> page(std::optional<uuid> after, int limit) override;
    task<result<std::vector<uuid>>> missing(std::vector<uuid> of) override;
    task<result<std::optional<uuid>>> minting(std::string account) override;
    task<result<>> probe() override;
    task<result<std::uint64_t>> live() override;
    task<result<std::optional<std::string>>> meta(std::string name) override;
    task<result<>> set_meta(std::string name, std::string value) override;

  private:
    template <class T>
    task<T> write(task<T> call);
    template <class T>
    task<T> read(task<T> call);
    task<result<>> travel();
    [[nodiscard]] bool happens(int permille) {
        return permille > 0 && chance_.chance(static_cast<std::uint64_t>(permille), 1000);
    }
    task<result<nft::record>> upsert_seen(nft::record wanted);
    task<result<nft::record>> converge_seen(nft::record from_chain);
    task<result<bool>> roll_back_seen(uuid operation, store_time now);

    nft::records& inner_;
    io::loop& loop_;
    const record_troubles& troubles_;
    witness tell_;
    rng chance_;
};

}  // namespace thole::sim
