#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <fstream>
#include <iterator>

#include "app/cli/commands.hpp"
#include "base/bytes.hpp"
#include "base/entropy.hpp"
#include "thole/clock.hpp"

namespace thole::app {
namespace {

using boost::json::value;

constexpr std::uintmax_t largest_image = 50 << 20;

constexpr std::array<std::string_view, 8> stages{"INITIATED",
                                                 "IPFS_UPLOADED",
                                                 "DATABASE_UPDATED",
                                                 "BLOCKCHAIN_SUBMITTED",
                                                 "BLOCKCHAIN_CONFIRMED",
                                                 "VERIFIED",
                                                 "COMPLETED",
                                                 ""};

std::string stage_bar(std::string_view progress) {
    if (progress == "BLOCKCHAIN_DELAYED") progress = "BLOCKCHAIN_SUBMITTED";  // where it stands
    std::size_t at = 0;
    for (std::size_t i = 0; i + 1 < stages.size(); ++i) {
        if (stages[i] == progress) at = i;
    }
    constexpr std::size_t whole = stages.size() - 2;
    return bar(at, whole, whole * 2);
}

std::expected<std::string, std::string> read_image(const std::string& path) {
    std::ifstream in{path, std::ios::binary | std::ios::ate};
    if (!in) return std::unexpected{fmt::format("--image: {} cannot be read", path)};
    const auto size = in.tellg();
    if (size <= 0) return std::unexpected{fmt::format("--image: {} is empty", path)};
    if (static_cast<std::uintmax_t>(size) > largest_image) {
        return std::unexpected{fmt::format("--image: {} has {} bytes; at most 50 MiB are accepted",
                                           path, static_cast<std::uintmax_t>(size))};
    }
    in.seekg(0);
    return std::string{std::istreambuf_iterator<char>{in}, {}};
}

std::expected<boost::json::object, std::string> request_of(const mint_options& o) {
    boost::json::object out{
        {"owner", o.owner}, {"name", o.name}, {"symbol", o.symbol}, {"description", o.description}};
    const auto add = [&out](const char* member, const std::string& text) {
        if (!text.empty()) out[member] = text;
    };
    add("account", o.account);
    add("external_url", o.external_url);
    add("standard", o.standard);
    add("priority", o.priority);
    if (o.level) out["level"] = *o.level;
    if (o.immutable) out["is_mutable"] = false;
    boost::json::array attributes;
    for (const auto& each : o.attributes) {
        const auto equals = each.find('=');
        if (equals == std::string::npos || equals == 0) {
            return std::unexpected{
                fmt::format("--attribute: \"{}\" is not TRAIT=VALUE", plain(each))};
        }
        attributes.push_back(boost::json::object{{"trait_type", each.substr(0, equals)},
                                                 {"value", each.substr(equals + 1)}});
    }
    if (!attributes.empty()) out["attributes"] = std::move(attributes);
    if (!o.tags.empty()) out["tags"] = boost::json::array(o.tags.begin(), o.tags.end());
    return out;
}

std::string new_key() {
    std::array<std::uint8_t, 16> random{};
    system_entropy{}.fill(random);
    return "cli-" + to_hex(random);
}

void show_result(session& s, const value& operation) {
    table t{{"", ""}};
    for (const auto* member :
         {"id", "state", "mint", "owner", "uri", "image_cid", "signature", "cause"}) {
        const auto text = text_of(operation, member);
        if (text.empty()) continue;
        t.add({{member, colour::dim},
               {text, std::string_view{member} == "state" ? colour_of_state(text) : colour::none}});
    }
    s.out.print(t.text(s.out, 1000));
}

std::string stage_line(const session& s, const value& o, duration since) {
    using std::chrono::milliseconds;
    const auto tenths = std::chrono::duration_cast<milliseconds>(since).count() / 100;
    const auto progress = text_of(o, "progress");
    std::string note;
    const auto* waiting = o.as_object().if_contains("waiting");
    const auto* fault = o.as_object().if_contains("fault");
    if (waiting != nullptr) note = text_of(*waiting, "reason");
    if (note.empty() && fault != nullptr) note = text_of(*fault, "code");
    auto line = fmt::format("{} {:<20} {:>4}.{} s  {}", stage_bar(progress), progress, tenths / 10,
                            tenths % 10, note);
    if (columns(line) >= s.err.width()) line.resize(s.err.width() - 1);
    return line;
}

}  // namespace

int follow_operation(session& s, client& daemon, const std::string& id,
                     std::uint32_t timeout_seconds) {
    const system_clock time;
    const auto began = time.now();
    const auto until = began + std::chrono::seconds{timeout_seconds};
    std::string seen;
    std::string after = "0";
    for (;;) {
        int code = exit_done;
        const auto path = fmt::format("/api/v1/operations/{}", percent_encoded(id));
        const auto now = ask(s, daemon, {.path = path}, code);
        if (!now) return code;
        const auto progress = text_of(*now, "progress");
        const auto state = text_of(*now, "state");
        const bool over = exit_of_state(state) != exit_attention || state == "parked";
        if (over || time.now() >= until) {
            s.err.status("");
            if (s.json) {
                s.print_json(*now);
            } else {
                show_result(s, *now);
            }
            if (over && !s.json) explain_cause(s, s.err, daemon, *now);
            if (exit_of_state(state) == exit_ended_otherwise) {
                s.complain(fmt::format("it has not completed: thole explain operation {}", id));
            } else if (state == "parked") {
                s.complain(fmt::format("a person must look: thole explain operation {}", id));
            } else if (!over) {
                s.complain(
                    fmt::format("not ended after {} s; it goes on without this command: "
                                "thole operation show {}",
                                timeout_seconds, id));
            }
            return exit_of_state(state);
        }
        s.err.status(stage_line(s, *now, time.now() - began));
        if (!s.err.is_tty() && progress != seen) s.err.print(progress + "\n");
        seen = progress;
        // Answers at the next event, so that the line moves when something happens.
        const auto page = ask(
            s, daemon,
            {.path = fmt::format("{}/events?after={}&limit=500&wait_ms=1000", path, after)}, code);
        if (!page) return code;
        if (const auto* events = page->as_object().if_contains("events");
            events != nullptr && events->is_array() && !events->as_array().empty()) {
            after = text_of(events->as_array().back(), "seq");
        }
    }
}

int run_mint(session& s, client& daemon, const mint_options& options) {
    auto request = request_of(options);
    if (!request) return s.complain(request.error()), exit_usage;
    auto image = read_image(options.image);
    if (!image) return s.complain(image.error()), exit_refused;

    int code = exit_done;
    const auto content = ask(s, daemon,
                             {.method = "POST",
                              .path = "/api/v1/content",
                              .headers = {{"Content-Type", "application/octet-stream"}},
                              .body = std::move(*image),
                              .timeout = std::chrono::minutes{10}},
                             code);
    if (!content) return code;
    (*request)["image"] = text_of(*content, "cid");

    const auto key = options.key.empty() ? new_key() : options.key;
    if (options.key.empty()) {
        s.err.print(fmt::format("key {}  (--key with it asks for the same mint again)\n", key));
    }
    const auto accepted =
        ask(s, daemon,
            {.method = "POST",
             .path = "/api/v1/mints",
             .headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", key}},
             .body = boost::json::serialize(*request)},
            code);
    if (!accepted) return code;
    const auto id = text_of(*accepted, "id");
    if (options.wait) return follow_operation(s, daemon, id, options.timeout_seconds);
    if (s.json) {
        s.print_json(*accepted);
    } else {
        show_result(s, *accepted);
    }
    return exit_done;
}

}  // namespace thole::app
