// A process that is killed while it uploads to Pinata in parts: another one goes on where the
// server stands. Real processes, sockets and ledger; Pinata is its model.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/curl_transport.hpp"
#include "io/event.hpp"
#include "io/http_server.hpp"
#include "io/system_resolver.hpp"
#include "ipfs/codec/testing.hpp"
#include "ipfs/pinata_provider.hpp"
#include "ipfs/store_testing.hpp"
#include "model/content/pinata.hpp"
#include "model/content/pinned_test.hpp"

namespace thole::model {
namespace {

using namespace std::chrono_literals;

const bytes& content() {
    static const auto all = ipfs::testing::noise(17U << 20U);
    return all;
}
constexpr int parts = 3;  // as the options are

// One life of the program.
task<> upload(io::system_loop& loop, std::uint16_t port, std::string ledger, bool& whole) {
    io::system_resolver names{loop};
    io::curl_transport transport{loop, names};
    ipfs::pinata_options options;
    options.url = options.upload_url = "http://127.0.0.1:" + std::to_string(port);
    options.token = secret<std::string>{"jwt"};
    ipfs::pinata_provider pinata{name{"pinata"}, options, transport, loop};
    testing::pinned over{pinata, loop, std::move(ledger)};
    ipfs::upload what{.predicted = ipfs::cid_of(content())};
    what.name = "large.png";
    what.source = std::make_shared<ipfs::memory_source>(content());
    what.owner = "op-1";
    const auto kept = co_await over.pins.replicate(what, 1, deadline::after(loop.now(), 1min));
    whole = kept.enough();
}

// A child that uploads once it is told the port.
struct victim {
    explicit victim(const std::string& ledger) {
        if (::pipe(told) != 0) throw std::runtime_error{"pipe"};
        process = ::fork();
        if (process != 0) return;
        ::alarm(60);
        std::uint16_t port = 0;
        bool whole = false;
        if (::read(told[0], &port, sizeof port) == sizeof port) {
            io::system_loop loop;
            loop.run_until(upload(loop, port, ledger, whole));
        }
        ::_exit(whole ? 0 : 1);
    }
    void go(std::uint16_t port) const {
        ASSERT_EQ(::write(told[1], &port, sizeof port), static_cast<ssize_t>(sizeof port));
    }
    void kill() const {
        ::kill(process, SIGKILL);
        int status = 0;
        EXPECT_EQ(::waitpid(process, &status, 0), process);
        EXPECT_TRUE(WIFSIGNALED(status)) << "it had ended by itself";
    }
    int told[2] = {};
    pid_t process = 0;
};

struct server {
    explicit server(io::system_loop& loop)
        : http{loop,
               {},
               [this](io::server_request r) { return answer(std::move(r)); },
               [](const io::request_head&) {
                   io::body_plan out;
                   out.max_bytes = 64U << 20U;
                   return out;
               }} {}

    task<io::server_response> answer(io::server_request r) {
        ++calls[r.method];
        web_request call{r.method, r.target, r.headers, std::move(r.body), 0};
        const bool last = r.method == "PATCH" && calls["PATCH"] == dies_at;
        web_answer made;
        if (!last || arrives) made = pinata.answer(call);
        if (last) {  // the answer goes to nobody
            dead.set();
            (void)co_await killed.wait();
        }
        io::server_response out;
        out.status = made.status;
        out.headers = std::move(made.headers);
        out.body = std::move(made.body);
        co_return out;
    }

    model::pinata pinata{{.calls_per_minute = 0}};
    std::map<std::string, int> calls;
    int dies_at = 0;       // with which part
    bool arrives = false;  // that part takes effect
    io::event dead;        // it is to be killed now
    io::event killed;
    io::http_server http;
};

// proves: I3, E1
TEST(PinataKill, AnotherProcessGoesOnWhereTheServerStands) {
    (void)content();  // before any child
    for (int part = 1; part <= parts; ++part) {
        for (const bool arrives : {false, true}) {
            SCOPED_TRACE(std::to_string(part) + (arrives ? " arrives" : " is lost"));
            const ipfs::testing::temporary_folder folder;
            const auto ledger = folder.path() + "/pins.sqlite";
            const victim child{ledger};
            io::system_loop loop;
            server pinata{loop};
            pinata.dies_at = part;
            pinata.arrives = arrives;
            const auto port = pinata.http.listen_tcp("127.0.0.1", 0);
            child.go(port);
            const auto killed = [&]() -> task<> {
                EXPECT_TRUE(co_await pinata.dead.wait());
                child.kill();
                pinata.killed.set();
            };
            loop.run_until(killed());
            EXPECT_TRUE(part == parts && arrives ? pinata.pinata.files().size() == 1
                                                 : pinata.pinata.files().empty());
            pinata.dies_at = 0;
            bool whole = false;
            loop.run_until(upload(loop, port, ledger, whole));
            EXPECT_TRUE(whole);
            EXPECT_EQ(pinata.calls["POST"], 1) << "begun once";
            EXPECT_EQ(pinata.calls["HEAD"], 1);
            EXPECT_EQ(pinata.calls["PATCH"], parts + (arrives ? 0 : 1)) << "one is sent again";
            ASSERT_EQ(pinata.pinata.files().size(), 1U);
            EXPECT_EQ(pinata.pinata.files()[0].cid, ipfs::cid_of(content()).text());
            loop.run_until(pinata.http.stop(deadline::after(loop.now(), 1s)));
        }
    }
}

}  // namespace
}  // namespace thole::model
