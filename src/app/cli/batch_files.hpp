#pragma once

// A batch of mints from disk: the list and its pictures, judged whole.
//
//   auto batch = load_batch("spring.csv", "");          // or a .json file, or a directory
//   if (!batch.mistakes.empty()) show and stop;
//   batch.id, batch.items, batch.pictures.at(item.image)
//
// Of a directory every NAME.json is one mint, its picture NAME.png, .jpg, .jpeg, .gif or .webp
// beside it unless it names another. Paths are relative to the list's folder. Each picture is read
// once, to learn its CID; none is kept in memory. Blocking; one thread.

#include <filesystem>
#include <map>

#include "nft/batch.hpp"

namespace thole::app {

struct picture {
    std::filesystem::path file;
    std::string cid;
    std::uint64_t bytes = 0;
};

struct loaded_batch : nft::mint_batch {
    std::string id;
    std::map<std::string, picture> pictures;  // by the path as written
};

// `id`: "" = the name of the file or directory without its extension. `tags`: of every item.
[[nodiscard]] loaded_batch load_batch(const std::filesystem::path& from, std::string id,
                                      const std::vector<std::string>& tags = {});

// The whole file, at most 50 MiB and not empty; else why not.
[[nodiscard]] std::expected<std::string, std::string> read_picture(
    const std::filesystem::path& file);

}  // namespace thole::app
