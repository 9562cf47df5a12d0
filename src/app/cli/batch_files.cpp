#include "app/cli/batch_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "ipfs/codec/dag_builder.hpp"
#include "ipfs/media.hpp"

namespace thole::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest_picture = 50U << 20U;
constexpr std::array extensions{".png", ".jpg", ".jpeg", ".gif", ".webp"};

std::expected<std::string, std::string> read_file(const fs::path& file, std::uintmax_t most) {
    std::error_code error;
    if (fs::is_directory(file, error)) return std::unexpected{"is a directory"};
    std::ifstream in{file, std::ios::binary | std::ios::ate};
    if (!in) return std::unexpected{"cannot be read"};
    const auto size = static_cast<std::intmax_t>(in.tellg());
    if (size <= 0) return std::unexpected{"is empty"};
    if (static_cast<std::uintmax_t>(size) > most) {
        return std::unexpected{
            fmt::format("has {} bytes; at most {} MiB are accepted", size, most >> 20U)};
    }
    in.seekg(0);
    return std::string{std::istreambuf_iterator<char>{in}, {}};
}

// The picture beside NAME.json.
std::string picture_beside(const fs::path& folder, const std::string& name) {
    std::error_code error;
    for (const auto* extension : extensions) {
        if (fs::exists(folder / (name + extension), error)) return name + extension;
    }
    return {};
}

void read_directory(loaded_batch& into, const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& each : fs::directory_iterator{folder, error}) {
        if (each.path().extension() == ".json") names.push_back(each.path().stem().string());
    }
    if (error) return into.mistakes.push_back({folder.string(), "", error.message()});
    std::ranges::sort(names);
    if (names.empty()) into.mistakes.push_back({folder.string(), "", "there is no .json in it"});
    if (names.size() > nft::batch_limits::items) {
        return into.mistakes.push_back(
            {folder.string(), "", fmt::format("at most {} items", nft::batch_limits::items)});
    }
    for (const auto& name : names) {
        const auto file = name + ".json";
        const auto text = read_file(folder / file, nft::mint_limits::body);
        if (!text) {
            into.mistakes.push_back({file, "", text.error()});
            continue;
        }
        const auto known = into.items.size();
        nft::read_batch_file(into, name, file, *text);
        if (into.items.size() == known || !into.items.back().image.empty()) continue;
        into.items.back().image = picture_beside(folder, name);
        if (into.items.back().image.empty()) {
            into.mistakes.push_back(
                {file, "image", "there is no picture of that name: png, jpg, jpeg, gif, webp"});
        }
    }
}

void read_list(loaded_batch& into, const fs::path& file) {
    const auto text = read_file(file, nft::batch_limits::bytes);
    if (!text) return into.mistakes.push_back({file.string(), "", text.error()});
    const auto extension = file.extension();
    nft::mint_batch read;
    if (extension == ".json") {
        read = nft::read_batch_json(*text);
    } else if (extension == ".csv") {
        read = nft::read_batch_csv(*text);
    } else {
        read.mistakes.push_back({file.string(), "", "must be a .csv or .json file or a directory"});
    }
    static_cast<nft::mint_batch&>(into) = std::move(read);
}

std::expected<picture, std::string> look_at_picture(const fs::path& file) {
    const auto content = read_picture(file);
    if (!content) return std::unexpected{content.error()};
    const auto data = as_bytes(*content);
    if (!ipfs::recognise(data.first(std::min(data.size(), ipfs::media_prefix)))) {
        return std::unexpected{"is no PNG, JPEG, GIF or WebP image"};
    }
    return picture{file, ipfs::cid_of(data).text(), data.size()};
}

void read_pictures(loaded_batch& batch, const fs::path& folder) {
    std::map<std::string, std::string> failed;
    for (auto& item : batch.items) {
        if (item.image.empty()) continue;  // told already
        const auto known = batch.pictures.find(item.image);
        if (known == batch.pictures.end() && !failed.contains(item.image)) {
            auto seen = look_at_picture(folder / item.image);
            if (seen) {
                batch.pictures.emplace(item.image, *std::move(seen));
            } else {
                failed.emplace(item.image, seen.error());
            }
        }
        if (const auto why = failed.find(item.image); why != failed.end()) {
            batch.mistakes.push_back({item.place, "image", item.image + " " + why->second});
        } else {
            item.request.image = batch.pictures.at(item.image).cid;
        }
    }
}

}  // namespace

std::expected<std::string, std::string> read_picture(const fs::path& file) {
    return read_file(file, largest_picture);
}

loaded_batch load_batch(const fs::path& from, std::string id,
                        const std::vector<std::string>& tags) {
    loaded_batch out;
    std::error_code error;
    const auto whole = fs::weakly_canonical(from, error);
    out.id = id.empty() ? whole.stem().string() : std::move(id);
    if (!nft::is_batch_id(out.id)) {
        out.mistakes.push_back({"--batch-id", "",
                                "must be 1 to 64 letters, digits, '.', '_' or '-'; without it the "
                                "file's name is the id"});
    }
    const bool directory = fs::is_directory(from, error);
    if (directory) {
        read_directory(out, from);
    } else {
        read_list(out, from);
    }
    read_pictures(out, directory ? from : from.parent_path());
    nft::tag_batch(out, tags);
    nft::judge_batch(out);
    return out;
}

}  // namespace thole::app
