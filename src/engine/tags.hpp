#pragma once

// Labels by which a client finds its operations again, many at once: a campaign, a team, a ticket.
//
//   submission.tags = {"spring-2026", "team:red"};
//   auto page = co_await engine.list({.tag = "spring-2026"});
//
// They belong to what was submitted: a replay of the key must repeat them, in whatever order, and
// nobody changes them afterwards. A child has none of its parent's; it is found by its parent. They
// are never sealed: what is looked for must be readable.
//
// Values only. Threads: any.

#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/json.hpp"

namespace thole::saga {

struct tag_limits {
    static constexpr std::size_t tags = 8;
    static constexpr std::size_t bytes = 64;
};

inline constexpr std::string_view tag_rule =
    "a tag has 1 to 64 letters, digits, \".\", \"_\", \":\" or \"-\"";
[[nodiscard]] bool is_tag(std::string_view text) noexcept;

// Every broken rule with its place under `pointer`; empty when they are good.
[[nodiscard]] json::problems judge_tags(const std::vector<std::string>& tags,
                                        std::string_view pointer = "/tags");

// What a replay must repeat when there are tags too: their order does not count.
[[nodiscard]] sha256_digest with_tags(const sha256_digest& payload, std::vector<std::string> tags);

// As one text, and back: "spring-2026 team:red".
[[nodiscard]] std::string joined_tags(const std::vector<std::string>& tags);
[[nodiscard]] std::vector<std::string> split_tags(std::string_view text);

}  // namespace thole::saga
