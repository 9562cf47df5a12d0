#pragma once

// The project's own files as text, for tests that hold the source to its rules.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace thole::rules {

struct source_file {
    std::string path;  // relative to the project root, "lib/src/fault.cpp"
    std::vector<std::string> lines;

    [[nodiscard]] bool is_test() const {
        return path.find("_test.") != std::string::npos || path.starts_with("test/");
    }
    [[nodiscard]] bool is_header() const { return path.ends_with(".hpp"); }
    [[nodiscard]] bool is_under(std::string_view folder) const {
        return path.starts_with(std::string{folder} + "/");
    }
};

inline std::vector<std::string> read_lines(const std::filesystem::path& file) {
    std::ifstream in{file};
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
    return lines;
}

// Every C++ file of the project, sorted by path; never build output or installed packages.
inline std::vector<source_file> cpp_files() {
    const std::filesystem::path root{THOLE_SOURCE_DIR};
    std::vector<source_file> files;
    for (const auto* top : {"lib", "src", "model", "sim", "localnet", "test", "bench", "example"}) {
        if (!std::filesystem::exists(root / top)) continue;
        for (auto it = std::filesystem::recursive_directory_iterator{root / top};
             it != std::filesystem::recursive_directory_iterator{}; ++it) {
            if (it->path().filename() == "node_modules") it.disable_recursion_pending();
            const auto extension = it->path().extension();
            if (extension != ".hpp" && extension != ".cpp") continue;
            files.push_back({std::filesystem::relative(it->path(), root).generic_string(),
                             read_lines(it->path())});
        }
    }
    std::ranges::sort(files, {}, &source_file::path);
    return files;
}

}  // namespace thole::rules
