#include "sim/orders.hpp"

#include "ipfs/codec/dag_builder.hpp"
#include "sim/desk.hpp"
#include "thole/codes.hpp"

namespace thole::sim {

namespace {

using namespace std::chrono_literals;
using saga::nothing;
using saga::step_context;

struct slip {
    std::string value;
};
BOOST_DESCRIBE_STRUCT(slip, (), (value))

template <std::size_t N>
struct word {
    char text[N];
    consteval word(const char (&from)[N]) { std::ranges::copy(from, text); }
};

// Answers the status; what the desk has no time for is a fault.
task<result<int>> ask(order_parts parts, std::string method, std::string place, std::string body,
                      deadline until) {
    io::http_request request;
    request.method = std::move(method);
    request.url = std::string{desk::url} + "/" + place;
    request.body = std::move(body);
    request.effect = io::effect_class::idempotent;
    request.until = until;
    request.dependency = name{desk::label};
    request.endpoint = name{desk::label};
    const auto answer = co_await parts.http.send(std::move(request));
    if (!answer) co_return fail(answer.error());
    if (answer->status >= 500) co_return fail(codes::http_server_error);
    co_return answer->status;
}

std::string place_of(const step_context& in, std::string_view step) {
    return in.id().text() + "/" + std::string{step};
}

task<saga::outcome<slip>> leave(order_parts parts, step_context& in, std::string_view step) {
    auto text = in.input<order>().text;
    auto call = ask(parts, "PUT", place_of(in, step), std::move(text), in.until());
    const auto status = co_await std::move(call);
    if (!status) co_return saga::retry{status.error()};
    if (*status == 200) co_return saga::done<slip>{{std::string{step}}};
    co_return saga::park{"the desk answers " + std::to_string(*status), {}};
}

task<saga::outcome<nothing>> take_back(order_parts parts, std::string place, deadline until) {
    auto call = ask(parts, "DELETE", std::move(place), {}, until);
    const auto status = co_await std::move(call);
    if (!status) co_return saga::retry{status.error()};
    co_return saga::done<nothing>{};
}

// Changes nothing: it may be begun again by a person.
template <word Name>
struct asks {
    static constexpr std::string_view name{Name.text};
    using output = slip;
    order_parts parts;
    explicit asks(order_parts p) : parts{p} {}
    task<saga::outcome<slip>> run(step_context& in) {
        auto call = ask(parts, "GET", place_of(in, name), {}, in.until());
        const auto status = co_await std::move(call);
        if (!status) co_return saga::wait{2s, "the desk"};
        co_return saga::done<slip>{{std::to_string(*status)}};
    }
};

template <word Name>
struct leaves {
    static constexpr std::string_view name{Name.text};
    using output = slip;
    order_parts parts;
    explicit leaves(order_parts p) : parts{p} {}
    task<saga::outcome<slip>> run(step_context& in) { return leave(parts, in, name); }
};

template <word Name>
struct lends : leaves<Name> {
    using leaves<Name>::leaves;
    task<saga::outcome<nothing>> undo(step_context& in) {
        return take_back(this->parts, place_of(in, lends::name), in.until());
    }
};

// Counts who is in it, in this life.
struct files : lends<"file"> {
    std::shared_ptr<int> inside = std::make_shared<int>();
    using lends::lends;
    task<saga::outcome<slip>> run(step_context& in) {
        struct stay {
            std::shared_ptr<int> count;
            ~stay() { --*count; }
        };
        ++*inside;
        const stay here{inside};
        parts.judges.filing(*inside);
        auto call = leave(parts, in, name);
        co_return co_await std::move(call);
    }
};

struct pins {
    static constexpr std::string_view name = "pin";
    using output = slip;
    order_parts parts;
    explicit pins(order_parts p) : parts{p} {}
    task<saga::outcome<slip>> run(step_context& in) {
        const auto text = in.input<order>().text + in.id().text();
        ipfs::upload what{.predicted = ipfs::cid_of(as_bytes(text)),
                          .source = std::make_shared<ipfs::memory_source>(std::string_view{text}),
                          .owner = in.id().text()};
        const auto kept = co_await parts.own.put(std::move(what), in.until());
        if (!kept) co_return saga::retry{kept.error()};
        co_return saga::done<slip>{{kept->cid}};
    }
    task<saga::outcome<nothing>> undo(step_context& in) {
        auto owner = in.id().text();
        const auto given_back = co_await parts.own.release(std::move(owner), in.until());
        if (!given_back) co_return saga::retry{given_back.error()};
        co_return saga::done<nothing>{};
    }
};

struct packs {
    static constexpr std::string_view name = "pack";
    using output = slip;
    order_parts parts;
    explicit packs(order_parts p) : parts{p} {}
    static saga::child_request request(step_context& in) {
        saga::child_request out;
        out.kind = parcel_kind;
        out.input = json::write(in.input<order>());
        return out;
    }
    task<saga::outcome<slip>> run(step_context& in) {
        auto wanted = request(in);
        const auto child = co_await in.child(std::move(wanted));
        if (!child) co_return saga::retry{child.error()};
        if (!child->ending) co_return saga::await_end{child->id};
        if (*child->ending == "completed") co_return saga::done<slip>{{child->id.text()}};
        co_return saga::compensate{"the parcel came to nothing", {}};
    }
    // What the child has left is this one's to take back when it was through.
    task<saga::outcome<nothing>> undo(step_context& in) {
        auto wanted = request(in);
        const auto child = co_await in.child(std::move(wanted));
        if (!child) co_return saga::retry{child.error()};
        if (!child->ending) {
            (void)co_await in.cancel_child(child->id, "its order is undone");
            co_return saga::await_end{child->id, 10s};
        }
        for (const std::string step : {"wrap", "address"}) {
            auto place = child->id.text() + "/" + step;
            auto call = take_back(parts, std::move(place), in.until());
            auto gone = co_await std::move(call);
            if (!std::holds_alternative<saga::done<nothing>>(gone)) co_return gone;
        }
        co_return saga::done<nothing>{};
    }
};

// The same bytes may be sent for ever: the desk takes them once.
struct charges {
    static constexpr std::string_view name = "charge";
    using prepared = slip;
    using output = slip;
    order_parts parts;
    explicit charges(order_parts p) : parts{p} {}
    task<saga::outcome<slip>> prepare(step_context& in) {
        co_return saga::done<slip>{{place_of(in, name)}};
    }
    task<result<>> send(step_context& in, const saga::journaled<slip>& bytes) {
        auto call = ask(parts, "PUT", bytes->value, {}, in.until());
        const auto status = co_await std::move(call);
        if (!status) co_return fail(status.error());
        co_return result<>{};
    }
    task<saga::settlement<slip>> settle(step_context& in, const saga::journaled<slip>& bytes) {
        auto call = ask(parts, "GET", bytes->value, {}, in.until());
        const auto status = co_await std::move(call);
        if (status && *status == 200) co_return saga::landed<slip>{*bytes};
        co_return saga::pending{1s};
    }
};

constexpr saga::step_policy policy{.attempts = 4, .timeout = 10s};
// Nobody looks after a child by itself: in the end it gives up, and its parent says what then.
constexpr saga::step_policy child_policy{
    .attempts = 6, .timeout = 10s, .on_exhausted = saga::exhausted::compensate};

}  // namespace

saga::definition make_order_saga(const order_parts& parts, int version) {
    using std::make_shared;
    auto made = saga::define<order>(std::string{order_kind}, version);
    made.step(make_shared<asks<"look">>(parts)).policy(policy);
    if (version == 1) {
        made.step(make_shared<asks<"quote">>(parts));
    } else {
        made.step(make_shared<asks<"offer">>(parts));
    }
    made.policy(policy)
        .step(make_shared<lends<"reserve">>(parts))
        .policy(policy)
        .lock([](const order& o) { return o.account; })
        .step(make_shared<files>(parts))
        .policy(policy)
        .at_most(places_to_file)
        .step(make_shared<pins>(parts))
        .beside()
        .policy(policy)
        .step(make_shared<lends<"invite">>(parts))
        .beside()
        .policy(policy)
        .skippable()
        .step(make_shared<packs>(parts))
        .beside()
        .policy(policy)
        .step(make_shared<charges>(parts))
        .policy(policy)
        .pivot()
        .step(make_shared<leaves<"ship">>(parts))
        .policy(policy);
    if (version > 1) {
        made.step(make_shared<leaves<"thank">>(parts)).policy(policy);
        made.migrates_from(1, {{"quote", "offer"}});
    }
    made.editable([](const order& before, const order& after) -> std::optional<std::string> {
        if (before.account == after.account) return std::nullopt;
        return "account cannot be changed";
    });
    return made.build();
}

saga::definition make_parcel_saga(const order_parts& parts) {
    return saga::define<order>(std::string{parcel_kind}, 1)
        .step(std::make_shared<lends<"wrap">>(parts))
        .policy(child_policy)
        .step(std::make_shared<lends<"address">>(parts))
        .policy(child_policy)
        .build();
}

}  // namespace thole::sim
