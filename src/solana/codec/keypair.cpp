#include "solana/codec/keypair.hpp"

#include <algorithm>

#include "solana/codes.hpp"

namespace thole::solana {

namespace {

constexpr std::size_t secret_key_size = 64;

// The plain text of a key must not stay behind in freed memory. Volatile, so that the stores
// survive optimisation.
void wipe(bytes& data) {
    volatile std::uint8_t* at = data.data();
    for (std::size_t i = 0; i < data.size(); ++i) at[i] = 0;
    data.clear();
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

class array_parser {
  public:
    explicit array_parser(std::string_view text) : text_{text} {}

    bool parse(bytes& out) {
        if (!take('[')) return false;
        do {
            int value = 0;
            if (out.size() == secret_key_size || !number(value)) return false;
            out.push_back(static_cast<std::uint8_t>(value));
        } while (take(','));
        if (!take(']')) return false;
        skip();
        return at_ == text_.size() && out.size() == secret_key_size;
    }

  private:
    void skip() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    }
    bool take(char c) {
        skip();
        if (at_ == text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool number(int& value) {
        skip();
        const auto start = at_;
        while (at_ < text_.size() && at_ - start < 3 && text_[at_] >= '0' && text_[at_] <= '9') {
            value = value * 10 + (text_[at_++] - '0');
        }
        const bool padded = at_ - start > 1 && text_[start] == '0';
        return at_ > start && !padded && value <= 255;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

result<keypair> from_wiped(bytes& raw) {
    auto made = keypair::from_bytes(raw);
    wipe(raw);
    return made;
}

}  // namespace

keypair keypair::from_seed(const ed25519_seed& seed) {
    return keypair{seed};
}

result<keypair> keypair::from_bytes(bytes_view secret_key) {
    if (secret_key.size() != secret_key_size) {
        return fail(codes::keypair_invalid, "not 64 bytes");
    }
    ed25519_seed seed{};
    std::ranges::copy(secret_key.first(seed.size()), seed.begin());
    auto made = from_seed(seed);
    if (!std::ranges::equal(made.address().raw, secret_key.subspan(seed.size()))) {
        return fail(codes::keypair_invalid, "the public half does not belong to the secret half");
    }
    return made;
}

result<keypair> keypair::from_json(std::string_view text) {
    bytes raw;
    raw.reserve(secret_key_size);
    if (!array_parser{text}.parse(raw)) {
        wipe(raw);
        return fail(codes::keypair_invalid, "not a JSON array of 64 numbers of 0 to 255");
    }
    return from_wiped(raw);
}

result<keypair> keypair::from_text(std::string_view text) {
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    if (text.starts_with('[')) return from_json(text);
    auto parsed = signature::parse(text);  // 64 bytes in base58
    if (!parsed) return fail(codes::keypair_invalid, "neither a JSON array nor base58 of 64 bytes");
    bytes raw{parsed->raw.begin(), parsed->raw.end()};
    return from_wiped(raw);
}

signature keypair::sign(bytes_view message) const {
    return signature{key_.sign(message)};
}

bool verify(const public_key& signer, bytes_view message, const signature& s) {
    return ed25519_verify(signer.raw, message, s.raw);
}

}  // namespace thole::solana
