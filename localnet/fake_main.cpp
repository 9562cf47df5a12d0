// thole-fake SERVICE [--listen 127.0.0.1:0] [--token KEY] [--per-minute N] [--slot-ms N]: the
// models of model/ over HTTP, for functional tests, for the vendors' own clients, and for
// measuring.
//
//   thole-fake pinata --token jwt
//   {"listen":40001}
//   curl -d '{"http_503":2}' http://127.0.0.1:40001/_faults      # the next two calls
//   curl http://127.0.0.1:40001/_kept                            # what it keeps now
//
// SERVICE is "pinata" (v3, uploads and the older API on one port), "psa", or "mint" (a ledger and a
// content node, see fake_service.hpp). Only on loopback.

#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>

#include "base/json.hpp"
#include "io/cancellation.hpp"
#include "io/http_server.hpp"
#include "io/problem.hpp"
#include "localnet/fake_service.hpp"
#include "model/content/pinata.hpp"
#include "model/content/psa.hpp"

namespace thole::localnet {
namespace {

constexpr std::uint64_t most_bytes = 128 << 20;

class pinata_service final : public service {
  public:
    explicit pinata_service(const orders& o)
        : model_{{.token = o.token, .calls_per_minute = o.per_minute}} {}
    model::web_answer answer(const model::web_request& request) override {
        return model_.answer(request);
    }
    void set(const fault_orders& wanted) override {
        model_.faults() = {.http_503 = static_cast<int>(wanted.http_503),
                           .forget_parts = static_cast<int>(wanted.forget_parts),
                           .lie = wanted.lie,
                           .suspended = wanted.suspended};
    }
    boost::json::value kept() const override {
        boost::json::array out;
        for (const auto& each : model_.files()) out.emplace_back(each.cid);
        return out;
    }

  private:
    model::pinata model_;
};

class psa_service final : public service {
  public:
    explicit psa_service(const orders& o)
        : model_{{.token = o.token, .takes = 1, .calls_per_minute = o.per_minute}} {}
    model::web_answer answer(const model::web_request& request) override {
        return model_.answer(request);
    }
    void set(const fault_orders& wanted) override {
        model_.faults() = {.http_503 = static_cast<int>(wanted.http_503),
                           .no_funds = wanted.no_funds};
        if (!wanted.offer.empty()) model_.offer(wanted.offer);
    }
    boost::json::value kept() const override {
        boost::json::array out;
        for (const auto& [id, each] : model_.requests()) out.emplace_back(each.cid);
        return out;
    }

  private:
    model::pinning_service model_;
};

std::unique_ptr<service> make(const orders& o, const io::loop& time) {
    if (o.service == "mint") return make_mint_service(o, time);
    if (o.service == "pinata") return std::make_unique<pinata_service>(o);
    if (o.service == "psa") return std::make_unique<psa_service>(o);
    return nullptr;
}

io::server_response control(service& of, const io::server_request& request) {
    io::server_response out;
    if (request.path == "/_kept" && request.method == "GET") {
        out.headers.emplace_back("Content-Type", "application/json");
        out.body = boost::json::serialize(of.kept());
        return out;
    }
    if (request.path != "/_faults" || request.method != "POST") {
        return io::problem(404, "request.not_found", "POST /_faults or GET /_kept");
    }
    const auto wanted = json::read<fault_orders>(request.body);
    if (!wanted) return io::problem(400, "request.malformed", "not faults", wanted.error());
    of.set(*wanted);
    out.status = 204;
    return out;
}

task<io::server_response> serve(service& of, const io::loop& time, io::server_request request) {
    if (request.path.starts_with("/_")) co_return control(of, request);
    model::web_request call;
    call.method = request.method;
    call.target = request.target;
    call.headers = request.headers;
    call.body = std::move(request.body);
    call.now = std::chrono::duration_cast<std::chrono::seconds>(time.wall_now().time_since_epoch())
                   .count();
    auto answer = of.answer(call);
    io::server_response out;
    out.status = answer.status;
    out.headers = std::move(answer.headers);
    out.body = std::move(answer.body);
    co_return out;
}

task<> until_signal(io::system_loop& loop, io::http_server& server) {
    boost::asio::signal_set signals{loop.context(), SIGINT, SIGTERM};
    (void)co_await signals.async_wait(io::as_values);
    co_await server.stop(deadline::after(loop.now(), std::chrono::seconds{1}));
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

std::optional<orders> read(int argc, char** argv) {
    if (argc < 2 || argc % 2 != 0) return std::nullopt;
    orders out;
    out.service = argv[1];
    const bool known = out.service == "pinata" || out.service == "psa" || out.service == "mint";
    if (!known) return std::nullopt;
    for (int i = 2; i + 1 < argc; i += 2) {
        const std::string_view option = argv[i];
        const std::string_view value = argv[i + 1];
        if (option == "--token") {
            out.token = value;
        } else if (option == "--per-minute") {
            if (!read_number(value, out.per_minute)) return std::nullopt;
        } else if (option == "--slot-ms") {
            if (!read_number(value, out.slot_ms) || out.slot_ms < 1) return std::nullopt;
        } else if (option == "--listen") {
            const auto colon = value.rfind(':');
            if (colon == std::string_view::npos) return std::nullopt;
            out.address = value.substr(0, colon);
            boost::system::error_code error;
            const auto address = boost::asio::ip::make_address(out.address, error);
            if (error || !address.is_loopback()) return std::nullopt;
            if (!read_number(value.substr(colon + 1), out.port)) return std::nullopt;
        } else {
            return std::nullopt;
        }
    }
    return out;
}

int run(const orders& o) {
    io::system_loop loop;
    const auto served = make(o, loop);
    auto& of = *served;
    io::http_server server{loop,
                           {.max_connections = 8192},
                           [&](io::server_request r) { return serve(of, loop, std::move(r)); },
                           [](const io::request_head&) {
                               io::body_plan plan;
                               plan.max_bytes = most_bytes;
                               return plan;
                           }};
    const auto port = server.listen_tcp(o.address, o.port);
    std::printf("{\"listen\":%u}\n", unsigned{port});
    std::fflush(stdout);
    loop.run_until(until_signal(loop, server));
    return 0;
}

}  // namespace
}  // namespace thole::localnet

int main(int argc, char** argv) {
    const auto wanted = thole::localnet::read(argc, argv);
    if (!wanted) {
        std::fputs(
            "usage: thole-fake pinata|psa|mint [--listen 127.0.0.1:PORT] [--token KEY] "
            "[--per-minute N] [--slot-ms N]   (loopback only)\n",
            stderr);
        return 2;
    }
    try {
        return thole::localnet::run(*wanted);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "thole-fake: %s\n", error.what());
        return 1;
    }
}
