#pragma once

// A provider's client in front of the model of its service, in virtual time, with answers that can
// be lost.

#include <gtest/gtest.h>

#include <algorithm>

#include "ipfs/client_testing.hpp"
#include "ipfs/codec/dag_builder.hpp"
#include "ipfs/provider.hpp"
#include "model/web.hpp"

namespace thole::model::testing {

using namespace std::chrono_literals;

// A session that outlives a process.
class kept_session final : public ipfs::upload_session {
  public:
    std::string value;
    [[nodiscard]] std::string token() const override { return value; }
    [[nodiscard]] task<result<>> keep(std::string token) override {
        value = std::move(token);
        co_return result<>{};
    }
};

template <class Service>
struct service_world {
    io::virtual_loop loop;
    Service service;
    int lose_answers = 0;           // the next n take effect and nobody hears of it
    std::string lose_only;          // … of this method, when set
    int lose_after = -1;            // lets n of them through and loses one
    std::vector<web_request> seen;  // without bodies
    std::shared_ptr<kept_session> session = std::make_shared<kept_session>();
    ipfs::testing::scripted_transport transport{
        [this](const io::http_request& r) { return serve(r); }};

    template <class... Options>
    explicit service_world(Options&&... options) : service{std::forward<Options>(options)...} {}

    result<io::http_response> serve(const io::http_request& r) {
        web_request call;
        call.method = r.method;
        call.target = r.url.substr(r.url.find('/', r.url.find("://") + 3));
        call.headers = r.headers;
        call.now =
            std::chrono::duration_cast<std::chrono::seconds>(loop.wall_now().time_since_epoch())
                .count();
        seen.push_back(call);
        call.body = r.body;
        auto answer = service.answer(call);
        const bool counts = lose_only.empty() || lose_only == r.method;
        const bool due = counts && lose_after >= 0 && lose_after-- == 0;
        if (due || (counts && lose_answers > 0)) {
            lose_answers -= due ? 0 : 1;
            return fail(fault{thole::codes::net_reset}.with_effect(fault_effect::unknown));
        }
        return ipfs::testing::answered(answer.status, std::move(answer.body),
                                       std::move(answer.headers));
    }
    ipfs::upload upload_of(std::string content, std::string owner = "op-1") {
        ipfs::upload out{.predicted = ipfs::cid_of(as_bytes(content))};
        out.name = "1.png";
        out.source = std::make_shared<ipfs::memory_source>(std::string_view{content});
        out.owner = std::move(owner);
        out.session = session;
        return out;
    }
    template <class T>
    T run(task<T> work) {
        return ipfs::testing::run(loop, std::move(work));
    }
    [[nodiscard]] deadline until() const { return deadline::after(loop.now(), 10min); }
    int count(std::string_view method) const {
        return static_cast<int>(std::ranges::count(seen, method, &web_request::method));
    }
};

}  // namespace thole::model::testing
