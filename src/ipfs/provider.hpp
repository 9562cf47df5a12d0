#pragma once

// A place that keeps content for us: the embedded store, a Kubo node, a pinning service.
//
//   ipfs::upload what{.predicted = cid, .name = "1.png", .source = source, .owner = operation_id};
//   auto receipt = co_await provider.put(what, until);      // result<pin_receipt>
//
// A provider makes one attempt and answers what the other side said: whether its CID is the
// predicted one is judged by `pinning`, in one place for all of them. Everything is idempotent:
// content is addressed by what it is, so after an unknown effect the same call is made again.
//
// Threads: core loop. Lifetime: a provider outlives its calls. Cancellation: through the deadline
// and the awaiting coroutine; what had been sent may have taken effect. Errors: those of the
// transport and of SPEC F2, ipfs.disk_full and the like from the store.

#include <boost/describe.hpp>
#include <memory>
#include <optional>
#include <string>

#include "io/task.hpp"
#include "ipfs/codec/cid.hpp"
#include "ipfs/codec/profile.hpp"
#include "thole/deadline.hpp"
#include "thole/name.hpp"

namespace thole::ipfs {

// Where the bytes of an upload come from. Loaded only by a provider that needs them.
class content_source {
  public:
    virtual ~content_source() = default;
    [[nodiscard]] virtual task<result<std::shared_ptr<const bytes>>> load() = 0;
};

// Bytes in memory.
class memory_source final : public content_source {
  public:
    explicit memory_source(bytes content)
        : content_{std::make_shared<const bytes>(std::move(content))} {}
    explicit memory_source(std::string_view text)
        : memory_source{bytes{as_bytes(text).begin(), as_bytes(text).end()}} {}
    [[nodiscard]] task<result<std::shared_ptr<const bytes>>> load() override { co_return content_; }

  private:
    std::shared_ptr<const bytes> content_;
};

// What an upload that is made in several requests must not forget between two attempts, across a
// crash too: where its parts go, or the id of the request that is being worked on.
class upload_session {
  public:
    virtual ~upload_session() = default;
    [[nodiscard]] virtual std::string token() const = 0;  // "" at first
    // Durable when it answers.
    [[nodiscard]] virtual task<result<>> keep(std::string token) = 0;
};

struct upload {
    cid predicted;
    profile shape = v1_256k;  // the one `predicted` was computed under
    std::string name{};       // for people; not part of the content
    std::shared_ptr<content_source> source{};
    std::optional<std::uint64_t> size{};        // in bytes, where it is known beforehand
    std::string owner{};                        // who refers to it: an operation's id
    std::shared_ptr<upload_session> session{};  // null: an attempt begins anew
};

// Proof of an upload, journaled with the step that made it.
struct pin_receipt {
    std::string provider;
    std::string cid;  // what the provider says it keeps
    std::string id;   // the provider's own name for it; empty when that is the CID
};
BOOST_DESCRIBE_STRUCT(pin_receipt, (), (provider, cid, id))

enum class pin_state : std::uint8_t { absent, queued, pinned, failed };

class provider {
  public:
    virtual ~provider() = default;
    // Unique among the providers of one `pinning`; also the endpoint's name.
    [[nodiscard]] virtual name label() const noexcept = 0;
    [[nodiscard]] virtual task<result<pin_receipt>> put(upload what, deadline until) = 0;
    [[nodiscard]] virtual task<result<pin_state>> status(cid id, deadline until) = 0;
    // Gives the pin back. One that is gone already is fine.
    [[nodiscard]] virtual task<result<>> unpin(pin_receipt receipt, deadline until) = 0;
    // Whether it can be used now: cheap and without effect.
    [[nodiscard]] virtual task<result<>> check(deadline until) = 0;
};

// A provider on this machine: each upload is pinned under its owner, and the receipt's id is that
// owner.
class archive : public provider {
  public:
    // Gives back every pin of the owner, whatever this process remembers of them.
    [[nodiscard]] virtual task<result<>> release(std::string owner, deadline until) = 0;
};

}  // namespace thole::ipfs
