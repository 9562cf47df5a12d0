#include "nft/chain_reader.hpp"

#include <gmock/gmock.h>

#include "nft/codes.hpp"
#include "nft/nft_fixture.hpp"
#include "nft/partner_view.hpp"
#include "solana/codec/metaplex_accounts.hpp"
#include "solana/codes.hpp"
#include "solana/scripted_nodes.hpp"
#include "thole/codes.hpp"

namespace thole::nft {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;
using solana::testing::account_json;

// A node that knows accounts and what wallets hold; and a gateway.
class chain_and_gateway final : public io::http_transport {
  public:
    std::map<std::string, json::value> accounts;
    std::map<std::string, json::array> held;   // by token program
    std::map<std::string, std::string> files;  // by CID
    std::vector<std::string> fetched;
    std::uint64_t slot = 500;
    std::set<std::string> blind;   // endpoints that see no account at all
    std::set<std::string> broken;  // … that do not answer
    std::map<std::string, int> asked;

    void put(const solana::public_key& at, const solana::public_key& program, bytes_view data,
             std::uint64_t lamports = 1) {
        accounts[at.text()] = account_json(program, data, lamports);
    }
    void hold(const solana::public_key& program, const solana::public_key& mint,
              const solana::public_key& owner, std::uint64_t amount = 1) {
        solana::token_account token;
        token.mint = mint;
        token.owner = owner;
        token.amount = amount;
        token.state = solana::token_account_state::initialized;
        const auto data = solana::encode_token_account(token);
        const auto at = solana::associated_token_address(owner, mint, program);
        put(at, program, data);
        held[program.text()].push_back(
            json::object{{"pubkey", at.text()}, {"account", account_json(program, data)}});
    }

    task<result<io::http_response>> send(io::http_request request) override {
        io::http_response out;
        out.status = 200;
        const auto gateway = request.url.find("/ipfs/");
        if (gateway != std::string::npos) {
            fetched.push_back(request.url.substr(gateway + 6));
            const auto file = files.find(fetched.back());
            if (file == files.end()) out.status = 404;
            if (file != files.end()) out.body = file->second;
            co_return out;
        }
        const std::string endpoint{request.endpoint.view()};
        ++asked[endpoint];
        if (broken.contains(endpoint)) {
            co_return fail(fault{thole::codes::net_reset}.at(request.dependency, request.endpoint));
        }
        const auto body = json::parse(request.body).as_object();
        json::object answer{{"jsonrpc", "2.0"}, {"id", body.at("id")}};
        answer["result"] = json::object{
            {"context", json::object{{"slot", slot}}},
            {"value", value_of(body.at("method").as_string(), body.at("params").as_array(),
                               blind.contains(endpoint))}};
        out.body = json::serialize(answer);
        co_return out;
    }

  private:
    json::value value_of(std::string_view method, const json::array& params, bool blindly) {
        if (method == "getTokenAccountsByOwner") {
            return held[std::string{params[1].at("programId").as_string()}];
        }
        json::array all;
        for (const auto& key : params[0].as_array()) {
            const auto found = accounts.find(std::string{key.as_string()});
            const bool seen = found != accounts.end() && !blindly;
            all.push_back(seen ? found->second : json::value(nullptr));
        }
        return all;
    }
};

struct fixture_world {
    template <class T>
    T run(task<T> work) {
        std::optional<T> out;
        io::scope scope{loop};
        scope.spawn(solana::testing::network::keep(std::move(work), out));
        loop.run_until_idle();
        return std::move(out.value());
    }
    solana::rpc::options how(std::optional<std::uint64_t> min_slot = {}) {
        return {.until = deadline::after(loop.now(), 10s),
                .level = solana::commitment::finalized,
                .min_context_slot = min_slot,
                .endpoint = {}};
    }
    result<mint_at> read(const solana::public_key& mint, const solana::public_key& program) {
        return run(read_mint(rpc, {mint, program, owner}, how()));
    }
    result<mint_at> agreed(const solana::public_key& mint, int required = 2) {
        const mint_place place{mint, solana::token_2022_program, owner};
        return run(read_mint_agreed(rpc, place, how(), required));
    }
    result<wallet_nfts> wallet(std::size_t limit = 100) {
        return run(read_wallet(rpc, {.wallet = owner, .only = {}, .limit = limit}, how()));
    }
    // A genuine token of the issuer in the wallet, with its content behind the gateway.
    fixture::token genuine(std::string_view json_text) {
        const auto id = ipfs::cid::v1(ipfs::codec::raw, sha256(as_bytes(json_text)));
        auto token = fixture::token_2022("ipfs://" + id.text());
        net.put(token.mint, solana::token_2022_program, solana::encode_mint(token.account));
        net.hold(solana::token_2022_program, token.mint, owner);
        net.files[id.text()] = json_text;
        return token;
    }
    wallet_view look() {
        partner_view partner{rpc, gateways, {fixture::issuer}, 2, known};
        const wallet_query query{.wallet = owner, .only = {}, .limit = 100};
        return *run(partner.look(query, deadline::after(loop.now(), 10s)));
    }

