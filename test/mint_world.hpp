#pragma once

// What outlives a process that mints, and one life of such a process.
//
//   surroundings world{storage::memory, scenarios().front()};
//   auto whole = live(world, {});                                      // runs to the end
//   auto died = live(world, {7, death::moment::unacknowledged});
//   world.expect_sane();
//
// A life is the production saga on the production engine over the production clients: RPC, pinning,
// gateways, records. It loses its power at the chosen write of the journal or at the chosen call to
// anything else; from then on nothing leaves it, and what is left of it is thrown away. What stays:
// the journal's store, the records' file, the folder of the content store, three RPC nodes onto one
// ledger, two content nodes, and the time that has passed.

#include <set>

#include "engine/crash_journal.hpp"
#include "engine/journal_worlds_test.hpp"
#include "ipfs/codes.hpp"
#include "nft/codes.hpp"
#include "nft/mint_world_test.hpp"

namespace thole::mint_crash {

using namespace std::chrono_literals;

enum class storage : std::uint8_t { memory, sqlite };
enum class change_of_mind : std::uint8_t { none, while_uploading, before_signing };

struct scenario {
    std::string name;
    duration downtime = 1s;       // between two lives
    bool first_one_lost = false;  // the bytes of the first generation reach no leader
    change_of_mind cancel = change_of_mind::none;
    int fewest_writes = 12;  // of a run without a crash: fewer would prove too little
};

class surroundings {
  public:
    surroundings(storage where, scenario what);

    // A store as a new process opens it.
    saga::store& open_journal();
    [[nodiscard]] nft::mint_request request() const;
    void expect_sane();
    // How many were journaled: signed, in other words.
    [[nodiscard]] int generations();

    struct rpc_node {
        rpc_node(std::string origin, model::ledger& chain) : url{std::move(origin)}, model{chain} {}
        std::string url;
        model::rpc_node model;
    };
    struct content_node {
        std::string label;
        std::string url;
        model::content_node model;
    };

    // Handed to the simulated network of each life; `age` is the world's.
    [[nodiscard]] sim::reply serve(rpc_node& at, const io::http_request& request, duration age);
    [[nodiscard]] static sim::reply serve(content_node& at, const io::http_request& request);
    // Sees every request in the instant it leaves a process.
    void watch(const io::http_request& request);

    const storage where;
    const scenario what;
    saga::testing::temporary_folder folder{saga::testing::in_memory_folder()};
    model::ledger chain{{}};
    std::vector<std::unique_ptr<rpc_node>> rpc_nodes;
    std::vector<std::unique_ptr<content_node>> content_nodes;
    nft::cluster_secret secret{sha256(as_bytes("a cluster"))};
    solana::keypair wallet = solana::keypair::from_seed({1, 2, 3});
    solana::public_key owner = solana::keypair::from_seed({9}).address();
    ipfs::cid image;
    duration passed{};   // since the world began
    int lives = 0;       // so far
    saga::plan steps{};  // of the saga, for the story

  private:
    void expect_story(const saga::operation& op);
    void expect_minted(const saga::operation& op);
    void expect_undone(const saga::operation& op);
    void expect_pins(const std::set<std::string>& contents, const std::string& owner_of_pins);
    [[nodiscard]] std::optional<solana::prepared_transaction> newest_generation(int& number);
    [[nodiscard]] nft::mint_identity identity() const;

    saga::model_store in_memory_;
    std::unique_ptr<saga::sqlite_store> in_file_;
    saga::store* journal_ = nullptr;
    std::vector<std::string> offences_;
    std::size_t sends_ = 0;
    std::uint64_t ticked_ = 0;  // slots
};

// When a life ends; number 0: not before its work is done.
struct death {
    enum class moment : std::uint8_t {
        before,          // the write of that number is never made
        unacknowledged,  // it is committed, and nobody is told
        acknowledged,    // it is committed and told, but nothing leaves any more
        unsent,          // the call of that number never leaves (a request, a record, a pin)
        unanswered       // it has taken effect, and its answer is lost
    };
    int number = 0;
    moment when = moment::before;

    [[nodiscard]] bool at_a_call() const noexcept { return when >= moment::unsent; }
};

struct life_span {
    int writes = 0;
    int calls = 0;
    bool died = false;  // else it has brought the operation to its end
};

// The client asks for the mint (again, with the same key), waits for its end, or thinks better of
// it.
life_span live(surroundings& world, death end);

}  // namespace thole::mint_crash
