#include "solana/codec/transaction.hpp"

#include <algorithm>

#include "solana/codes.hpp"

namespace thole::solana {

std::size_t transaction_size(const message& m) {
    const std::size_t count = m.required_signatures < 0x80 ? 1 : 2;
    return count + m.required_signatures * signature::size + serialize(m).size();
}

result<transaction> sign(message m, std::span<const keypair* const> keys) {
    if (const auto size = transaction_size(m); size > max_transaction_size) {
        return fail(codes::transaction_too_large, std::to_string(size) + " bytes, " +
                                                      std::to_string(size - max_transaction_size) +
                                                      " too many");
    }
    const auto signed_part = serialize(m);
    transaction out;
    for (std::size_t i = 0; i < m.required_signatures; ++i) {
        const auto key =
            std::ranges::find_if(keys, [&](const keypair* k) { return k->address() == m.keys[i]; });
        if (key == keys.end()) return fail(codes::signer_missing, m.keys[i].text());
        out.signatures.push_back((*key)->sign(signed_part));
    }
    out.message = std::move(m);
    return out;
}

bytes serialize(const transaction& tx) {
    writer out;
    out.compact_u16(static_cast<std::uint16_t>(tx.signatures.size()));
    for (const auto& s : tx.signatures) out.raw(s.raw);
    out.raw(serialize(tx.message));
    return out.take();
}

result<transaction> parse_transaction(bytes_view data) {
    if (data.size() > max_transaction_size) {
        return fail(codes::transaction_too_large, std::to_string(data.size()) + " bytes");
    }
    reader in{data};
    transaction out;
    const auto count = in.compact_u16();
    for (std::size_t i = 0; i < count && in.ok(); ++i) {
        out.signatures.push_back(signature::from(in.raw(signature::size)).value_or(signature{}));
    }
    if (!in.ok()) return fail(codes::transaction_malformed, "cut off in the signatures");
    auto m = parse_message(in);
    if (!m) return std::unexpected{m.error()};
    if (m->required_signatures != count) {
        return fail(codes::transaction_malformed, "signatures and signing keys differ in number");
    }
    out.message = std::move(*m);
    return out;
}

bool signatures_hold(const transaction& tx) {
    if (tx.signatures.size() != tx.message.required_signatures) return false;
    const auto signed_part = serialize(tx.message);
    for (std::size_t i = 0; i < tx.signatures.size(); ++i) {
        if (!verify(tx.message.keys[i], signed_part, tx.signatures[i])) return false;
    }
    return true;
}

}  // namespace thole::solana
