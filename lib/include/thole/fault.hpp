#pragma once

// One vocabulary for everything that can go wrong outside this process.
//
// The problem: a socket gives errno, HTTP gives a status, a database gives an SQLSTATE, a chain
// gives a JSON-RPC code; each caller then guesses from text whether to retry. Here every client
// maps its errors once, at the edge, into a `fault`, and everything above decides on five facts:
//
//   kind     how to respond: back off, wait as told, go elsewhere, give up ... (see fault_kind)
//   scope    what it condemns: this request, this endpoint, or the whole dependency
//   effect   whether the request may have taken effect although it failed
//   code     a stable name, "area.reason", that a person can look up (`thole explain fault CODE`)
//   retry_after  what the other side asked for, if it did
//
//   return std::unexpected(fault{codes::net_connection_refused}.at(rpc, "backup-1"));
//
//   if (f.effect() == fault_effect::unknown) ...  // never call this "failed": ask what happened
//
// A value of 48 bytes, copied freely; only text allocates. Threads: a value, like int.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "thole/name.hpp"
#include "thole/time.hpp"

namespace thole {

enum class fault_kind : std::uint8_t {
    transient,     // back off exponentially, then the next endpoint
    rate_limited,  // wait as told, else back off; then the next endpoint
    outage,        // this endpoint is gone: the next one at once
    conflict,      // once more after a short random wait, then as transient
    permanent,     // the same request will fail the same way: do not repeat it
    rejected,      // refused here, before anything left: reschedule, no attempt spent
    cancelled,     // the caller gave up: neither success nor failure
};

enum class fault_scope : std::uint8_t { request, endpoint, dependency };

enum class fault_effect : std::uint8_t {
    none,     // the request surely did nothing
    unknown,  // it may have taken effect: read back before deciding anything
};

[[nodiscard]] std::string_view to_string(fault_kind) noexcept;
[[nodiscard]] std::string_view to_string(fault_scope) noexcept;
[[nodiscard]] std::string_view to_string(fault_effect) noexcept;

// A stable code with its defaults. Defined once, as a constant with static storage, in the
// codes.hpp of its area; the same string is problem type, metric label and `explain` argument.
struct fault_code {
    std::string_view text;  // "net.dns_not_found"
    fault_kind kind;
    fault_scope scope;
    std::string_view meaning;  // one sentence for a person, with what to do
};

class fault {
  public:
    // `code` must have static storage; a temporary does not compile.
    explicit fault(const fault_code& code) noexcept
        : code_{&code}, kind_{code.kind}, scope_{code.scope} {}
    explicit fault(const fault_code&&) = delete;
    // In one go, where a refusal is all that a call comes to.
    fault(const fault_code& code, name dependency, duration retry_after) noexcept
        : code_{&code},
          kind_{code.kind},
          scope_{code.scope},
          dependency_{dependency},
          retry_after_{retry_after} {}

    [[nodiscard]] std::string_view code() const noexcept { return code_->text; }
    [[nodiscard]] std::string_view meaning() const noexcept { return code_->meaning; }
    [[nodiscard]] bool is(const fault_code& code) const noexcept { return code_ == &code; }
    [[nodiscard]] fault_kind kind() const noexcept { return kind_; }
    [[nodiscard]] fault_scope scope() const noexcept { return scope_; }
    [[nodiscard]] fault_effect effect() const noexcept { return effect_; }
    // For `rejected`: how long until it is worth asking again.
    [[nodiscard]] std::optional<duration> retry_after() const noexcept {
        return retry_after_ < duration::zero() ? std::nullopt : std::optional{retry_after_};
    }
    [[nodiscard]] name dependency() const noexcept { return dependency_; }
    [[nodiscard]] name endpoint() const noexcept { return endpoint_; }
    // What the other side said, for people; empty when it said nothing. Never decide on it.
    [[nodiscard]] std::string_view detail() const noexcept {
        return detail_ ? std::string_view{*detail_} : std::string_view{};
    }

    // Builders; each returns the fault so that one expression makes it.
    fault& as(fault_kind kind) & noexcept { return kind_ = kind, *this; }
    fault& of(fault_scope scope) & noexcept { return scope_ = scope, *this; }
    fault& with_effect(fault_effect effect) & noexcept { return effect_ = effect, *this; }
    fault& with_retry_after(duration after) & noexcept { return retry_after_ = after, *this; }
    fault& at(name dependency, name endpoint = {}) & noexcept {
        return dependency_ = dependency, endpoint_ = endpoint, *this;
    }
    fault& with_detail(std::string text) &;

    fault&& as(fault_kind kind) && noexcept { return std::move(as(kind)); }
    fault&& of(fault_scope scope) && noexcept { return std::move(of(scope)); }
    fault&& with_effect(fault_effect e) && noexcept { return std::move(with_effect(e)); }
    fault&& with_retry_after(duration d) && noexcept { return std::move(with_retry_after(d)); }
    fault&& at(name d, name e = {}) && noexcept { return std::move(at(d, e)); }
    fault&& with_detail(std::string text) && { return std::move(with_detail(std::move(text))); }

    // "net.timeout (transient, endpoint, effect unknown) at solana/backup-1: detail"
    [[nodiscard]] std::string describe() const;

  private:
    const fault_code* code_;
    fault_kind kind_;
    fault_scope scope_;
    fault_effect effect_ = fault_effect::none;
    name dependency_;
    name endpoint_;
    duration retry_after_{-1};
    std::shared_ptr<const std::string> detail_;
};

static_assert(sizeof(fault) <= 64);

}  // namespace thole
