#include "solana/codec/address.hpp"

#include "base/digest.hpp"
#include "base/known_answers.hpp"
#include "solana/codec/curve.hpp"
#include "solana/codec/programs.hpp"
#include "solana/codes.hpp"
#include "thole/assert.hpp"

namespace thole::solana {

namespace {

constexpr std::string_view pda_marker = "ProgramDerivedAddress";

bool seeds_fit(std::span<const bytes_view> seeds, std::size_t most) {
    if (seeds.size() > most) return false;
    for (const auto& seed : seeds) {
        if (seed.size() > max_seed_length) return false;
    }
    return true;
}

void append(bytes& to, bytes_view what) {
    to.insert(to.end(), what.begin(), what.end());
}

// What is hashed: the seeds, the bump, the program and a marker.
bytes preimage_of(std::span<const bytes_view> seeds, bytes_view bump, const public_key& program) {
    bytes all;
    all.reserve(max_seeds * max_seed_length + public_key::size + pda_marker.size());
    for (const auto& seed : seeds) append(all, seed);
    append(all, bump);
    append(all, program.view());
    append(all, as_bytes(pda_marker));
    return all;
}

// A mint's addresses are asked for at every read of it, and each costs some powers in the field.
auto& known_addresses() {
    static thread_local known_answers<derived_address, 4096> known;
    return known;
}

public_key surely(const result<derived_address>& found) {
    // 255 digests that are all curve points: 2^-255.
    THOLE_ASSERT(found.has_value(), "some bump leads off the curve");
    return found->address;
}

}  // namespace

result<public_key> create_with_seed(const public_key& base, std::string_view seed,
                                    const public_key& owner) {
    if (seed.size() > max_seed_length) return fail(codes::seed_invalid, "seed over 32 bytes");
    // The runtime refuses such owners: their accounts would look like derived ones.
    if (as_text(owner.raw).ends_with(pda_marker)) {
        return fail(codes::seed_invalid, "the owner ends in the marker of derived addresses");
    }
    bytes all;
    all.reserve(2 * public_key::size + seed.size());
    all.insert(all.end(), base.raw.begin(), base.raw.end());
    all.insert(all.end(), seed.begin(), seed.end());
    all.insert(all.end(), owner.raw.begin(), owner.raw.end());
    return public_key{sha256(all)};
}

result<derived_address> find_program_address(std::span<const bytes_view> seeds,
                                             const public_key& program) {
    if (!seeds_fit(seeds, max_seeds - 1)) return fail(codes::seed_invalid, "too many or too long");
    constexpr std::uint8_t highest = 255;
    const auto first = preimage_of(seeds, {&highest, 1}, program);
    auto& known = known_addresses();
    if (const auto* found = known.find(as_text(first))) return *found;
    auto preimage = first;
    auto& at = preimage[preimage.size() - pda_marker.size() - public_key::size - 1];
    for (int bump = highest; bump >= 0; --bump) {
        at = static_cast<std::uint8_t>(bump);
        const auto digest = sha256(preimage);
        if (is_on_curve(digest)) continue;
        return known.keep(as_text(first), {public_key{digest}, at});
    }
    return fail(codes::seed_invalid, "no bump leads off the curve");
}

result<public_key> create_program_address(std::span<const bytes_view> seeds,
                                          const public_key& program) {
    if (!seeds_fit(seeds, max_seeds)) return fail(codes::seed_invalid, "too many or too long");
    const auto digest = sha256(preimage_of(seeds, {}, program));
    if (is_on_curve(digest)) return fail(codes::seed_invalid, "the digest is a curve point");
    return public_key{digest};
}

public_key associated_token_address(const public_key& owner, const public_key& mint,
                                    const public_key& token_program) {
    const std::array seeds{owner.view(), token_program.view(), mint.view()};
    return surely(find_program_address(seeds, associated_token_program));
}

public_key metadata_address(const public_key& mint) {
    const std::array seeds{as_bytes("metadata"), metaplex_program.view(), mint.view()};
    return surely(find_program_address(seeds, metaplex_program));
}

public_key master_edition_address(const public_key& mint) {
    const std::array seeds{as_bytes("metadata"), metaplex_program.view(), mint.view(),
                           as_bytes("edition")};
    return surely(find_program_address(seeds, metaplex_program));
}

}  // namespace thole::solana
