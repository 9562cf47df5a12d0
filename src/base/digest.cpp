#include "base/digest.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sodium.h>

#include "thole/assert.hpp"

namespace thole {

namespace {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* pointer) const noexcept {
        Free(pointer);
    }
};
using md_ptr = std::unique_ptr<EVP_MD, freed_by<EVP_MD_free>>;
using md_ctx_ptr = std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>>;
using mac_ptr = std::unique_ptr<EVP_MAC, freed_by<EVP_MAC_free>>;
using mac_ctx_ptr = std::unique_ptr<EVP_MAC_CTX, freed_by<EVP_MAC_CTX_free>>;

// Fetching walks the providers under a lock and costs more than hashing a short message, hence
// once per thread.
const EVP_MD* fetched_sha256() {
    static thread_local const md_ptr fetched{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    THOLE_ASSERT(fetched != nullptr, "OpenSSL must offer SHA-256");
    return fetched.get();
}

EVP_MD_CTX* thread_context() {
    static thread_local const md_ctx_ptr context{EVP_MD_CTX_new()};
    THOLE_ASSERT(context != nullptr, "memory for a hash context");
    return context.get();
}

EVP_MAC* fetched_hmac() {
    static thread_local const mac_ptr fetched{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    THOLE_ASSERT(fetched != nullptr, "OpenSSL must offer HMAC");
    return fetched.get();
}

void start(EVP_MD_CTX* context) {
    const int ok = EVP_DigestInit_ex2(context, fetched_sha256(), nullptr);
    THOLE_ASSERT(ok == 1, "a hash must start");
}

void add(EVP_MD_CTX* context, bytes_view data) {
    const int ok = EVP_DigestUpdate(context, data.data(), data.size());
    THOLE_ASSERT(ok == 1, "a hash must take data");
}

sha256_digest end(EVP_MD_CTX* context) {
    sha256_digest digest;
    unsigned size = 0;
    const int ok = EVP_DigestFinal_ex(context, digest.data(), &size);
    THOLE_ASSERT(ok == 1 && size == digest.size(), "a hash must end");
    return digest;
}

// Seed and public key one behind the other, as libsodium signs with.
using secret_half = std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES>;

void need_sodium() {
    static const int ready = sodium_init();
    THOLE_ASSERT(ready >= 0, "libsodium must start");
}

}  // namespace

sha256_digest sha256(bytes_view data) {
    auto* context = thread_context();
    start(context);
    add(context, data);
    return end(context);
}

sha256_digest hmac_sha256(bytes_view key, bytes_view data) {
    const mac_ctx_ptr context{EVP_MAC_CTX_new(fetched_hmac())};
    THOLE_ASSERT(context != nullptr, "memory for an HMAC context");
    char digest_name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
        OSSL_PARAM_construct_end()};
    // A null key would mean "keep the former one".
    static constexpr std::uint8_t nothing = 0;
    const auto* key_data = key.empty() ? &nothing : key.data();
    sha256_digest digest;
    std::size_t size = 0;
    const bool ok = EVP_MAC_init(context.get(), key_data, key.size(), parameters) == 1 &&
                    EVP_MAC_update(context.get(), data.data(), data.size()) == 1 &&
                    EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1;
    THOLE_ASSERT(ok && size == digest.size(), "HMAC-SHA256 must succeed");
    return digest;
}

struct sha256_stream::state {
    md_ctx_ptr context{EVP_MD_CTX_new()};
};

sha256_stream::sha256_stream() : state_{std::make_unique<state>()} {
    THOLE_ASSERT(state_->context != nullptr, "memory for a hash context");
    start(state_->context.get());
}
sha256_stream::~sha256_stream() = default;
sha256_stream::sha256_stream(sha256_stream&&) noexcept = default;
sha256_stream& sha256_stream::operator=(sha256_stream&&) noexcept = default;

void sha256_stream::update(bytes_view data) {
    add(state_->context.get(), data);
}

sha256_digest sha256_stream::finish() {
    const auto digest = end(state_->context.get());
    start(state_->context.get());
    return digest;
}

ed25519_key::ed25519_key(const ed25519_seed& seed) {
    need_sodium();
    std::shared_ptr<secret_half> made{new secret_half{}, [](secret_half* key) {
                                          sodium_memzero(key->data(), key->size());
                                          delete key;
                                      }};
    ed25519_public_key told;
    crypto_sign_seed_keypair(told.data(), made->data(), seed.data());
    key_ = std::move(made);
}

ed25519_public_key ed25519_key::public_half() const {
    ed25519_public_key out;
    crypto_sign_ed25519_sk_to_pk(out.data(), static_cast<const std::uint8_t*>(key_.get()));
    return out;
}

ed25519_signature ed25519_key::sign(bytes_view message) const {
    ed25519_signature out;
    crypto_sign_detached(out.data(), nullptr, message.data(), message.size(),
                         static_cast<const std::uint8_t*>(key_.get()));
    return out;
}

bool ed25519_verify(const ed25519_public_key& key, bytes_view message,
                    const ed25519_signature& signature) {
    need_sodium();
    return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                       key.data()) == 0;
}

}  // namespace thole
