#pragma once

// The resolver over getaddrinfo, on a few threads of its own.
//
//   io::system_resolver names{loop};
//
// Lookups of one name that overlap are one lookup. Answers are kept for `fresh_for`, "no such
// name" for `missing_for`; an expired answer is used again, for at most `stale_for`, when the name
// servers fail or stay silent for `stale_after`. A lookup that hangs keeps its thread; when all
// are kept, new names wait in a bounded queue. The destructor does not wait for hanging lookups.
// Threads: the loop's own.

#include <functional>
#include <map>
#include <memory>

#include "io/loop.hpp"
#include "io/resolver.hpp"

namespace thole::io {

// What getaddrinfo said: 0 and addresses, or EAI_...
struct lookup_answer {
    int error = 0;
    addresses found;
};
using lookup_function = std::function<lookup_answer(const std::string& host)>;

// Blocking; any thread.
[[nodiscard]] lookup_answer lookup_with_getaddrinfo(const std::string& host);

class system_resolver final : public resolver {
  public:
    struct options {
        unsigned threads = 4;
        std::size_t max_waiting = 256;  // names without a thread; one more is net.resolver_full
        std::size_t max_cached = 1024;
        duration fresh_for = std::chrono::seconds{30};
        duration missing_for = std::chrono::seconds{1};
        duration stale_for = std::chrono::hours{1};
        duration stale_after = std::chrono::milliseconds{500};
    };

    explicit system_resolver(loop& owner) : system_resolver{owner, options{}} {}
    system_resolver(loop& owner, options opts, lookup_function lookup = &lookup_with_getaddrinfo);
    ~system_resolver() override;

    [[nodiscard]] task<result<addresses>> resolve(std::string host, deadline until) override;
    void clear_cache();

    struct counters {
        std::uint64_t lookups = 0, hits = 0, coalesced = 0, stale = 0, refused = 0;
    };
    [[nodiscard]] counters counted() const noexcept;

  private:
    struct core;
    std::shared_ptr<core> core_;
};

}  // namespace thole::io
