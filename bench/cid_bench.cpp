// What a file's CID costs, beside hashing alone.
//
//   script/bench cid [--json] [--mb N]
//
// A file of N MiB (1024) in the page cache is turned into its CID in slices of 32 MiB, each beside
// the same amount through a hot EVP SHA-256 loop over 256 KiB, so that a slow phase of the machine
// hits both. mb_per_s, sha256_mb_per_s: medians, by processor time of the one thread that works;
// ratio: median of the slices' ratios. ratio_2t: two threads, which hash the chunks of 128 MiB
// between them, against the loop on one, by the wall clock, best of sixteen (others may use this
// machine). memory_growth_mb: peak resident memory of the process after the whole file with two
// threads, less that before.

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "ipfs/codec/dag_builder.hpp"

namespace {

constexpr std::size_t slice_bytes = 32 << 20;
constexpr std::size_t pair_bytes = 128 << 20;
constexpr std::size_t buffer_bytes = 256 << 10;
constexpr double mib = 1 << 20;

double seconds(clockid_t which) {
    timespec t{};
    clock_gettime(which, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

double median(std::vector<double> of) {
    std::ranges::sort(of);
    return of.at(of.size() / 2);
}

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

// Peak resident memory in MiB.
double peak_mib() {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
    }
    return 0;
}

// A file that is gone when its descriptor is.
int make_file(std::size_t bytes) {
    std::string path = "/tmp/thole-cid-bench-XXXXXX";
    const int out = ::mkstemp(path.data());
    if (out < 0) die("mkstemp");
    ::unlink(path.c_str());
    std::vector<std::uint8_t> block(1 << 20);
    std::uint64_t state = 88172645463325252ULL;
    for (std::size_t done = 0; done < bytes; done += block.size()) {
        for (std::size_t i = 0; i < block.size(); i += sizeof state) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            std::memcpy(block.data() + i, &state, sizeof state);
        }
        if (::write(out, block.data(), block.size()) != static_cast<ssize_t>(block.size())) {
            die("write");
        }
    }
    return out;
}

void hash_hot(const std::vector<std::uint8_t>& buffer, std::size_t bytes) {
    static auto* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    static auto* const context = EVP_MD_CTX_new();
    std::uint8_t digest[32];
    for (std::size_t done = 0; done < bytes; done += buffer.size()) {
        EVP_DigestInit_ex2(context, algorithm, nullptr);
        EVP_DigestUpdate(context, buffer.data(), buffer.size());
        EVP_DigestFinal_ex(context, digest, nullptr);
    }
}

struct figures {
    double mb_per_s = 0, sha256_mb_per_s = 0, ratio = 0, ratio_2t = 0, growth_mb = 0;
};

figures measure(int file, std::size_t bytes) {
    const std::vector<std::uint8_t> buffer(buffer_bytes, 0x5a);
    const int slice = make_file(slice_bytes);
    std::vector<double> alone, whole, ratios;
    const auto before = peak_mib();
    double best = 0;
    const auto rounds = std::max<std::size_t>(bytes / slice_bytes, 3);
    for (std::size_t i = 0; i < rounds; ++i) {
        const auto begin = seconds(CLOCK_THREAD_CPUTIME_ID);
        hash_hot(buffer, slice_bytes);
        const auto middle = seconds(CLOCK_THREAD_CPUTIME_ID);
        if (!thole::ipfs::cid_of_file(slice)) die("cid");
        const auto end = seconds(CLOCK_THREAD_CPUTIME_ID);
        alone.push_back(slice_bytes / mib / (middle - begin));
        whole.push_back(slice_bytes / mib / (end - middle));
        ratios.push_back(whole.back() / alone.back());
    }
    const int part = make_file(pair_bytes);
    for (int i = 0; i < 16; ++i) {
        const auto begin = seconds(CLOCK_MONOTONIC);
        hash_hot(buffer, pair_bytes);
        const auto middle = seconds(CLOCK_MONOTONIC);
        if (!thole::ipfs::cid_of_file(part, thole::ipfs::v1_256k, 2)) die("cid");
        const auto end = seconds(CLOCK_MONOTONIC);
        best = std::max(best, (middle - begin) / (end - middle));
    }
    ::close(slice);
    ::close(part);
    if (!thole::ipfs::cid_of_file(file, thole::ipfs::v1_256k, 2)) die("cid");
    return {median(whole), median(alone), median(ratios), best, peak_mib() - before};
}

}  // namespace

int main(int argc, char** argv) {
    bool json = false;
    std::size_t mb = 1024;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--json") json = true;
        if (word == "--mb" && i + 1 < argc) mb = std::strtoul(argv[++i], nullptr, 10);
    }
    const int file = make_file(mb << 20);
    const auto f = measure(file, mb << 20);
    if (json) {
        std::printf(
            "{\"bench\":\"cid\",\"cases\":{\"cid_hash\":{\"mb_per_s\":%.1f,"
            "\"sha256_mb_per_s\":%.1f,\"ratio\":%.3f,\"ratio_2t\":%.3f,"
            "\"memory_growth_mb\":%.2f,\"file_mb\":%zu}}}\n",
            f.mb_per_s, f.sha256_mb_per_s, f.ratio, f.ratio_2t, f.growth_mb, mb);
    } else {
        std::printf(
            "CID of a file   %8.1f MiB/s\nSHA-256 alone   %8.1f MiB/s\nratio           "
            "%8.3f\ntwo threads     %8.3f of SHA-256 on one\nmemory growth   %8.2f MiB\n",
            f.mb_per_s, f.sha256_mb_per_s, f.ratio, f.ratio_2t, f.growth_mb);
    }
    return 0;
}
