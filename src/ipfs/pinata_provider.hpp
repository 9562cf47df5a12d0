#pragma once

// Pinata as a provider, over its version 3 API or the older pinning API.
//
//   ipfs::pinata_provider pinata{name{"pinata"}, {.token = jwt}, transport, loop};
//
// What it sees to: uploads say network=public (the default is private, which no gateway serves) and
// the CID version; files are marked as ours (keyvalue "thole") and only such are ever deleted, so a
// file that its owner uploaded himself stays; a large one goes up in resumable parts (TUS), whose
// place is remembered in the upload's session and asked for by HEAD after a crash; 429 and its
// Retry-After are a fault of their own kind.
//
// Sources: docs.pinata.cloud (upload, files, TUS, limits), the published client pinata 2.5.6.
// Threads: core loop. Lifetime: transport and clock outlive it.

#include "ipfs/provider.hpp"
#include "ipfs/provider_http.hpp"

namespace thole::ipfs {

enum class pinata_api : std::uint8_t { v3, legacy };

struct pinata_options {
    pinata_api api = pinata_api::v3;
    std::string url = "https://api.pinata.cloud";
    std::string upload_url = "https://uploads.pinata.cloud";  // of v3
    secret<std::string> token{};                              // JWT
    // In bytes (v3). Pinata wants parts from 100 MB on, and less than 50 MB in each; smaller ones
    // are allowed, and what a lost connection or a crash repeats is one part.
    std::uint64_t resumable_above = 16 << 20;
    std::uint64_t part_bytes = 8 << 20;
    duration put_timeout = std::chrono::seconds{60};  // of one request with content
    duration call_timeout = std::chrono::seconds{10};
};

class pinata_provider final : public provider {
  public:
    pinata_provider(name label, pinata_options options, io::http_transport& transport,
                    const clock& time);

    [[nodiscard]] name label() const noexcept override { return http_.label(); }
    // Receipt id (v3): Pinata's own id of the file.
    [[nodiscard]] task<result<pin_receipt>> put(upload what, deadline until) override;
    [[nodiscard]] task<result<pin_state>> status(cid id, deadline until) override;
    [[nodiscard]] task<result<>> unpin(pin_receipt receipt, deadline until) override;
    [[nodiscard]] task<result<>> check(deadline until) override;

  private:
    struct file {
        std::string id;
        bool ours = false;
    };
    using files = std::vector<file>;
    [[nodiscard]] task<result<pin_receipt>> put_whole(const upload& what, bytes_view content,
                                                      deadline until);
    [[nodiscard]] task<result<pin_receipt>> put_legacy(const upload& what, bytes_view content,
                                                       deadline until);
    [[nodiscard]] task<result<pin_receipt>> put_in_parts(const upload& what, bytes_view content,
                                                         deadline until);
    [[nodiscard]] task<result<std::string>> begin_parts(const upload& what, std::uint64_t size,
                                                        deadline until);
    // Where a begun upload stands; nothing when Pinata has forgotten it.
    [[nodiscard]] task<result<std::optional<std::uint64_t>>> place_of(std::string location,
                                                                      deadline until);
    [[nodiscard]] task<result<std::string>> send_part(std::string location, std::uint64_t offset,
                                                      bytes_view part, deadline until);
    [[nodiscard]] result<pin_receipt> checked(pin_receipt kept,
                                              const boost::json::value& answer) const;
    [[nodiscard]] task<result<pin_receipt>> receipt_of(std::string kept, deadline until);
    [[nodiscard]] task<result<files>> find(std::string wanted, deadline until);
    [[nodiscard]] task<result<files>> find_legacy(std::string wanted, deadline until);
    [[nodiscard]] deadline soon(deadline until) const {
        return http_.within(until, options_.call_timeout);
    }

    pinata_options options_;
    provider_http http_;
};

}  // namespace thole::ipfs
