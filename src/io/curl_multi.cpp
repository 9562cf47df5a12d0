#include "io/curl_multi.hpp"

#include <utility>

#include "thole/assert.hpp"

namespace thole::io {

namespace {

// curl_global_init is not thread-safe in every build: once, before the first handle.
void initialise_curl() {
    static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
    THOLE_ASSERT(done == CURLE_OK, "libcurl must initialise");
}

}  // namespace

curl_multi::curl_multi(system_loop& owner, limits most)
    : owner_{owner}, multi_{(initialise_curl(), curl_multi_init())}, timer_{owner, wake{this}} {
    THOLE_ASSERT(multi_ != nullptr, "memory for a curl multi handle");
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &curl_multi::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &curl_multi::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, most.idle_connections);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, most.connections_per_host);
}

curl_multi::~curl_multi() {
    curl_multi_cleanup(multi_);  // closes idle connections, calls on_socket for each
    for (auto& [fd, each] : watches_) {
        each->dropped = true;
        each->socket.release();
    }
}

void curl_multi::add(CURL* handle, client& who) {
    THOLE_ASSERT(!inside_, "curl must not be entered from its own callbacks");
    curl_easy_setopt(handle, CURLOPT_PRIVATE, &who);
    const auto code = curl_multi_add_handle(multi_, handle);
    THOLE_ASSERT(code == CURLM_OK, "a fresh handle can be added");
}

void curl_multi::remove(CURL* handle) {
    THOLE_ASSERT(!inside_, "curl must not be entered from its own callbacks");
    curl_multi_remove_handle(multi_, handle);
}

int curl_multi::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    static_cast<curl_multi*>(self)->watch_socket(fd, what);
    return 0;
}

int curl_multi::on_timer(CURLM*, long wait_ms, void* self) {
    auto& me = *static_cast<curl_multi*>(self);
    if (wait_ms < 0) {
        me.timer_.stop();
    } else {
        me.timer_.start(me.owner_.now() + std::chrono::milliseconds{wait_ms});
    }
    return 0;
}

void curl_multi::watch_socket(curl_socket_t fd, int what) {
    if (what == CURL_POLL_REMOVE) return drop(fd);
    auto& which = watches_[fd];
    if (which == nullptr) which = std::make_shared<watch>(owner_, fd);
    which->want = what;
    wait(which);
}

// curl closes the socket soon after, and the number may then belong to somebody else: the watch
// lets go at once. (Keeping it for the next request on the connection would save two system calls,
// but not every way in which curl closes a socket tells us.)
void curl_multi::drop(curl_socket_t fd) {
    const auto found = watches_.find(fd);
    if (found == watches_.end()) return;
    found->second->dropped = true;
    found->second->socket.release();
    watches_.erase(found);
}

void curl_multi::wait(const shared_watch& which) {
    if ((which->want & CURL_POLL_IN) != 0 && !std::exchange(which->reading, true)) {
        which->socket.async_wait(descriptor::wait_read,
                                 [this, which](const boost::system::error_code& error) {
                                     which->reading = false;
                                     ready(which, error ? CURL_CSELECT_ERR : CURL_CSELECT_IN);
                                 });
    }
    if ((which->want & CURL_POLL_OUT) != 0 && !std::exchange(which->writing, true)) {
        which->socket.async_wait(descriptor::wait_write,
                                 [this, which](const boost::system::error_code& error) {
                                     which->writing = false;
                                     ready(which, error ? CURL_CSELECT_ERR : CURL_CSELECT_OUT);
                                 });
    }
}

void curl_multi::ready(const shared_watch& which, int flags) {
    if (which->dropped) return;  // possibly together with this multi
    const bool wanted = flags == CURL_CSELECT_ERR ||
                        (flags == CURL_CSELECT_IN && (which->want & CURL_POLL_IN) != 0) ||
                        (flags == CURL_CSELECT_OUT && (which->want & CURL_POLL_OUT) != 0);
    if (wanted) act(which->socket.native_handle(), flags);
    if (!which->dropped) wait(which);
}

void curl_multi::act(curl_socket_t fd, int flags) {
    int running = 0;
    inside_ = true;
    curl_multi_socket_action(multi_, fd, flags, &running);
    inside_ = false;
    finish_transfers();
}

void curl_multi::finish_transfers() {
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        auto* handle = message->easy_handle;
        const auto code = message->data.result;  // gone once the handle is removed
        char* who = nullptr;
        curl_easy_getinfo(handle, CURLINFO_PRIVATE, &who);
        curl_multi_remove_handle(multi_, handle);
        reinterpret_cast<client*>(who)->ended(code);
    }
}

}  // namespace thole::io