    solana::public_key owner = fixture::key(3);
    collections known;
    io::virtual_loop loop;
    chain_and_gateway net;
    rng chance{1};
    endpoint_set nodes{name{"solana"}, {}, solana::testing::three_endpoints()};
    solana::rpc::client rpc{net, loop, nodes, chance};
    endpoint_set gateway_set{name{"gateway"}, {}, solana::testing::three_endpoints()};
    ipfs::fetcher gateways{net, gateway_set, {}, loop, 2};
};

constexpr std::string_view seat =
    R"({"name":"Seat B-7","symbol":"TIX","attributes":[{"trait_type":"Level","value":"3"}]})";

// proves: C1
TEST(chain_reader, reads_a_mint_with_its_holder) {
    fixture_world w;
    const auto token = w.genuine(seat);
    const auto at = w.read(token.mint, solana::token_2022_program);
    ASSERT_TRUE(at) << at.error().describe();
    EXPECT_EQ(at->state, mint_state::minted);
    EXPECT_EQ(at->nft->name, "Seat B-7");
    EXPECT_EQ(at->held, 1U);
    EXPECT_EQ(at->slot, 500U);
}

// proves: S4
TEST(chain_reader, lamports_alone_are_no_mint) {
    fixture_world w;
    const auto mint = fixture::key(9);
    EXPECT_EQ(w.read(mint, solana::token_2022_program)->state, mint_state::absent);
    w.net.put(mint, solana::system_program, {}, 1234);
    const auto funded = w.read(mint, solana::token_2022_program);
    EXPECT_EQ(funded->state, mint_state::absent);
    EXPECT_EQ(funded->lamports, 1234U);
}

TEST(chain_reader, an_account_of_another_program_is_foreign) {
    fixture_world w;
    const auto mint = fixture::key(9);
    w.net.put(mint, solana::token_program, fixture::metaplex_mint(mint));
    EXPECT_EQ(w.read(mint, solana::token_2022_program)->state, mint_state::foreign);
}

TEST(chain_reader, reads_a_metaplex_mint_from_its_three_accounts) {
    fixture_world w;
    const auto mint = fixture::key(9);
    w.net.put(mint, solana::token_program, fixture::metaplex_mint(mint));
    w.net.put(solana::metadata_address(mint), solana::metaplex_program,
              fixture::metaplex_metadata("ipfs://x"));
    w.net.put(solana::master_edition_address(mint), solana::metaplex_program,
              fixture::master_edition());
    w.net.hold(solana::token_program, mint, w.owner);
    const auto at = w.read(mint, solana::token_program);
    ASSERT_TRUE(at);
    EXPECT_EQ(uniqueness_problem(*at->nft), "");
    EXPECT_TRUE(issuer_verified(*at->nft, fixture::issuer));
    EXPECT_EQ(at->held, 1U);
}

// proves: C4
TEST(chain_reader, data_that_metaplex_does_not_own_is_no_metadata) {
    fixture_world w;
    const auto mint = fixture::key(9);
    w.net.put(mint, solana::token_program, fixture::metaplex_mint(mint));
    w.net.put(solana::metadata_address(mint), fixture::key(66),
              fixture::metaplex_metadata("ipfs://x"));
    EXPECT_FALSE(w.read(mint, solana::token_program)->nft->has_metadata);
}

TEST(chain_reader, a_state_that_is_too_old_is_not_believed) {
    fixture_world w;
    const auto token = w.genuine(seat);
    const mint_place place{token.mint, solana::token_2022_program, w.owner};
    const auto old = w.run(read_mint(w.rpc, place, w.how(501)));
    ASSERT_FALSE(old);
    EXPECT_TRUE(old.error().is(solana::codes::context_slot_not_reached));
}

// proves: C1
TEST(chain_reader, what_is_rested_on_is_what_two_providers_tell_alike) {
    fixture_world w;
    const auto token = w.genuine(seat);
    const auto at = w.agreed(token.mint);
    ASSERT_TRUE(at) << at.error().describe();
    EXPECT_EQ(at->state, mint_state::minted);
    EXPECT_EQ(at->held, 1U);
    EXPECT_EQ(w.net.asked.size(), 2U) << "no more are asked than are needed";
    EXPECT_EQ(w.agreed(fixture::key(9))->state, mint_state::absent);
}

// proves: C1, S3
TEST(chain_reader, one_that_differs_is_outvoted_and_never_believed_alone) {
    fixture_world w;
    const auto token = w.genuine(seat);
    w.net.blind = {"a"};
    EXPECT_EQ(w.agreed(token.mint)->state, mint_state::minted);
    EXPECT_EQ(w.net.asked["c"], 1);
    w.net.blind = {"a", "b"};
    EXPECT_EQ(w.agreed(token.mint)->state, mint_state::absent);
    w.net.broken = {"b"};
    const auto differ = w.agreed(token.mint);
    ASSERT_FALSE(differ);
    EXPECT_TRUE(differ.error().is(codes::providers_disagree)) << differ.error().describe();
    EXPECT_THAT(std::string{differ.error().detail()},
                ::testing::HasSubstr("a: absent at slot 500, c: minted at slot 500"));
    w.net.broken = {"a", "b"};
    EXPECT_TRUE(w.agreed(token.mint).error().is(thole::codes::net_reset));
    EXPECT_EQ(w.agreed(token.mint, 1)->state, mint_state::minted);
}

TEST(chain_reader, a_wallet_full_of_junk_still_shows_what_is_ours) {
    fixture_world w;
    const auto token = w.genuine(seat);
    const auto several = fixture::key(20);
    w.net.hold(solana::token_program, several, w.owner, 7);
    const auto broken = fixture::key(21);
    w.net.hold(solana::token_program, broken, w.owner);
    w.net.put(broken, solana::token_program, bytes(11));
    const auto closed = fixture::key(22);
    w.net.hold(solana::token_program, closed, w.owner);
    w.net.held[solana::token_program.text()].push_back(json::object{
        {"pubkey", closed.text()}, {"account", account_json(solana::token_program, bytes(3))}});
    const auto seen = w.wallet();
    ASSERT_TRUE(seen) << seen.error().describe();
    ASSERT_EQ(seen->nfts.size(), 1U);
    EXPECT_EQ(seen->nfts[0].mint, token.mint);
}

TEST(chain_reader, more_tokens_than_are_looked_at_is_said) {
    fixture_world w;
    for (std::uint8_t i = 1; i <= 3; ++i) {
        w.net.hold(solana::token_program, fixture::key(i), w.owner);
    }
    EXPECT_TRUE(w.wallet(3));
    const auto refused = w.wallet(2);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "nft.too_many_tokens");
}

