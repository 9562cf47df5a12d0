#include "engine/payload_cipher.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "base/digest.hpp"
#include "engine/codes.hpp"
#include "thole/assert.hpp"

namespace thole::saga {

namespace {

constexpr std::uint8_t form = 1;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

using context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

context new_context() {
    context made{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
    THOLE_ASSERT(made != nullptr, "OpenSSL has memory");
    return made;
}

void append(bytes& to, std::string_view text) {
    to.insert(to.end(), text.begin(), text.end());
}

sha256_digest key_for(const payload_key& key, const uuid& operation) {
    bytes what;
    append(what, "thole payload key 1");
    what.insert(what.end(), operation.raw().begin(), operation.raw().end());
    return hmac_sha256(key.value.reveal(), what);
}

bytes associated(const payload_label& label, bytes_view head) {
    bytes out{head.begin(), head.end()};
    out.insert(out.end(), label.operation.raw().begin(), label.operation.raw().end());
    out.push_back(static_cast<std::uint8_t>(label.place));
    for (int shift = 56; shift >= 0; shift -= 8) {
        out.push_back(static_cast<std::uint8_t>(label.number >> shift));
    }
    return out;
}

int size_of(bytes_view part) {
    return static_cast<int>(part.size());
}

bool is_id(std::string_view id) {
    return !id.empty() && id.size() <= longest_payload_key_id &&
           std::ranges::all_of(id, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.';
           });
}

std::string about(std::string_view key, const payload_label& label) {
    return "key \"" + std::string{key} + "\", operation " + label.operation.text();
}

struct parts {
    bytes_view head, nonce, text, tag;
};
std::optional<parts> take_apart(bytes_view sealed) {
    if (sealed.size() < 2 || sealed[0] != form) return std::nullopt;
    const std::size_t head = 2 + sealed[1];
    if (sealed.size() < head + nonce_bytes + tag_bytes) return std::nullopt;
    const auto rest = sealed.subspan(head + nonce_bytes);
    return parts{sealed.first(head), sealed.subspan(head, nonce_bytes),
                 rest.first(rest.size() - tag_bytes), rest.last(tag_bytes)};
}

}  // namespace

result<payload_cipher::ptr> payload_cipher::make(std::vector<payload_key> keys, entropy& random) {
    if (keys.empty()) return fail(codes::engine_payload_key_bad, "there is none");
    for (auto key = keys.begin(); key != keys.end(); ++key) {
        const auto refuse = [&](const std::string& why) {
            return fail(codes::engine_payload_key_bad, "key \"" + key->id + "\": " + why);
        };
        if (!is_id(key->id))
            return refuse("an id has 1 to 32 letters, digits, \"-\", \"_\", \".\"");
        if (key->value.reveal().size() != payload_key_bytes) return refuse("it must have 32 bytes");
        if (std::find_if(keys.begin(), key,
                         [&](const payload_key& k) { return k.id == key->id; }) != key) {
            return refuse("the id is used twice");
        }
    }
    return ptr{new payload_cipher{std::move(keys), random}};
}

const payload_key* payload_cipher::find(std::string_view id) const noexcept {
    const auto found = std::ranges::find(keys_, id, &payload_key::id);
    return found == keys_.end() ? nullptr : &*found;
}

bytes payload_cipher::seal(std::string_view plain, const payload_label& label) const {
    const auto& key = keys_.back();
    bytes out{form, static_cast<std::uint8_t>(key.id.size())};
    append(out, key.id);
    const auto head = out.size();
    const auto bound = associated(label, out);
    out.resize(head + nonce_bytes + plain.size() + tag_bytes);
    const std::span nonce{out.data() + head, nonce_bytes};
    random_.fill(nonce);
    auto* const text = out.data() + head + nonce_bytes;
    const auto own = key_for(key, label.operation);
    const auto c = new_context();
    int n = 0;
    bool good =
        EVP_EncryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, own.data(), nonce.data()) == 1;
    good = good && EVP_EncryptUpdate(c.get(), nullptr, &n, bound.data(), size_of(bound)) == 1;
    good = good && EVP_EncryptUpdate(c.get(), text, &n, as_bytes(plain).data(),
                                     size_of(as_bytes(plain))) == 1;
    good = good && EVP_EncryptFinal_ex(c.get(), text + n, &n) == 1;
    good = good &&
           EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, text + plain.size()) == 1;
    THOLE_ASSERT(good, "AES-256-GCM seals whatever it is given");
    return out;
}

result<std::string> payload_cipher::open(bytes_view sealed, const payload_label& label) const {
    const auto p = take_apart(sealed);
    if (!p) return fail(codes::engine_payload_unreadable, "operation " + label.operation.text());
    const auto id = as_text(p->head.subspan(2));
    const auto* key = find(id);
    if (key == nullptr) return fail(codes::engine_payload_key_missing, about(id, label));
    const auto bound = associated(label, p->head);
    const auto own = key_for(*key, label.operation);
    bytes tag{p->tag.begin(), p->tag.end()};
    std::string out(p->text.size(), '\0');
    auto* const text = reinterpret_cast<unsigned char*>(out.data());
    const auto c = new_context();
    int n = 0;
    bool good =
        EVP_DecryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, own.data(), p->nonce.data()) == 1;
    good = good && EVP_DecryptUpdate(c.get(), nullptr, &n, bound.data(), size_of(bound)) == 1;
    good = good && EVP_DecryptUpdate(c.get(), text, &n, p->text.data(), size_of(p->text)) == 1;
    good = good && EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1;
    if (!good || EVP_DecryptFinal_ex(c.get(), text + n, &n) != 1) {
        return fail(codes::engine_payload_unreadable, about(id, label));
    }
    return out;
}

std::optional<std::string_view> payload_cipher::key_of(bytes_view sealed) noexcept {
    const auto p = take_apart(sealed);
    return p ? std::optional{as_text(p->head.subspan(2))} : std::nullopt;
}

std::optional<std::string> payload_cipher::fingerprint(std::string_view id) const {
    const auto* key = find(id);
    if (key == nullptr) return std::nullopt;
    return to_hex(hmac_sha256(key->value.reveal(), as_bytes("thole payload fingerprint 1")));
}

bool is_about_sealing(const fault& f) noexcept {
    return f.is(codes::engine_payload_unreadable) || f.is(codes::engine_payload_key_missing);
}

result<std::string> open_payload(const payload_cipher* cipher, bytes_view sealed,
                                 const payload_label& label) {
    if (cipher != nullptr) return cipher->open(sealed, label);
    const auto id = payload_cipher::key_of(sealed);
    return fail(codes::engine_payload_key_missing, about(id.value_or("?"), label));
}

}  // namespace thole::saga
