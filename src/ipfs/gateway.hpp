#pragma once

// Our trustless gateway: what the content store holds, for browsers and for other IPFS programs.
//
//   GET/HEAD /ipfs/CID                 the file; Range, ETag, If-None-Match
//   … ?format=raw                      one block     (or Accept: application/vnd.ipld.raw)
//   … ?format=car[&dag-scope=block]    a CAR         (or Accept: application/vnd.ipld.car)
//   … &filename=NAME                   what raw blocks and CARs are saved as
//   … Cache-Control: only-if-cached    412 instead of 404: "do you hold it?"
//
//   auto answer = ipfs::answer_gateway(store, request);        // status, headers, body
//   while (auto part = answer.body->next()) …                  // until an empty part
//
// Every byte is checked against its CID while it is read; damage that is found under way cuts the
// connection. It serves nothing that it does not hold, so it can be asked no favours, and images
// and JSON only under their own types: nothing a browser would run.
//
// Pure request to answer: an HTTP server mounts it (src/ipfs knows none). Both calls block on the
// disk, so they belong on a pool. Threads: any. Lifetime: the store outlives the body.

#include <map>
#include <memory>
#include <optional>

#include "io/http.hpp"
#include "ipfs/content_store.hpp"

namespace thole::ipfs {

struct gateway_request {
    std::string method;  // upper case
    std::string path;    // "/ipfs/CID", without the query
    std::map<std::string, std::string> query;
    io::http_headers headers;
};

// The body in parts; an empty part is the end, a fault must cut the connection. Single-owner.
class gateway_body {
  public:
    virtual ~gateway_body() = default;
    [[nodiscard]] virtual result<bytes> next() = 0;
};

struct gateway_answer {
    int status = 200;
    io::http_headers headers;  // without Content-Length
    std::string text;          // the body, when `body` is null
    std::unique_ptr<gateway_body> body;
    std::optional<std::uint64_t> length;  // of `body`, when it is known; also for HEAD
};

// A HEAD is answered like a GET; the server leaves the body out.
[[nodiscard]] gateway_answer answer_gateway(content_store& store, const gateway_request& request);

// A Range header for a body of `size` bytes: nothing when it is absent, malformed or asks for
// several ranges (the whole is sent then); an empty range when it cannot be satisfied (416).
struct byte_range {
    std::uint64_t first = 0;
    std::uint64_t length = 0;
};
[[nodiscard]] std::optional<byte_range> parse_range(std::string_view header, std::uint64_t size);

}  // namespace thole::ipfs
