#include "io/curl_fault.hpp"

#include <cerrno>

#include "io/codes.hpp"
#include "thole/codes.hpp"

namespace thole::io {

namespace {

const fault_code& code_of_connect(long os_error) {
    switch (os_error) {
        case ECONNREFUSED:
            return codes::net_connection_refused;
        case ETIMEDOUT:
            return codes::net_connect_timeout;
        case ECONNRESET:
        case EPIPE:
        case ECONNABORTED:
            return codes::net_reset;
        default:
            return codes::net_unreachable;
    }
}

// A handshake that the peer cut is a broken connection, not a broken certificate.
const fault_code& code_of_tls(const curl_failure& seen) {
    const bool cut = seen.os_error == ECONNRESET || seen.os_error == EPIPE ||
                     seen.text.find("SSL_ERROR_SYSCALL") != std::string::npos ||
                     seen.text.find("unexpected eof") != std::string::npos;
    return cut ? codes::net_reset : codes::net_tls;
}

const fault_code& code_of(const curl_failure& seen) {
    switch (seen.code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
            return codes::net_dns_temporary;
        case CURLE_COULDNT_CONNECT:
            return code_of_connect(seen.os_error);
        case CURLE_OPERATION_TIMEDOUT:
            return seen.request_sent ? codes::net_timeout : codes::net_connect_timeout;
        case CURLE_SSL_CONNECT_ERROR:
            return code_of_tls(seen);
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            return codes::net_tls;
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_HTTP2_STREAM:
            return codes::net_reset;
        case CURLE_FILESIZE_EXCEEDED:
            return codes::http_too_large;
        case CURLE_URL_MALFORMAT:
            return codes::http_invalid_request;
        default:
            return codes::http_malformed;
    }
}

}  // namespace

fault fault_of(const curl_failure& seen) {
    return fault{code_of(seen)}
        .with_effect(seen.request_sent ? fault_effect::unknown : fault_effect::none)
        .with_detail(seen.text.empty() ? curl_easy_strerror(seen.code) : seen.text);
}

}  // namespace thole::io
