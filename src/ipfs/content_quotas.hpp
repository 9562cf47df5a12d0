#pragma once

// Which providers have no room left, by what the operator says that each may keep.
//
//   content_quotas quotas{{{"pinata", 1'000'000'000}}, ledger_totals, ledger_providers, loop};
//   const auto room = co_await quotas.look(picture, 12'000);  // full: nobody
//   quotas.promise("pinata", 12'000);                         // an upload of so many begins
//
// The problem: no API tells what is left of a plan (Pinata's tells what is used; Kubo's StorageMax
// is where it begins to collect garbage, and no limit), so a mint would learn of it by a refused
// upload. What is kept, the pin ledger knows: its sums are read at most once a minute, and what was
// promised since counts on top. So a quota may be passed by what is under way when they are read.
// A content that somebody keeps at a provider is paid for there, and needs no more room. Who pins
// beside us counts in no sum: the quota is what is left for us.
//
// Threads: the core loop. Lifetime: what the functions refer to and the loop outlive it. Errors:
// the ledger's.

#include "io/shared_answer.hpp"
#include "ipfs/content_costs.hpp"
#include "thole/name.hpp"

namespace thole::ipfs {

class content_quotas {
  public:
    static constexpr duration fresh_enough = std::chrono::minutes{1};

    struct quota {
        std::string provider;
        std::uint64_t bytes = 0;
    };
    // Where anybody keeps, or may keep, the content.
    using ledger_providers = std::function<task<result<std::vector<std::string>>>(std::string cid)>;

    content_quotas(std::vector<quota> quotas, content_costs::ledger_figures kept,
                   ledger_providers providers_of, const io::loop& time);

    [[nodiscard]] bool any() const noexcept { return !places_.empty(); }

    struct room {
        std::vector<name> full;
        std::vector<std::string> there;  // the content is there already
    };
    [[nodiscard]] task<result<room>> look(const cid& content, std::uint64_t bytes);
    void promise(std::string_view provider, std::uint64_t bytes);
    // Of what was promised nothing came.
    void take_back(std::string_view provider, std::uint64_t bytes);

  private:
    struct place {
        quota limit;
        std::uint64_t kept = 0;
        std::uint64_t promised = 0;  // since the ledger was read
    };
    [[nodiscard]] place* find(std::string_view provider);
    [[nodiscard]] task<result<>> read();

    std::vector<place> places_;
    content_costs::ledger_figures kept_;
    ledger_providers providers_of_;
    const io::loop& loop_;
    io::shared_answer<result<>> looked_;
};

}  // namespace thole::ipfs
