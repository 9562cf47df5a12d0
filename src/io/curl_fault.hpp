#pragma once

// One table from what curl says to what Thole says. Used by curl_transport only.

#include <curl/curl.h>

#include <string>

#include "thole/fault.hpp"

namespace thole::io {

struct curl_failure {
    CURLcode code = CURLE_OK;
    long os_error = 0;          // errno of the failed connect, read or write
    bool request_sent = false;  // at least one byte of the request had left
    std::string text;           // curl's own words, for people
};

// Kind, code and effect; dependency and endpoint are the caller's to add.
[[nodiscard]] fault fault_of(const curl_failure& seen);

}  // namespace thole::io
