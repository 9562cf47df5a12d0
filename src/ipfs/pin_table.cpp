#include "ipfs/pin_table.hpp"

#include <algorithm>
#include <array>

#include "thole/assert.hpp"

namespace thole::ipfs {
namespace {

using packed_cid = std::array<char, 1 + sizeof(sha256_digest)>;

packed_cid pack(const cid& content) noexcept {
    packed_cid out{static_cast<char>(content.content())};
    std::ranges::copy(content.digest(), out.begin() + 1);
    return out;
}

std::string_view text_of(const packed_cid& packed) noexcept {
    return {packed.data(), packed.size()};
}

}  // namespace

cid pin_table::view::content() const noexcept {
    sha256_digest digest{};
    std::ranges::copy(packed_cid.substr(1), digest.begin());
    return cid::v1(static_cast<codec>(packed_cid[0]), digest);
}

bool pin_table::is_owner(std::string_view owner) noexcept {
    return !owner.empty() && owner.size() <= longest_owner &&
           std::ranges::all_of(owner, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '.' || c == '_' || c == ':' || c == '-';
           });
}

bool pin_table::add(const cid& content, std::string_view owner) {
    THOLE_ASSERT(owner.size() <= longest_owner, "an owner that was checked");
    const auto packed = pack(content);
    const view wanted{owner, text_of(packed)};
    const auto at = pins_.lower_bound(wanted);
    if (at != pins_.end() && unpack(*at) == wanted) return false;
    auto made = std::make_unique_for_overwrite<std::uint8_t[]>(1 + owner.size() + cid_size);
    made[0] = static_cast<std::uint8_t>(owner.size());
    std::ranges::copy(owner, made.get() + 1);
    std::ranges::copy(packed, made.get() + 1 + owner.size());
    pins_.insert(at, std::move(made));
    return true;
}

bool pin_table::remove(const cid& content, std::string_view owner) {
    const auto packed = pack(content);
    const auto at = pins_.find(view{owner, text_of(packed)});
    if (at == pins_.end()) return false;
    pins_.erase(at);
    return true;
}

bool pin_table::contains(const cid& content, std::string_view owner) const {
    const auto packed = pack(content);
    return pins_.contains(view{owner, text_of(packed)});
}

std::vector<cid> pin_table::of_owner(std::string_view owner) const {
    std::vector<cid> out;
    for (auto at = pins_.lower_bound(view{owner, {}});
         at != pins_.end() && unpack(*at).owner == owner; ++at) {
        out.push_back(unpack(*at).content());
    }
    return out;
}

std::vector<std::string> pin_table::owners_like(std::string_view prefix) const {
    std::vector<std::string> out;
    for (auto at = pins_.lower_bound(view{prefix, {}});
         at != pins_.end() && unpack(*at).owner.starts_with(prefix); ++at) {
        if (out.empty() || out.back() != unpack(*at).owner) out.emplace_back(unpack(*at).owner);
    }
    return out;
}

std::vector<std::string> pin_table::owners_of(const cid& content) const {
    const auto packed = pack(content);
    std::vector<std::string> out;
    for (const auto& each : pins_) {
        const auto pin = unpack(each);
        if (pin.packed_cid == text_of(packed)) out.emplace_back(pin.owner);
    }
    return out;
}

}  // namespace thole::ipfs
