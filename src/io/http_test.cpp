#include "io/http.hpp"

#include <gtest/gtest.h>

#include "io/codes.hpp"
#include "io/curl_fault.hpp"
#include "thole/codes.hpp"

namespace thole::io {
namespace {

using namespace std::chrono_literals;

constexpr wall_time new_year{std::chrono::seconds{1'767'225'600}};  // 2026-01-01T00:00:00Z

result<http_response> judged(int status, http_headers headers = {}, std::string body = {}) {
    http_response response;
    response.status = status;
    response.headers = std::move(headers);
    response.body = std::move(body);
    return expect_success(std::move(response), name{"pinning"}, name{"backup"}, new_year);
}

// proves: F1, F2
TEST(ExpectSuccess, MapsEveryStatusToItsCode) {
    const std::pair<int, const fault_code*> table[] = {
        {101, &codes::http_unexpected_status}, {301, &codes::http_unexpected_status},
        {304, &codes::http_unexpected_status}, {400, &codes::http_client_error},
        {401, &codes::http_unauthorized},      {402, &codes::http_unauthorized},
        {403, &codes::http_unauthorized},      {404, &codes::http_client_error},
        {408, &codes::http_server_error},      {409, &codes::http_client_error},
        {422, &codes::http_client_error},      {425, &codes::http_server_error},
        {429, &codes::http_rate_limited},      {451, &codes::http_unauthorized},
        {499, &codes::http_client_error},      {500, &codes::http_server_error},
        {503, &codes::http_server_error},      {599, &codes::http_server_error}};
    for (const auto& [status, code] : table) {
        const auto got = judged(status);
        ASSERT_FALSE(got) << status;
        EXPECT_TRUE(got.error().is(*code)) << status << " " << got.error().code();
        EXPECT_EQ(got.error().dependency(), name{"pinning"});
        EXPECT_EQ(got.error().endpoint(), name{"backup"});
    }
    for (const int status : {200, 201, 202, 204, 299})
        EXPECT_EQ(judged(status).value().status, status);
}

TEST(ExpectSuccess, ARefusalHasNoEffectButAFailureMayHaveHadOne) {
    EXPECT_EQ(judged(429).error().effect(), fault_effect::none);
    EXPECT_EQ(judged(400).error().effect(), fault_effect::none);
    EXPECT_EQ(judged(408).error().effect(), fault_effect::unknown);
    EXPECT_EQ(judged(500).error().effect(), fault_effect::unknown);
    EXPECT_EQ(judged(504).error().effect(), fault_effect::unknown);
}

std::optional<duration> retry_after(std::string text) {
    return judged(429, {{"retry-AFTER", std::move(text)}}).error().retry_after();
}

TEST(ExpectSuccess, ReadsRetryAfterAsSecondsOrDate) {
    EXPECT_EQ(retry_after("120"), 120s);
    EXPECT_EQ(retry_after("0"), 0s);
    EXPECT_EQ(retry_after("Thu, 01 Jan 2026 00:01:30 GMT"), 90s);
    EXPECT_EQ(retry_after("Wed, 31 Dec 2025 23:00:00 GMT"), 0s) << "a date that has passed";
    EXPECT_EQ(retry_after("soon"), std::nullopt);
    EXPECT_EQ(retry_after("-5"), std::nullopt);
    EXPECT_EQ(retry_after("99999999999999999999"), std::nullopt);
    EXPECT_EQ(judged(429).error().retry_after(), std::nullopt);
}

TEST(ExpectSuccess, QuotesTheBodyWithoutControlCharactersOrHalfLetters) {
    EXPECT_EQ(judged(500, {}, "line\r\nnext\x1b[31m").error().detail(),
              "HTTP 500: line  next [31m");
    const auto long_text = std::string(199, 'a') + "\xc3\xa9 more";
    EXPECT_EQ(judged(500, {}, long_text).error().detail(), "HTTP 500: " + std::string(199, 'a'));
    EXPECT_EQ(judged(503).error().detail(), "HTTP 503");
}

TEST(HttpResponse, FindsHeadersWithoutRegardToCase) {
    http_response response;
    response.headers = {{"Content-Type", "a"}, {"content-type", "b"}};
    EXPECT_EQ(response.header("CONTENT-TYPE"), "a");
    EXPECT_EQ(response.header("Content"), "");
}

fault seen(CURLcode code, long os_error, bool sent, std::string text = {}) {
    return fault_of({code, os_error, sent, std::move(text)});
}

// proves: F2
TEST(CurlFault, MapsConnectFailuresByErrno) {
    const std::pair<int, const fault_code*> table[] = {
        {ECONNREFUSED, &codes::net_connection_refused},
        {ENETUNREACH, &codes::net_unreachable},
        {EHOSTUNREACH, &codes::net_unreachable},
        {ETIMEDOUT, &codes::net_connect_timeout},
        {ECONNRESET, &codes::net_reset},
        {0, &codes::net_unreachable}};
    for (const auto& [error, code] : table) {
        const auto got = seen(CURLE_COULDNT_CONNECT, error, false);
        EXPECT_TRUE(got.is(*code)) << error;
        EXPECT_EQ(got.effect(), fault_effect::none);
    }
}

TEST(CurlFault, ATimeoutSaysWhetherAnythingHadLeft) {
    const auto before = seen(CURLE_OPERATION_TIMEDOUT, 0, false);
    EXPECT_TRUE(before.is(codes::net_connect_timeout));
    EXPECT_EQ(before.effect(), fault_effect::none);
    const auto after = seen(CURLE_OPERATION_TIMEDOUT, 0, true);
    EXPECT_TRUE(after.is(codes::net_timeout));
    EXPECT_EQ(after.effect(), fault_effect::unknown);
}

TEST(CurlFault, AHandshakeThatWasCutIsNoCertificateProblem) {
    EXPECT_TRUE(seen(CURLE_SSL_CONNECT_ERROR, 0, false, "certificate expired").is(codes::net_tls));
    EXPECT_TRUE(seen(CURLE_SSL_CONNECT_ERROR, ECONNRESET, false).is(codes::net_reset));
    EXPECT_TRUE(seen(CURLE_SSL_CONNECT_ERROR, 0, false, "OpenSSL SSL_connect: SSL_ERROR_SYSCALL")
                    .is(codes::net_reset));
    EXPECT_TRUE(seen(CURLE_PEER_FAILED_VERIFICATION, 0, false).is(codes::net_tls));
}

TEST(CurlFault, MapsBrokenAnswers) {
    for (const auto code : {CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING,
                            CURLE_PARTIAL_FILE, CURLE_HTTP2_STREAM}) {
        EXPECT_TRUE(seen(code, 0, true).is(codes::net_reset)) << code;
        EXPECT_EQ(seen(code, 0, true).effect(), fault_effect::unknown);
    }
    EXPECT_TRUE(seen(CURLE_WEIRD_SERVER_REPLY, 0, true).is(codes::http_malformed));
    EXPECT_TRUE(seen(CURLE_UNSUPPORTED_PROTOCOL, 0, true).is(codes::http_malformed));
    EXPECT_TRUE(seen(CURLE_FILESIZE_EXCEEDED, 0, true).is(codes::http_too_large));
    EXPECT_FALSE(seen(CURLE_RECV_ERROR, 0, true).detail().empty());
}

}  // namespace
}  // namespace thole::io
