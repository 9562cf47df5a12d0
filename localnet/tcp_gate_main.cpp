// thole-tcp-gate LISTEN TARGET [CONTROL]: the gate as a process, for scripts.
//
//   thole-tcp-gate 127.0.0.1:0 127.0.0.1:8899
//   {"listen":40001,"control":40002}
//   curl -d '{"mode":"delay","wait_ms":300}' http://127.0.0.1:40002/mode
//   curl http://127.0.0.1:40002/counters

#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>

#include "base/json.hpp"
#include "io/cancellation.hpp"
#include "io/http_server.hpp"
#include "io/problem.hpp"
#include "localnet/tcp_gate.hpp"

namespace thole::localnet {

struct mode_request {
    gate_mode::kind mode = gate_mode::kind::pass;
    std::uint32_t wait_ms = 0;
    std::uint32_t bytes = 0;
    std::uint32_t status = 503;
};
BOOST_DESCRIBE_STRUCT(mode_request, (), (mode, wait_ms, bytes, status))

struct counters_answer {
    std::uint64_t connections = 0;
    std::uint64_t to_target = 0;
    std::uint64_t to_client = 0;
    std::uint32_t open = 0;
};
BOOST_DESCRIBE_STRUCT(counters_answer, (), (connections, to_target, to_client, open))

}  // namespace thole::localnet

template <>
inline constexpr auto thole::json::optional_members<thole::localnet::mode_request> =
    std::array<std::string_view, 3>{"wait_ms", "bytes", "status"};
template <>
inline constexpr auto thole::json::enum_texts<thole::localnet::gate_mode::kind> = [] {
    using enum thole::localnet::gate_mode::kind;
    using entry = std::pair<thole::localnet::gate_mode::kind, std::string_view>;
    return std::array{entry{pass, "pass"},
                      entry{refuse, "refuse"},
                      entry{hang, "hang"},
                      entry{delay, "delay"},
                      entry{cut, "cut"},
                      entry{reset, "reset"},
                      entry{half_close, "half-close"},
                      entry{throttle, "throttle"},
                      entry{corrupt, "corrupt"},
                      entry{answer, "answer"}};
}();

namespace thole::localnet {
namespace {

std::optional<gate_address> parse_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    gate_address out{std::string{text.substr(0, colon)}, 0};
    const auto port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    boost::system::error_code bad;
    boost::asio::ip::make_address(out.host, bad);
    if (error != std::errc{} || end != port.data() + port.size() || bad) return std::nullopt;
    return out;
}

io::server_response set_mode(tcp_gate& gate, const io::server_request& request) {
    const auto wanted = json::read<mode_request>(request.body);
    if (!wanted) return io::problem(400, "request.malformed", "not a mode", wanted.error());
    gate.set({.what = wanted->mode,
              .wait = std::chrono::milliseconds{wanted->wait_ms},
              .bytes = wanted->bytes,
              .status = static_cast<int>(wanted->status)});
    io::server_response done;
    done.status = 204;
    return done;
}

io::server_response show_counters(const tcp_gate& gate) {
    const auto counted = gate.counted();
    io::server_response out;
    out.headers.emplace_back("Content-Type", "application/json");
    out.body =
        json::write(counters_answer{counted.connections, counted.to_target, counted.to_client,
                                    static_cast<std::uint32_t>(counted.open)});
    return out;
}

task<io::server_response> control(tcp_gate& gate, io::server_request request) {
    if (request.path == "/mode" && request.method == "POST") co_return set_mode(gate, request);
    if (request.path == "/counters" && request.method == "GET") co_return show_counters(gate);
    co_return io::problem(404, "request.not_found", "POST /mode or GET /counters");
}

task<> until_signal(io::system_loop& loop, tcp_gate& gate, io::http_server& controls) {
    boost::asio::signal_set signals{loop.context(), SIGINT, SIGTERM};
    (void)co_await signals.async_wait(io::as_values);
    co_await controls.stop(deadline::after(loop.now(), std::chrono::seconds{1}));
    co_await gate.stop();
}

int run(const gate_address& listen, const gate_address& target, const gate_address& control_at) {
    io::system_loop loop;
    tcp_gate gate{loop, listen, target};
    io::http_server controls{loop, {}, [&gate](io::server_request request) {
                                 return control(gate, std::move(request));
                             }};
    const auto control_port = controls.listen_tcp(control_at.host, control_at.port);
    std::printf("{\"listen\":%u,\"control\":%u}\n", unsigned{gate.port()}, unsigned{control_port});
    std::fflush(stdout);
    loop.run_until(until_signal(loop, gate, controls));
    return 0;
}

}  // namespace
}  // namespace thole::localnet

int main(int argc, char** argv) {
    using thole::localnet::parse_address;
    const auto listen = argc > 2 ? parse_address(argv[1]) : std::nullopt;
    const auto target = argc > 2 ? parse_address(argv[2]) : std::nullopt;
    const auto control = parse_address(argc > 3 ? argv[3] : "127.0.0.1:0");
    if (!listen || !target || !control || argc > 4) {
        std::fputs("usage: thole-tcp-gate LISTEN TARGET [CONTROL]   (each ADDRESS:PORT)\n", stderr);
        return 2;
    }
    try {
        return thole::localnet::run(*listen, *target, *control);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "thole-tcp-gate: %s\n", error.what());
        return 1;
    }
}
