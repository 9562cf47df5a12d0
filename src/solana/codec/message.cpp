#include "solana/codec/message.hpp"

#include <algorithm>
#include <iterator>

#include "solana/codes.hpp"

namespace thole::solana {

namespace {

// What the instructions say about a key, in order of first mention.
struct mention {
    public_key key;
    bool signer = false;
    bool writable = false;
};

class mentions {
  public:
    mentions() { all_.reserve(16); }
    [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }

    void add(const public_key& key, bool signer, bool writable) {
        auto at = std::ranges::find(all_, key, &mention::key);
        if (at == all_.end()) at = all_.insert(at, mention{key, false, false});
        at->signer |= signer;
        at->writable |= writable;
    }

    // Grouped, and in order of first mention within a group.
    [[nodiscard]] std::vector<mention> ordered() const {
        std::vector<mention> out;
        out.reserve(all_.size());
        for (const bool signer : {true, false}) {
            for (const bool writes : {true, false}) {
                std::ranges::copy_if(all_, std::back_inserter(out), [&](const mention& m) {
                    return m.signer == signer && m.writable == writes;
                });
            }
        }
        return out;
    }

  private:
    std::vector<mention> all_;
};

std::uint8_t index_of(const std::vector<public_key>& keys, const public_key& key) {
    return static_cast<std::uint8_t>(std::ranges::find(keys, key) - keys.begin());
}

void write_indices(writer& out, const bytes& indices) {
    out.compact_u16(static_cast<std::uint16_t>(indices.size())).raw(indices);
}

bytes read_block(reader& in) {
    const auto part = in.raw(in.compact_u16());
    return {part.begin(), part.end()};
}

// The structural rules that a runtime checks before it looks at anything else.
bool is_sound(const message& m) {
    const std::size_t keys = m.keys.size();
    if (m.required_signatures == 0 || m.readonly_signed >= m.required_signatures) return false;
    if (m.required_signatures + std::size_t{m.readonly_unsigned} > keys) return false;
    std::size_t reachable = keys;
    for (const auto& lookup : m.lookups) {
        if (lookup.writable.empty() && lookup.readonly.empty()) return false;
        reachable += lookup.writable.size() + lookup.readonly.size();
    }
    if (reachable > 256) return false;
    return std::ranges::all_of(m.instructions, [&](const compiled_instruction& i) {
        return i.program != 0 && i.program < keys &&
               std::ranges::all_of(i.accounts, [&](std::uint8_t a) { return a < reachable; });
    });
}

}  // namespace

bool message::is_writable(std::size_t key) const noexcept {
    if (key < required_signatures) return key + readonly_signed < required_signatures;
    return key + readonly_unsigned < keys.size();
}

result<message> compile_message(message_version version, const public_key& payer,
                                const blockhash& recent,
                                std::span<const instruction> instructions) {
    mentions all;
    all.add(payer, true, true);
    for (const auto& i : instructions) {
        all.add(i.program, false, false);
        for (const auto& a : i.accounts) all.add(a.key, a.signer, a.writable);
    }
    message out;
    out.keys.reserve(all.size());
    out.instructions.reserve(instructions.size());
    out.version = version;
    out.blockhash = recent;
    for (const auto& m : all.ordered()) {
        out.keys.push_back(m.key);
        if (m.signer) ++out.required_signatures;
        if (m.signer && !m.writable) ++out.readonly_signed;
        if (!m.signer && !m.writable) ++out.readonly_unsigned;
        if (out.keys.size() > 255) return fail(codes::transaction_too_large, "over 255 accounts");
    }
    for (const auto& i : instructions) {
        if (i.data.size() > UINT16_MAX || i.accounts.size() > UINT16_MAX) {
            return fail(codes::transaction_too_large, "an instruction over 65535 bytes");
        }
        compiled_instruction compiled{index_of(out.keys, i.program), {}, i.data};
        compiled.accounts.reserve(i.accounts.size());
        for (const auto& a : i.accounts) compiled.accounts.push_back(index_of(out.keys, a.key));
        out.instructions.push_back(std::move(compiled));
    }
    if (out.instructions.size() > UINT16_MAX) return fail(codes::transaction_too_large);
    return out;
}

bytes serialize(const message& m) {
    writer out;
    if (m.version == message_version::v0) out.u8(0x80);
    out.u8(m.required_signatures).u8(m.readonly_signed).u8(m.readonly_unsigned);
    out.compact_u16(static_cast<std::uint16_t>(m.keys.size()));
    for (const auto& key : m.keys) out.key(key);
    out.raw(m.blockhash.raw);
    out.compact_u16(static_cast<std::uint16_t>(m.instructions.size()));
    for (const auto& i : m.instructions) {
        out.u8(i.program);
        write_indices(out, i.accounts);
        write_indices(out, i.data);
    }
    if (m.version == message_version::v0) {
        out.compact_u16(static_cast<std::uint16_t>(m.lookups.size()));
        for (const auto& lookup : m.lookups) {
            out.key(lookup.table);
            write_indices(out, lookup.writable);
            write_indices(out, lookup.readonly);
        }
    }
    return out.take();
}

result<message> parse_message(reader& in) {
    message m;
    auto first = in.u8();
    if ((first & 0x80U) != 0) {
        if (first != 0x80) return fail(codes::transaction_malformed, "unknown message version");
        m.version = message_version::v0;
        first = in.u8();
    }
    m.required_signatures = first;
    m.readonly_signed = in.u8();
    m.readonly_unsigned = in.u8();
    const auto keys = in.compact_u16();
    for (std::size_t i = 0; i < keys && in.ok(); ++i) m.keys.push_back(in.key());
    m.blockhash = blockhash::from(in.raw(blockhash::size)).value_or(blockhash{});
    const auto instructions = in.compact_u16();
    for (std::size_t i = 0; i < instructions && in.ok(); ++i) {
        compiled_instruction next;
        next.program = in.u8();
        next.accounts = read_block(in);
        next.data = read_block(in);
        m.instructions.push_back(std::move(next));
    }
    const std::size_t lookups = m.version == message_version::v0 ? in.compact_u16() : 0;
    for (std::size_t i = 0; i < lookups && in.ok(); ++i) {
        address_lookup next;
        next.table = in.key();
        next.writable = read_block(in);
        next.readonly = read_block(in);
        m.lookups.push_back(std::move(next));
    }
    if (!in.finished()) return fail(codes::transaction_malformed, "cut off or trailing bytes");
    if (!is_sound(m)) return fail(codes::transaction_malformed, "a count or index is out of range");
    return m;
}

result<message> parse_message(bytes_view data) {
    reader in{data};
    return parse_message(in);
}

}  // namespace thole::solana