TEST(chain_reader, reads_more_mints_than_fit_into_one_call) {
    fixture_world w;
    for (std::uint8_t i = 1; i <= 80; ++i) {
        const auto mint = fixture::key(i);
        w.net.hold(solana::token_program, mint, w.owner);
        w.net.put(mint, solana::token_program, fixture::metaplex_mint(mint));
    }
    EXPECT_EQ(w.wallet()->nfts.size(), 80U);
}

// proves: C4
TEST(partner_view, a_genuine_token_is_verified_in_full) {
    fixture_world w;
    w.genuine(seat);
    const auto seen = w.look();
    ASSERT_EQ(seen.nfts.size(), 1U);
    EXPECT_EQ(seen.nfts[0].reason, "");
    EXPECT_EQ(seen.level, 3U);
    EXPECT_EQ(seen.slot, 500U);
}

// proves: C4
TEST(partner_view, a_strangers_uri_costs_no_request) {
    fixture_world w;
    auto forged = w.genuine(seat);
    forged.account.metadata->fields.additional = {{"thole_seed", "guessed"}};
    w.net.put(forged.mint, solana::token_2022_program, solana::encode_mint(forged.account));
    const auto seen = w.look();
    ASSERT_EQ(seen.nfts.size(), 1U);
    EXPECT_FALSE(seen.nfts[0].issuer_verified);
    EXPECT_EQ(seen.nfts[0].reason, "not made by the issuer");
    EXPECT_FALSE(seen.level.has_value());
    EXPECT_TRUE(w.net.fetched.empty());
}

