#pragma once

// A list of mints in a file, read whole and judged whole before anything leaves.
//
// The problem: item 731 of 1 000 has a name of 33 bytes, and 730 are minted when that is found. So
// every mistake of the whole batch is told at once, each with its place:
//
//   auto batch = nft::read_batch_csv(text);          // or read_batch_json(text)
//   for (auto& item : batch.items) item.request.image = cid_of(item.image);   // files → CIDs
//   nft::judge_batch(batch);                          // the rules of POST /api/v1/mints
//   if (!batch.mistakes.empty()) …                    // {line 7, "name", "at most 32 bytes …"}
//   key_of_item("spring", batch.items[0])             // the same in every run: "spring/2"
//
// CSV: RFC 4180 with a line of column names – the members of a mint request, with "image" the path
// of a picture and "attribute:TRAIT" for attributes; an empty cell is an absent member. JSON: an
// array of mint requests, likewise with paths as images. In both, symbol and description may be
// left out. Values only. Threads: any.

#include <string>
#include <string_view>
#include <vector>

#include "nft/request.hpp"

namespace thole::nft {

struct batch_limits {
    static constexpr std::size_t bytes = 64U << 20U;
    static constexpr std::size_t items = 100'000;
    static constexpr std::size_t cell = 64U << 10U;
    static constexpr std::size_t id = 64;
    static constexpr std::size_t beyond = 100;  // names behind the last item
};

struct batch_item {
    std::string place;  // "line 7" of the batch, or the file of a directory
    std::string name;   // unique in the batch, part of the key: "7"
    std::string image;  // path, as written
    mint_request request;
};

struct batch_mistake {
    std::string place;
    std::string field;  // "" = the whole item
    std::string detail;
    friend bool operator==(const batch_mistake&, const batch_mistake&) = default;
};
BOOST_DESCRIBE_STRUCT(batch_mistake, (), (place, field, detail))

struct mint_batch {
    std::vector<batch_item> items;  // those that could be read
    // Names that no item has here and one may have had when the list said something else: lines
    // of a CSV on which no item begins. At most batch_limits::items.
    std::vector<std::string> spare;
    // The same behind the last item of a CSV or JSON list, always batch_limits::beyond: an item
    // that is taken out moves the last one up, onto a name that may never have been sent.
    std::vector<std::string> beyond;
    std::vector<batch_mistake> mistakes;
};

[[nodiscard]] mint_batch read_batch_csv(std::string_view text);
[[nodiscard]] mint_batch read_batch_json(std::string_view text);
// One file of a directory: a mint request; `image` may be absent there (the caller knows it).
void read_batch_file(mint_batch& into, std::string name, std::string place, std::string_view text);

// Gives each item these tags beside its own. What is wrong with them is told once, of "--tag".
void tag_batch(mint_batch& batch, const std::vector<std::string>& tags);

// Adds what the rules of a mint request say of each item. Precondition: the images are CIDs by now,
// or "" where that failed and was told.
void judge_batch(mint_batch& batch);

// 1 to batch_limits::id of letters, digits, '.', '_' and '-'.
[[nodiscard]] bool is_batch_id(std::string_view text) noexcept;
// The idempotency key of an item: the same in every run of the batch.
[[nodiscard]] std::string key_of_item(std::string_view batch_id, std::string_view name);
[[nodiscard]] std::string key_of_item(std::string_view batch_id, const batch_item& item);

}  // namespace thole::nft
