// The CID of an open file, read in whole chunks and hashed by one or several threads.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "ipfs/codec/dag_builder.hpp"
#include "ipfs/codes.hpp"

namespace thole::ipfs {
namespace {

// Fills the buffer unless the file ends before; answers how much it holds.
result<std::size_t> read_chunk(int descriptor, std::uint64_t at, std::span<std::uint8_t> into) {
    std::size_t held = 0;
    while (held < into.size()) {
        const auto got = ::pread(descriptor, into.data() + held, into.size() - held,
                                 static_cast<off_t>(at + held));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(codes::disk_error, std::strerror(errno));
        if (got == 0) break;
        held += static_cast<std::size_t>(got);
    }
    return held;
}

result<dag_root> read_through(int descriptor, const profile& shape) {
    dag_builder build{shape};
    bytes chunk(shape.chunk_bytes);
    for (std::uint64_t at = 0;; at += chunk.size()) {
        const auto held = read_chunk(descriptor, at, chunk);
        if (!held) return std::unexpected(held.error());
        if (auto fed = build.feed(bytes_view{chunk}.first(*held)); !fed) {
            return std::unexpected(fed.error());
        }
        if (*held < chunk.size()) return build.finish();
    }
}

// So many leaves are hashed side by side before the tree takes them in order: at two threads the
// wait for the slower one is a few per cent, and the hashes are 2 KiB.
constexpr std::size_t batch_leaves = 64;

struct batch {
    int descriptor;
    const profile& shape;
    std::uint64_t file_size;
    std::uint64_t first;  // leaf
    std::size_t count;
    std::array<std::optional<cid>, batch_leaves> leaves{};
    std::atomic<std::size_t> next{0};
    std::atomic<bool> failed{false};

    [[nodiscard]] std::uint64_t offset(std::size_t i) const {
        return (first + i) * shape.chunk_bytes;
    }
    [[nodiscard]] std::size_t size(std::size_t i) const {
        return static_cast<std::size_t>(
            std::min<std::uint64_t>(shape.chunk_bytes, file_size - offset(i)));
    }
    void work(bytes& buffer) {
        for (auto i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
            const auto part = std::span{buffer}.first(size(i));
            const auto held = read_chunk(descriptor, offset(i), part);
            // Shorter than its size said a moment ago: it is being written to.
            if (!held || *held != part.size()) failed = true;
            leaves.at(i) = leaf_cid(bytes_view{part}, shape);
        }
    }
};

result<dag_root> read_side_by_side(int descriptor, const profile& shape, std::uint64_t size,
                                   std::size_t threads) {
    dag_tree tree{shape};
    std::vector<bytes> buffers(threads, bytes(shape.chunk_bytes));
    const auto leaves = (size + shape.chunk_bytes - 1) / shape.chunk_bytes;
    for (std::uint64_t first = 0; first < leaves; first += batch_leaves) {
        batch now{.descriptor = descriptor,
                  .shape = shape,
                  .file_size = size,
                  .first = first,
                  .count = static_cast<std::size_t>(
                      std::min<std::uint64_t>(batch_leaves, leaves - first))};
        {
            std::vector<std::jthread> others;
            for (std::size_t i = 1; i < threads; ++i) {
                others.emplace_back([&now, &buffer = buffers[i]] { now.work(buffer); });
            }
            now.work(buffers[0]);
        }
        if (now.failed) return fail(codes::disk_error, "the file changed while it was read");
        for (std::size_t i = 0; i < now.count; ++i) {
            const auto held = now.size(i);
            auto added = tree.add_leaf(*now.leaves.at(i), leaf_block_size(held, shape), held);
            if (!added) return std::unexpected(added.error());
        }
    }
    return tree.finish();
}

}  // namespace

result<dag_root> cid_of_file(int descriptor, const profile& shape, std::size_t threads) {
    struct stat about{};
    if (::fstat(descriptor, &about) != 0) return fail(codes::disk_error, std::strerror(errno));
    const auto size = static_cast<std::uint64_t>(about.st_size);
    const bool small = size < 2 * shape.chunk_bytes;
    if (threads < 2 || small || !S_ISREG(about.st_mode)) return read_through(descriptor, shape);
    return read_side_by_side(descriptor, shape, size, threads);
}

}  // namespace thole::ipfs
