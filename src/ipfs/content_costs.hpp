#pragma once

// What kept content costs: how much each provider keeps, times the price in the configuration.
//
//   ipfs::content_costs costs{places, own_usage, ledger_totals};
//   const auto all = co_await costs.look();      // {name, contents, bytes, cost_per_month} …
//   costs.of(12'000'000, 2);                     // two copies of 12 MB a month: "0.0036 USD"
//
// A content is counted once for a provider, however many operations refer to it; a gigabyte is 10⁹
// bytes. The sum is of the contents whose size is known: with `unknown_size` it is the least. What
// a provider keeps beside ours, and its plan's minimum, are its own bill's matter.
//
// Threads: the core loop. Lifetime: what the functions refer to outlives it. Errors: the ledger's.

#include <boost/describe.hpp>
#include <functional>

#include "base/money.hpp"
#include "io/task.hpp"
#include "ipfs/content_store.hpp"
#include "ipfs/pin_ledger.hpp"

namespace thole::ipfs {

struct content_place {
    std::string name;
    std::string kind;            // "store", "kubo", "pinata", "psa"
    std::optional<money> price;  // for a gigabyte and month; nothing: not said
    bool own_store = false;      // this machine's, which the ledger does not know
};

struct place_cost {
    std::string name;
    std::optional<std::string> kind;  // nothing: not configured any more
    std::uint64_t contents = 0;
    std::uint64_t bytes = 0;
    std::uint64_t unknown_size = 0;  // contents; they are not in `bytes`
    std::uint64_t tried = 0;         // contents that may be there too: it never answered for them
    std::optional<money> price_per_gb_month;
    std::optional<money> cost_per_month{};
};
BOOST_DESCRIBE_STRUCT(place_cost, (),
                      (name, kind, contents, bytes, unknown_size, tried, price_per_gb_month,
                       cost_per_month))

class content_costs {
  public:
    static constexpr std::uint64_t gigabyte = 1'000'000'000;
    using store_figures = std::function<store_usage()>;
    using ledger_figures = std::function<task<result<std::vector<pin_total>>>()>;

    // `places` in the order in which they are used.
    content_costs(std::vector<content_place> places, store_figures own, ledger_figures remote)
        : places_{std::move(places)}, own_{std::move(own)}, remote_{std::move(remote)} {}

    // Those that are configured, in their order, and then others that still have pins.
    [[nodiscard]] task<result<std::vector<place_cost>>> look();
    // A month of so many bytes at the first so many places, by currency; places without a price add
    // nothing.
    [[nodiscard]] std::vector<money> of(std::uint64_t bytes, std::size_t copies) const;

  private:
    std::vector<content_place> places_;
    store_figures own_;
    ledger_figures remote_;
};

// By currency.
[[nodiscard]] std::vector<money> sum_of(const std::vector<place_cost>&);

}  // namespace thole::ipfs