// proves: C4
TEST(partner_view, a_uri_to_other_content_is_not_verified) {
    fixture_world w;
    const auto token = w.genuine(R"({"name":"Another","symbol":"TIX"})");
    auto seen = w.look();
    EXPECT_TRUE(seen.nfts[0].issuer_verified);
    EXPECT_FALSE(seen.nfts[0].content_verified);
    // And bytes that are not what the URI names are not even read.
    for (auto& [cid, text] : w.net.files) text = seat;
    seen = w.look();
    EXPECT_FALSE(seen.nfts[0].content_verified);
    EXPECT_THAT(seen.nfts[0].reason, ::testing::StartsWith("content: "));
    EXPECT_FALSE(seen.level.has_value());
}

TEST(partner_view, a_uri_that_names_no_content_is_not_followed) {
    fixture_world w;
    auto token = w.genuine(seat);
    token.account.metadata->fields.uri = "https://example.test/seat.json";
    w.net.put(token.mint, solana::token_2022_program, solana::encode_mint(token.account));
    const auto seen = w.look();
    EXPECT_FALSE(seen.nfts[0].content_verified);
    EXPECT_THAT(seen.nfts[0].reason, ::testing::HasSubstr("ipfs.bad_uri"));
    EXPECT_TRUE(w.net.fetched.empty());
}

// A token whose content is real and lifts the level, if only it were the issuer's.
std::string forged_content(fixture_world& w) {
    constexpr std::string_view high =
        R"({"name":"Seat B-7","symbol":"TIX","attributes":[{"trait_type":"Level","value":9}]})";
    const auto id = ipfs::cid::v1(ipfs::codec::raw, sha256(as_bytes(high)));
    w.net.files[id.text()] = high;
    return "ipfs://" + id.text();
}

void expect_forged(fixture_world& w) {
    w.genuine(seat);
    const auto seen = w.look();
    ASSERT_EQ(seen.nfts.size(), 2U);
    EXPECT_EQ(seen.level, 3U) << "the forged one does not lift it";
    EXPECT_EQ(std::ranges::count(seen.nfts, true, &seen_nft::issuer_verified), 1);
    const auto forged = std::ranges::find(seen.nfts, false, &seen_nft::issuer_verified);
    EXPECT_NE(forged->reason, "");
}

void expect_forged_metaplex(fixture_world& w, const fixture::metaplex_options& how) {
    w.net.put(how.mint, solana::token_program, fixture::metaplex_mint(how.mint));
    w.net.put(solana::metadata_address(how.mint), solana::metaplex_program,
              fixture::metaplex_metadata(forged_content(w), how));
    w.net.put(solana::master_edition_address(how.mint), solana::metaplex_program,
              fixture::master_edition());
    w.net.hold(solana::token_program, how.mint, w.owner);
    expect_forged(w);
}

// proves: C4
TEST(partner_view, a_creator_who_did_not_sign_is_no_issuer) {
    for (const bool signed_by_another : {false, true}) {
        fixture_world w;
        fixture::metaplex_options how;
        how.creator_verified = signed_by_another;
        if (signed_by_another) how.creator = fixture::key(66);
        expect_forged_metaplex(w, how);
    }
}

