#include "io/test_certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "thole/assert.hpp"

namespace thole::io::test_kit {

namespace {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* pointer) const noexcept {
        Free(pointer);
    }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

bio_ptr bio_of(const std::string& text) {
    return bio_ptr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

void add_extension(X509* certificate, X509* issuer, int which, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str());
    THOLE_ASSERT(extension != nullptr, "a well-formed extension");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

void set_name(X509* certificate, const std::string& common_name) {
    auto* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
}

}  // namespace

identity make_certificate(const certificate_wish& wish, const identity* issuer) {
    const key_ptr key{EVP_EC_gen("P-256")};
    const x509_ptr certificate{X509_new()};
    X509_set_version(certificate.get(), X509_VERSION_3);
    std::uint64_t serial = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
    constexpr long day = 24 * 60 * 60;
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), wish.valid_from_days * day);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), wish.valid_to_days * day);
    X509_set_pubkey(certificate.get(), key.get());
    set_name(certificate.get(), wish.subject_name);

    x509_ptr issuer_certificate;
    key_ptr issuer_key;
    if (issuer != nullptr) {
        issuer_certificate.reset(
            PEM_read_bio_X509(bio_of(issuer->certificate).get(), nullptr, nullptr, nullptr));
        issuer_key.reset(
            PEM_read_bio_PrivateKey(bio_of(issuer->key).get(), nullptr, nullptr, nullptr));
    }
    auto* signer = issuer_certificate ? issuer_certificate.get() : certificate.get();
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
    add_extension(certificate.get(), signer, NID_basic_constraints,
                  wish.is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!wish.is_authority) {
        add_extension(certificate.get(), signer, NID_subject_alt_name, "DNS:" + wish.subject_name);
    }
    X509_sign(certificate.get(), issuer_key ? issuer_key.get() : key.get(), EVP_sha256());

    identity out;
    const bio_ptr certificate_text{BIO_new(BIO_s_mem())};
    PEM_write_bio_X509(certificate_text.get(), certificate.get());
    out.certificate = text_of(certificate_text.get());
    const bio_ptr key_text{BIO_new(BIO_s_mem())};
    PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    out.key = text_of(key_text.get());
    return out;
}

temporary_file::temporary_file(const std::string& content) {
    path_ = (std::filesystem::temp_directory_path() / "thole-test-XXXXXX").string();
    const int fd = ::mkstemp(path_.data());
    THOLE_ASSERT(fd >= 0, "a temporary file");
    const auto written = ::write(fd, content.data(), content.size());
    THOLE_ASSERT(written == static_cast<ssize_t>(content.size()), "space for a temporary file");
    ::close(fd);
}

temporary_file::~temporary_file() {
    ::unlink(path_.c_str());
}

}  // namespace thole::io::test_kit
