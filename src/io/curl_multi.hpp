#pragma once

// libcurl's multi interface driven by a loop: sockets, its one timer, finished transfers.
// Used by curl_transport only. Threads: the loop's own.

#include <curl/curl.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <map>
#include <memory>

#include "io/system_loop.hpp"

namespace thole::io {

class curl_multi {
  public:
    // What a handle's CURLOPT_PRIVATE points to.
    class client {
      public:
        // The transfer has ended and its handle is no longer in the multi.
        virtual void ended(CURLcode code) noexcept = 0;

      protected:
        ~client() = default;
    };

    struct limits {
        long idle_connections = 64;
        long connections_per_host = 0;  // 0: unlimited; more requests wait inside curl
    };

    curl_multi(system_loop& owner, limits most);
    ~curl_multi();
    curl_multi(const curl_multi&) = delete;
    curl_multi& operator=(const curl_multi&) = delete;

    void add(CURL* handle, client& who);
    // Stops a transfer. Precondition: !inside().
    void remove(CURL* handle);
    // Whether curl is on the stack: then a handle can be neither added nor removed.
    [[nodiscard]] bool inside() const noexcept { return inside_; }

  private:
    using descriptor = boost::asio::posix::basic_stream_descriptor<system_loop::context_executor>;
    struct watch {
        watch(system_loop& on, curl_socket_t fd) : socket{on.context(), fd} {}
        descriptor socket;
        int want = 0;
        bool reading = false;
        bool writing = false;
        bool dropped = false;
    };
    using shared_watch = std::shared_ptr<watch>;

    static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*);
    static int on_timer(CURLM*, long wait_ms, void* self);
    void watch_socket(curl_socket_t fd, int what);
    void drop(curl_socket_t fd);
    void wait(const shared_watch& which);
    void ready(const shared_watch& which, int flags);
    void act(curl_socket_t fd, int flags);
    void finish_transfers();

    system_loop& owner_;
    CURLM* multi_;
    std::map<curl_socket_t, shared_watch> watches_;
    struct wake {
        curl_multi* self;
        void operator()() const { self->act(CURL_SOCKET_TIMEOUT, 0); }
    };
    timer<wake> timer_;
    bool inside_ = false;
};

}  // namespace thole::io
