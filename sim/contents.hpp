#pragma once

// The daemon's own content store as a saga sees it (archive and images in one), twice: in memory,
// for many worlds a second, and the production store on its folder. Both on the loop itself: a
// simulation has no threads for a pool to run on.

#include <functional>
#include <map>
#include <set>

#include "ipfs/content_store.hpp"
#include "nft/images.hpp"

namespace thole::sim {

class contents : public ipfs::archive, public nft::images {};

// Survives processes. Single-owner.
class memory_contents final : public contents {
  public:
    ipfs::cid keep(bytes_view content);
    [[nodiscard]] std::vector<std::string> owners_of(const ipfs::cid& id) const;
    // Everything that somebody pinned, by CID text.
    [[nodiscard]] std::map<std::string, std::set<std::string>> pins() const;
    [[nodiscard]] bool has(const ipfs::cid& id) const { return held_.contains(id); }

    name label() const noexcept override { return label_; }
    task<result<ipfs::pin_receipt>> put(ipfs::upload what, deadline until) override;
    task<result<ipfs::pin_state>> status(ipfs::cid id, deadline until) override;
    task<result<>> unpin(ipfs::pin_receipt receipt, deadline until) override;
    task<result<>> check(deadline until) override;
    task<result<>> release(std::string owner, deadline until) override;
    task<result<nft::held_image>> find(ipfs::cid id) override;
    std::shared_ptr<ipfs::content_source> source(const ipfs::cid& id) override;

  private:
    name label_{"own"};
    std::map<ipfs::cid, std::shared_ptr<const bytes>> held_;
    std::map<ipfs::cid, std::set<std::string, std::less<>>> owners_;
};

// Opened by each process; throws when the folder is locked or broken.
class folder_contents final : public contents {
  public:
    using store_clock = std::function<store_time()>;
    folder_contents(const std::string& folder, store_clock now);

    name label() const noexcept override { return label_; }
    task<result<ipfs::pin_receipt>> put(ipfs::upload what, deadline until) override;
    task<result<ipfs::pin_state>> status(ipfs::cid id, deadline until) override;
    task<result<>> unpin(ipfs::pin_receipt receipt, deadline until) override;
    task<result<>> check(deadline until) override;
    task<result<>> release(std::string owner, deadline until) override;
    task<result<nft::held_image>> find(ipfs::cid id) override;
    std::shared_ptr<ipfs::content_source> source(const ipfs::cid& id) override;

  private:
    name label_{"own"};
    std::unique_ptr<ipfs::content_store> store_;
    store_clock now_;
};

// Pins of a content store, by CID text.
[[nodiscard]] std::map<std::string, std::set<std::string>> pins_of(const ipfs::content_store&);
[[nodiscard]] std::unique_ptr<ipfs::content_store> open_contents(const std::string& folder);

}  // namespace thole::sim