// The update authority is only written down; the seed does not lead to this address.
// proves: C4
TEST(partner_view, a_copied_authority_and_seed_prove_nothing) {
    fixture_world w;
    auto copy = fixture::token_2022(forged_content(w));
    copy.mint = fixture::key(66);
    copy.account.metadata->mint = copy.mint;
    copy.account.pointer = {{}, copy.mint};
    w.net.put(copy.mint, solana::token_2022_program, solana::encode_mint(copy.account));
    w.net.hold(solana::token_2022_program, copy.mint, w.owner);
    expect_forged(w);
}

// proves: C4, M4
TEST(partner_view, a_level_may_be_a_number_or_text) {
    for (const auto* level : {R"("7")", "7"}) {
        fixture_world w;
        w.genuine(R"({"name":"Seat B-7","symbol":"TIX","attributes":[{"trait_type":"Level",)" +
                  std::string{R"("value":)"} + level + "}]}");
        EXPECT_EQ(w.look().level, 7U) << level;
    }
}

// proves: C4
TEST(partner_view, an_unverified_collection_of_ours_proves_nothing) {
    fixture_world w;
    fixture::metaplex_options how;
    how.creator_verified = false;
    how.collection = fixture::issuer;
    expect_forged_metaplex(w, how);
}

// Everything else about it is genuine: a creator who signed, the authority, the name, the content.
// proves: C4, S9
TEST(partner_view, a_collection_that_did_not_verify_it_takes_the_issuers_word_away) {
    for (const bool verified : {false, true}) {
        fixture_world w;
        w.known = {fixture::key(5)};
        // One that only claims to be in ours; one that another collection took in.
        expect_forged_metaplex(
            w, {.collection = fixture::key(verified ? 66 : 5), .collection_verified = verified});
    }
}

// proves: C4, S9
TEST(partner_view, a_strangers_collection_does_not_make_him_the_issuer) {
    fixture_world w;
    w.known = {fixture::key(5)};
    expect_forged_metaplex(w, {.update_authority = fixture::key(66),
                               .creator = fixture::key(66),
                               .collection = fixture::key(5),
                               .collection_verified = true});
}

// proves: C4, S3
TEST(partner_view, what_one_node_alone_tells_is_not_believed) {
    fixture_world w;
    w.genuine(seat);
    w.net.blind = {"a"};
    const auto seen = w.look();
    ASSERT_EQ(seen.nfts.size(), 1U);
    EXPECT_FALSE(seen.nfts[0].issuer_verified);
    EXPECT_EQ(seen.nfts[0].reason, "the nodes do not tell the same of it");
    EXPECT_FALSE(seen.level.has_value());
}

// proves: C4
TEST(partner_view, one_that_does_not_answer_is_replaced_by_the_next) {
    fixture_world w;
    w.genuine(seat);
    w.net.broken = {"a"};
    EXPECT_EQ(w.look().level, 3U);
    w.net.broken = {"a", "b"};
    partner_view partner{w.rpc, w.gateways, {fixture::issuer}};
    const wallet_query all{.wallet = w.owner, .only = {}, .limit = 100};
    EXPECT_FALSE(w.run(partner.look(all, deadline::after(w.loop.now(), 10s))));
}

// proves: C4
TEST(partner_view, one_mint_is_read_without_the_wallets_list) {
    fixture_world w;
    const auto token = w.genuine(seat);
    w.net.held.clear();
    partner_view partner{w.rpc, w.gateways, {fixture::key(66), fixture::issuer}};
    const wallet_query one{.wallet = w.owner, .only = token.mint};
    const auto seen = *w.run(partner.look(one, deadline::after(w.loop.now(), 10s)));
    ASSERT_EQ(seen.nfts.size(), 1U);
    EXPECT_TRUE(seen.nfts[0].issuer_verified) << "by the wallet before the present one";
    EXPECT_EQ(seen.level, 3U);
    int asked = 0;
    for (const auto& [endpoint, count] : w.net.asked) asked += count;
    EXPECT_EQ(asked, 2) << "two nodes, one request each";
}

}  // namespace
}  // namespace thole::nft
