#pragma once

// What the providers that speak JSON over HTTP share: requests that carry the key, answers that are
// a fault unless they are a success.
//
//   provider_http http{label, api_token, transport, time};
//   auto answer = co_await http.ask(http.request("GET", url, until));     // result<json::value>
//
// The key is only ever sent to URLs that the configuration names (same_origin() for what a server
// tells). Threads: core loop. Lifetime: transport and clock outlive it.

#include <boost/json/value.hpp>

#include "base/secret.hpp"
#include "io/http.hpp"
#include "thole/clock.hpp"

namespace thole::ipfs {

class provider_http {
  public:
    provider_http(name label, secret<std::string> bearer, io::http_transport& transport,
                  const clock& time)
        : label_{label}, bearer_{std::move(bearer)}, transport_{transport}, clock_{time} {}

    [[nodiscard]] io::http_request request(std::string method, std::string url,
                                           deadline until) const;
    // Whatever was answered.
    [[nodiscard]] task<result<io::http_response>> exchange(io::http_request request) const;
    // What an answer comes to: 2xx, or the fault of its status, with Retry-After.
    [[nodiscard]] result<io::http_response> judge(io::http_response answer) const;
    // Both at once.
    [[nodiscard]] task<result<io::http_response>> send(io::http_request request) const;
    // A 2xx with a JSON body; anything else is a fault.
    [[nodiscard]] task<result<boost::json::value>> ask(io::http_request request) const;
    // 2xx, or 404 and 410: what should be gone is gone.
    [[nodiscard]] task<result<>> remove(std::string url, deadline until) const;

    // Of an answer to a request that may have had an effect, say so.
    [[nodiscard]] fault malformed(std::string_view body,
                                  fault_effect effect = fault_effect::none) const;
    [[nodiscard]] fault located(fault f) const { return std::move(f).at(label_, label_); }
    [[nodiscard]] deadline within(deadline until, duration most) const {
        return until.child(clock_.now(), most);
    }
    [[nodiscard]] name label() const noexcept { return label_; }

  private:
    name label_;
    secret<std::string> bearer_;
    io::http_transport& transport_;
    const clock& clock_;
};

// The text at /a/b/c of a JSON value; "" when there is none.
[[nodiscard]] std::string text_at(const boost::json::value& from, std::string_view pointer);
// A URL that a server answered, made absolute; "" when it leads to another origin.
[[nodiscard]] std::string same_origin(std::string_view base, std::string_view location);
[[nodiscard]] std::string without_slash(std::string url);

}  // namespace thole::ipfs
