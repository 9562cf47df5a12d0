#pragma once

// Who pinned what, in memory: about 130 bytes a pin.
//
//   pin_table pins;
//   pins.add(image, "hold:0190…");                  // true: it was not there
//   pins.of_owner("hold:0190…");                    // contents
//   pins.owners_like("hold:");                      // sorted
//
// Each pin is one block of memory (owner, then CID) in an ordered set, so everything about an owner
// is one search. A million mints have millions of pins, which is why there is no second index: what
// is asked of a content alone, is it pinned, its store counts. CIDs are version 1. Pure; not for
// several threads.

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ipfs/codec/cid.hpp"

namespace thole::ipfs {

class pin_table {
  public:
    static constexpr std::size_t longest_owner = 128;
    // 1 to 128 letters, digits or . _ : -
    [[nodiscard]] static bool is_owner(std::string_view text) noexcept;

    // Whether that changed anything.
    bool add(const cid& content, std::string_view owner);
    bool remove(const cid& content, std::string_view owner);

    [[nodiscard]] bool contains(const cid& content, std::string_view owner) const;
    [[nodiscard]] std::vector<cid> of_owner(std::string_view owner) const;  // sorted
    [[nodiscard]] std::vector<std::string> owners_like(std::string_view prefix) const;
    // Looks at every pin.
    [[nodiscard]] std::vector<std::string> owners_of(const cid& content) const;  // sorted
    [[nodiscard]] std::size_t size() const noexcept { return pins_.size(); }

    // visit(const cid&, std::string_view owner)
    template <class Visit>
    void each(Visit visit) const {
        for (const auto& packed : pins_) {
            const auto pin = unpack(packed);
            visit(pin.content(), pin.owner);
        }
    }

  private:
    // Length of the owner, owner, codec, digest.
    using block = std::unique_ptr<std::uint8_t[]>;
    static constexpr std::size_t cid_size = 1 + sizeof(sha256_digest);
    struct view {
        std::string_view owner;
        std::string_view packed_cid;
        [[nodiscard]] cid content() const noexcept;
        friend auto operator<=>(const view&, const view&) noexcept = default;
    };
    static view unpack(const block& packed) noexcept {
        const auto* at = reinterpret_cast<const char*>(packed.get());
        const std::size_t length = packed[0];
        return {{at + 1, length}, {at + 1 + length, cid_size}};
    }
    struct in_order {
        using is_transparent = void;
        bool operator()(const block& a, const block& b) const { return unpack(a) < unpack(b); }
        bool operator()(const view& a, const block& b) const { return a < unpack(b); }
        bool operator()(const block& a, const view& b) const { return unpack(a) < b; }
    };
    std::set<block, in_order> pins_;
};

}  // namespace thole::ipfs
