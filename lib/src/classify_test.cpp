#include "thole/classify.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <netdb.h>

#include <cerrno>
#include <set>

#include "thole/codes.hpp"
#include "thole/outcome.hpp"

namespace thole {
namespace {

using enum fault_kind;
using enum fault_effect;

#define EXPECT_FAULT(actual, expected_code, expected_effect)              \
    do {                                                                  \
        const auto f_ = (actual);                                         \
        EXPECT_EQ(f_.code(), codes::expected_code.text) << f_.describe(); \
        EXPECT_EQ(f_.effect(), expected_effect) << f_.describe();         \
    } while (false)

// proves: F1, F2
TEST(classify_errno, network_troubles) {
    EXPECT_FAULT(classify_errno(ETIMEDOUT), net_timeout, unknown);
    EXPECT_FAULT(classify_errno(EAGAIN), net_timeout, unknown);
    EXPECT_FAULT(classify_errno(EWOULDBLOCK), net_timeout, unknown);
    EXPECT_FAULT(classify_errno(ECONNRESET), net_reset, unknown);
    EXPECT_FAULT(classify_errno(ECONNABORTED), net_reset, unknown);
    EXPECT_FAULT(classify_errno(EPIPE), net_reset, unknown);
    EXPECT_FAULT(classify_errno(ENETUNREACH), net_unreachable, unknown);
    EXPECT_FAULT(classify_errno(EHOSTUNREACH), net_unreachable, unknown);
    EXPECT_FAULT(classify_errno(ECONNREFUSED), net_connection_refused, none);
    EXPECT_FAULT(classify_errno(EMFILE), net_resources, none);
    EXPECT_FAULT(classify_errno(ECANCELED), policy_cancelled, unknown);
}

// proves: F1
TEST(classify_errno, before_anything_left_there_is_no_effect) {
    EXPECT_FAULT(classify_errno(ETIMEDOUT, bytes_sent::no), net_connect_timeout, none);
    EXPECT_FAULT(classify_errno(ECONNRESET, bytes_sent::no), net_reset, none);
    EXPECT_FAULT(classify_errno(ENETUNREACH, bytes_sent::no), net_unreachable, none);
    EXPECT_FAULT(classify_errno(9999, bytes_sent::no), net_unclassified, none);
}

TEST(classify_errno, what_nobody_knows_is_transient_with_unknown_effect) {
    const auto f = classify_errno(9999);
    EXPECT_FAULT(f, net_unclassified, unknown);
    EXPECT_EQ(f.kind(), transient);
    EXPECT_EQ(f.detail(), "errno 9999");
}

// proves: F2
TEST(classify_resolver, tells_gone_from_not_now) {
    EXPECT_FAULT(classify_resolver(EAI_NONAME), net_dns_not_found, none);
    EXPECT_FAULT(classify_resolver(EAI_NODATA), net_dns_not_found, none);
    EXPECT_FAULT(classify_resolver(EAI_AGAIN), net_dns_temporary, none);
    EXPECT_FAULT(classify_resolver(EAI_FAIL), net_dns_temporary, none);
    EXPECT_FAULT(classify_resolver(12345), net_unclassified, none);
    EXPECT_EQ(classify_resolver(EAI_NONAME).kind(), outage);
    EXPECT_EQ(classify_resolver(EAI_AGAIN).kind(), transient);
}

// proves: F2
TEST(classify_http_status, every_status_has_the_kind_of_the_table) {
    const std::set<int> outages{401, 402, 403, 451};
    const std::set<int> transient_4xx{408, 425};
    for (int status = 400; status < 600; ++status) {
        const auto kind = classify_http_status(status).kind();
        if (outages.contains(status)) {
            EXPECT_EQ(kind, outage) << status;
            EXPECT_EQ(classify_http_status(status).scope(), fault_scope::endpoint);
        } else if (status == 429) {
            EXPECT_EQ(kind, rate_limited);
        } else if (status >= 500 || transient_4xx.contains(status)) {
            EXPECT_EQ(kind, transient) << status;
        } else {
            EXPECT_EQ(kind, permanent) << status;
            EXPECT_EQ(classify_http_status(status).scope(), fault_scope::request);
        }
    }
}

// proves: F1
TEST(classify_http_status, only_a_server_that_surely_did_nothing_has_no_effect) {
    for (const int status : {400, 401, 404, 408, 409, 422, 425, 429, 501, 503}) {
        EXPECT_EQ(classify_http_status(status).effect(), none) << status;
    }
    for (const int status : {500, 502, 504, 520, 524}) {
        EXPECT_EQ(classify_http_status(status).effect(), unknown) << status;
    }
}

TEST(classify_http_status, others_are_unexpected_and_say_which) {
    for (const int status : {0, 100, 204, 302, 600, -1}) {
        EXPECT_FAULT(classify_http_status(status), http_unexpected_status, unknown);
    }
    EXPECT_EQ(classify_http_status(302).detail(), "status 302");
    EXPECT_EQ(classify_http_status(503).detail(), "status 503");
}

// proves: F2, D2
TEST(classify_sqlstate, conflicts) {
    for (const auto* state : {"40001", "40P01", "40000", "40002", "55P03", "57014"}) {
        EXPECT_FAULT(classify_sqlstate(state), db_conflict, none);
    }
    EXPECT_FAULT(classify_sqlstate("40p01"), db_conflict, none);
}

// proves: F2, D2
TEST(classify_sqlstate, connections) {
    EXPECT_FAULT(classify_sqlstate("08001"), db_unavailable, none);
    EXPECT_FAULT(classify_sqlstate("08004"), db_unavailable, none);
    EXPECT_FAULT(classify_sqlstate("08000"), db_unavailable, unknown);
    EXPECT_FAULT(classify_sqlstate("08003"), db_unavailable, unknown);
    EXPECT_FAULT(classify_sqlstate("08006"), db_unavailable, unknown);
    EXPECT_FAULT(classify_sqlstate("08P01"), db_unavailable, unknown);
    EXPECT_FAULT(classify_sqlstate("57P01"), db_unavailable, unknown);
    EXPECT_FAULT(classify_sqlstate("57P02"), db_unavailable, unknown);
    EXPECT_FAULT(classify_sqlstate("57P03"), db_unavailable, none);
    EXPECT_FAULT(classify_sqlstate("53300"), db_unavailable, none);
    EXPECT_FAULT(classify_sqlstate("40003"), db_unavailable, unknown);
    for (const auto* state : {"08006", "57P01", "53300"}) {
        EXPECT_EQ(classify_sqlstate(state).kind(), transient);
        EXPECT_EQ(outcome_of(classify_sqlstate(state), {}).verdict, call_verdict::failure);
    }
}

TEST(classify_sqlstate, the_rest) {
    EXPECT_FAULT(classify_sqlstate("53100"), db_disk_full, none);
    EXPECT_FAULT(classify_sqlstate("28P01"), db_unauthorized, none);
    EXPECT_FAULT(classify_sqlstate("3D000"), db_unauthorized, none);
    EXPECT_FAULT(classify_sqlstate("25006"), db_read_only, none);
    for (const auto* state : {"23505", "42601", "22001", "00000", "XX000"}) {
        EXPECT_FAULT(classify_sqlstate(state), db_rejected, none);
        EXPECT_EQ(classify_sqlstate(state).kind(), permanent);
    }
    for (const auto* odd : {"", "4", "400011", "08"}) {
        EXPECT_FAULT(classify_sqlstate(odd), db_rejected, none);
    }
    EXPECT_EQ(classify_sqlstate("23505").detail(), "SQLSTATE 23505");
}

// proves: F2, D2
TEST(classify_mysql, numbers) {
    for (const int error : {1213, 1205, 1020, 1969, 3024, 3572}) {
        EXPECT_FAULT(classify_mysql(error), db_conflict, none);
    }
    EXPECT_FAULT(classify_mysql(2002), db_unavailable, none);
    EXPECT_FAULT(classify_mysql(2003), db_unavailable, none);
    EXPECT_FAULT(classify_mysql(1040), db_unavailable, none);
    EXPECT_FAULT(classify_mysql(2006), db_unavailable, unknown);
    EXPECT_FAULT(classify_mysql(2013), db_unavailable, unknown);
    EXPECT_FAULT(classify_mysql(2005), net_dns_not_found, none);
    EXPECT_FAULT(classify_mysql(1045), db_unauthorized, none);
    EXPECT_FAULT(classify_mysql(1290), db_read_only, none);
    EXPECT_FAULT(classify_mysql(1114), db_disk_full, none);
    EXPECT_FAULT(classify_mysql(1062), db_rejected, none);
    EXPECT_FAULT(classify_mysql(0), db_rejected, none);
}

// The texts of F2, and how they look in the wild.
// proves: F2
TEST(classify_text, operating_systems_and_resolvers) {
    EXPECT_FAULT(classify_text("[Errno 11001] getaddrinfo failed"), net_dns_not_found, none);
    EXPECT_FAULT(classify_text("[Errno -2] Name or service not known"), net_dns_not_found, none);
    EXPECT_FAULT(classify_text("getaddrinfo ENOTFOUND api.example.com"), net_dns_not_found, none);
    EXPECT_FAULT(classify_text("dial tcp: lookup x: no such host"), net_dns_not_found, none);
    EXPECT_FAULT(classify_text("[Errno -3] Temporary failure in name resolution"),
                 net_dns_temporary, none);
    EXPECT_FAULT(classify_text("getaddrinfo EAI_AGAIN api.example.com"), net_dns_temporary, none);
    EXPECT_FAULT(classify_text("[Errno 101] Network is unreachable"), net_unreachable, unknown);
    EXPECT_FAULT(classify_text("No route to host"), net_unreachable, unknown);
    EXPECT_FAULT(classify_text("[Errno 111] Connection refused"), net_connection_refused, none);
    EXPECT_FAULT(classify_text("connect ECONNREFUSED 10.0.0.1:443"), net_connection_refused, none);
    EXPECT_FAULT(classify_text("read ECONNRESET"), net_reset, unknown);
    EXPECT_FAULT(classify_text("Connection reset by peer"), net_reset, unknown);
    EXPECT_FAULT(classify_text("write EPIPE"), net_reset, unknown);
    EXPECT_FAULT(classify_text("[Errno 32] Broken pipe"), net_reset, unknown);
    EXPECT_FAULT(classify_text("connect ETIMEDOUT 10.0.0.1:443"), net_timeout, unknown);
    EXPECT_FAULT(classify_text("The read operation timed out"), net_timeout, unknown);
    EXPECT_FAULT(classify_text("x509: certificate has expired"), net_tls, none);
    EXPECT_FAULT(classify_text("429 Too Many Requests"), http_rate_limited, none);
}

// proves: F2, D2
TEST(classify_text, databases) {
    EXPECT_FAULT(classify_text("ER_LOCK_DEADLOCK"), db_conflict, none);
    EXPECT_FAULT(classify_text("ERROR 1213 (40001): try restarting"), db_conflict, none);
    EXPECT_FAULT(classify_text("Error 1205: try restarting transaction"), db_conflict, none);
    EXPECT_FAULT(classify_text("(1205, 'try restarting transaction')"), db_conflict, none);
    EXPECT_FAULT(classify_text("1213"), db_conflict, none);
    EXPECT_FAULT(classify_text("40001"), db_conflict, none);
    EXPECT_FAULT(classify_text("ERROR: deadlock detected (SQLSTATE 40P01)"), db_conflict, none);
    EXPECT_FAULT(classify_text("sqlstate: 40p01"), db_conflict, none);
    EXPECT_FAULT(classify_text("FATAL (SQLSTATE 57P01)"), db_unavailable, unknown);
    EXPECT_FAULT(classify_text("SQLSTATE[08006] server closed"), db_unavailable, unknown);
    EXPECT_FAULT(classify_text("SQLSTATE 53300"), db_unavailable, none);
    EXPECT_FAULT(classify_text("(2006, 'MySQL server has gone away')"), db_unavailable, unknown);
}

TEST(classify_text, a_number_in_a_sentence_is_not_a_code) {
    EXPECT_FAULT(classify_text("read 1213 bytes of 40001 wanted"), net_unclassified, unknown);
    EXPECT_FAULT(classify_text("account 12133 is odd"), net_unclassified, unknown);
}

TEST(classify_text, keeps_the_text_for_people) {
    EXPECT_EQ(classify_text("Something ODD").detail(), "Something ODD");
    EXPECT_EQ(classify_text("Connection refused").detail(), "Connection refused");
    EXPECT_FAULT(classify_text(""), net_unclassified, unknown);
}

RC_GTEST_PROP(classify_text, any_bytes_are_classified, (std::string text)) {
    const auto f = classify_text(text);
    RC_ASSERT(!f.code().empty());
    RC_ASSERT(f.detail() == text);
}

RC_GTEST_PROP(classify, any_number_is_classified, (int number)) {
    RC_ASSERT(!classify_errno(number).code().empty());
    RC_ASSERT(!classify_resolver(number).code().empty());
    RC_ASSERT(!classify_http_status(number).code().empty());
    RC_ASSERT(!classify_mysql(number).code().empty());
}

// ---- the table of responses ---------------------------------------------------------------------

// proves: F2
TEST(response_for, one_row_a_kind_in_their_order) {
    ASSERT_EQ(responses().size(), 7U);
    for (int i = 0; i < 7; ++i) {
        const auto& r = response_for(static_cast<fault_kind>(i));
        EXPECT_EQ(r.kind, static_cast<fault_kind>(i));
        EXPECT_FALSE(r.seen_as.empty());
        EXPECT_FALSE(r.what.empty());
        EXPECT_FALSE(r.then.empty());
        EXPECT_NE(to_string(r.action), "?");
    }
}

// proves: F2
TEST(response_for, says_what_the_table_says) {
    using enum response_action;
    EXPECT_EQ(response_for(transient).action, back_off);
    EXPECT_EQ(response_for(rate_limited).action, scheduled);
    EXPECT_EQ(response_for(rate_limited).attempts, 5U);
    EXPECT_EQ(response_for(outage).action, next_endpoint);
    EXPECT_EQ(response_for(conflict).action, once_more);
    EXPECT_EQ(response_for(permanent).action, give_up);
    EXPECT_EQ(response_for(permanent).attempts, 1U);
    EXPECT_EQ(response_for(rejected).action, reschedule);
    EXPECT_EQ(response_for(cancelled).action, stop);
}

// proves: F2
TEST(explain, tells_a_person_what_it_is_and_what_is_done) {
    const auto text = explain(codes::net_connection_refused);
    EXPECT_TRUE(text.starts_with("net.connection_refused\n"));
    EXPECT_NE(text.find("Nothing listens on that port"), std::string::npos);
    EXPECT_NE(text.find("kind      outage"), std::string::npos);
    EXPECT_NE(text.find("condemns  this endpoint"), std::string::npos);
    EXPECT_NE(text.find("the next endpoint at once"), std::string::npos);
    EXPECT_TRUE(text.ends_with("\n"));
}

TEST(explain, works_for_every_code) {
    for (const auto* code : codes::library_codes) {
        EXPECT_EQ(find_code(code->text), code);
        EXPECT_NE(explain(*code).find(code->meaning), std::string::npos);
    }
    EXPECT_EQ(find_code("no.such_code"), nullptr);
}

// Every code that a test above expects is listed, so that `explain` knows it.
TEST(codes, all_that_classification_yields_can_be_explained) {
    for (int n = 0; n < 4200; ++n) {
        EXPECT_NE(find_code(classify_errno(n).code()), nullptr);
        EXPECT_NE(find_code(classify_http_status(n).code()), nullptr);
        EXPECT_NE(find_code(classify_mysql(n).code()), nullptr);
    }
}

}  // namespace
}  // namespace thole
