#pragma once

// What was kept instead of which file: images that were compressed before they were stored.
//
//   originals notes{folder + "/originals", files};
//   if (auto ok = notes.load(); !ok) …
//   notes.note(kept_cid, {sha256_of_the_file, its_size});   // durable when it answers
//   notes.kept_instead_of(sha256_of_the_file)          // the same file again: the same content
//   notes.of(kept_cid)                                 // every file that became this one
//
// A note is the name of an empty file, CID~SHA256~SIZE, in a folder of two characters, as pins are.
// Several files may have become the same content; one file never becomes two: a note of it takes
// the place of an earlier one, whose content was gone or damaged. Threads: any; note() and forget()
// block on the disk. Errors: ipfs.disk_full, ipfs.disk_error. A folder that cannot be fsynced ends
// the process, as in the store.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "ipfs/codec/cid.hpp"
#include "ipfs/disk.hpp"

namespace thole::ipfs {

struct original {
    sha256_digest sha256{};
    std::uint64_t size = 0;
    friend auto operator<=>(const original&, const original&) = default;
};

class originals {
  public:
    originals(std::string folder, std::shared_ptr<disk> files)
        : folder_{std::move(folder)}, files_{std::move(files)} {}

    // What the folder holds; once, before anything else.
    [[nodiscard]] result<> load();
    [[nodiscard]] result<> note(const cid& kept, const original& file);
    [[nodiscard]] std::optional<cid> kept_instead_of(const sha256_digest& file) const;
    [[nodiscard]] std::vector<original> of(const cid& kept) const;  // sorted
    // The content is gone, and so is what is said of it. Not synced: what comes back after a power
    // cut says something true.
    [[nodiscard]] result<> forget(const cid& kept);

  private:
    [[nodiscard]] result<> remove(const cid& kept, const original& file);
    [[nodiscard]] std::string path_of(const cid& kept, const original& file) const;

    const std::string folder_;
    const std::shared_ptr<disk> files_;
    std::mutex writing_;        // held while files change; taken before mutex_
    mutable std::mutex mutex_;  // guards everything below; never held during disk access
    std::multimap<cid, original> of_;
    std::map<sha256_digest, cid> kept_;
};

}  // namespace thole::ipfs
