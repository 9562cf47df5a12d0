#pragma once

// One transfer: an easy handle, what it was given and what it collected. Used by curl_transport.

#include <curl/curl.h>

#include <optional>

#include "io/curl_multi.hpp"
#include "io/curl_transport.hpp"
#include "io/suspend.hpp"

namespace thole::io {

// The parts of a URL as curl itself reads them, so that guard and connection cannot disagree.
struct curl_target {
    std::string scheme, host, port;  // host without the brackets of IPv6
};
[[nodiscard]] result<curl_target> parse_curl_target(const std::string& url);

struct curl_list_free {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using curl_list = std::unique_ptr<curl_slist, curl_list_free>;

// Lives in the frame of the sending coroutine; the handle is lent by the transport.
class curl_exchange final : public curl_multi::client {
  public:
    enum class end : std::uint8_t { finished, deadline, cancelled };

    curl_exchange(system_loop& owner, CURL* handle, http_request& request, time_point started);
    ~curl_exchange();

    // Sets every option. `dialled` is what `found` belongs to: the target or the proxy.
    [[nodiscard]] result<> prepare(const curl_transport::options& options,
                                   const curl_target& dialled, const addresses& found);
    // Adds the handle to the multi; `waiting` is resumed when the transfer has ended in any way.
    void start(curl_multi& multi, resumption<end> waiting);
    // Ends it from outside, as soon as curl is not on the stack.
    void stop(end why);

    [[nodiscard]] result<http_response> finish(end why, duration resolved);
    [[nodiscard]] bool connected() const;

  private:
    struct at_deadline {
        curl_exchange* self;
        void operator()() const { self->stop(end::deadline); }
    };

    void ended(CURLcode code) noexcept override;
    void resume(end why);
    [[nodiscard]] result<> set_method_and_headers(const std::string& user_agent);
    void set_connection(const curl_transport::options& options, const curl_target& dialled,
                        const addresses& found);
    void set_security(const curl_transport::options& options);
    template <class Value>
    void set(CURLoption option, Value value);
    void append(curl_list& list, const std::string& line);
    [[nodiscard]] duration info(CURLINFO which) const;
    [[nodiscard]] bool request_sent() const;
    [[nodiscard]] fault failure(end why) const;
    [[nodiscard]] http_timings timings(duration resolved) const;

    static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self);
    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self);
    [[nodiscard]] bool take_header(std::string_view line);
    [[nodiscard]] bool take_body(bytes_view data);

    system_loop& loop_;
    CURL* handle_;
    http_request& request_;
    time_point started_;
    curl_multi* multi_ = nullptr;  // while the handle is in it
    curl_list headers_;
    curl_list resolve_;
    char error_text_[CURL_ERROR_SIZE] = {};
    CURLcode code_ = CURLE_OK;
    http_response response_;
    std::uint64_t received_ = 0;
    std::uint64_t header_bytes_ = 0;
    std::uint64_t max_header_bytes_ = 0;
    bool head_complete_ = false;
    bool too_large_ = false;
    bool refused_ = false;  // on_body answered false
    std::optional<resumption<end>> waiting_;
    timer<at_deadline> deadline_;
    std::shared_ptr<curl_exchange*> alive_;  // for a stop that had to be put off
};

}  // namespace thole::io
